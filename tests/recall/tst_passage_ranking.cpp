#include <QtTest>

#include "core/recall/passage_ranking.h"

using namespace epi;

namespace {

std::vector<std::size_t> order(const std::vector<Ranked>& ranking) {
    std::vector<std::size_t> indices;
    for (const Ranked& each : ranking)
        indices.push_back(each.index);
    return indices;
}

Turn said(std::int64_t id, const std::string& speaker, const std::string& text) {
    return {.id = id, .role = Role::kUser, .speaker = speaker, .text = text, .session = "1 May"};
}

}  // namespace

class TestPassageRanking : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void joinsWordsAndMeaning() {
        const std::vector<PassageCandidate> byWords{{11, 5.0, 1.0}, {12, 4.0, 3.0}};
        const std::vector<double> byMeaning{0.1, 0.9, 0.8};
        const PassageRankings rankings = rank("What?", byWords, byMeaning);
        // Second by words and first by meaning; first and last; only by meaning.
        QCOMPARE(order(rankings.windows), (std::vector<std::size_t>{1, 0, 2}));
        QCOMPARE(order(rankings.units), (std::vector<std::size_t>{1, 0, 2}));
    }
    void goesByWordsAloneWithoutCosines() {
        const std::vector<PassageCandidate> byWords{{12, 4.0, 0.0}, {11, 3.0, 2.0}};
        const PassageRankings rankings = rank("What?", byWords, {});
        QCOMPARE(order(rankings.windows), (std::vector<std::size_t>{1, 0}));
        // Its own words lift the second above the window's rank of the first.
        QCOMPARE(order(rankings.units), (std::vector<std::size_t>{0, 1}));
    }
    void prefersTheSpeakerTheQuestionNames() {
        const std::vector<PassageCandidate> byWords{{11, 5.0, 5.0}, {12, 4.0, 4.0}};
        QCOMPARE(order(rank("What did she eat?", byWords, {}).units), (std::vector<std::size_t>{0, 1}));
        QCOMPARE(order(rank("What did BO's dog eat?", byWords, {}).units), (std::vector<std::size_t>{1, 0}));
        QCOMPARE(order(rank("What did Ann and Bo eat?", byWords, {}).units),
                 (std::vector<std::size_t>{0, 1}));
        QCOMPARE(order(rank("What about bookshops?", byWords, {}).units), (std::vector<std::size_t>{0, 1}));
    }
    void ignoresCandidatesThatAreNoTurns() {
        const std::vector<PassageCandidate> byWords{{99, 9.0, 9.0}, {13, 1.0, 1.0}};
        QCOMPARE(order(rank("What?", byWords, {}).windows), (std::vector<std::size_t>{2}));
    }
    void findsThePieceOfALongTurn() {
        std::string text;
        while (text.size() < 2000)
            text += "Nothing of interest. ";
        const std::vector<Turn> turns{said(1, "Ann", text + "Then the lighthouse burned.")};
        const std::vector<PassageUnit> units = passageUnits(turns);
        QVERIFY(units.size() > 2);
        const std::vector<PassageCandidate> byWords{{1, 1.0, 1.0}};
        const PassageRankings rankings = rankPassages({.turns = turns,
                                                       .units = units,
                                                       .question = "When did the lighthouse burn?",
                                                       .byWords = byWords,
                                                       .byMeaning = {}});
        QCOMPARE(order(rankings.units), (std::vector<std::size_t>{units.size() - 1}));
    }

private:
    static PassageRankings rank(const std::string& question,
                                const std::vector<PassageCandidate>& byWords,
                                const std::vector<double>& byMeaning) {
        const std::vector<Turn> turns{said(11, "Ann", "a"), said(12, "Bo", "b"), said(13, "Ann", "c")};
        const std::vector<PassageUnit> units = passageUnits(turns);
        return rankPassages({.turns = turns,
                             .units = units,
                             .question = question,
                             .byWords = byWords,
                             .byMeaning = byMeaning});
    }
};

QTEST_GUILESS_MAIN(TestPassageRanking)
#include "tst_passage_ranking.moc"
