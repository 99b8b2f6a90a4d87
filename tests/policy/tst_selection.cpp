// Which entries of a layer stay, given their scores.

#include <algorithm>
#include <array>
#include <limits>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include <QtTest>

#include "core/policy/selection.h"
#include "tests/support/check_result.h"

namespace epi {
namespace {

using Keep = std::vector<std::vector<std::int32_t>>;
using Pins = std::vector<std::vector<PinnedRange>>;

// Scores of the worked example of two heads with four entries each.
const std::vector<float> kExample{.3135F, .2726F, .2722F, .2500F, .2612F, .6226F, .2341F, .4748F};

Result<Selection> select(const std::vector<float>& scores,
                         std::vector<std::int64_t> lengths,
                         std::int64_t budget,
                         BudgetLevel level,
                         Pins pins = {}) {
    return selectEntries(
        {.lengths = std::move(lengths), .scores = scores, .pins = std::move(pins)}, budget, level);
}

/// One of few values, so that many are equal; both zeros among them.
float drawScore(std::mt19937& random) {
    constexpr std::array kScores{-3.5F, -0.0F, 0.0F, .125F, .25F, .5F, 3e-20F, 1e30F};
    return kScores[random() % kScores.size()];
}

/// A layer of three heads with random scores, most of them equal to others or all of them apart, and pins.
struct RandomLayer {
    std::vector<std::int64_t> lengths;
    std::vector<float> scores;
    Pins pins;
    std::vector<bool> isPinned;     // [entry of the layer]
    std::vector<std::size_t> head;  // [entry of the layer]

    RandomLayer(std::mt19937& random, std::uint32_t longest, bool hasTies) {
        std::uniform_real_distribution<float> apart(-1.0F, 1.0F);
        for (std::size_t own = 0; own < 3; ++own) {
            lengths.push_back(static_cast<std::int64_t>(random() % longest));
            const auto first = static_cast<std::int64_t>(scores.size());
            for (std::int64_t entry = 0; entry < lengths.back(); ++entry) {
                scores.push_back(hasTies ? drawScore(random) : apart(random));
                head.push_back(own);
            }
            isPinned.resize(scores.size(), false);
            pins.emplace_back();
            for (std::uint32_t range = random() % 4; range > 0 && lengths.back() > 0; --range) {
                const auto from = static_cast<std::int64_t>(random()) % lengths.back();
                const auto to = std::min(lengths.back(), from + static_cast<std::int64_t>(random() % 4));
                pins.back().push_back({.first = from, .end = to});
                for (std::int64_t entry = from; entry < to; ++entry)
                    isPinned[static_cast<std::size_t>(first + entry)] = true;
            }
        }
    }

    [[nodiscard]] std::vector<std::size_t> entriesOf(std::optional<std::size_t> own) const {
        std::vector<std::size_t> entries;
        for (std::size_t entry = 0; entry < scores.size(); ++entry)
            if (!own || head[entry] == *own) entries.push_back(entry);
        return entries;
    }

    /// The best `count` of these entries: by class, then by score, then by index, as sorting has them.
    [[nodiscard]] std::vector<std::size_t> best(std::vector<std::size_t> entries,
                                                std::int64_t count,
                                                const std::vector<int>& classOf) const {
        std::ranges::stable_sort(entries, [&](std::size_t a, std::size_t b) {
            return classOf[a] != classOf[b] ? classOf[a] > classOf[b] : scores[a] > scores[b];
        });
        entries.resize(std::min(entries.size(), static_cast<std::size_t>(count)));
        return entries;
    }
};

/// What sorting selects of a layer.
class SortedSelection {
public:
    SortedSelection(const RandomLayer& layer, const SelectionRule& rule) : layer_(layer) {
        classOf_.resize(layer.scores.size());
        for (std::size_t entry = 0; entry < classOf_.size(); ++entry)
            classOf_[entry] = layer.isPinned[entry] ? 2 : 0;
        found_.keep.resize(3);
        if (rule.level == BudgetLevel::kPairUniform) {
            for (std::size_t head = 0; head < 3; ++head)
                cut(layer.entriesOf(head), rule.budget);
            return;
        }
        for (std::size_t head = 0; head < 3; ++head) {
            for (const std::size_t entry :
                 layer.best(layer.entriesOf(head), std::min(rule.headFloor, rule.budget), classOf_))
                classOf_[entry] = std::max(classOf_[entry], 1);
        }
        cut(layer.entriesOf({}), 3 * rule.budget);
    }

