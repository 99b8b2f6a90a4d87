#include "core/episode/silhouette.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <optional>
#include <vector>

namespace epi {
namespace {

constexpr std::int64_t kMostRows = 1000;

double distance(std::span<const float> a, std::span<const float> b) {
    return std::sqrt(squaredDistance(a, b));
}

}  // namespace

double silhouette(const EmbeddingMatrix& rows, const Clustering& clustering) {
    const auto clusters = static_cast<std::size_t>(clustering.centroids.rows);
    if (clusters < 2) return 0.0;
    std::vector<std::int64_t> chosen;
    const std::int64_t count = std::min(rows.rows, kMostRows);
    for (std::int64_t i = 0; i < count; ++i)
        chosen.push_back(i * rows.rows / count);
    double total = 0.0;
    for (const std::int64_t row : chosen) {
        std::vector<double> sums(clusters, 0.0);
        std::vector<double> sizes(clusters, 0.0);
        for (const std::int64_t other : chosen) {
            if (other == row) continue;
            const auto cluster = static_cast<std::size_t>(clustering.labels[static_cast<std::size_t>(other)]);
            sums[cluster] += distance(rows.row(row), rows.row(other));
            sizes[cluster] += 1.0;
        }
        const auto own = static_cast<std::size_t>(clustering.labels[static_cast<std::size_t>(row)]);
        if (sizes[own] == 0.0) continue;
        double nearest = std::numeric_limits<double>::infinity();
        for (std::size_t cluster = 0; cluster < clusters; ++cluster) {
            if (cluster != own && sizes[cluster] > 0.0)
                nearest = std::min(nearest, sums[cluster] / sizes[cluster]);
        }
        const double within = sums[own] / sizes[own];
        const double larger = std::max(within, nearest);
        if (std::isfinite(nearest) && larger > 0.0) total += (nearest - within) / larger;
    }
    return total / static_cast<double>(chosen.size());
}

Result<Clustering> bestClustering(const EmbeddingMatrix& rows, KMeansOptions options, std::int32_t most) {
    std::optional<Clustering> best;
    double bestSilhouette = -2.0;
    const auto largest = static_cast<std::int32_t>(std::min<std::int64_t>(most, rows.rows - 1));
    for (options.clusters = 2; options.clusters <= largest; ++options.clusters) {
        EPI_TRY_ASSIGN(Clustering clustering, kMeans(rows, options));
        const double found = silhouette(rows, clustering);
        if (found <= bestSilhouette) continue;
        bestSilhouette = found;
        best = std::move(clustering);
    }
    if (best) return *std::move(best);
    options.clusters = 1;
    return kMeans(rows, options);
}

}  // namespace epi
