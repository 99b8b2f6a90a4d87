// A block whose keys and values were computed before it is read, as those that several episodes share.

#include <cstdint>
#include <span>
#include <string>

#include <QtTest>

#include <c10/core/InferenceMode.h>

#include "tests/engine/prefill_setups.h"
#include "tests/support/check_result.h"

namespace epi {
namespace {

std::int64_t bytesOf(const ComputedRows& rows) {
    std::size_t bytes = 0;
    for (const LayerRows& layer : rows)
        bytes += layer.keys.nbytes() + layer.values.nbytes();
    return static_cast<std::int64_t>(bytes);
}

class TestComputedBlock : public QObject {
    Q_OBJECT

    TinyModels models_;

private Q_SLOTS:
    void givesWhatAComputedBlockGives_data() {
        addSetups();
        addScores();
    }
    void givesWhatAComputedBlockGives() {
        const c10::InferenceMode inference;
        QFETCH(std::string, architecture);
        QFETCH(Setup, setup);
        const auto model = models_.load(architecture);
        QVERIFY(model);
        const PrefillTask task = taskOf(model->executor().spec(), setup);
        KvCache cache = cacheFor(model->executor(), task);
        BlockPrefill prefill(model->executor(), cache, task);
        KvCache other = cacheFor(model->executor(), task);
        BlockPrefill otherPrefill(model->executor(), other, task);
        while (!prefill.isDone()) {
            const KvSnapshot before = other.snapshot();
            const auto computed = otherPrefill.computeNext({});
            QVERIFY2(computed, test::why(computed));
            QVERIFY(isSame(other.snapshot(), before));
            QCOMPARE(other.nextPosition(), before.nextPosition);
            QCOMPARE(bytesOf(*computed), otherPrefill.nextBytes());
            QVERIFY(prefill.step({}));
            const auto stepped = otherPrefill.step({}, {}, &*computed);
            QVERIFY2(stepped, test::why(stepped));
            QCOMPARE(other.nextPosition(), cache.nextPosition());
            QVERIFY(hasSamePositions(other.snapshot(), cache.snapshot()));
            QVERIFY(hasCloseRows(other.snapshot(), cache.snapshot()));
        }
        QVERIFY(otherPrefill.isDone());
    }

    void leavesNothingOfABlockWhoseComputingIsCancelled() {
        const c10::InferenceMode inference;
        const auto model = models_.load("llama");
        QVERIFY(model);
        const PrefillTask task = taskOf(model->executor().spec(), {});
        KvCache cache = cacheFor(model->executor(), task);
        BlockPrefill prefill(model->executor(), cache, task);
        QVERIFY(prefill.step({}));
        const KvSnapshot before = cache.snapshot();
        const CancelToken cancel;
        cancel.cancel();
        QVERIFY(test::failsWith(prefill.computeNext(cancel), ErrorCode::kCancelled));
        QVERIFY(isSame(cache.snapshot(), before));
        QCOMPARE(cache.nextPosition(), before.nextPosition);
    }

    void refusesLogitsOfRowsThatAreNotRun() {
        const c10::InferenceMode inference;
        const auto model = models_.load("llama");
        QVERIFY(model);
        const PrefillTask task = taskOf(model->executor().spec(), {});
        KvCache cache = cacheFor(model->executor(), task);
        const auto computed = BlockPrefill(model->executor(), cache, task).computeNext({});
        QVERIFY2(computed, test::why(computed));
        const auto block = std::span(task.ids).first(static_cast<std::size_t>(task.block));
        const ForwardRequest request{
            .groups = {{.kind = RowGroup::Kind::kAppend, .ids = block, .computed = &*computed}},
            .logitRows = 1};
        QVERIFY(test::failsWith(model->executor().forward(request, cache), ErrorCode::kInvalidArgument));
    }
};

}  // namespace
}  // namespace epi

QTEST_GUILESS_MAIN(epi::TestComputedBlock)
#include "tst_computed_block.moc"
