#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace epi {

enum class Pooling { kMax, kMean };

/// Smooths scores over neighbours in the text (SnapKV, arXiv 2404.14469): each entry gets the maximum or the
/// mean over the entries whose positions differ by at most `kernel / 2`. Neighbours in a cache that was
/// evicted from need not be neighbours in the text; those do not count. The mean divides by `kernel` also
/// where fewer are there, as padding with zeros does. Requires: ascending positions, as many as scores; an
/// odd kernel.
std::vector<float> poolScores(std::span<const float> scores,
                              std::span<const std::int32_t> positions,
                              std::int32_t kernel,
                              Pooling pooling);

}  // namespace epi
