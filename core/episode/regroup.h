#pragma once

#include <cstdint>
#include <optional>

#include "core/base/cancel_token.h"
#include "core/base/result.h"
#include "core/episode/embedding_matrix.h"
#include "core/episode/kmeans.h"

namespace epi {

/// One step of split and merge: an episode is split in two and two others become one, so that there are as
/// many as before and every number but `merged` stays with most of what it stood for.
struct Regrouping {
    std::int32_t split = 0;   // keeps the larger half of its segments
    std::int32_t merged = 0;  // joins `into`; its number goes to the other half of `split`
    std::int32_t into = 0;
    Clustering clustering;  // afterwards
};

/// Every row goes to its nearest centroid (ties: the lower), the centroids become the means of their rows;
/// one without rows stays where it is. Requires: equal columns, at least one centroid.
Clustering assignToNearest(const EmbeddingMatrix& rows, const EmbeddingMatrix& centroids);

/// Whether a clustering that rows were added to is better with one cluster split and two others merged: the
/// pair of both steps that lowers the inertia most, if that is a fiftieth at least. A merge costs what Ward's
/// method (1963) counts, n_a n_b / (n_a + n_b) times the squared distance of the means; a split saves what
/// 2-means does, with two rows in each half at least. Nothing with fewer than three clusters. Errors as
/// kMeans.
Result<std::optional<Regrouping>> regroup(const EmbeddingMatrix& rows,
                                          const Clustering& clustering,
                                          const CancelToken& cancel = {});

}  // namespace epi
