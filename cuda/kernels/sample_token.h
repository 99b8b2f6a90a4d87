#pragma once

#include <cstdint>

#include "cuda/kernels/gemv.h"
#include "cuda/kernels/launch.h"

namespace epi::cuda {

/// How the tokens of a reply are drawn, on the device. Only the random numbers change from token to token.
struct SamplingState {
    std::uint64_t random[4];  // of core/base/rng.h
    double topP;              // 1: off
    double minReach;          // temperature * ln(min-p): how far from the best it keeps; -infinity: off
    float perLogit;           // 1 / temperature; 0: the best token is taken
    float penalty;            // 1: off
    std::int32_t topK;        // 0: off
    std::int32_t reserved = 0;
};

/// Words of a set of tokens, a bit each.
[[nodiscard]] EPI_HOST_DEVICE constexpr std::int32_t seenWords(std::int32_t vocabulary) {
    return (vocabulary + 31) / 32;
}

struct SampleTokenArgs {
    float* logits;  // [vocabulary], on a boundary of 16 bytes; the penalty is put on them
    std::int32_t vocabulary;
    const Candidate* candidates;  // [candidateCount], the best of all logits among them
    std::int32_t candidateCount;
    SamplingState* state;
    std::uint32_t* seen;  // [seenWords(vocabulary)]: tokens that the penalty is for; the drawn one is added
    Candidate* chosen;    // its logit is only NaN or not: NaN where a logit is not finite
};

/// Draws a token as core/sampling/sampler.h says, the same one: masses are integers, so that thousands of
/// threads add them up to the same sums. One cluster of at most 8 blocks. Traffic: the logits from the L2
/// cache, once for the draw, up to 3 times each for top-k and top-p (once more where the last ones kept have
/// equals), and once for a penalty.
/// Requires: fewer than 2^24 tokens.
[[nodiscard]] cudaError_t sampleToken(const SampleTokenArgs& args,
                                      const DeviceTraits& traits,
                                      const Launch& launch);

}  // namespace epi::cuda
