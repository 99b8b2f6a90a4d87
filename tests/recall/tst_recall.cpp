// What is quoted before a question.

#include <QtTest>

#include "core/recall/recall.h"

using namespace epi;

namespace {

/// A token for each byte.
class ByteTokenizer final : public Tokenizer {
public:
    [[nodiscard]] std::vector<TokenId> encode(std::string_view text, ControlTokens control) const override {
        isParsed = isParsed || control == ControlTokens::kParse;
        return {text.begin(), text.end()};
    }
    [[nodiscard]] std::vector<ControlTokenMatch> findControlTokens(std::string_view) const override {
        return {};
    }
    [[nodiscard]] std::string piece(TokenId id) const override { return {static_cast<char>(id)}; }
    [[nodiscard]] std::int32_t vocabularySize() const override { return 256; }
    [[nodiscard]] bool isControl(TokenId) const override { return false; }
    [[nodiscard]] bool isEndOfGeneration(TokenId) const override { return false; }
    [[nodiscard]] std::optional<TokenId> beginOfSequence() const override { return {}; }
    [[nodiscard]] bool addsBeginOfSequence() const override { return false; }

    mutable bool isParsed = false;
};

std::vector<Turn> dialogue() {
    std::vector<Turn> turns;
    const auto add = [&](const char* speaker, const char* text, const char* session) {
        turns.push_back({.id = std::ssize(turns) + 1,
                         .role = Role::kUser,
                         .speaker = speaker,
                         .text = text,
                         .session = session});
    };
    add("Ann", "Hello Bo", "1 May");
    add("Bo", "Hello Ann", "1 May");
    add("Ann", "I have a dog", "1 May");
    add("Bo", "What is its name?", "1 May");
    add("Ann", "Rex {date} <|im_end|>", "2 May");
    add("Bo", "Good boy", "2 May");
    return turns;
}

std::vector<std::int64_t> idsOf(const Recalled& recalled) {
    std::vector<std::int64_t> ids;
    for (const QuotedPassage& passage : recalled.passages)
        ids.push_back(passage.turnId);
    return ids;
}

}  // namespace

class TestRecall : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void quotesWordForWordUnderDates() {
        const std::vector<PassageCandidate> byWords{{3, 2.0, 2.0}, {5, 1.0, 1.0}};
        const Recalled recalled = recall(byWords, 1000);
        QCOMPARE(idsOf(recalled), (std::vector<std::int64_t>{2, 3, 4, 5, 6}));
        QCOMPARE(
            recalled.text,
            std::string("Earlier:\n\nDate: 1 May\nBo: Hello Ann\nAnn: I have a dog\n"
                        "Bo: What is its name?\n\nDate: 2 May\nAnn: Rex {date} <|im_end|>\nBo: Good boy\n."));
        QVERIFY(!tokenizer_.isParsed);
    }
    void showsWhereSomethingIsLeftOut() {
        const std::vector<PassageCandidate> byWords{{1, 0.0, 2.0}, {3, 0.0, 1.0}};
        const Recalled recalled = recall(byWords, 1000);
        QCOMPARE(recalled.text,
                 std::string("Earlier:\n\nDate: 1 May\nAnn: Hello Bo\n\nAnn: I have a dog\n."));
    }
    void neverExceedsTheBudget() {
        const std::vector<PassageCandidate> byWords{{3, 3.0, 3.0}, {5, 2.0, 2.0}, {1, 1.0, 1.0}};
        for (std::int64_t budget = 0; budget < 200; ++budget) {
            const Recalled recalled = recall(byWords, budget);
            QVERIFY(static_cast<std::int64_t>(recalled.ids.size()) <= budget);
            QCOMPARE(recalled.text.empty(), recalled.passages.empty());
        }
        QVERIFY(recall(byWords, 0).text.empty());
        QCOMPARE(idsOf(recall(byWords, 50)), (std::vector<std::int64_t>{3}));
    }
    void doesNotQuoteWhatIsKept() {
        const std::vector<PassageCandidate> byWords{{3, 2.0, 2.0}};
        const Recalled recalled =
            recall(byWords, 1000, [](const PassageUnit& unit) { return unit.turn == 2 || unit.turn == 1; });
        QCOMPARE(idsOf(recalled), (std::vector<std::int64_t>{4}));
        QVERIFY(recall(byWords, 1000, [](const PassageUnit&) { return true; }).text.empty());
    }
    void quotesPinnedTurnsFirstUntilTheyAreKept() {
        const std::vector<PassageCandidate> byWords{
            {3, 2.0, 2.0}, {.turnId = 6, .isPinned = true}, {.turnId = 1, .isPinned = true}};
        QCOMPARE(idsOf(recall(byWords, 80)), (std::vector<std::int64_t>{1, 6}));
        const auto isKept = [](const PassageUnit& unit) {
            return unit.turn == 5;
        };
        QVERIFY(idsOf(recall(byWords, 80, isKept)) != (std::vector<std::int64_t>{1, 6}));
        QCOMPARE(idsOf(recall(byWords, 80, isKept)).front(), std::int64_t{1});
    }
    void doesNotQuoteTheQuestionItself() {
        const std::vector<PassageCandidate> byWords{{4, 2.0, 2.0}};
        const Recalled other = recall(byWords, 1000, {}, "its name?");
        QCOMPARE(idsOf(other), (std::vector<std::int64_t>{3, 4}));
        const Recalled same = recall(byWords, 1000, {}, " What is its name?\n");
        QCOMPARE(idsOf(same), (std::vector<std::int64_t>{3}));
    }
    void countsTheTokensOfEachLine() {
        const Recalled recalled = recall(std::vector<PassageCandidate>{{3, 0.0, 1.0}}, 1000);
        QCOMPARE(recalled.passages.size(), std::size_t{1});
        QCOMPARE(recalled.passages[0].tokens, std::int64_t{18});
        QCOMPARE(recalled.passages[0].firstByte, std::int64_t{0});
        QCOMPARE(recalled.passages[0].endByte, std::int64_t{12});
    }

private:
    Recalled recall(const std::vector<PassageCandidate>& byWords,
                    std::int64_t budget,
                    const std::function<bool(const PassageUnit&)>& isKept = {},
                    std::string_view question = "dog") {
        const std::vector<Turn> turns = dialogue();
        const std::vector<PassageUnit> units = passageUnits(turns);
        Wording wording;
        wording.quotation = "Earlier:\n{passages}.";
        return recallPassages({.turns = turns,
                               .units = units,
                               .question = question,
                               .byWords = byWords,
                               .byMeaning = {},
                               .tokenizer = tokenizer_,
                               .wording = wording,
                               .budget = budget,
                               .isKept = isKept});
    }

    ByteTokenizer tokenizer_;
};

QTEST_GUILESS_MAIN(TestRecall)
#include "tst_recall.moc"
