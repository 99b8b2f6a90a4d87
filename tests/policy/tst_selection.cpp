// Which entries of a layer stay, given their scores.

#include <algorithm>
#include <limits>
#include <random>
#include <vector>

#include <QtTest>

#include "core/policy/selection.h"
#include "tests/support/check_result.h"

namespace epi {
namespace {

using Keep = std::vector<std::vector<std::int64_t>>;

// Scores of the worked example of two heads with four entries each.
const std::vector<float> kExample{.3135F, .2726F, .2722F, .2500F, .2612F, .6226F, .2341F, .4748F};

Result<Selection> select(const std::vector<float>& scores,
                         std::vector<std::int64_t> lengths,
                         std::int64_t budget,
                         BudgetLevel level,
                         std::vector<std::vector<bool>> pins = {}) {
    return selectEntries(
        {.lengths = std::move(lengths), .scores = scores, .pins = std::move(pins)}, budget, level);
}

class TestSelection : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void keepsTheBestOfTheWorkedExample_data() {
        QTest::addColumn<int>("budget");
        QTest::addColumn<bool>("isUniform");
        QTest::addColumn<Keep>("keep");
        QTest::newRow("pair, 1") << 1 << false << Keep{{}, {1, 3}};
        QTest::newRow("pair-uniform, 1") << 1 << true << Keep{{0}, {1}};
        QTest::newRow("pair, 2") << 2 << false << Keep{{0, 1}, {1, 3}};
        QTest::newRow("pair-uniform, 2") << 2 << true << Keep{{0, 1}, {1, 3}};
        QTest::newRow("pair-uniform, 3") << 3 << true << Keep{{0, 1, 2}, {0, 1, 3}};
    }
    void keepsTheBestOfTheWorkedExample() {
        QFETCH(int, budget);
        QFETCH(bool, isUniform);
        QFETCH(Keep, keep);
        const auto found =
            select(kExample, {4, 4}, budget, isUniform ? BudgetLevel::kPairUniform : BudgetLevel::kPair);
        QVERIFY2(found, test::why(found));
        QCOMPARE(found->keep, keep);
    }

    void reportsTheScoresAtTheCut() {
        const auto pair = select(kExample, {4, 4}, 2, BudgetLevel::kPair);
        QCOMPARE(pair->thresholdKept, std::vector<float>{.2726F});
        QCOMPARE(pair->thresholdDropped, std::vector<float>{.2722F});
        const auto uniform = select(kExample, {4, 4}, 1, BudgetLevel::kPairUniform);
        QCOMPARE(uniform->thresholdKept, (std::vector<float>{.3135F, .6226F}));
        QCOMPARE(uniform->thresholdDropped, (std::vector<float>{.2726F, .4748F}));
    }

    void prefersTheLowerHeadAndThenTheLowerEntryOfEqualScores() {
        const std::vector<float> equal(8, .5F);
        QCOMPARE(select(equal, {4, 4}, 1, BudgetLevel::kPair)->keep, (Keep{{0, 1}, {}}));
        QCOMPARE(select(equal, {4, 4}, 3, BudgetLevel::kPair)->keep, (Keep{{0, 1, 2, 3}, {0, 1}}));
        QCOMPARE(select(equal, {4, 4}, 2, BudgetLevel::kPairUniform)->keep, (Keep{{0, 1}, {0, 1}}));
    }

    void keepsPinnedEntriesFirstAndCountsThem() {
        const std::vector<std::vector<bool>> pins{{false, false, false, true}, {true, false, false, false}};
        QCOMPARE(select(kExample, {4, 4}, 1, BudgetLevel::kPair, pins)->keep, (Keep{{3}, {0}}));
        const auto two = select(kExample, {4, 4}, 2, BudgetLevel::kPair, pins);
        QCOMPARE(two->keep, (Keep{{3}, {0, 1, 3}}));
        QCOMPARE(two->thresholdKept, std::vector<float>{.4748F});
        QCOMPARE(select(kExample, {4, 4}, 2, BudgetLevel::kPairUniform, pins)->keep, (Keep{{0, 3}, {0, 1}}));
    }

