// Attention over heads of different lengths, cut into parts and merged, against one softmax per head.

#include <cmath>
#include <random>
#include <vector>

#include <QtTest>

#include "core/format/half.h"
#include "core/tensor/cpu/head_attention.h"

namespace epi::cpu {
namespace {

class TestHeadAttention : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void mergesThePartsOfRaggedHeads_data() {
        QTest::addColumn<int>("threads");
        QTest::newRow("one thread") << 1;
        QTest::newRow("three threads") << 3;
    }
    void mergesThePartsOfRaggedHeads() {
        QFETCH(int, threads);
        constexpr std::int64_t kHeadDim = 32;
        constexpr std::int64_t kGroup = 3;
        const std::vector<std::int64_t> lengths{1, 700, 65, 2500};
        std::mt19937 random(2);
        std::normal_distribution<float> normal;
        std::vector<std::vector<std::uint16_t>> keys;
        std::vector<std::vector<std::uint16_t>> values;
        std::vector<HeadEntries> heads;
        for (const std::int64_t length : lengths) {
            for (auto* store : {&keys, &values}) {
                std::vector<std::uint16_t>& halves = store->emplace_back(length * kHeadDim);
                for (std::uint16_t& half : halves) {
                    const float value = normal(random);
                    kPortableKernels.toHalf(&value, 1, &half);
                }
            }
            heads.push_back({.keys = keys.back().data(), .values = values.back().data(), .entries = length});
        }
        std::vector<float> queries(lengths.size() * kGroup * kHeadDim);
        for (float& query : queries)
            query = normal(random);
        std::vector<float> output(queries.size(), -1.0F);
        ThreadPool pool(threads);
        HeadAttention attention;
        attention.attend(pool, bestKernels(), heads, queries, kHeadDim, output.data());

        for (std::size_t row = 0; row < lengths.size() * kGroup; ++row) {
            const std::size_t head = row / kGroup;
            std::vector<double> sums(kHeadDim, 0.0);
            double total = 0.0;
            for (std::int64_t entry = 0; entry < lengths[head]; ++entry) {
                double score = 0.0;
                const auto first = static_cast<std::size_t>(entry * kHeadDim);
                for (std::size_t d = 0; d < kHeadDim; ++d)
                    score += static_cast<double>(queries[row * kHeadDim + d]) *
                             static_cast<double>(floatFromHalf(keys[head][first + d]));
                const double weight = std::exp(score);
                total += weight;
                for (std::size_t d = 0; d < kHeadDim; ++d)
                    sums[d] += weight * static_cast<double>(floatFromHalf(values[head][first + d]));
            }
            for (std::size_t d = 0; d < kHeadDim; ++d)
                QVERIFY(std::abs(output[row * kHeadDim + d] - sums[d] / total) <= 1e-4);
        }
    }
};

}  // namespace
}  // namespace epi::cpu

QTEST_GUILESS_MAIN(epi::cpu::TestHeadAttention)
#include "tst_head_attention.moc"
