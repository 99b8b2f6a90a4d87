// What the user pinned stays whole in every cache.

#include <QtTest>

#include "tests/engine/session_folders.h"

namespace epi {
namespace {

constexpr std::int64_t kTurns = 40;

MemoryOptions memoryWith(std::vector<std::int64_t> pinned, const std::string& preset = "epicache") {
    MemoryOptions options = smallMemory();
    options.preset = preset;
    options.pinnedTurns = std::move(pinned);
    return options;
}

/// Whether an episode keeps all tokens of a turn's text in every layer and head.
bool keepsWhole(const Trace& trace, std::int64_t turnId) {
    const auto turn = std::ranges::find(trace.turns, turnId, &Trace::TurnTokens::turnId);
    if (turn == trace.turns.end() || turn->byteEnds.empty()) return false;
    const auto first = trace.retainedShare.begin() + turn->firstToken;
    return std::all_of(
        first, first + std::ssize(turn->byteEnds), [](std::uint8_t share) { return share == 255; });
}

class TestPinnedTurns : public QObject {
    Q_OBJECT

private:
    static bool tell(Session& session) { return prepare(session, {longConversation(kTurns)}); }

    SessionFolders folders_;

private Q_SLOTS:
    void init() { folders_.clearCaches(); }

    void everyEpisodeKeepsThemWhole_data() {
        QTest::addColumn<std::string>("preset");
        for (const char* preset : {"epichat", "epicache", "epicache-released", "keydiff", "streaming"})
            QTest::newRow(preset) << std::string(preset);
    }
    void everyEpisodeKeepsThemWhole() {
        QFETCH(std::string, preset);
        Session session(folders_.config());
        QVERIFY(tell(session));
        const std::vector<std::int64_t> turns{6, 21};
        const auto keptWhole = [&](const MemoryOptions& options) -> int {
            const auto built = session.run<MemoryBuilt>(BuildMemory{"long", options});
            if (!built) return -1;
            int count = 0;
            for (std::int32_t episode = 0; episode < std::ssize(built->episodes); ++episode) {
                const auto trace = session.run<Trace>(Inspect{"long", options, episode});
                for (const std::int64_t turn : turns)
                    count += trace && keepsWhole(*trace, turn) ? 1 : 0;
            }
            return count;
        };
        QVERIFY(keptWhole(memoryWith({}, preset)) < static_cast<int>(turns.size()) * kEpisodes);
        QCOMPARE(keptWhole(memoryWith({21, 6}, preset)), static_cast<int>(turns.size()) * kEpisodes);
    }

    void theyCountTowardsTheBudget() {
        Session session(folders_.config());
        QVERIFY(tell(session));
        const auto without = session.run<MemoryBuilt>(BuildMemory{"long", memoryWith({})});
        QVERIFY2(without, session.why());
        const auto with = session.run<MemoryBuilt>(BuildMemory{"long", memoryWith({6, 21})});
        QVERIFY2(with, session.why());
        QCOMPARE(without->pinnedTokens, std::int64_t{0});
        QVERIFY(with->pinnedTokens > 20);
        QCOMPARE(with->peakEntriesBound, without->peakEntriesBound);
        QCOMPARE(with->episodes[0].keptEntries, without->episodes[0].keptEntries);
        QVERIFY(with->episodes[0].cacheKey != without->episodes[0].cacheKey);
    }

    void tooManyAreRefusedWithBothNumbers() {
        Session session(folders_.config());
        QVERIFY(tell(session));
        std::vector<std::int64_t> most;
        for (std::int64_t turn = 1; turn <= 30; ++turn)
            most.push_back(turn);
        QVERIFY(!session.run<MemoryBuilt>(BuildMemory{"long", memoryWith(most)}));
        const std::string why = session.why();
        QVERIFY2(why.find("160") != std::string::npos, why.c_str());
        QVERIFY2(why.find("of pinned messages") != std::string::npos, why.c_str());
        const auto built = session.run<MemoryBuilt>(BuildMemory{"long", memoryWith({6})});
        QVERIFY2(built, session.why());
    }

