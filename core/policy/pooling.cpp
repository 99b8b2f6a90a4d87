#include "core/policy/pooling.h"

#include <algorithm>
#include <cassert>
#include <cstddef>

namespace epi {

std::vector<float> poolScores(std::span<const float> scores,
                              std::span<const std::int32_t> positions,
                              std::int32_t kernel,
                              Pooling pooling) {
    assert(scores.size() == positions.size() && kernel % 2 == 1);
    std::vector<float> pooled(scores.size());
    std::size_t first = 0;
    std::size_t end = 0;
    for (std::size_t entry = 0; entry < scores.size(); ++entry) {
        while (positions[first] < positions[entry] - kernel / 2)
            ++first;
        while (end < scores.size() && positions[end] <= positions[entry] + kernel / 2)
            ++end;
        const auto near = scores.subspan(first, end - first);
        if (pooling == Pooling::kMax) {
            pooled[entry] = *std::ranges::max_element(near);
        } else {
            double sum = 0.0;
            for (const float score : near)
                sum += static_cast<double>(score);
            pooled[entry] = static_cast<float>(sum / kernel);
        }
    }
    return pooled;
}

}  // namespace epi
