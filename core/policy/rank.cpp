#include "core/policy/rank.h"

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <numeric>

namespace epi {

std::vector<float> ranks(std::span<const float> scores) {
    const std::size_t count = scores.size();
    std::vector<float> result(count, 1.0F);
    if (count < 2) return result;
    std::vector<std::size_t> order(count);
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::ranges::sort(order, {}, [&](std::size_t index) { return scores[index]; });
    for (std::size_t first = 0; first < count;) {
        std::size_t end = first + 1;
        while (end < count && scores[order[end]] == scores[order[first]])
            ++end;
        const double mean = static_cast<double>(first + end - 1) / 2.0;
        for (std::size_t i = first; i < end; ++i)
            result[order[i]] = static_cast<float>(mean / static_cast<double>(count - 1));
        first = end;
    }
    return result;
}

std::vector<float> combineByRank(std::span<const std::vector<float>> scores,
                                 std::span<const double> weights,
                                 std::span<const std::int64_t> groupLengths) {
    assert(!scores.empty() && scores.size() == weights.size());
    std::vector<float> combined(scores.front().size(), 0.0F);
    for (std::size_t term = 0; term < scores.size(); ++term) {
        assert(scores[term].size() == combined.size());
        std::size_t first = 0;
        for (const std::int64_t length : groupLengths) {
            const auto group = std::span(scores[term]).subspan(first, static_cast<std::size_t>(length));
            const std::vector<float> own = ranks(group);
            for (std::size_t i = 0; i < own.size(); ++i)
                combined[first + i] += static_cast<float>(weights[term]) * own[i];
            first += own.size();
        }
    }
    return combined;
}

}  // namespace epi
