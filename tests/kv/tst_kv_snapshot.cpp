// Copies of caches in one block: as those in memory of their own, and counted to the byte.

#include <cstdint>
#include <vector>

#include <QtTest>

#include <ATen/core/Tensor.h>
#include <ATen/ops/randn.h>
#include <c10/core/InferenceMode.h>

#include "core/kv/kv_cache.h"
#include "core/tensor/host_block.h"
#include "tests/support/check_result.h"
#include "tests/support/counting_lock.h"

namespace epi {
namespace {

using test::CountingLock;

ModelSpec spec() {
    ModelSpec spec;
    spec.layers.resize(3);
    for (LayerSpec& layer : spec.layers) {
        layer.attention.kvHeads = 2;
        layer.attention.headDim = 8;
    }
    return spec;
}

const std::vector<std::int64_t> kRows{40, 40, 50};

/// Ragged, with scores in one layer and room behind every head.
KvCache filled(const Placement& placement) {
    KvCache cache(spec(), kRows, placement);
    for (std::int32_t layer = 0; layer < cache.layerCount(); ++layer) {
        const at::Tensor rows = at::randn({2, 20, 8}).to(placement.cacheType);
        if (!cache.layer(layer).append(rows, rows.neg(), 0)) qFatal("there is room");
    }
    cache.layer(1).apply({.keep = {{0, 3, 4, 19}, {2, 5, 6, 7, 8, 18, 19}}});
    cache.layer(1).setScores(std::vector<float>(11, 0.5F));
    cache.setNextPosition(20);
    return cache;
}

bool isSame(const KvSnapshot& a, const KvSnapshot& b) {
    return a.nextPosition == b.nextPosition && a.shift == b.shift &&
           std::ranges::equal(a.layers, b.layers, [](const auto& one, const auto& other) {
               return one.positions == other.positions && one.origins == other.origins &&
                      one.scores == other.scores && one.keys.equal(other.keys) &&
                      one.values.equal(other.values);
           });
}

class TestKvSnapshot : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void inABlockIsTheSame_data() {
        QTest::addColumn<bool>("isHalf");
        QTest::newRow("fp32") << false;
        QTest::newRow("fp16") << true;
    }
    void inABlockIsTheSame() {
        QFETCH(bool, isHalf);
        const c10::InferenceMode inference;
        const CountingLock locks;
        Placement placement;
        if (isHalf) placement.cacheType = c10::kHalf;
        const KvCache cache = filled(placement);
        const KvSnapshot plain = cache.snapshot();
        {
            const auto block = HostBlock::allocate(cache.snapshotBytes(), CountingLock::lock());
            QVERIFY(block);
            const KvSnapshot snapshot = cache.snapshotIn(block);
            QVERIFY(isSame(snapshot, plain));
            // Nothing lies outside of the block, and the block is no larger than it must be.
            for (const LayerArena::Content& layer : snapshot.layers) {
                for (const at::Tensor& tensor : {layer.keys, layer.values}) {
                    const auto* const data = static_cast<const std::byte*>(tensor.const_data_ptr());
                    QVERIFY(data >= block->data());
                    QVERIFY(data + tensor.nbytes() <= block->data() + block->bytes());
                }
            }
            QCOMPARE(block->bytes(), HostBlock::roundedUp(cache.snapshotBytes()));
            KvCache other(spec(), kRows, placement);
            QVERIFY(other.restore(snapshot));
            QVERIFY(isSame(other.snapshot(), plain));
        }
        QCOMPARE(CountingLock::bytes(), 0);
    }

    void countsWhatIsTaken() {
        const c10::InferenceMode inference;
        const CountingLock locks;
        const KvCache cache = filled({});
        // Keys and values of 40, 11 and 40 rows of 8 numbers; positions and origins of each, scores of 11.
        const std::int64_t notes = (40 + 11 + 40) * 2 * 4 + 11 * 4;
        QCOMPARE(cache.noteBytes(), notes);
        const KvSnapshot plain = cache.snapshot();
        QCOMPARE(plain.bytes(), (40 + 11 + 40) * 2 * 8 * 4);
        QCOMPARE(plain.allocatedBytes(), plain.bytes() + notes);
        const auto block = HostBlock::allocate(cache.snapshotBytes(), CountingLock::lock());
        QVERIFY(block);
        const KvSnapshot snapshot = cache.snapshotIn(block);
        QCOMPARE(snapshot.bytes(), plain.bytes());
        QCOMPARE(snapshot.allocatedBytes(), CountingLock::bytes() + notes);
    }

    void worksWithoutABlock() {
        const c10::InferenceMode inference;
        const KvCache cache = filled({});
        QVERIFY(isSame(cache.snapshotIn(nullptr), cache.snapshot()));
    }
};

}  // namespace
}  // namespace epi

QTEST_GUILESS_MAIN(epi::TestKvSnapshot)
#include "tst_kv_snapshot.moc"