    void keepsEverythingThatFits() {
        for (const BudgetLevel level : {BudgetLevel::kPair, BudgetLevel::kPairUniform}) {
            for (const std::int64_t budget : {4, 5, 1000}) {
                const auto found = select(kExample, {4, 4}, budget, level);
                QVERIFY2(found, test::why(found));
                QCOMPARE(found->keep, (Keep{{0, 1, 2, 3}, {0, 1, 2, 3}}));
                for (const float dropped : found->thresholdDropped)
                    QCOMPARE(dropped, -1.0F);
            }
        }
    }

    void letsOneHeadHaveMoreThanTheMeanWhileAllFit() {
        const std::vector<float> scores{.1F, .2F, .3F, .4F, .5F, .6F};
        QCOMPARE(select(scores, {5, 1}, 3, BudgetLevel::kPair)->keep, (Keep{{0, 1, 2, 3, 4}, {0}}));
        QCOMPARE(select(scores, {5, 1}, 3, BudgetLevel::kPairUniform)->keep, (Keep{{2, 3, 4}, {0}}));
    }

    void takesAHeadWithoutEntries() {
        const std::vector<float> scores{.1F, .2F};
        QCOMPARE(select(scores, {0, 2}, 1, BudgetLevel::kPairUniform)->keep, (Keep{{}, {1}}));
        QCOMPARE(select({}, {0, 0}, 1, BudgetLevel::kPair)->keep, (Keep{{}, {}}));
    }

    void refusesAScoreThatIsNotFinite() {
        for (const float bad :
             {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
            std::vector<float> scores = kExample;
            scores[6] = bad;
            for (const BudgetLevel level : {BudgetLevel::kPair, BudgetLevel::kPairUniform}) {
                const auto found = select(scores, {4, 4}, 4, level);
                QVERIFY(test::failsWith(found, ErrorCode::kInternal));
                QVERIFY2(found.error().message.find("entry 2 in head 1") != std::string::npos,
                         test::why(found));
            }
        }
    }

    void refusesABudgetThatIsSmallerThanThePins() {
        const std::vector<std::vector<bool>> pins{{true, true, true, false}, {false, false, false, false}};
        const auto pair = select(kExample, {4, 4}, 1, BudgetLevel::kPair, pins);
        QVERIFY(test::failsWith(pair, ErrorCode::kInvalidArgument));
        QVERIFY2(pair.error().message.find('2') != std::string::npos &&
                     pair.error().message.find('3') != std::string::npos,
                 test::why(pair));
        QVERIFY(select(kExample, {4, 4}, 2, BudgetLevel::kPair, pins));
        QVERIFY(test::failsWith(select(kExample, {4, 4}, 2, BudgetLevel::kPairUniform, pins),
                                ErrorCode::kInvalidArgument));
    }

    void agreesWithSortingOnRandomScores() {
        std::mt19937 random(3);
        for (int round = 0; round < 200; ++round) {
            std::vector<std::int64_t> lengths;
            for (int head = 0; head < 3; ++head)
                lengths.push_back(static_cast<std::int64_t>(random() % 20));
            std::vector<float> scores(static_cast<std::size_t>(lengths[0] + lengths[1] + lengths[2]));
            for (float& score : scores)
                score = static_cast<float>(random() % 8) / 8.0F;  // many ties
            const auto budget = static_cast<std::int64_t>(1 + random() % 15);
            const auto found = select(scores, lengths, budget, BudgetLevel::kPair);
            QVERIFY2(found, test::why(found));
            // Head-major order is the order of ties, so that a stable sort by score alone gives the rank.
            std::vector<std::size_t> order(scores.size());
            for (std::size_t i = 0; i < order.size(); ++i)
                order[i] = i;
            std::ranges::stable_sort(order,
                                     [&](std::size_t a, std::size_t b) { return scores[a] > scores[b]; });
            order.resize(std::min(order.size(), static_cast<std::size_t>(budget * 3)));
            std::ranges::sort(order);
            std::vector<std::size_t> kept;
            std::size_t first = 0;
            for (std::size_t head = 0; head < 3; ++head) {
                for (const std::int64_t entry : found->keep[head])
                    kept.push_back(first + static_cast<std::size_t>(entry));
                first += static_cast<std::size_t>(lengths[head]);
            }
            QCOMPARE(kept, order);
        }
    }
};

}  // namespace
}  // namespace epi

QTEST_GUILESS_MAIN(epi::TestSelection)
#include "tst_selection.moc"
