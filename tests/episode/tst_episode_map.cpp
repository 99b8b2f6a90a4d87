#include <vector>

#include <QtTest>

#include "core/episode/episode_map.h"
#include "core/episode/episode_router.h"

namespace epi {
namespace {

EmbeddingMatrix directions() {
    return {6, 2, {0.0F, 1.0F, 1.0F, 0.0F, 0.6F, 0.8F, 0.8F, 0.6F, 1.0F, 0.0F, 0.0F, 1.0F}};
}

Clustering twoClusters() {
    return {.labels = {1, 0, 1, 0, 0, 1}, .centroids = {2, 2, {0.9F, 0.2F, 0.2F, 0.9F}}, .inertia = 0.0};
}

class TestEpisodeMap : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void numbersEpisodesByTheirFirstSegment() {
        const auto episodes = groupEpisodes(directions(), twoClusters(), 8);
        QCOMPARE(episodes.size(), std::size_t{2});
        QCOMPARE(episodes[0].segments, (std::vector<std::int64_t>{0, 2, 5}));
        QCOMPARE(episodes[0].centroid, (std::vector<float>{0.2F, 0.9F}));
        QCOMPARE(episodes[1].segments, (std::vector<std::int64_t>{1, 3, 4}));
    }

    void takesAllSegmentsOfASmallEpisodeAsRepresentatives() {
        const auto episodes = groupEpisodes(directions(), twoClusters(), 8);
        QCOMPARE(episodes[0].representatives, episodes[0].segments);
    }

    void breaksTiesToTheEarlierSegment() {
        const auto episodes = groupEpisodes(directions(), twoClusters(), 1);
        QCOMPARE(episodes[0].representatives, (std::vector<std::int64_t>{0}));  // 0 and 5 are equal
        QCOMPARE(episodes[1].representatives, (std::vector<std::int64_t>{1}));  // 1 and 4 are equal
    }

    void ordersRepresentativesInTime() {
        Clustering clustering = twoClusters();
        clustering.centroids.values = {0.9F, 0.2F, 0.6F, 0.8F};
        const auto episodes = groupEpisodes(directions(), clustering, 2);
        QCOMPARE(episodes[0].representatives, (std::vector<std::int64_t>{0, 2}));  // 2 is the nearest
    }

    void matchesByDirectionOrByTheCentroidAsItIs() {
        const std::vector<Episode> episodes{{{}, {}, {0.3F, 0.3F}}, {{}, {}, {0.9F, 0.0F}}};
        const std::vector<float> query{0.8F, 0.6F};
        const Match cosine = matchEpisode(query, episodes, Similarity::kCosine);
        QCOMPARE(cosine.episode, 0);
        QVERIFY(cosine.similarities[0] > 0.98 && cosine.similarities[0] < 1.0);
        QCOMPARE(matchEpisode(query, episodes, Similarity::kRawDot).episode, 1);
    }

    void takesTheFirstOfEqualEpisodes() {
        const std::vector<Episode> episodes{
            {{}, {}, {0.0F, 1.0F}}, {{}, {}, {0.5F, 0.0F}}, {{}, {}, {0.5F, 0.0F}}};
        QCOMPARE(matchEpisode(std::vector<float>{1.0F, 0.0F}, episodes, Similarity::kCosine).episode, 1);
    }

    void matchesNothingWithoutEpisodes() {
        QCOMPARE(matchEpisode(std::vector<float>{1.0F}, {}, Similarity::kCosine).episode, -1);
    }

    void callsAZeroVectorSimilarToNothing() {
        QCOMPARE(cosineSimilarity(std::vector<float>{0.0F, 0.0F}, std::vector<float>{1.0F, 0.0F}), 0.0);
    }
};

}  // namespace
}  // namespace epi

QTEST_GUILESS_MAIN(epi::TestEpisodeMap)
#include "tst_episode_map.moc"
