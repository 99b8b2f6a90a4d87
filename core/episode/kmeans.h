#pragma once

#include <cstdint>
#include <vector>

#include "core/base/cancel_token.h"
#include "core/base/result.h"
#include "core/episode/embedding_matrix.h"

namespace epi {

struct KMeansOptions {
    std::int32_t clusters = 4;  // clamped to the number of rows
    std::int32_t restarts = 10;
    std::int32_t maxIterations = 300;
    double relativeTolerance =
        1e-4;  // of the mean variance of a column: a smaller move of all centroids ends
    std::uint64_t seed = 42;
    CancelToken cancel{};
};

/// Every row's cluster. No cluster is empty.
struct Clustering {
    std::vector<std::int32_t> labels;  // [rows]
    EmbeddingMatrix centroids;         // [clusters, columns], plain means: of unit rows, shorter than 1
    double inertia = 0.0;              // sum of squared distances to the own centroid
};

/// One step of Lloyd's algorithm: each row goes to its nearest centroid (ties: the lower), then the centroids
/// become the means of their rows; `inertia` is that of the new centroids. A cluster left without rows gets
/// the row that is farthest from its centroid. Requires: centroids.rows <= rows, equal columns.
Clustering lloydStep(const EmbeddingMatrix& rows, const EmbeddingMatrix& centroids);

/// Euclidean k-means: greedy k-means++ starts (Arthur and Vassilvitskii 2007, with 2 + ln E candidates per
/// centroid), Lloyd's algorithm, the restart of lowest inertia. The same input gives the same result.
/// kInvalidArgument: no rows, no columns, a size that does not fit, a value that is not finite, an option
/// below 1. kCancelled: looked at before every Lloyd step.
Result<Clustering> kMeans(const EmbeddingMatrix& rows, const KMeansOptions& options);

}  // namespace epi
