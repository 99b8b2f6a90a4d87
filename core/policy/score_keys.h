#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace epi {

/// Scores as integers in the same order, both zeros one, and the loops over a layer's keys that a selection
/// consists of: whole numbers, which vectors of any width compare alike.
using ScoreKey = std::int32_t;

// No finite score has one of these.
inline constexpr ScoreKey kHighestKey = INT32_MAX;
inline constexpr ScoreKey kLowestKey = INT32_MIN;

/// False when a score is not finite. Requires: as many keys as scores.
bool toKeys(std::span<const float> scores, std::span<ScoreKey> keys);
float scoreOf(ScoreKey key);

/// How many keys are `least` or more.
std::size_t countFrom(std::span<const ScoreKey> keys, ScoreKey least);
/// Lists the entries whose keys are `least` or more, ascending; returns how many. Entry `first` is the first
/// key's. Requires: room for as many as keys.
std::size_t listFrom(std::span<const ScoreKey> keys, ScoreKey least, std::int32_t first, std::int32_t* list);

/// Which of a group's keys are its best: `least` or more, and above it from entry `tieEnd` on, since of
/// equal ones the first are better.
struct Border {
    ScoreKey least = kLowestKey;
    std::size_t tieEnd = 0;
};
/// Of the best `count`. Requires: `kHighestKey` is not among the keys more often than that.
Border borderOf(std::span<const ScoreKey> keys, std::size_t count);

/// The smallest value where the key is `least` or more, and the largest where it is not; `kHighestKey` and
/// `kLowestKey` where there are none.
struct AtBorder {
    ScoreKey smallestKept = kHighestKey;
    ScoreKey largestDropped = kLowestKey;
};
AtBorder atBorder(std::span<const ScoreKey> keys, std::span<const ScoreKey> values, ScoreKey least);

}  // namespace epi
