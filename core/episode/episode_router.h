#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/episode/episode_map.h"

namespace epi {

/// How a question is compared with an episode. kCosine: with the direction of the centroid (EpiCache, stage
/// 3). kRawDot: with the centroid as it is, which favours tight episodes; the released code's rule.
enum class Similarity { kCosine, kRawDot };

struct Match {
    std::int32_t episode = -1;         // -1 when there are no episodes
    std::vector<double> similarities;  // [episodes]
};

/// The episode most similar to a question's embedding; of equals the first.
/// Requires: `query` and all centroids of equal length.
Match matchEpisode(std::span<const float> query, std::span<const Episode> episodes, Similarity similarity);

}  // namespace epi
