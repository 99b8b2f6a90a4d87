#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "core/text/tokenizer.h"

namespace epi {

// Passes over the logits of a whole vocabulary, fp32 [vocabulary]: some 150,000 values per token, so each is
// written to be vectorised. The results are the same whatever instructions the CPU has.

/// The best token, of equals the first; nothing when a logit is NaN or infinite, or there are none.
std::optional<TokenId> bestToken(std::span<const float> logits);

/// The tokens whose logits are at least `least`, in order of their ids.
void tokensFrom(std::span<const float> logits, double least, std::vector<TokenId>& ids);

/// The mass of the best token.
inline constexpr std::uint64_t kWholeMass = std::uint64_t{1} << 40;

/// Writes e^((logit - best) / temperature), computed in fp32 and rounded to a multiple of 1 / kWholeMass, to
/// `masses`, of the same length, and returns their sum. They are integers so that it is the same in whatever
/// order they are added: cuda/kernels/sample_token.cu finds the same masses, with thousands of threads.
/// Requires: fewer than 2^24 logits, none of them above `best`.
std::uint64_t weigh(std::span<const float> logits,
                    float best,
                    double temperature,
                    std::span<std::uint64_t> masses);

}  // namespace epi
