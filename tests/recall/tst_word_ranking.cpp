#include <QtTest>

#include "core/recall/word_ranking.h"

using namespace epi;

namespace {

std::vector<std::int64_t> idsOf(const std::vector<PassageCandidate>& ranking) {
    std::vector<std::int64_t> ids;
    for (const PassageCandidate& each : ranking)
        ids.push_back(each.turnId);
    return ids;
}

}  // namespace

class TestWordRanking : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void weighsWindowsAndMessages() {
        // The first word is rare, the second is in most windows.
        const TermCounts counts{.words = 2,
                                .messages = {{1, 20, {0, 1}},
                                             {2, 20, {}},
                                             {3, 20, {1, 0}},
                                             {4, 20, {}},
                                             {5, 20, {}},
                                             {6, 20, {0, 1}},
                                             {7, 20, {0, 1}}}};
        const std::vector<PassageCandidate> ranking = rankByWords(counts, 100);
        // 2 has both words in its window; 3 and 4 the rare one; 6 and 7 the frequent one, twice.
        QCOMPARE(ranking.front().turnId, std::int64_t{2});
        QCOMPARE(ranking.front().turnScore, 0.0);
        QCOMPARE(ranking.size(), std::size_t{7});
        QCOMPARE(ranking[1].turnId, std::int64_t{3});
        QVERIFY(ranking[1].turnScore > ranking[2].turnScore);
        QCOMPARE(idsOf(rankByWords(counts, 2)), (std::vector<std::int64_t>{2, 3}));
    }
    void leavesOutWhatMatchesInNothing() {
        const TermCounts counts{.words = 1, .messages = {{1, 5, {}}, {2, 5, {}}, {3, 5, {}}, {4, 5, {2}}}};
        QCOMPARE(idsOf(rankByWords(counts, 100)), (std::vector<std::int64_t>{4, 3}));
    }
    void isEmptyWithoutWordsOrMessages() {
        QVERIFY(rankByWords({}, 100).empty());
        QVERIFY(rankByWords({.words = 0, .messages = {{1, 5, {}}}}, 100).empty());
        QVERIFY(rankByWords({.words = 1, .messages = {{1, 0, {1}}}}, 0).empty());
    }
};

QTEST_GUILESS_MAIN(TestWordRanking)
#include "tst_word_ranking.moc"
