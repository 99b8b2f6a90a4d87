#pragma once

#include <cstdint>

#include "core/base/result.h"
#include "core/episode/embedding_matrix.h"
#include "core/episode/kmeans.h"

namespace epi {

/// How well rows lie in their clusters (Rousseeuw 1987): mean of (b - a) / max(a, b), where a is a row's mean
/// Euclidean distance to the others of its cluster and b that to the nearest other cluster. From -1 to 1; a
/// row that is alone counts 0. Of many rows an even selection is taken. 0 for a single cluster.
double silhouette(const EmbeddingMatrix& rows, const Clustering& clustering);

/// The clustering, among those of 2 to `most` clusters (fewer where there are fewer rows), of the largest
/// silhouette; of equals the smaller. One cluster where there are fewer than 3 rows. Errors as kMeans.
Result<Clustering> bestClustering(const EmbeddingMatrix& rows, KMeansOptions options, std::int32_t most);

}  // namespace epi
