// Rows go in, are compacted, truncated and restored; nothing about them may change on the way.

#include <cstdint>
#include <map>
#include <random>
#include <span>
#include <vector>

#include <QtTest>

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/equal.h>

#include "core/kv/layer_arena.h"
#include "tests/support/check_result.h"

namespace epi {
namespace {

constexpr std::int32_t kHeads = 3;
constexpr std::int32_t kHeadDim = 4;

/// Rows whose numbers say which head and position they belong to: [heads, rows, headDim].
at::Tensor rowsFor(std::int64_t first, std::int64_t rows, float sign) {
    at::Tensor tensor =
        at::arange(kHeads * rows * kHeadDim, at::kFloat).reshape({kHeads, rows, kHeadDim}).clone();
    auto values = tensor.accessor<float, 3>();
    for (std::int64_t head = 0; head < kHeads; ++head) {
        for (std::int64_t row = 0; row < rows; ++row) {
            for (std::int64_t i = 0; i < kHeadDim; ++i) {
                values[head][row][i] = sign * static_cast<float>(head * 100000 + (first + row) * 10 + i);
            }
        }
    }
    return tensor;
}

LayerArena makeArena(std::int64_t rowsPerHead) {
    return LayerArena({.kvHeads = kHeads, .headDim = kHeadDim, .rowsPerHead = rowsPerHead}, Placement{});
}

Result<void> append(LayerArena& arena, std::int64_t first, std::int64_t rows) {
    return arena.append(rowsFor(first, rows, 1.0F), rowsFor(first, rows, -1.0F), first);
}

/// Every entry is bitwise what was written for its head and position, and positions ascend.
void checkEntries(const LayerArena& arena) {
    std::int64_t heads = 0;
    for (const HeadRun& run : arena.runs()) {
        QCOMPARE(run.firstHead, heads);
        for (std::int64_t i = 0; i < run.count; ++i, ++heads) {
            const auto head = static_cast<std::int32_t>(heads);
            const auto positions = arena.positions(head);
            QCOMPARE(static_cast<std::int64_t>(positions.size()), run.length);
            QCOMPARE(arena.length(head), run.length);
            for (std::int64_t entry = 0; entry < run.length; ++entry) {
                const std::int32_t position = positions[static_cast<std::size_t>(entry)];
                if (entry > 0) QVERIFY(positions[static_cast<std::size_t>(entry - 1)] < position);
                QVERIFY(at::equal(run.keys[i][entry], rowsFor(position, 1, 1.0F)[head][0]));
                QVERIFY(at::equal(run.values[i][entry], rowsFor(position, 1, -1.0F)[head][0]));
            }
        }
    }
    QCOMPARE(heads, std::int64_t{kHeads});
}

/// Keeps each entry with this probability.
CompactionPlan randomPlan(const LayerArena& arena, std::mt19937& random, std::uint32_t percent) {
    CompactionPlan plan;
    for (std::int32_t head = 0; head < kHeads; ++head) {
        auto& keep = plan.keep.emplace_back();
        for (std::int64_t entry = 0; entry < arena.length(head); ++entry) {
            if (random() % 100 < percent) keep.push_back(entry);
        }
    }
    return plan;
}

std::vector<std::int64_t> lengths(const LayerArena& arena) {
    std::vector<std::int64_t> found;
    for (std::int32_t head = 0; head < kHeads; ++head)
        found.push_back(arena.length(head));
    return found;
}

class TestLayerArena : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void keepsWhatIsAppended() {
        LayerArena arena = makeArena(10);
        QVERIFY(append(arena, 0, 4));
        QVERIFY(append(arena, 4, 3));
        QCOMPARE(lengths(arena), (std::vector<std::int64_t>{7, 7, 7}));
        QCOMPARE(arena.totalLength(), 21);
        QCOMPARE(arena.room(), 3);
        checkEntries(arena);
    }

    void seesHeadsOfEqualLengthAsOneRun() {
        LayerArena arena = makeArena(10);
        QVERIFY(append(arena, 0, 4));
        QCOMPARE(arena.runs().size(), std::size_t{1});
        arena.apply({.keep = {{0, 1}, {2, 3}, {1}}});
        QCOMPARE(arena.runs().size(), std::size_t{2});
        checkEntries(arena);
    }

    void refusesMoreThanItsRoomAndStaysAsItWas() {
        LayerArena arena = makeArena(6);
        QVERIFY(append(arena, 0, 5));
        const auto refused = append(arena, 5, 2);
        QVERIFY(test::failsWith(refused, ErrorCode::kOutOfMemory));
        QCOMPARE(lengths(arena), (std::vector<std::int64_t>{5, 5, 5}));
        checkEntries(arena);
        QVERIFY(append(arena, 5, 1));
        QCOMPARE(arena.room(), 0);
    }

