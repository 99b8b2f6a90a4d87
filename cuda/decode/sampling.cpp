#include "cuda/decode/sampling.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace epi::cuda {

SamplingState samplingState(const Sampling& sampling) {
    // The largest number there is, where a temperature is too small to be divided by.
    const double perLogit =
        std::min(1.0 / sampling.temperature, static_cast<double>(std::numeric_limits<float>::max()));
    SamplingState state{.random = {},
                        .topP = sampling.topP,
                        .minReach = sampling.temperature * std::log(sampling.minP),
                        .perLogit = sampling.temperature > 0.0 ? static_cast<float>(perLogit) : 0.0F,
                        .penalty = static_cast<float>(sampling.repetitionPenalty),
                        .topK = sampling.topK};
    std::ranges::copy(sampling.random, state.random);
    return state;
}

std::vector<std::uint32_t> seenTokens(std::span<const std::int32_t> history, std::int32_t vocabulary) {
    std::vector<std::uint32_t> seen(static_cast<std::size_t>(seenWords(vocabulary)));
    for (const std::int32_t id : history) {
        if (id < 0 || id >= vocabulary) continue;
        seen[static_cast<std::size_t>(id) / 32] |= std::uint32_t{1} << id % 32;
    }
    return seen;
}

}  // namespace epi::cuda
