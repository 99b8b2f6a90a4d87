// Splitting an episode and merging two others when a conversation has moved on.

#include <cmath>
#include <vector>

#include <QtTest>

#include "core/base/rng.h"
#include "core/episode/regroup.h"
#include "tests/support/check_result.h"

namespace epi {
namespace {

/// Rows around points of the plane, `counts[i]` of them around point i.
EmbeddingMatrix around(const std::vector<std::pair<float, float>>& points, const std::vector<int>& counts) {
    EmbeddingMatrix rows{.rows = 0, .columns = 2, .values = {}};
    Rng random(7);
    const auto offset = [&] {
        return static_cast<float>(random.below(1000)) / 10'000.0F - 0.05F;
    };
    for (std::size_t i = 0; i < points.size(); ++i) {
        for (int count = 0; count < counts[i]; ++count) {
            rows.values.push_back(points[i].first + offset());
            rows.values.push_back(points[i].second + offset());
            ++rows.rows;
        }
    }
    return rows;
}

EmbeddingMatrix centroids(const std::vector<std::pair<float, float>>& points) {
    EmbeddingMatrix matrix{.rows = std::ssize(points), .columns = 2, .values = {}};
    for (const auto& [x, y] : points) {
        matrix.values.push_back(x);
        matrix.values.push_back(y);
    }
    return matrix;
}

class TestRegroup : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void assignsRowsToTheNearestCentroid() {
        const EmbeddingMatrix rows = around({{0, 0}, {4, 0}}, {3, 2});
        const Clustering found = assignToNearest(rows, centroids({{9, 9}, {0, 1}, {5, 0}}));
        QCOMPARE(found.labels, (std::vector<std::int32_t>{1, 1, 1, 2, 2}));
        QCOMPARE(found.centroids.row(0)[0], 9.0F);  // nothing is there
        QVERIFY(std::abs(found.centroids.row(1)[1]) < 0.06F);
        QVERIFY(found.inertia < 0.05);
    }

    void splitsTheLooseAndMergesTheNear() {
        // Two topics have come into cluster 0; 1 and 2 were never far from each other.
        const EmbeddingMatrix rows = around({{0, 0}, {0, 3}, {10, 0}, {10, 0.5F}}, {6, 4, 5, 3});
        const Clustering before = assignToNearest(rows, centroids({{0, 1}, {10, 0}, {10, 0.5F}}));
        const auto found = regroup(rows, before);
        QVERIFY2(found, test::why(found));
        QVERIFY(*found);
        const Regrouping& step = **found;
        QCOMPARE(step.split, 0);
        QCOMPARE(step.into, 1);
        QCOMPARE(step.merged, 2);
        QVERIFY(step.clustering.inertia < before.inertia * 0.5);
        std::vector<std::int32_t> expected(18, 0);
        std::fill(expected.begin() + 6, expected.begin() + 10, 2);
        std::fill(expected.begin() + 10, expected.end(), 1);
        QCOMPARE(step.clustering.labels, expected);
        // What was done once is not done again.
        const auto again = regroup(rows, step.clustering);
        QVERIFY2(again, test::why(again));
        QVERIFY(!*again);
    }

    void leavesWellAlone() {
        const EmbeddingMatrix rows = around({{0, 0}, {5, 0}, {0, 5}, {5, 5}}, {6, 6, 6, 6});
        const auto found = regroup(rows, assignToNearest(rows, centroids({{0, 0}, {5, 0}, {0, 5}, {5, 5}})));
        QVERIFY2(found, test::why(found));
        QVERIFY(!*found);
    }

    void leavesAClusterOfOneOutlierAlone() {
        // A half of one segment would be an episode of an accident.
        const EmbeddingMatrix rows = around({{0, 0}, {0, 4}, {10, 0}, {10, 0.3F}}, {6, 1, 5, 5});
        const auto found = regroup(rows, assignToNearest(rows, centroids({{0, 0}, {10, 0}, {10, 0.3F}})));
        QVERIFY2(found, test::why(found));
        QVERIFY(!*found);
    }

    void givesTheNumberOfAnEmptyEpisodeAway() {
        const EmbeddingMatrix rows = around({{0, 0}, {0, 3}, {10, 0}}, {4, 4, 5});
        const auto found = regroup(rows, assignToNearest(rows, centroids({{0, 1}, {10, 0}, {90, 90}})));
        QVERIFY2(found, test::why(found));
        QVERIFY(*found);
        QCOMPARE((*found)->merged, 2);
        QCOMPARE((*found)->split, 0);
        QVERIFY((*found)->clustering.inertia < 0.2);
    }

    void needsThreeClusters() {
        const EmbeddingMatrix rows = around({{0, 0}, {0, 3}, {10, 0}}, {4, 4, 5});
        const auto found = regroup(rows, assignToNearest(rows, centroids({{0, 1}, {10, 0}})));
        QVERIFY2(found, test::why(found));
        QVERIFY(!*found);
    }

    void stopsWhenCancelled() {
        const EmbeddingMatrix rows = around({{0, 0}, {0, 3}, {10, 0}, {10, 0.5F}}, {6, 4, 5, 3});
        const CancelToken cancel;
        cancel.cancel();
        const auto found =
            regroup(rows, assignToNearest(rows, centroids({{0, 1}, {10, 0}, {10, 0.5F}})), cancel);
        QVERIFY(!found);
        QVERIFY(found.error().code == ErrorCode::kCancelled);
    }
};

}  // namespace
}  // namespace epi

QTEST_APPLESS_MAIN(epi::TestRegroup)
#include "tst_regroup.moc"
