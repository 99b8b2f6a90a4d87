// What is quoted between memory and question, on a model of two layers.

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <QtTest>

#include "tests/engine/session_folders.h"

namespace epi {
namespace {

constexpr std::int64_t kTurns = 40;

/// The turns about the dog as full-text search finds them, and one that is no turn.
std::vector<PassageCandidate> dogPassages() {
    return {{999, 9.0, 9.0}, {2, 5.0, 3.0}, {17, 4.0, 3.0}, {34, 3.0, 2.0}, {20, 2.0, 1.0}};
}

MemoryOptions quotingMemory(std::int32_t tokens) {
    MemoryOptions options = smallMemory();
    options.block = 256;
    options.online.recallTokens = tokens;
    return options;
}

Ask askAboutTheDog(std::int32_t tokens, bool remember = false) {
    Ask ask = askLong("What about the dog?", remember);
    ask.memory = quotingMemory(tokens);
    ask.episode = 1;
    ask.passages = dogPassages();
    return ask;
}

std::vector<std::int64_t> idsOf(const TurnDone& done) {
    std::vector<std::int64_t> ids;
    for (const QuotedPassage& passage : done.quoted)
        ids.push_back(passage.turnId);
    return ids;
}

class TestQuoting : public QObject {
    Q_OBJECT

private:
    static bool tell(Session& session) {
        return prepare(session, {longConversation(kTurns)}, ComputeMode::kFast);
    }
    /// Entries of the first layer's first head.
    static std::int64_t entries(Session& session) {
        const auto trace = session.run<Trace>(Inspect{"long", quotingMemory(0), 1});
        return trace ? trace->keptPerHead[0][0] : -1;
    }

    SessionFolders folders_;

private Q_SLOTS:
    void init() { folders_.clearCaches(); }

    void quotesNothingWithoutABudget() {
        Session session(folders_.config());
        QVERIFY(tell(session));
        Ask plain = askAboutTheDog(0);
        const auto with = session.run<TurnDone>(plain);
        QVERIFY2(with, session.why());
        plain.passages.clear();
        plain.memory.online.recallTokens.reset();  // a published preset's default
        const auto without = session.run<TurnDone>(plain);
        QVERIFY2(without, session.why());
        QCOMPARE(with->text, without->text);
        QCOMPARE(with->statistics.promptTokens, without->statistics.promptTokens);
        QCOMPARE(with->quotedTokens, std::int64_t{0});
        QVERIFY(with->quoted.empty() && without->quoted.empty());
        QVERIFY(filesWith(folders_.cacheFolder(), ".passages").empty());
    }

    void quotesWithinTheBudget() {
        Session session(folders_.config());
        QVERIFY(tell(session));
        const auto bare = session.run<TurnDone>(askAboutTheDog(0));
        QVERIFY2(bare, session.why());
        std::size_t most = 0;
        for (const std::int32_t budget : {1, 100, 150, 200, 300, 700}) {
            const auto done = session.run<TurnDone>(askAboutTheDog(budget));
            QVERIFY2(done, session.why());
            QVERIFY(done->quotedTokens <= budget);
            QCOMPARE(done->quoted.empty(), done->quotedTokens == 0);
            QVERIFY(done->statistics.promptTokens >= bare->statistics.promptTokens + done->quotedTokens);
            std::int64_t lines = 0;
            for (const QuotedPassage& passage : done->quoted) {
                QVERIFY(passage.turnId >= 1 && passage.turnId <= kTurns);
                QVERIFY(passage.firstByte == 0 && passage.endByte > 0 && passage.tokens > 0);
                lines += passage.tokens;
            }
            QVERIFY(lines <= done->quotedTokens);
            QVERIFY(done->quoted.size() >= most);
            most = done->quoted.size();
            const std::vector<std::int64_t> ids = idsOf(*done);
            QVERIFY(std::ranges::is_sorted(ids));
            if (budget == 700) QVERIFY(std::ranges::find(ids, 2) != ids.end());
        }
        QVERIFY(most > 2);
    }

