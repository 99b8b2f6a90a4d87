#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace epi {

/// An element and the score it has in a ranking.
struct Ranked {
    std::size_t index = 0;
    double score = 0.0;
};

/// Rankings of the elements 0..size-1 joined by reciprocal rank (Cormack, Clarke and Buettcher 2009): the sum
/// of 1 / (60 + rank) over the rankings that have the element, ranks from 1. Best first, of equals the lower
/// index; elements that are in no ranking are left out.
std::vector<Ranked> joinRankings(std::span<const std::vector<std::size_t>> rankings, std::size_t size);

}  // namespace epi
