#include <string>
#include <vector>

#include <QtTest>

#include "core/episode/segmenter.h"

namespace epi {
namespace {

Turn said(std::int64_t id, Role role, std::string text) {
    return {.id = id, .role = role, .speaker = {}, .text = std::move(text), .session = {}};
}

std::string longText() {
    std::string text;
    while (text.size() <= 500)
        text += "This sentence is one of several. ";
    return text;
}

std::vector<std::string> textsOf(const std::vector<Utterance>& all) {
    std::vector<std::string> texts;
    for (const Utterance& utterance : all)
        texts.push_back(utterance.text);
    return texts;
}

class TestSegmenter : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void makesOneUtteranceOfAMessage() {
        const std::vector<Turn> turns{said(1, Role::kUser, "Hi. How are you? I am well."),
                                      said(2, Role::kAssistant, "Fine. Thank you for asking!")};
        const auto all = utterances(HistoryLayout::kChat, turns);
        QCOMPARE(all.size(), std::size_t{2});
        QCOMPARE(all[0].speaker, std::string("User"));
        QCOMPARE(all[0].text, turns[0].text);
        QCOMPARE(all[1].speaker, std::string("Assistant"));
        QCOMPARE(all[1].turnId, std::int64_t{2});
    }

    void splitsLongAssistantMessagesAtSentenceEnds() {
        const std::vector<Turn> turns{
            said(7, Role::kAssistant, longText() + "Really, is it so?! Yes it really is")};
        const auto all = utterances(HistoryLayout::kChat, turns);
        QCOMPARE(all.size(), std::size_t{18});
        QCOMPARE(all[0].text, std::string("This sentence is one of several."));
        QCOMPARE(all[16].text, std::string("Really, is it so?!"));
        QCOMPARE(all[17].text, std::string("Yes it really is"));
    }

    void doesNotSplitInsideNumbersAndNames() {
        const std::vector<Turn> turns{
            said(7, Role::kAssistant, longText() + "Version 3.14 of file.txt costs 2.50 today.")};
        QCOMPARE(utterances(HistoryLayout::kChat, turns).back().text,
                 std::string("Version 3.14 of file.txt costs 2.50 today."));
    }

    void countsCharactersAndNotBytes() {
        std::string text;
        for (int i = 0; i < 49; ++i)
            text += "\u00e4\u00f6\u00fc\u00e4\u00f6\u00fc\u00e4\u00f6. ";  // 10 characters, 18 bytes
        const std::vector<Turn> turns{said(1, Role::kAssistant, text)};
        QCOMPARE(utterances(HistoryLayout::kChat, turns).size(), std::size_t{1});
    }

    void neverSplitsUserMessagesOrNarratedTurns() {
        std::vector<Turn> turns{said(1, Role::kUser, longText())};
        QCOMPARE(utterances(HistoryLayout::kChat, turns).size(), std::size_t{1});
        turns[0].role = Role::kAssistant;
        turns[0].speaker = "Melanie";
        const auto narrated = utterances(HistoryLayout::kNarrated, turns);
        QCOMPARE(narrated.size(), std::size_t{1});
        QCOMPARE(narrated[0].speaker, std::string("Melanie"));
    }

    void leavesShortPiecesWithTheOneBefore() {
        const std::vector<Turn> turns{
            said(1, Role::kAssistant, longText() + "No. Never! And this is long again.")};
        const auto texts = textsOf(utterances(HistoryLayout::kChat, turns));
        QCOMPARE(texts[texts.size() - 2], std::string("This sentence is one of several. No. Never!"));
        QCOMPARE(texts.back(), std::string("And this is long again."));
    }

    void leavesAShortBeginningWithTheOneBehind() {
        const std::vector<Turn> turns{said(1, Role::kAssistant, "Yes. Sure! " + longText())};
        QCOMPARE(utterances(HistoryLayout::kChat, turns)[0].text,
                 std::string("Yes. Sure! This sentence is one of several."));
    }

    void keepsAMessageOfShortPiecesWhole() {
        std::string text;
        for (int i = 0; i < 200; ++i)
            text += "a. ";
        const std::vector<Turn> turns{said(1, Role::kAssistant, text)};
        const auto all = utterances(HistoryLayout::kChat, turns);
        QCOMPARE(all.size(), std::size_t{1});
        QCOMPARE(all[0].text.size(), text.size() - 1);
    }

    void losesNoTextWhenSplitting() {
        const std::string text =
            "Hm. " + longText() + " \n\n Ok... So what?  Then this goes on without an end";
        const std::vector<Turn> turns{said(1, Role::kAssistant, text)};
        std::string joined;
        for (const std::string& piece : textsOf(utterances(HistoryLayout::kChat, turns)))
            joined += piece;
        const auto withoutSpace = [](std::string value) {
            std::erase_if(value, [](char byte) { return byte == ' ' || byte == '\n'; });
            return value;
        };
        QCOMPARE(withoutSpace(joined), withoutSpace(text));
    }

    void groupsConsecutiveUtterancesWithAShorterLastSegment() {
        std::vector<Turn> turns;
        for (std::int64_t id = 10; id < 16; ++id)
            turns.push_back({id, Role::kUser, id % 2 == 0 ? "Ann" : "Ben", "line", {}});
        const auto segments = segmentHistory(HistoryLayout::kNarrated, turns, 4);
        QCOMPARE(segments.size(), std::size_t{2});
        QCOMPARE(segments[0].text, std::string("Ann: line\nBen: line\nAnn: line\nBen: line\n"));
        QCOMPARE(segments[0].turnIds, (std::vector<std::int64_t>{10, 11, 12, 13}));
        QCOMPARE(segments[1].turnIds, (std::vector<std::int64_t>{14, 15}));
    }

    void namesATurnInEverySegmentThatTakesFromIt() {
        const std::vector<Turn> turns{said(1, Role::kUser, "Tell me."),
                                      said(2, Role::kAssistant, longText())};
        const auto segments = segmentHistory(HistoryLayout::kChat, turns, 4);
        QCOMPARE(segments.size(), std::size_t{5});
        QCOMPARE(segments[0].turnIds, (std::vector<std::int64_t>{1, 2}));
        QCOMPARE(segments[1].turnIds, (std::vector<std::int64_t>{2}));
    }

    void makesNoSegmentOfNothing() { QVERIFY(segmentHistory(HistoryLayout::kChat, {}, 4).empty()); }
};

}  // namespace
}  // namespace epi

QTEST_GUILESS_MAIN(epi::TestSegmenter)
#include "tst_segmenter.moc"
