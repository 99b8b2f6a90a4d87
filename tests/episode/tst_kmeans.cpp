#include <cmath>
#include <limits>
#include <set>
#include <vector>

#include <QtTest>

#include "core/base/rng.h"
#include "core/episode/kmeans.h"

namespace epi {
namespace {

EmbeddingMatrix matrix(std::int64_t columns, std::vector<float> values) {
    return {static_cast<std::int64_t>(values.size()) / columns, columns, std::move(values)};
}

/// `groups` well separated clouds of `perGroup` points; point i belongs to cloud i % groups.
EmbeddingMatrix clouds(int groups, int perGroup) {
    Rng rng(7);
    std::vector<float> values;
    for (int i = 0; i < groups * perGroup; ++i) {
        values.push_back(static_cast<float>(100 * (i % groups) + rng.uniform()));
        values.push_back(static_cast<float>(rng.uniform()));
    }
    return matrix(2, values);
}

class TestKMeans : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void findsSeparatedClouds() {
        const auto result = kMeans(clouds(4, 25), {});
        QVERIFY(result);
        for (std::size_t i = 0; i < 100; ++i)
            QCOMPARE(result->labels[i], result->labels[i % 4]);
        QCOMPARE(std::set(result->labels.begin(), result->labels.begin() + 4).size(), std::size_t{4});
    }

    void returnsPlainMeansAndTheirInertia() {
        const auto result = kMeans(matrix(1, {0.0F, 2.0F, 10.0F, 14.0F}), {.clusters = 2});
        QVERIFY(result);
        const auto near = static_cast<std::size_t>(result->labels[0]);
        QCOMPARE(result->centroids.values[near], 1.0F);
        QCOMPARE(result->centroids.values[1 - near], 12.0F);
        QCOMPARE(result->inertia, 10.0);
    }

    void repeatsItselfForTheSameSeed() {
        const EmbeddingMatrix rows = clouds(7, 9);
        const auto first = kMeans(rows, {.clusters = 5, .seed = 3});
        const auto second = kMeans(rows, {.clusters = 5, .seed = 3});
        QVERIFY(first && second);
        QCOMPARE(first->labels, second->labels);
        QCOMPARE(first->centroids.values, second->centroids.values);
    }

    void makesNoMoreClustersThanRows() {
        const auto result = kMeans(matrix(1, {3.0F, 1.0F}), {.clusters = 4});
        QVERIFY(result);
        QCOMPARE(result->centroids.rows, std::int64_t{2});
        QVERIFY(result->labels[0] != result->labels[1]);
        QCOMPARE(result->inertia, 0.0);
    }

    void leavesNoClusterEmptyWhenAllRowsAreEqual() {
        const auto result = kMeans(matrix(1, std::vector<float>(6, 0.5F)), {.clusters = 3});
        QVERIFY(result);
        QCOMPARE(std::set(result->labels.begin(), result->labels.end()).size(), std::size_t{3});
        for (const float value : result->centroids.values)
            QCOMPARE(value, 0.5F);
    }

    void givesAnEmptyClusterTheFarthestRow() {
        const Clustering step = lloydStep(matrix(1, {0.0F, 1.0F, 9.0F, 2.0F}), matrix(1, {0.0F, 100.0F}));
        QCOMPARE(step.labels, (std::vector<std::int32_t>{0, 0, 1, 0}));
        QCOMPARE(step.centroids.values, (std::vector<float>{1.0F, 9.0F}));
    }

    void sendsTiesToTheLowerCluster() {
        const Clustering step = lloydStep(matrix(1, {0.0F, 1.0F, 2.0F}), matrix(1, {0.0F, 2.0F}));
        QCOMPARE(step.labels, (std::vector<std::int32_t>{0, 0, 1}));
    }

    void stopsWhenCancelled() {
        KMeansOptions options;
        options.cancel.cancel();
        const auto result = kMeans(clouds(4, 5), options);
        QVERIFY(!result);
        QCOMPARE(result.error().code, ErrorCode::kCancelled);
    }

    void refusesWhatIsNoMatrix_data() {
        QTest::addColumn<qint64>("rows");
        QTest::addColumn<qint64>("columns");
        QTest::addColumn<qint64>("values");
        QTest::newRow("no rows") << qint64{0} << qint64{3} << qint64{0};
        QTest::newRow("no columns") << qint64{3} << qint64{0} << qint64{0};
        QTest::newRow("negative") << qint64{-2} << qint64{-2} << qint64{4};
        QTest::newRow("too few values") << qint64{3} << qint64{2} << qint64{5};
        QTest::newRow("sizes that overflow") << (qint64{1} << 62) << qint64{4} << qint64{0};
    }
    void refusesWhatIsNoMatrix() {
        QFETCH(qint64, rows);
        QFETCH(qint64, columns);
        QFETCH(qint64, values);
        const EmbeddingMatrix bad{rows, columns, std::vector<float>(static_cast<std::size_t>(values))};
        const auto result = kMeans(bad, {});
        QVERIFY(!result);
        QCOMPARE(result.error().code, ErrorCode::kInvalidArgument);
    }

    void refusesValuesThatAreNotFinite() {
        const auto result = kMeans(matrix(1, {1.0F, std::numeric_limits<float>::quiet_NaN()}), {});
        QVERIFY(!result);
        QCOMPARE(result.error().message, std::string("embedding 1 is not finite"));
    }

    void drawsTheReferenceSequenceOfTheGenerator() {
        // Widely published check values of xoshiro256** with the state that splitmix64 makes of 0.
        Rng rng(0);
        QCOMPARE(rng.next(), std::uint64_t{0x99ec5f36cb75f2b4U});
        QCOMPARE(rng.next(), std::uint64_t{0xbf6e1f784956452aU});
        QCOMPARE(rng.next(), std::uint64_t{0x1a5f849d4933e6e0U});
    }

    void drawsBelowABoundEvenly() {
        Rng rng(1);
        std::vector<int> counts(6, 0);
        for (int i = 0; i < 60000; ++i)
            ++counts[rng.below(6)];
        for (const int count : counts)
            QVERIFY(std::abs(count - 10000) < 400);
    }
};

}  // namespace
}  // namespace epi

QTEST_GUILESS_MAIN(epi::TestKMeans)
#include "tst_kmeans.moc"
