#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace epi {

/// Each score's rank among all, from 0 (lowest) to 1 (highest); equal scores share the mean of their ranks.
/// One score alone has rank 1. Requires: finite scores.
std::vector<float> ranks(std::span<const float> scores);

/// Scores of different scales as one: the weighted sum of their ranks, in [0, sum of weights]. Ranks are
/// taken within groups of `groupLengths` consecutive entries (a head, or all heads of a layer): those whose
/// scores compete. Requires: scores of equal length, which the group lengths add up to.
std::vector<float> combineByRank(std::span<const std::vector<float>> scores,
                                 std::span<const double> weights,
                                 std::span<const std::int64_t> groupLengths);

}  // namespace epi
