#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "cuda/kernels/sample_token.h"

namespace epi::cuda {

/// How the tokens of a reply are chosen; core/engine/options.h says what the numbers mean.
struct Sampling {
    double temperature = 0.0;
    std::int32_t topK = 0;
    double topP = 1.0;
    double minP = 0.0;
    double repetitionPenalty = 1.0;
    std::array<std::uint64_t, 4> random{};    // where the random numbers go on, as core/base/rng.h
    std::span<const std::int32_t> history{};  // the tokens that the penalty is for

    /// Whether every token is the one with the best logit.
    [[nodiscard]] bool takesBest() const { return temperature == 0.0 && repetitionPenalty == 1.0; }
};

/// The same as the drawing kernel takes it.
[[nodiscard]] SamplingState samplingState(const Sampling& sampling);
/// The tokens of a history as a set, seenWords(vocabulary) words. Ids outside the vocabulary are left out.
[[nodiscard]] std::vector<std::uint32_t> seenTokens(std::span<const std::int32_t> history,
                                                    std::int32_t vocabulary);

}  // namespace epi::cuda
