#include <cstdint>
#include <vector>

#include <QtTest>

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/full.h>

#include "core/kv/snapshot_union.h"

namespace epi {
namespace {

using Positions = std::vector<std::vector<std::int32_t>>;

/// One layer whose keys are `sign` times the position, values the same plus a half.
KvSnapshot snapshot(const Positions& heads, float sign, std::int64_t nextPosition) {
    std::vector<at::Tensor> keys;
    for (const auto& head : heads) {
        for (const std::int32_t position : head)
            keys.push_back(at::full({1, 2}, sign * static_cast<float>(position), at::kFloat));
    }
    LayerArena::Content content;
    content.keys = at::cat(keys);
    content.values = content.keys + 0.5;
    content.positions = heads;
    content.origins = heads;
    return {.layers = {content}, .nextPosition = nextPosition};
}

class TestSnapshotUnion : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void holdsEveryPositionOnceAndPrefersTheFirst() {
        const KvSnapshot united =
            unite(snapshot({{1, 4, 9}, {2}}, 1.0F, 10), snapshot({{0, 4, 8}, {2, 3}}, -1.0F, 10));
        const LayerArena::Content& content = united.layers.front();
        QCOMPARE(content.positions, (Positions{{0, 1, 4, 8, 9}, {2, 3}}));
        QCOMPARE(united.nextPosition, 10);
        const std::vector<float> expected{0, 1, 4, -8, 9, 2, -3};
        QCOMPARE(content.keys.size(0), 7);
        for (std::size_t row = 0; row < expected.size(); ++row) {
            QCOMPARE(content.keys[static_cast<std::int64_t>(row)][1].item<float>(), expected[row]);
            QCOMPARE(content.values[static_cast<std::int64_t>(row)][0].item<float>(), expected[row] + 0.5F);
        }
    }

    void isTheSameAsOneOfTwoEqualCaches() {
        const KvSnapshot one = snapshot({{3, 5}, {1}}, 1.0F, 6);
        const KvSnapshot united = unite(one, one);
        QCOMPARE(united.layers.front().positions, one.layers.front().positions);
        QCOMPARE(united.entries(), one.entries());
    }
};

}  // namespace
}  // namespace epi

QTEST_GUILESS_MAIN(epi::TestSnapshotUnion)
#include "tst_snapshot_union.moc"
