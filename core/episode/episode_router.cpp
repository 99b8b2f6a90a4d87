#include "core/episode/episode_router.h"

#include <algorithm>
#include <cassert>
#include <cstddef>

namespace epi {
namespace {

double dotProduct(std::span<const float> a, std::span<const float> b) {
    assert(a.size() == b.size());
    double sum = 0.0;
    for (std::size_t i = 0; i < a.size(); ++i)
        sum += static_cast<double>(a[i]) * static_cast<double>(b[i]);
    return sum;
}

}  // namespace

Match matchEpisode(std::span<const float> query, std::span<const Episode> episodes, Similarity similarity) {
    Match match;
    if (episodes.empty()) return match;
    match.similarities.reserve(episodes.size());
    for (const Episode& episode : episodes) {
        match.similarities.push_back(similarity == Similarity::kCosine
                                         ? cosineSimilarity(query, episode.centroid)
                                         : dotProduct(query, episode.centroid));
    }
    const auto best = std::ranges::max_element(match.similarities);
    match.episode = static_cast<std::int32_t>(best - match.similarities.begin());
    return match;
}

}  // namespace epi