    [[nodiscard]] bool exceedsBudget() const { return exceedsBudget_; }
    [[nodiscard]] const Selection& found() const { return found_; }

private:
    void cut(const std::vector<std::size_t>& entries, std::int64_t budget) {
        exceedsBudget_ |= std::ranges::count_if(
                              entries, [&](std::size_t entry) { return layer_.isPinned[entry]; }) > budget;
        std::vector<std::size_t> kept = layer_.best(entries, budget, classOf_);
        std::ranges::sort(kept);
        std::optional<float> smallestKept;
        std::optional<float> largestDropped;
        for (const std::size_t entry : entries) {
            const float score = layer_.scores[entry];
            if (!std::ranges::binary_search(kept, entry)) {
                largestDropped = std::max(score, largestDropped.value_or(score));
                continue;
            }
            const std::size_t head = layer_.head[entry];
            const auto first =
                static_cast<std::size_t>(std::ranges::find(layer_.head, head) - layer_.head.begin());
            found_.keep[head].push_back(static_cast<std::int32_t>(entry - first));
            if (!layer_.isPinned[entry]) smallestKept = std::min(score, smallestKept.value_or(score));
        }
        found_.thresholdKept.push_back(smallestKept.value_or(-1.0F));
        found_.thresholdDropped.push_back(largestDropped.value_or(-1.0F));
    }

    const RandomLayer& layer_;
    std::vector<int> classOf_;  // [entry of the layer]: 2 pinned, 1 in its head's floor
    Selection found_;
    bool exceedsBudget_ = false;
};

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
        const Pins pins{{{.first = 3, .end = 4}}, {{.first = 0, .end = 1}}};
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
        const Pins pins{{{.first = 0, .end = 2}, {.first = 1, .end = 3}}, {}};
        const auto pair = select(kExample, {4, 4}, 1, BudgetLevel::kPair, pins);
        QVERIFY(test::failsWith(pair, ErrorCode::kInvalidArgument));
        QVERIFY2(pair.error().message.find('2') != std::string::npos &&
                     pair.error().message.find('3') != std::string::npos,
                 test::why(pair));
        QVERIFY(select(kExample, {4, 4}, 2, BudgetLevel::kPair, pins));
        QVERIFY(test::failsWith(select(kExample, {4, 4}, 2, BudgetLevel::kPairUniform, pins),
                                ErrorCode::kInvalidArgument));
    }

    void agreesWithSorting_data() {
        QTest::addColumn<bool>("isUniform");
        QTest::addColumn<bool>("hasTies");
        QTest::addColumn<bool>("hasPins");
        QTest::addColumn<bool>("hasFloor");
        for (const bool hasTies : {false, true}) {
            for (const bool hasPins : {false, true}) {
                const std::string kind = std::string(hasTies ? ", ties" : "") + (hasPins ? ", pins" : "");
                QTest::addRow("pair-uniform%s", kind.c_str()) << true << hasTies << hasPins << false;
                QTest::addRow("pair%s", kind.c_str()) << false << hasTies << hasPins << false;
                QTest::addRow("pair with floors%s", kind.c_str()) << false << hasTies << hasPins << true;
            }
        }
    }
    void agreesWithSorting() {
        QFETCH(bool, isUniform);
        QFETCH(bool, hasTies);
        QFETCH(bool, hasPins);
        QFETCH(bool, hasFloor);
        std::mt19937 random(3);
        EntrySelector selector;  // one for all layers, as a forward has it
        for (int round = 0; round < 400; ++round) {
            const std::uint32_t longest = round % 4 == 0 ? 300 : 20;
            RandomLayer layer(random, longest, hasTies);
            if (!hasPins) {
                layer.isPinned.assign(layer.isPinned.size(), false);
                layer.pins.clear();
            }
            const SelectionRule rule{.budget = static_cast<std::int64_t>(random() % longest),
                                     .level = isUniform ? BudgetLevel::kPairUniform : BudgetLevel::kPair,
                                     .headFloor = hasFloor ? static_cast<std::int64_t>(random() % 12) : 0};
            const SortedSelection sorted(layer, rule);
            const auto done =
                selector.select({.lengths = layer.lengths, .scores = layer.scores, .pins = layer.pins}, rule);
            if (sorted.exceedsBudget()) {
                QVERIFY(test::failsWith(done, ErrorCode::kInvalidArgument));
                continue;
            }
            QVERIFY2(done, test::why(done));
            QCOMPARE(selector.selection().keep, sorted.found().keep);
            QCOMPARE(selector.selection().thresholdKept, sorted.found().thresholdKept);
            QCOMPARE(selector.selection().thresholdDropped, sorted.found().thresholdDropped);
        }
    }
};

}  // namespace
}  // namespace epi

QTEST_GUILESS_MAIN(epi::TestSelection)
#include "tst_selection.moc"
