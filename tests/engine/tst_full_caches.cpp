// Questions and replies for which a cache has too little room.

#include <optional>
#include <string>

#include <QtTest>

#include "tests/engine/session_folders.h"

namespace epi {
namespace {

constexpr std::int32_t kBudget = 400;
constexpr std::int32_t kBlock = 64;

MemoryOptions memory(const std::string& preset) {
    MemoryOptions options = smallMemory();
    options.preset = preset;
    options.budget = kBudget;
    options.block = kBlock;
    return options;
}

/// A text of at least so many tokens of the tiny vocabulary.
std::string textOf(std::int64_t tokens) {
    std::string text = "What about";
    while (std::ssize(text) < 2 * tokens)
        text += " the dog on the beach and";
    return text + " the rain?";
}

/// Asks, remembers and tells; appends the two turns to `history`.
std::optional<TurnDone> turn(Session& session, SyncConversation& history, const Ask& ask) {
    auto done = session.run<TurnDone>(ask);
    if (!done) return std::nullopt;
    SyncConversation both = told(std::ssize(history.turns), ask.question, done->text);
    both.systemPrompt = history.systemPrompt;
    history.turns.insert(history.turns.end(), both.turns.begin(), both.turns.end());
    if (!session.run<Synced>(both)) return std::nullopt;
    return done;
}

class TestFullCaches : public QObject {
    Q_OBJECT

private:
    static Ask askWith(const MemoryOptions& options, const std::string& question, bool remember = true) {
        Ask ask = askLong(question, remember);
        ask.memory = options;
        return ask;
    }

    /// Of a model whose layers but every sixth have a window.
    [[nodiscard]] LocalEngineConfig windowedConfig() const {
        return {.modelFolder = windowed_.path().toStdString(), .cacheFolder = folders_.cacheFolder()};
    }

    SessionFolders folders_;
    QTemporaryDir windowed_;

private Q_SLOTS:
    void initTestCase() {
        const fs::path folder = windowed_.path().toStdString();
        test::writeTinyModel(folder, {.architecture = "gemma3", .layers = 6});
        test::writeTinyEmbedder(folder, kEmbedder);
    }
    void init() { folders_.clearCaches(); }

    void answersAQuestionLongerThanADenseMemory_data() {
        QTest::addColumn<int>("turns");
        QTest::addColumn<std::string>("preset");
        QTest::addColumn<bool>("isBuiltAhead");  // before the last turns are told
        QTest::newRow("a score with probes, new chat") << 0 << std::string("kvzip") << false;
        for (const char* preset : {"epichat", "epicache"}) {
            const std::string name = preset;
            QTest::newRow((name + ", new chat").c_str()) << 0 << name << false;
            QTest::newRow((name + ", short chat").c_str()) << 4 << name << false;
            QTest::newRow((name + ", grown chat").c_str()) << 4 << name << true;
        }
    }
    void answersAQuestionLongerThanADenseMemory() {
        QFETCH(int, turns);
        QFETCH(std::string, preset);
        QFETCH(bool, isBuiltAhead);
        const MemoryOptions options = memory(preset);
        const Ask longest = askWith(options, textOf(std::int64_t{3} * (kBudget + kBlock)));
        const Ask next = askWith(options, "And the piano?", false);
        SyncConversation history = longConversation(turns);
        std::string answer;
        {
            Session session(folders_.config());
            QVERIFY(prepare(session, {isBuiltAhead ? longConversation(2) : history}));
            if (isBuiltAhead) {
                QVERIFY2(session.run<MemoryBuilt>(BuildMemory{"long", options}), session.why());
                QVERIFY(session.run<Synced>(history));
            }
            const auto done = turn(session, history, longest);
            QVERIFY2(done, session.why());
            QVERIFY(!done->text.empty());
            QCOMPARE(done->statistics.generatedTokens, 12);
            QVERIFY2(done->usedTokens <= kBudget + kBlock, std::to_string(done->usedTokens).c_str());
            const auto second = session.run<TurnDone>(next);
            QVERIFY2(second, session.why());
            QVERIFY(!second->text.empty());
            answer = second->text;
        }
        Session session(folders_.config());
        QVERIFY(prepare(session, {history}));
        const auto again = session.run<TurnDone>(next);
        QVERIFY2(again, session.why());
        QCOMPARE(again->text, answer);
    }

    void choosesABudgetForALongSystemPrompt_data() {
        QTest::addColumn<std::string>("preset");
        for (const char* preset : {"epichat", "epicache", "epicache-paper", "epicache-released"})
            QTest::newRow(preset) << std::string(preset);
    }
    void choosesABudgetForALongSystemPrompt() {
        QFETCH(std::string, preset);
        SyncConversation history = longConversation(0);
        history.systemPrompt = textOf(1000);
        MemoryOptions options = memory(preset);
        options.budget = 0;
        Session session(folders_.config());
        QVERIFY(prepare(session, {history}));
        for (const char* question : {"What about the dog?", "And the piano?"}) {
            const auto done = turn(session, history, askWith(options, question));
            QVERIFY2(done, session.why());
            QVERIFY(!done->text.empty());
        }
        // With a budget of one's own, too, unless the prompt always stays.
        options.budget = 1024;
        const auto own = session.run<TurnDone>(askWith(options, "And the rain?", false));
        QCOMPARE(own.has_value(), preset.starts_with("epicache-"));
    }

