#include "core/episode/regroup.h"

#include <algorithm>
#include <cstddef>
#include <limits>
#include <utility>
#include <vector>

namespace epi {
namespace {

constexpr double kLeastGain = 0.02;  // of the inertia: what drift is told from noise by
constexpr std::size_t kLeastHalf = 2;

std::vector<std::vector<std::int64_t>> membersOf(const Clustering& clustering) {
    std::vector<std::vector<std::int64_t>> members(static_cast<std::size_t>(clustering.centroids.rows));
    for (std::size_t row = 0; row < clustering.labels.size(); ++row)
        members[static_cast<std::size_t>(clustering.labels[row])].push_back(static_cast<std::int64_t>(row));
    return members;
}

/// Moves the centroids to the means of their rows, and counts the inertia.
void settle(const EmbeddingMatrix& rows, Clustering& clustering) {
    const auto members = membersOf(clustering);
    clustering.inertia = 0.0;
    for (std::size_t cluster = 0; cluster < members.size(); ++cluster) {
        if (members[cluster].empty()) continue;
        const std::span<float> mean = clustering.centroids.row(static_cast<std::int64_t>(cluster));
        std::vector<double> sum(mean.size(), 0.0);
        for (const std::int64_t row : members[cluster]) {
            for (std::size_t i = 0; i < sum.size(); ++i)
                sum[i] += static_cast<double>(rows.row(row)[i]);
        }
        for (std::size_t i = 0; i < sum.size(); ++i)
            mean[i] = static_cast<float>(sum[i] / static_cast<double>(members[cluster].size()));
        for (const std::int64_t row : members[cluster])
            clustering.inertia += squaredDistance(rows.row(row), mean);
    }
}

/// What a cluster would be in two, and how much inertia that saves.
struct Halves {
    double saved = 0.0;
    std::vector<std::int64_t> smaller;  // rows
};

Result<Halves> halve(const EmbeddingMatrix& rows,
                     const std::vector<std::int64_t>& members,
                     std::span<const float> mean,
                     const CancelToken& cancel) {
    if (members.size() < 2 * kLeastHalf) return Halves{};
    EmbeddingMatrix own{
        .rows = static_cast<std::int64_t>(members.size()), .columns = rows.columns, .values = {}};
    double inertia = 0.0;
    for (const std::int64_t row : members) {
        own.values.insert(own.values.end(), rows.row(row).begin(), rows.row(row).end());
        inertia += squaredDistance(rows.row(row), mean);
    }
    EPI_TRY_ASSIGN(const Clustering two, kMeans(own, {.clusters = 2, .cancel = cancel}));
    std::vector<std::int64_t> halves[2];
    for (std::size_t i = 0; i < members.size(); ++i)
        halves[two.labels[i]].push_back(members[i]);
    auto& smaller = halves[1].size() <= halves[0].size() ? halves[1] : halves[0];
    if (smaller.size() < kLeastHalf) return Halves{};
    return Halves{.saved = inertia - two.inertia, .smaller = std::move(smaller)};
}

/// What it costs to make one cluster of two.
double mergeCost(const Clustering& clustering,
                 const std::vector<std::vector<std::int64_t>>& members,
                 std::size_t a,
                 std::size_t b) {
    const auto countA = static_cast<double>(members[a].size());
    const auto countB = static_cast<double>(members[b].size());
    if (countA + countB == 0.0) return 0.0;
    return countA * countB / (countA + countB) *
           squaredDistance(clustering.centroids.row(static_cast<std::int64_t>(a)),
                           clustering.centroids.row(static_cast<std::int64_t>(b)));
}

}  // namespace

Clustering assignToNearest(const EmbeddingMatrix& rows, const EmbeddingMatrix& centroids) {
    Clustering clustering{.labels = {}, .centroids = centroids, .inertia = 0.0};
    clustering.labels.reserve(static_cast<std::size_t>(rows.rows));
    for (std::int64_t row = 0; row < rows.rows; ++row) {
        std::int32_t nearest = 0;
        double least = std::numeric_limits<double>::max();
        for (std::int64_t cluster = 0; cluster < centroids.rows; ++cluster) {
            const double distance = squaredDistance(rows.row(row), centroids.row(cluster));
            if (distance < least) {
                least = distance;
                nearest = static_cast<std::int32_t>(cluster);
            }
        }
        clustering.labels.push_back(nearest);
    }
    settle(rows, clustering);
    return clustering;
}

Result<std::optional<Regrouping>> regroup(const EmbeddingMatrix& rows,
                                          const Clustering& clustering,
                                          const CancelToken& cancel) {
    const auto members = membersOf(clustering);
    const std::size_t clusters = members.size();
    if (clusters < 3) return std::optional<Regrouping>();
    std::vector<Halves> halves;
    for (std::size_t cluster = 0; cluster < clusters; ++cluster) {
        const auto mean = clustering.centroids.row(static_cast<std::int64_t>(cluster));
        EPI_TRY_ASSIGN(Halves own, halve(rows, members[cluster], mean, cancel));
        halves.push_back(std::move(own));
    }
    double best = clustering.inertia * kLeastGain;
    std::optional<Regrouping> found;
    for (std::size_t a = 0; a < clusters; ++a) {
        for (std::size_t b = a + 1; b < clusters; ++b) {
            const double cost = mergeCost(clustering, members, a, b);
            for (std::size_t split = 0; split < clusters; ++split) {
                const double gain = halves[split].saved - cost;
                if (split == a || split == b || halves[split].smaller.empty() || gain <= best) continue;
                best = gain;
                const bool isFirstSmaller = members[a].size() < members[b].size();
                found = {.split = static_cast<std::int32_t>(split),
                         .merged = static_cast<std::int32_t>(isFirstSmaller ? a : b),
                         .into = static_cast<std::int32_t>(isFirstSmaller ? b : a),
                         .clustering = {}};
            }
        }
    }
    if (!found) return found;
    found->clustering = clustering;
    for (std::int32_t& label : found->clustering.labels)
        label = label == found->merged ? found->into : label;
    for (const std::int64_t row : halves[static_cast<std::size_t>(found->split)].smaller)
        found->clustering.labels[static_cast<std::size_t>(row)] = found->merged;
    settle(rows, found->clustering);
    return found;
}

}  // namespace epi