    void dropsOnlyWhatAPlanDoesNotKeep() {
        LayerArena arena = makeArena(8);
        QVERIFY(append(arena, 0, 8));
        arena.apply({.keep = {{0, 3, 7}, {}, {1, 2, 3, 4, 5}}});
        QCOMPARE(lengths(arena), (std::vector<std::int64_t>{3, 0, 5}));
        QCOMPARE(arena.longestHead(), 5);
        const auto positions = arena.positions(0);
        QCOMPARE(std::vector<std::int32_t>(positions.begin(), positions.end()),
                 (std::vector<std::int32_t>{0, 3, 7}));
        checkEntries(arena);
    }

    void givesEveryHeadTheRoomOfABlockAfterAPlanThatStarvesOne() {
        constexpr std::int64_t kBudget = 20;
        constexpr std::int64_t kBlock = 12;
        LayerArena arena = makeArena(kBudget + kBlock);
        QVERIFY(append(arena, 0, kBudget + kBlock));
        // All of the budget goes to two heads.
        CompactionPlan plan{.keep = {{}, {}, {}}};
        for (std::int64_t entry = 0; entry < kBudget + kBlock; ++entry)
            plan.keep[1].push_back(entry);
        for (std::int64_t entry = 0; entry < 2 * kBudget - kBlock; ++entry)
            plan.keep[2].push_back(entry);
        arena.apply(plan);
        QCOMPARE(arena.totalLength(), kHeads * kBudget);
        QVERIFY(arena.room() >= kBlock);
        QVERIFY(append(arena, kBudget + kBlock, kBlock));
        checkEntries(arena);
    }

    void goesBackToAnEarlierLengthOfEachHead() {
        LayerArena arena = makeArena(12);
        QVERIFY(append(arena, 0, 6));
        arena.apply({.keep = {{0, 5}, {1, 2, 3}, {4}}});
        const auto before = lengths(arena);
        QVERIFY(append(arena, 6, 3));
        arena.truncate(before);
        QCOMPARE(lengths(arena), before);
        checkEntries(arena);
        QVERIFY(append(arena, 9, 2));
        checkEntries(arena);
    }

    void keepsEveryRowThroughRandomStepsWithinOneAllocation() {
        constexpr std::int64_t kRows = 40;
        std::mt19937 random(5);
        LayerArena arena = makeArena(kRows);
        const std::int64_t bytes = arena.allocatedBytes();
        QCOMPARE(bytes, std::int64_t{2 * kHeads * kRows * kHeadDim * 4});
        std::int64_t next = 0;
        for (int step = 0; step < 200; ++step) {
            const std::int64_t rows = std::min<std::int64_t>(arena.room(), 1 + random() % 9);
            if (rows > 0) QVERIFY(append(arena, next, rows));
            next += rows;
            if (arena.room() < 3 || random() % 4 == 0)
                arena.apply(randomPlan(arena, random, 30 + static_cast<std::uint32_t>(random() % 60)));
            QVERIFY(arena.totalLength() <= kHeads * kRows);
            checkEntries(arena);
            if (QTest::currentTestFailed()) return;
        }
        QCOMPARE(arena.allocatedBytes(), bytes);
    }

    void restoresTheContentOfAnotherArena() {
        LayerArena arena = makeArena(10);
        QVERIFY(append(arena, 3, 10));
        arena.apply({.keep = {{1, 4}, {}, {0, 1, 2, 9}}});
        const LayerArena::Content content = arena.content();
        QCOMPARE(content.keys.size(0), 6);
        QCOMPARE(content.positions[2], (std::vector<std::int32_t>{3, 4, 5, 12}));
        LayerArena other = makeArena(4);
        QVERIFY(append(other, 0, 2));
        QVERIFY(other.restore(content));
        QCOMPARE(lengths(other), (std::vector<std::int64_t>{2, 0, 4}));
        checkEntries(other);
        QVERIFY(at::equal(other.content().keys, content.keys));
        QVERIFY(at::equal(other.content().values, content.values));
    }

    void keepsItsContentApartFromLaterChanges() {
        LayerArena arena = makeArena(8);
        QVERIFY(append(arena, 0, 4));
        const LayerArena::Content content = arena.content();
        const at::Tensor keys = content.keys.clone();
        arena.apply({.keep = {{3}, {3}, {3}}});
        QVERIFY(append(arena, 4, 4));
        QVERIFY(at::equal(content.keys, keys));
        QCOMPARE(content.positions[0], (std::vector<std::int32_t>{0, 1, 2, 3}));
    }

    void refusesToRestoreMoreThanItHolds() {
        LayerArena arena = makeArena(10);
        QVERIFY(append(arena, 0, 10));
        LayerArena small = makeArena(9);
        QVERIFY(append(small, 0, 2));
        QVERIFY(test::failsWith(small.restore(arena.content()), ErrorCode::kOutOfMemory));
        QCOMPARE(lengths(small), (std::vector<std::int64_t>{2, 2, 2}));
        checkEntries(small);
    }
};

}  // namespace
}  // namespace epi

QTEST_GUILESS_MAIN(epi::TestLayerArena)
#include "tst_layer_arena.moc"
