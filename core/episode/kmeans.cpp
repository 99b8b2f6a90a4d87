#include "core/episode/kmeans.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <cstddef>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "core/base/rng.h"

namespace epi {
namespace {

Result<void> check(const EmbeddingMatrix& rows, const KMeansOptions& options) {
    if (rows.rows < 1 || rows.columns < 1) {
        return Error{ErrorCode::kInvalidArgument,
                     "k-means needs at least one row and column, found " + std::to_string(rows.rows) + " x " +
                         std::to_string(rows.columns)};
    }
    const std::size_t count = rows.values.size();
    if (count % static_cast<std::size_t>(rows.columns) != 0 ||
        count / static_cast<std::size_t>(rows.columns) != static_cast<std::size_t>(rows.rows)) {
        return Error{ErrorCode::kInvalidArgument,
                     "embedding matrix of " + std::to_string(rows.rows) + " x " +
                         std::to_string(rows.columns) + " holds " + std::to_string(count) + " values"};
    }
    for (std::size_t i = 0; i < count; ++i) {
        if (std::isfinite(rows.values[i])) continue;
        return Error{
            ErrorCode::kInvalidArgument,
            "embedding " + std::to_string(i / static_cast<std::size_t>(rows.columns)) + " is not finite"};
    }
    if (options.clusters < 1 || options.restarts < 1 || options.maxIterations < 1) {
        return Error{ErrorCode::kInvalidArgument,
                     "k-means needs at least 1 cluster, restart and iteration, found " +
                         std::to_string(options.clusters) + ", " + std::to_string(options.restarts) +
                         " and " + std::to_string(options.maxIterations)};
    }
    return {};
}

double meanColumnVariance(const EmbeddingMatrix& rows) {
    double total = 0.0;
    const auto count = static_cast<double>(rows.rows);
    for (std::int64_t column = 0; column < rows.columns; ++column) {
        double sum = 0.0;
        double squares = 0.0;
        for (std::int64_t row = 0; row < rows.rows; ++row)
            sum += static_cast<double>(rows.row(row)[static_cast<std::size_t>(column)]);
        const double mean = sum / count;
        for (std::int64_t row = 0; row < rows.rows; ++row) {
            const double off = static_cast<double>(rows.row(row)[static_cast<std::size_t>(column)]) - mean;
            squares += off * off;
        }
        total += squares / count;
    }
    return total / static_cast<double>(rows.columns);
}

/// What each row would add to the inertia if the centroids were `distances` away, with one more at `row`.
std::vector<double> withCentroidAt(const EmbeddingMatrix& rows,
                                   std::int64_t row,
                                   const std::vector<double>& distances) {
    std::vector<double> result(distances.size());
    for (std::size_t i = 0; i < result.size(); ++i) {
        const double distance = squaredDistance(rows.row(static_cast<std::int64_t>(i)), rows.row(row));
        result[i] = std::min(distances[i], distance);
    }
    return result;
}

double sumOf(const std::vector<double>& values) {
    double sum = 0.0;
    for (const double value : values)
        sum += value;
    return sum;
}

/// A row drawn with probability proportional to its weight; any row when all weights are zero.
std::int64_t drawRow(const std::vector<double>& weights, double total, Rng& rng) {
    if (total <= 0.0) return static_cast<std::int64_t>(rng.below(weights.size()));
    double remaining = rng.uniform() * total;
    std::size_t lastPossible = 0;
    for (std::size_t i = 0; i < weights.size(); ++i) {
        if (weights[i] <= 0.0) continue;
        lastPossible = i;
        remaining -= weights[i];
        if (remaining < 0.0) break;
    }
    return static_cast<std::int64_t>(lastPossible);
}

EmbeddingMatrix startingCentroids(const EmbeddingMatrix& rows, std::int64_t clusters, Rng& rng) {
    const int candidates = 2 + static_cast<int>(std::log(static_cast<double>(clusters)));
    EmbeddingMatrix centroids{clusters, rows.columns, {}};
    std::vector<double> distances(static_cast<std::size_t>(rows.rows),
                                  std::numeric_limits<double>::infinity());
    const auto append = [&](std::int64_t row) {
        const std::span<const float> values = rows.row(row);
        centroids.values.insert(centroids.values.end(), values.begin(), values.end());
    };

    const auto first = static_cast<std::int64_t>(rng.below(static_cast<std::uint64_t>(rows.rows)));
    append(first);
    distances = withCentroidAt(rows, first, distances);
    for (std::int64_t cluster = 1; cluster < clusters; ++cluster) {
        const double total = sumOf(distances);
        std::int64_t best = -1;
        double bestTotal = std::numeric_limits<double>::infinity();
        std::vector<double> bestDistances;
        for (int candidate = 0; candidate < candidates; ++candidate) {
            const std::int64_t row = drawRow(distances, total, rng);
            std::vector<double> with = withCentroidAt(rows, row, distances);
            const double withTotal = sumOf(with);
            if (withTotal >= bestTotal) continue;
            best = row;
            bestTotal = withTotal;
            bestDistances = std::move(with);
        }
        append(best);
        distances = std::move(bestDistances);
    }
    return centroids;
}

/// Gives each cluster without rows the row that is farthest from its own centroid and not alone there.
void fillEmptyClusters(std::vector<std::int32_t>& labels,
                       std::vector<double>& distances,
                       std::vector<std::int64_t>& sizes) {
    for (std::size_t cluster = 0; cluster < sizes.size(); ++cluster) {
        if (sizes[cluster] > 0) continue;
        std::optional<std::size_t> farthest;
        for (std::size_t row = 0; row < labels.size(); ++row) {
            if (sizes[static_cast<std::size_t>(labels[row])] < 2) continue;
            if (!farthest || distances[row] > distances[*farthest]) farthest = row;
        }
        assert(farthest);  // there are at least as many rows as clusters
        --sizes[static_cast<std::size_t>(labels[*farthest])];
        ++sizes[cluster];
        labels[*farthest] = static_cast<std::int32_t>(cluster);
        distances[*farthest] = 0.0;
    }
}

EmbeddingMatrix means(const EmbeddingMatrix& rows,
                      const std::vector<std::int32_t>& labels,
                      const std::vector<std::int64_t>& sizes) {
    const auto columns = static_cast<std::size_t>(rows.columns);
    std::vector<double> sums(sizes.size() * columns, 0.0);
    for (std::size_t row = 0; row < labels.size(); ++row) {
        const std::span<const float> values = rows.row(static_cast<std::int64_t>(row));
        double* const sum = sums.data() + static_cast<std::size_t>(labels[row]) * columns;
        for (std::size_t column = 0; column < columns; ++column)
            sum[column] += static_cast<double>(values[column]);
    }
    EmbeddingMatrix result{static_cast<std::int64_t>(sizes.size()), rows.columns, {}};
    result.values.resize(sums.size());
    for (std::size_t i = 0; i < sums.size(); ++i)
        result.values[i] = static_cast<float>(sums[i] / static_cast<double>(sizes[i / columns]));
    return result;
}

}  // namespace

Clustering lloydStep(const EmbeddingMatrix& rows, const EmbeddingMatrix& centroids) {
    assert(centroids.rows <= rows.rows && centroids.columns == rows.columns);
    Clustering result;
    result.labels.resize(static_cast<std::size_t>(rows.rows));
    std::vector<double> distances(result.labels.size(), std::numeric_limits<double>::infinity());
    std::vector<std::int64_t> sizes(static_cast<std::size_t>(centroids.rows), 0);
    for (std::size_t row = 0; row < result.labels.size(); ++row) {
        for (std::int64_t cluster = 0; cluster < centroids.rows; ++cluster) {
            const double distance =
                squaredDistance(rows.row(static_cast<std::int64_t>(row)), centroids.row(cluster));
            if (distance >= distances[row]) continue;
            distances[row] = distance;
            result.labels[row] = static_cast<std::int32_t>(cluster);
        }
        ++sizes[static_cast<std::size_t>(result.labels[row])];
    }
    fillEmptyClusters(result.labels, distances, sizes);
    result.centroids = means(rows, result.labels, sizes);
    for (std::size_t row = 0; row < result.labels.size(); ++row) {
        result.inertia += squaredDistance(rows.row(static_cast<std::int64_t>(row)),
                                          result.centroids.row(result.labels[row]));
    }
    return result;
}

Result<Clustering> kMeans(const EmbeddingMatrix& rows, const KMeansOptions& options) {
    EPI_TRY(check(rows, options));
    const std::int64_t clusters = std::min<std::int64_t>(options.clusters, rows.rows);
    const double tolerance = options.relativeTolerance * meanColumnVariance(rows);
    Rng rng(options.seed);
    std::optional<Clustering> best;
    for (std::int32_t restart = 0; restart < options.restarts; ++restart) {
        Clustering current;
        current.centroids = startingCentroids(rows, clusters, rng);
        for (std::int32_t iteration = 0; iteration < options.maxIterations; ++iteration) {
            if (options.cancel.isCancelled()) return Error{ErrorCode::kCancelled, "clustering was cancelled"};
            Clustering next = lloydStep(rows, current.centroids);
            const double moved = squaredDistance(next.centroids.values, current.centroids.values);
            const bool isFixedPoint = next.labels == current.labels;
            current = std::move(next);
            if (isFixedPoint || moved <= tolerance) break;
        }
        if (!best || current.inertia < best->inertia) best = std::move(current);
    }
    return *std::move(best);
}

}  // namespace epi
