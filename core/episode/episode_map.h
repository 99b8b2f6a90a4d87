#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/episode/embedding_matrix.h"
#include "core/episode/kmeans.h"

namespace epi {

/// A topic of a conversation: the segments that were clustered together.
struct Episode {
    std::vector<std::int64_t> segments;         // ascending
    std::vector<std::int64_t> representatives;  // the segments of its patched prompt, ascending
    std::vector<float> centroid;                // [columns], mean of its embeddings, not of unit length
};

/// The clusters as episodes, by number: one without rows has no segments. Requires as groupEpisodes.
std::vector<Episode> episodesOf(const EmbeddingMatrix& embeddings,
                                const Clustering& clustering,
                                std::int32_t representatives);

/// The clusters as episodes, ordered by their first segment, so that numbers do not depend on how the
/// clustering happened to count. An episode is represented by the segments of largest cosine to its centroid
/// (ties: the earlier segment), as many as `representatives` or as it has.
/// Requires: a clustering of `embeddings`, representatives > 0.
std::vector<Episode> groupEpisodes(const EmbeddingMatrix& embeddings,
                                   const Clustering& clustering,
                                   std::int32_t representatives);

/// Cosine of the angle between two vectors of equal length, accumulated in double; 0 if one of them is zero.
double cosineSimilarity(std::span<const float> a, std::span<const float> b);

}  // namespace epi
