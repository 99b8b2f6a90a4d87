#include "core/episode/episode_map.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <cstddef>

namespace epi {
namespace {

/// The `count` segments nearest to the centroid by cosine, ascending.
std::vector<std::int64_t> nearestSegments(const EmbeddingMatrix& embeddings,
                                          const Episode& episode,
                                          std::size_t count) {
    struct Candidate {
        std::int64_t segment;
        double similarity;
    };
    std::vector<Candidate> candidates;
    candidates.reserve(episode.segments.size());
    for (const std::int64_t segment : episode.segments)
        candidates.push_back({segment, cosineSimilarity(embeddings.row(segment), episode.centroid)});
    std::ranges::stable_sort(candidates, std::ranges::greater{}, &Candidate::similarity);

    candidates.resize(std::min(count, candidates.size()));
    std::vector<std::int64_t> nearest;
    nearest.reserve(candidates.size());
    for (const Candidate& candidate : candidates)
        nearest.push_back(candidate.segment);
    std::ranges::sort(nearest);
    return nearest;
}

}  // namespace

double cosineSimilarity(std::span<const float> a, std::span<const float> b) {
    assert(a.size() == b.size());
    double dot = 0.0;
    double squaresA = 0.0;
    double squaresB = 0.0;
    for (std::size_t i = 0; i < a.size(); ++i) {
        const auto x = static_cast<double>(a[i]);
        const auto y = static_cast<double>(b[i]);
        dot += x * y;
        squaresA += x * x;
        squaresB += y * y;
    }
    const double norms = std::sqrt(squaresA) * std::sqrt(squaresB);
    return norms > 0.0 ? dot / norms : 0.0;
}

std::vector<Episode> episodesOf(const EmbeddingMatrix& embeddings,
                                const Clustering& clustering,
                                std::int32_t representatives) {
    assert(representatives > 0);
    assert(clustering.labels.size() == static_cast<std::size_t>(embeddings.rows));
    std::vector<Episode> episodes(static_cast<std::size_t>(clustering.centroids.rows));
    for (std::size_t segment = 0; segment < clustering.labels.size(); ++segment) {
        Episode& episode = episodes[static_cast<std::size_t>(clustering.labels[segment])];
        episode.segments.push_back(static_cast<std::int64_t>(segment));
    }
    for (std::size_t cluster = 0; cluster < episodes.size(); ++cluster) {
        const std::span<const float> centroid = clustering.centroids.row(static_cast<std::int64_t>(cluster));
        episodes[cluster].centroid.assign(centroid.begin(), centroid.end());
        episodes[cluster].representatives =
            nearestSegments(embeddings, episodes[cluster], static_cast<std::size_t>(representatives));
    }
    return episodes;
}

std::vector<Episode> groupEpisodes(const EmbeddingMatrix& embeddings,
                                   const Clustering& clustering,
                                   std::int32_t representatives) {
    std::vector<Episode> episodes = episodesOf(embeddings, clustering, representatives);
    std::erase_if(episodes, [](const Episode& episode) { return episode.segments.empty(); });
    std::ranges::sort(episodes, {}, [](const Episode& episode) { return episode.segments.front(); });
    return episodes;
}

}  // namespace epi