    void choosesABudgetForAPinnedMessage() {
        SyncConversation history = longConversation(40);
        history.turns[4].text = textOf(1000);
        MemoryOptions options = memory("epichat");
        options.budget = 0;
        options.pinnedTurns = {history.turns[4].id};
        Session session(folders_.config());
        QVERIFY(prepare(session, {history}));
        const auto done = session.run<TurnDone>(askWith(options, "What about the dog?"));
        QVERIFY2(done, session.why());
    }

    void anAddedEpisodeOfLayersWithAWindowReadsLongTurns() {
        SyncConversation history = longConversation(40);
        Session session(windowedConfig());
        QVERIFY(prepare(session, {history}));
        Ask ask = askWith(memory("epicache"), "What about the dog?");
        ask.memory.budget = 1024;
        ask.memory.online.newEpisodeBelow = 2.0;
        const auto added = turn(session, history, ask);
        QVERIFY2(added, session.why());
        QCOMPARE(added->episode, kEpisodes);
        ask.memory.online.newEpisodeBelow = 0.0;
        // Every turn of them fits the budget of the layers that see everything, and no window.
        for (int i = 0; i < 3; ++i) {
            ask.episode = 0;
            ask.question = textOf(2 * kBlock);
            const auto elsewhere = turn(session, history, ask);
            QVERIFY2(elsewhere, session.why());
            ask.episode = kEpisodes;
            ask.question = "And the piano?";
            const auto done = turn(session, history, ask);
            QVERIFY2(done, session.why());
            QVERIFY(done->statistics.readTokens > 2 * kBlock);
        }
    }

    void aReplyIsNotCutWhileAnEvictionMakesRoom_data() {
        QTest::addColumn<std::string>("preset");
        QTest::addColumn<int>("budget");
        QTest::newRow("one cache") << std::string("epichat") << 160;
        QTest::newRow("episodes") << std::string("epicache") << 160;
        QTest::newRow("dense at first") << std::string("epicache") << 2900;
    }
    void aReplyIsNotCutWhileAnEvictionMakesRoom() {
        QFETCH(std::string, preset);
        QFETCH(int, budget);
        SyncConversation history = longConversation(40);
        Session session(folders_.config());
        QVERIFY(prepare(session, {history}));
        MemoryOptions options = memory(preset);
        options.budget = budget;
        options.block = 256;
        Ask ask = askWith(options, "What about the dog?");
        ask.episode = 0;
        ask.sampling.maxTokens = 100;
        for (int i = 0; i < 8; ++i) {
            const auto done = turn(session, history, ask);
            QVERIFY2(done, session.why());
            QCOMPARE(done->statistics.generatedTokens, 100);
            QCOMPARE(done->reason, std::string("length"));
        }
    }

    void aReplyThatTheRoomEndsSaysSoAndGoesOn() {
        const SyncConversation history = longConversation(40);
        Session session(folders_.config());
        QVERIFY(prepare(session, {history}));
        Ask ask = askWith(memory("epicache"), "What about the dog?");
        ask.sampling.maxTokens = 100;
        std::string text;
        for (int i = 0; i < 3; ++i) {
            ask.replyBegin = text;
            const auto done = session.run<TurnDone>(ask);
            QVERIFY2(done, session.why());
            QCOMPARE(done->reason, std::string("room"));
            QVERIFY(std::ssize(done->text) > std::ssize(text));
            text = done->text;
            // To go on with a reply, its turn is told and taken back.
            SyncConversation both = told(40, ask.question, text);
            QVERIFY(session.run<Synced>(both));
            both.turns.clear();
            QVERIFY(session.run<Synced>(both));
        }
        ask.replyBegin = text;
        ask.sampling.maxTokens = 3;
        const auto last = session.run<TurnDone>(ask);
        QVERIFY2(last, session.why());
        QCOMPARE(last->reason, std::string("length"));
    }

    void aDenseMemoryIsAsBeforeAfterALongQuestion_data() {
        QTest::addColumn<bool>("isWindowed");
        QTest::newRow("all layers see everything") << false;
        QTest::newRow("layers with a window") << true;
    }
    void aDenseMemoryIsAsBeforeAfterALongQuestion() {
        QFETCH(bool, isWindowed);
        const MemoryOptions options = memory("epicache");
        const Ask next = askWith(options, "And the piano?", false);
        Session session(isWindowed ? windowedConfig() : folders_.config());
        QVERIFY(prepare(session, {longConversation(4)}));
        const auto before = session.run<TurnDone>(next);
        QVERIFY2(before, session.why());
        // Twice, so that nothing is built for the second one.
        for (int i = 0; i < 2; ++i) {
            const auto done =
                session.run<TurnDone>(askWith(options, textOf(std::int64_t{3} * (kBudget + kBlock)), false));
            QVERIFY2(done, session.why());
            QCOMPARE(done->statistics.readTokens, 0);
        }
        const auto after = session.run<TurnDone>(next);
        QVERIFY2(after, session.why());
        QCOMPARE(after->statistics.readTokens, 0);
        QCOMPARE(after->text, before->text);
    }
};

}  // namespace
}  // namespace epi

QTEST_GUILESS_MAIN(epi::TestFullCaches)
#include "tst_full_caches.moc"