    void saysHowMuchACacheMayHold() {
        Session session(folders_.config());
        QVERIFY(tell(session));
        const auto built = session.run<MemoryBuilt>(BuildMemory{"long", quotingMemory(300)});
        QVERIFY2(built, session.why());
        QVERIFY(built->peakEntriesPerHead <= built->peakEntriesBound);
        QVERIFY(built->peakEntriesBound <= 160 + 256 + 48 + 300);
        const auto plain = session.run<MemoryBuilt>(BuildMemory{"long", quotingMemory(0)});
        QVERIFY2(plain, session.why());
        QCOMPARE(plain->episodes[0].cacheKey, built->episodes[0].cacheKey);
        QCOMPARE(plain->readTokens, std::int64_t{0});
    }

    void quotesNothingFromADenseMemory() {
        Session session(folders_.config());
        QVERIFY(tell(session));
        Ask dense = askAboutTheDog(300);
        dense.memory.budget = 1 << 16;
        dense.episode.reset();
        const auto done = session.run<TurnDone>(dense);
        QVERIFY2(done, session.why());
        QVERIFY(done->quoted.empty());
    }

    void leavesTheTurnAloneInTheCache() {
        std::string answer;
        std::int64_t after = 0;
        {
            Session session(folders_.config());
            QVERIFY(tell(session));
            QVERIFY2(session.run<MemoryBuilt>(BuildMemory{"long", quotingMemory(300)}), session.why());
            const std::int64_t before = entries(session);
            const Ask ask = askAboutTheDog(300, true);
            const auto first = session.run<TurnDone>(ask);
            QVERIFY2(first, session.why());
            QVERIFY(first->quotedTokens > 0);
            QCOMPARE(first->usedTokens,
                     first->keptTokens + first->statistics.promptTokens - first->quotedTokens +
                         first->statistics.generatedTokens);
            QVERIFY(first->roomTokens <= 256);  // what is kept free for the next quotation is none
            after = before + first->statistics.promptTokens - first->quotedTokens +
                    first->statistics.generatedTokens;
            answer = first->text;
            QVERIFY(session.run<Synced>(told(kTurns, ask.question, answer)));
            QCOMPARE(entries(session), after);
            const auto second = session.run<TurnDone>(askAboutTheDog(300));
            QVERIFY2(second, session.why());
            QCOMPARE(second->statistics.readTokens, 0);
            QCOMPARE(entries(session), after);
        }
        // Found again with the same rows.
        Session session(folders_.config());
        QVERIFY(tell(session));
        QVERIFY(session.run<Synced>(told(kTurns, "What about the dog?", answer)));
        const auto again = session.run<TurnDone>(askAboutTheDog(300));
        QVERIFY2(again, session.why());
        QCOMPARE(again->statistics.readTokens, 0);
        QCOMPARE(entries(session), after);
    }

    void doesNotQuoteWhatTheCacheHolds() {
        Session session(folders_.config());
        QVERIFY(tell(session));
        const Ask ask = askAboutTheDog(300, true);
        const auto first = session.run<TurnDone>(ask);
        QVERIFY2(first, session.why());
        QVERIFY(session.run<Synced>(told(kTurns, ask.question, first->text)));
        Ask second = askAboutTheDog(300);
        second.question = "Is the dog well?";  // the same question again would not be quoted anyway
        second.passages.insert(second.passages.begin(), {kTurns + 1, 20.0, 20.0});
        const auto done = session.run<TurnDone>(second);
        QVERIFY2(done, session.why());
        QVERIFY(done->quotedTokens > 0);
        const std::vector<std::int64_t> ids = idsOf(*done);
        QVERIFY(std::ranges::find(ids, kTurns + 1) == ids.end());
    }

    void makesRoomForAGreaterBudget() {
        Session session(folders_.config());
        QVERIFY(tell(session));
        const Ask ask = askAboutTheDog(0, true);
        const auto first = session.run<TurnDone>(ask);
        QVERIFY2(first, session.why());
        QVERIFY(session.run<Synced>(told(kTurns, ask.question, first->text)));
        const auto done = session.run<TurnDone>(askAboutTheDog(700));
        QVERIFY2(done, session.why());
        QVERIFY(done->quotedTokens > 300 && done->quotedTokens <= 700);
        QCOMPARE(done->statistics.readTokens, 0);
    }

