#include "core/recall/rank_fusion.h"

#include <algorithm>
#include <functional>

namespace epi {
namespace {

constexpr double kRankOffset = 60.0;

}  // namespace

std::vector<Ranked> joinRankings(std::span<const std::vector<std::size_t>> rankings, std::size_t size) {
    std::vector<double> scores(size, 0.0);
    for (const std::vector<std::size_t>& ranking : rankings) {
        double rank = 0.0;
        for (const std::size_t index : ranking) {
            rank += 1.0;
            scores[index] += 1.0 / (kRankOffset + rank);
        }
    }
    std::vector<Ranked> joined;
    for (std::size_t index = 0; index < size; ++index) {
        if (scores[index] > 0.0) joined.push_back({index, scores[index]});
    }
    std::ranges::stable_sort(joined, std::ranges::greater(), &Ranked::score);
    return joined;
}

}  // namespace epi