    void theyStayWhenTurnsAreAdded() {
        const MemoryOptions options = memoryWith({6, 21});
        std::string answer;
        {
            Session session(folders_.config());
            QVERIFY(tell(session));
            Ask ask = askLong("What about the dog?", true);
            ask.memory = options;
            ask.episode = 1;
            std::int64_t turns = kTurns;
            for (int round = 0; round < 12; ++round) {
                const auto done = session.run<TurnDone>(ask);
                QVERIFY2(done, session.why());
                QVERIFY(session.run<Synced>(told(turns, ask.question, done->text)));
                turns += 2;
            }
            const auto trace = session.run<Trace>(Inspect{"long", options, 1});
            QVERIFY2(trace, session.why());
            QVERIFY(keepsWhole(*trace, 6) && keepsWhole(*trace, 21));
        }
        // Found again with what was pinned.
        Session session(folders_.config());
        QVERIFY(tell(session));
        const auto again = session.run<MemoryBuilt>(BuildMemory{"long", options});
        QVERIFY2(again, session.why());
        QCOMPARE(again->readTokens, std::int64_t{0});
    }

    void aMemoryThatAQuestionBuildsKeepsWhatIsPinnedThen() {
        Ask ask = askLong("What about the dog?");
        ask.memory.budget = 400;
        ask.pins = {{6}};
        {
            Session session(folders_.config());
            SyncConversation few = longConversation(kTurns);
            few.turns.resize(8);
            QVERIFY(prepare(session, {few}));
            Ask dense = ask;
            dense.pins.emplace();
            const auto first = session.run<TurnDone>(dense);
            QVERIFY2(first, session.why());
            QVERIFY(first->pinnedTurns.empty());
            QVERIFY(session.run<Synced>(longConversation(kTurns)));
            const auto grown = session.run<TurnDone>(ask);
            QVERIFY2(grown, session.why());
            QCOMPARE(grown->pinnedTurns, std::vector<std::int64_t>{6});
            QCOMPARE(grown->similarities.size(), std::size_t{kEpisodes});
            for (std::int32_t episode = 0; episode < kEpisodes; ++episode) {
                const auto trace = session.run<Trace>(Inspect{"long", ask.memory, episode});
                QVERIFY2(trace, session.why());
                QVERIFY(keepsWhole(*trace, 6));
            }
            // It stays as it is, whatever is pinned next.
            ask.pins = {{6, 21}};
            const auto later = session.run<TurnDone>(ask);
            QVERIFY2(later, session.why());
            QCOMPARE(later->pinnedTurns, std::vector<std::int64_t>{6});
            QCOMPARE(later->statistics.readTokens, std::int64_t{0});
            ask.memory.pinnedTurns = later->pinnedTurns;
        }
        Session session(folders_.config());
        QVERIFY(tell(session));
        const auto found = session.run<TurnDone>(ask);
        QVERIFY2(found, session.why());
        QCOMPARE(found->pinnedTurns, std::vector<std::int64_t>{6});
        QCOMPARE(found->statistics.readTokens, std::int64_t{0});
    }

    void aBuildMayLeaveAMemoryThatIsThereAsItIs() {
        Session session(folders_.config());
        QVERIFY(tell(session));
        BuildMemory build{.conversation = "long", .memory = memoryWith({}), .pins = {{6}}};
        const auto built = session.run<MemoryBuilt>(build);
        QVERIFY2(built, session.why());
        QCOMPARE(built->memory.pinnedTurns, std::vector<std::int64_t>{6});
        build.pins = {{21}};
        const auto same = session.run<MemoryBuilt>(build);
        QVERIFY2(same, session.why());
        QCOMPARE(same->memory.pinnedTurns, std::vector<std::int64_t>{6});
        build.memory.pinnedTurns = {21};
        build.pins.reset();
        const auto other = session.run<MemoryBuilt>(build);
        QVERIFY2(other, session.why());
        QCOMPARE(other->memory.pinnedTurns, std::vector<std::int64_t>{21});
    }
};

}  // namespace
}  // namespace epi

QTEST_GUILESS_MAIN(epi::TestPinnedTurns)
#include "tst_pinned_turns.moc"