    void embedsEachPassageOnce() {
        Session session(folders_.config());
        QVERIFY(tell(session));
        const auto embedded = [&](const Ask& ask) {
            const JobId job = session.post(ask);
            std::int64_t events = 0;
            if (!session.log().waitForEnd(job)) return events;
            for (const Event& event : session.log().of(job)) {
                const auto* const progress = std::get_if<Progress>(&event);
                events += progress != nullptr && progress->unit == "passages" ? 1 : 0;
            }
            return events;
        };
        QVERIFY(embedded(askAboutTheDog(300)) > 0);
        const auto files = filesWith(folders_.cacheFolder(), ".passages");
        QCOMPARE(files.size(), std::size_t{1});  // 32 of 40 windows are final
        flipAByteInTheMiddle(files.front());
        Session other(folders_.config());
        QVERIFY(tell(other));
        QVERIFY2(other.run<TurnDone>(askAboutTheDog(300)), other.why());
    }

    void embedsPassagesWhileItBuilds() {
        Session session(folders_.config());
        QVERIFY(tell(session));
        const auto silent = session.run<MemoryBuilt>(BuildMemory{"long", quotingMemory(0)});
        QVERIFY2(silent, session.why());
        QVERIFY(filesWith(folders_.cacheFolder(), ".passages").empty());
        const auto built = session.run<MemoryBuilt>(BuildMemory{"long", quotingMemory(300)});
        QVERIFY2(built, session.why());
        QCOMPARE(filesWith(folders_.cacheFolder(), ".passages").size(), std::size_t{1});
    }

    void quotesPinnedTurnsWhateverThePreset() {
        Session session(folders_.config());
        QVERIFY(tell(session));
        Ask ask = askAboutTheDog(0, true);
        ask.memory.online.recallTokens.reset();
        ask.passages.push_back({.turnId = 6, .isPinned = true});
        const auto done = session.run<TurnDone>(ask);
        QVERIFY2(done, session.why());
        QCOMPARE(idsOf(*done), std::vector<std::int64_t>{6});
        QVERIFY(done->quotedTokens > 0);
        QVERIFY(done->notices.empty());
        // A memory that was built to keep it need not quote it.
        ask.memory.pinnedTurns = {6};
        const auto kept = session.run<TurnDone>(ask);
        QVERIFY2(kept, session.why());
        QVERIFY(kept->quoted.empty());
    }

    void saysWhenAPinnedTurnIsTooLongToBeQuoted_data() {
        QTest::addColumn<int>("tokens");
        QTest::newRow("nothing else is quoted") << 0;
        QTest::newRow("other turns are quoted") << 300;
    }
    void saysWhenAPinnedTurnIsTooLongToBeQuoted() {
        QFETCH(int, tokens);
        SyncConversation sync = longConversation(kTurns);
        for (int i = 0; i < 40; ++i)
            sync.turns[5].text += " And much more was said of it.";
        Session session(folders_.config());
        QVERIFY(prepare(session, {sync}, ComputeMode::kFast));
        Ask ask = askAboutTheDog(tokens);
        ask.passages.push_back({.turnId = 6, .isPinned = true});
        const auto done = session.run<TurnDone>(ask);
        QVERIFY2(done, session.why());
        QCOMPARE(std::ranges::count(done->notices, NoticeCode::kPinsLeftOut, &Notice::code), 1);
    }

    void unitesTwoEpisodesBehindAQuotation() {
        Session session(folders_.config());
        QVERIFY(tell(session));
        Ask ask = askAboutTheDog(300, true);
        ask.episode.reset();
        ask.memory.online.unionMargin = 2.0;
        const auto done = session.run<TurnDone>(ask);
        QVERIFY2(done, session.why());
        QCOMPARE(done->episodes.size(), std::size_t{2});
        QVERIFY(done->quotedTokens > 0);
        QVERIFY(session.run<Synced>(told(kTurns, ask.question, done->text)));
        Ask next = askAboutTheDog(300);
        next.episode = done->episode;
        const auto second = session.run<TurnDone>(next);
        QVERIFY2(second, session.why());
        QCOMPARE(second->statistics.readTokens, 0);
    }
};

}  // namespace
}  // namespace epi

QTEST_GUILESS_MAIN(epi::TestQuoting)
#include "tst_quoting.moc"
