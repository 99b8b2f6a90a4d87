// Names of episodes, and how many there should be.

#include <cmath>
#include <string>
#include <vector>

#include <QtTest>

#include "core/base/rng.h"
#include "core/episode/episode_names.h"
#include "core/episode/silhouette.h"
#include "tests/support/check_result.h"

namespace epi {
namespace {

using Names = std::vector<std::string>;

/// `groups` clouds around points of a circle; point i belongs to cloud i % groups.
EmbeddingMatrix clouds(int groups, int perGroup) {
    Rng rng(7);
    EmbeddingMatrix rows{groups * perGroup, 2, {}};
    for (int i = 0; i < groups * perGroup; ++i) {
        const double angle = 6.2831853 * (i % groups) / groups;
        rows.values.push_back(static_cast<float>(10.0 * std::cos(angle) + rng.uniform()));
        rows.values.push_back(static_cast<float>(10.0 * std::sin(angle) + rng.uniform()));
    }
    return rows;
}

class TestEpisodeNames : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void namesTextsByWhatOnlyTheySay() {
        const Names names = distinctiveWords(
            std::vector<std::string>{
                "The sourdough bread was great. My sourdough starter bubbles, and the oven is hot. "
                "Anna loves bread.",
                "We went sailing with Anna. The sailing boat lost its mast, the harbour was far. "
                "Sailing is fun in the harbour!"},
            2);
        QCOMPARE(names, (Names{"bread, sourdough", "sailing, harbour"}));
    }

    void showsWordsAsTheyAreWritten() {
        const Names names =
            distinctiveWords(std::vector<std::string>{"Über Zürich, ÜBER Zürich; Piano piano. Zürich!"}, 3);
        QCOMPARE(names.size(), std::size_t{1});
        QVERIFY2(names[0].starts_with("Zürich, "), names[0].c_str());
        QVERIFY2(names[0].find("piano") != std::string::npos, names[0].c_str());
    }

    void leavesATextWithoutWordsUnnamed() {
        QCOMPARE(distinctiveWords(std::vector<std::string>{"", "12 + 30 = 42 !!", "the and of \xff\xfe"}),
                 (Names{"", "", ""}));
        QVERIFY(distinctiveWords(std::vector<std::string>{}).empty());
    }

    void seesHowWellClustersAreApart() {
        const EmbeddingMatrix rows = clouds(3, 20);
        const auto right = kMeans(rows, {.clusters = 3});
        const auto wrong = kMeans(rows, {.clusters = 2});
        QVERIFY(right && wrong);
        QVERIFY(silhouette(rows, *right) > 0.9);
        QVERIFY(silhouette(rows, *wrong) < 0.8);
        QCOMPARE(silhouette(rows, *kMeans(rows, {.clusters = 1})), 0.0);
    }

    void givesTheSilhouetteOfAWorkedExample() {
        // Points 0, 2 | 10: a, b are 2, 10 and 2, 8; the single one counts 0.
        const EmbeddingMatrix rows{3, 1, {0.0F, 2.0F, 10.0F}};
        const auto clustering = kMeans(rows, {.clusters = 2});
        QVERIFY(clustering);
        QVERIFY(std::abs(silhouette(rows, *clustering) - (0.8 + 0.75) / 3.0) < 1e-9);
    }

    void choosesTheNumberOfClusters_data() {
        QTest::addColumn<int>("groups");
        for (const int groups : {2, 3, 5, 7})
            QTest::newRow(std::to_string(groups).c_str()) << groups;
    }
    void choosesTheNumberOfClusters() {
        QFETCH(int, groups);
        const auto best = bestClustering(clouds(groups, 15), {}, 12);
        QVERIFY2(best, test::why(best));
        QCOMPARE(best->centroids.rows, std::int64_t{groups});
    }

    void makesOneClusterOfLittle() {
        for (const std::int64_t rows : {1, 2}) {
            const auto best =
                bestClustering({rows, 1, std::vector<float>(static_cast<std::size_t>(rows), 1.0F)}, {}, 12);
            QVERIFY2(best, test::why(best));
            QCOMPARE(best->centroids.rows, std::int64_t{1});
        }
    }
};

}  // namespace
}  // namespace epi

QTEST_GUILESS_MAIN(epi::TestEpisodeNames)
#include "tst_episode_names.moc"
