// Rows go in, are compacted, truncated and restored; nothing about them may change on the way.

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <numeric>
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

/// Arenas of `own` rows per head that share one area of `inArea` rows per head.
std::vector<LayerArena> makeSharing(std::size_t arenas, std::int64_t own, std::int64_t inArea) {
    const auto area = std::make_shared<WorkingArea>(kHeads * kHeadDim * inArea, Placement{});
    std::vector<LayerArena> sharing;
    for (std::size_t i = 0; i < arenas; ++i) {
        sharing.emplace_back(LayerArena::Shape{.kvHeads = kHeads, .headDim = kHeadDim, .rowsPerHead = own},
                             Placement{},
                             LayerArena::Spare{.area = area, .rowsPerHead = inArea});
    }
    return sharing;
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
        for (std::int32_t entry = 0; entry < arena.length(head); ++entry) {
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
    void passesThroughTheAreaOnlyWithMoreThanItsOwnRows() {
        std::vector<LayerArena> arenas = makeSharing(2, 10, 14);
        LayerArena& arena = arenas.front();
        QCOMPARE(arena.room(), 14);
        QVERIFY(append(arena, 0, 8));
        QVERIFY(!arena.isInArea());
        QCOMPARE(arena.room(), 6);
        QVERIFY(append(arena, 8, 2));
        QVERIFY(!arena.isInArea());
        QVERIFY(append(arena, 10, 3));
        QVERIFY(arena.isInArea());
        QCOMPARE(arena.room(), 1);
        checkEntries(arena);
        QVERIFY(test::failsWith(append(arena, 13, 2), ErrorCode::kOutOfMemory));
        checkEntries(arena);
        // More than its own rows hold stays there; what they can hold goes back to them.
        arena.apply({.keep = {{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12},
                              {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12},
                              {0, 1, 2, 3, 4, 5, 6, 12}}});
        QVERIFY(arena.isInArea());
        QCOMPARE(arena.totalLength(), 33);
        checkEntries(arena);
        arena.apply({.keep = {{0, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}, {1, 2, 3, 4, 11}, {0, 1, 2, 3, 4, 7}}});
        QVERIFY(!arena.isInArea());
        QCOMPARE(lengths(arena), (std::vector<std::int64_t>{11, 5, 6}));
        QCOMPARE(arena.room(), (14 * kHeads - 22) / kHeads);
        checkEntries(arena);
    }

    void staysInTheAreaAfterACutThatItsOwnRowsCannotHold() {
        std::vector<LayerArena> arenas = makeSharing(1, 4, 12);
        LayerArena& arena = arenas.front();
        QVERIFY(append(arena, 0, 4));
        QVERIFY(append(arena, 4, 8));
        arena.apply({.keep = {{2, 3, 4, 5, 6, 7}, {1, 2, 3, 4, 5}, {4, 5, 6, 7, 8, 9, 10, 11}}});
        QVERIFY(arena.isInArea());
        // Its own rows have what was cut away.
        const std::vector<std::int64_t> shorter{2, 2, 2};
        arena.truncate(shorter);
        QVERIFY(arena.isInArea());
        checkEntries(arena);
        arena.apply({.keep = {{0, 1}, {1}, {0}}});
        QVERIFY(!arena.isInArea());
        checkEntries(arena);
    }

    void leavesTheAreaToTheNextOnceItIsCut() {
        std::vector<LayerArena> arenas = makeSharing(3, 6, 9);
        for (LayerArena& arena : arenas)
            QVERIFY(append(arena, 0, 6));
        // The places of all of them are known at once, their entries come one after the other.
        for (LayerArena& arena : arenas)
            QVERIFY(arena.extend(3, 6));
        QVERIFY(arenas[0].moveIn());
        QVERIFY(arenas[0].moveIn());
        QVERIFY(test::failsWith(arenas[1].moveIn(), ErrorCode::kInternal));
        const CompactionPlan plan{.keep = {{0, 1, 2, 3, 4, 5}, {0, 2, 3}, {5}}};
        arenas[0].apply(plan);
        checkEntries(arenas[0]);
        QVERIFY(arenas[1].moveIn());
        arenas[1].clear();
        QVERIFY(!arenas[1].isInArea());
        QVERIFY(arenas[2].moveIn());
        arenas[2].apply(plan);
        checkEntries(arenas[2]);
        checkEntries(arenas[0]);
    }

    void isWhereItWasAfterABlockThatWasNotCut() {
        std::vector<LayerArena> arenas = makeSharing(2, 6, 20);
        LayerArena& arena = arenas.front();
        QVERIFY(append(arena, 0, 6));
        arena.apply({.keep = {{0, 5}, {1, 2, 3}, {4}}});
        const auto before = lengths(arena);
        const LayerArena::Content content = arena.content();
        QVERIFY(append(arena, 6, 8));
        checkEntries(arena);
        arena.truncate(before);
        QVERIFY(!arena.isInArea());
        QCOMPARE(lengths(arena), before);
        checkEntries(arena);
        // Also when its place was only planned.
        QVERIFY(arena.extend(8, 6));
        arena.truncate(before);
        checkEntries(arena);
        QVERIFY(append(arenas.back(), 0, 12));
        checkEntries(arenas.back());
        QVERIFY(arenas.back().restore(content));
        QCOMPARE(lengths(arenas.back()), before);
        QVERIFY(append(arena, 6, 8));
        QVERIFY(arena.restore(content));
        QVERIFY(!arena.isInArea());
        checkEntries(arena);
    }

    void keepsTheSameInTurnAsAnArenaThatHoldsEverything() {
        // Random blocks and plans over three arenas that share an area, beside one that is large enough.
        constexpr std::int64_t kOwn = 12;
        constexpr std::int64_t kBlock = 7;
        std::mt19937 random(7);
        std::vector<LayerArena> sharing = makeSharing(3, kOwn, kOwn + kBlock);
        std::vector<LayerArena> large;
        for (std::size_t i = 0; i < sharing.size(); ++i)
            large.push_back(makeArena(kOwn + kBlock));
        int passed = 0;
        for (std::int64_t first = 0; first < 40 * kBlock; first += kBlock) {
            for (std::size_t i = 0; i < sharing.size(); ++i) {
                QVERIFY(append(sharing[i], first, kBlock));
                QVERIFY(append(large[i], first, kBlock));
                passed += sharing[i].isInArea() ? 1 : 0;
                CompactionPlan plan = randomPlan(large[i], random, 60);
                while (
                    std::accumulate(
                        plan.keep.begin(), plan.keep.end(), std::size_t{0}, [](std::size_t sum, auto& head) {
                            return sum + head.size();
                        }) > kHeads * kOwn) {
                    auto& longest =
                        *std::ranges::max_element(plan.keep, {}, &std::vector<std::int32_t>::size);
                    longest.pop_back();
                }
                sharing[i].apply(plan);
                large[i].apply(plan);
                QVERIFY(!sharing[i].isInArea());
                QCOMPARE(sharing[i].room(), large[i].room());
                checkEntries(sharing[i]);
                const LayerArena::Content a = sharing[i].content();
                const LayerArena::Content b = large[i].content();
                QVERIFY(a.positions == b.positions && at::equal(a.keys, b.keys) &&
                        at::equal(a.values, b.values));
            }
        }
        QVERIFY(passed > 30);
    }

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

    void keepsOriginsAndScoresWithTheirEntries() {
        LayerArena arena = makeArena(9);
        QVERIFY(append(arena, 0, 4));
        std::vector<float> scores(kHeads * 4);
        std::iota(scores.begin(), scores.end(), 0.0F);
        arena.setScores(scores);
        arena.setShift(100);
        QVERIFY(append(arena, 4, 5));
        arena.apply({.keep = {{1, 3, 5, 8}, {0, 1, 2}, {6, 7}}});
        const auto origins = [&](std::int32_t head) {
            return std::vector<std::int32_t>(arena.origins(head).begin(), arena.origins(head).end());
        };
        const auto scoresOf = [&](std::int32_t head) {
            return std::vector<float>(arena.scores(head).begin(), arena.scores(head).end());
        };
        QCOMPARE(origins(0), (std::vector<std::int32_t>{1, 3, 105, 108}));
        QCOMPARE(origins(1), (std::vector<std::int32_t>{0, 1, 2}));
        QCOMPARE(origins(2), (std::vector<std::int32_t>{106, 107}));
        QCOMPARE(scoresOf(0), (std::vector<float>{1.0F, 3.0F}));
        QCOMPARE(scoresOf(1), (std::vector<float>{4.0F, 5.0F, 6.0F}));
        QCOMPARE(scoresOf(2), std::vector<float>{});
        checkEntries(arena);
    }

    void givesEveryHeadTheRoomOfABlockAfterAPlanThatStarvesOne() {
        constexpr std::int64_t kBudget = 20;
        constexpr std::int64_t kBlock = 12;
        LayerArena arena = makeArena(kBudget + kBlock);
        QVERIFY(append(arena, 0, kBudget + kBlock));
        // All of the budget goes to two heads.
        CompactionPlan plan{.keep = {{}, {}, {}}};
        for (std::int32_t entry = 0; entry < kBudget + kBlock; ++entry)
            plan.keep[1].push_back(entry);
        for (std::int32_t entry = 0; entry < 2 * kBudget - kBlock; ++entry)
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
