// Memories that grow, are written, found again, damaged and trimmed: over engine lifetimes, on a model of two
// layers.

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include <QCoreApplication>
#include <QProcess>
#include <QTemporaryDir>
#include <QtTest>

#include "core/engine/memory_folder.h"
#include "tests/engine/local_session.h"
#include "tests/support/tiny_model.h"

namespace epi {
namespace {

constexpr const char* kVictimModels = "EPICHAT_TEST_VICTIM_MODELS";
constexpr const char* kVictimCaches = "EPICHAT_TEST_VICTIM_CACHES";

class TestOnlineMemory : public QObject {
    Q_OBJECT

private:
    [[nodiscard]] fs::path cacheFolder() const { return fs::path(caches_->path().toStdString()) / "kv"; }
    [[nodiscard]] LocalEngineConfig config() const {
        return {.modelFolder = models_.path().toStdString(), .cacheFolder = cacheFolder()};
    }
    static LoadModel load() {
        LoadModel command;
        command.model = "tiny";
        command.embedder = kEmbedder;
        command.device = DeviceChoice::kCpu;
        return command;
    }
    static bool prepare(Session& session, const SyncConversation& conversation) {
        return session.run<ModelLoaded>(load()) && session.run<Synced>(conversation);
    }

    QTemporaryDir models_;
    std::unique_ptr<QTemporaryDir> caches_;

private Q_SLOTS:
    void initTestCase() {
        test::writeTinyModel(models_.path().toStdString());
        test::writeTinyModel(models_.path().toStdString(), {.trainedContext = 640}, "tiny-short");
        test::writeTinyEmbedder(models_.path().toStdString(), kEmbedder);
    }
    void init() { caches_ = std::make_unique<QTemporaryDir>(); }

    void readsNothingAgainInANewEngine() {
        SyncConversation history = longConversation(40);
        std::optional<TurnDone> next;
        {
            Session session(config());
            QVERIFY(prepare(session, history));
            QVERIFY2(askAndTell(session, history, 1, "What about the dog?"), session.why());
            QVERIFY2(askAndTell(session, history, 1, "And the piano?"), session.why());
            next = session.run<TurnDone>(askEpisode(1, "And the bread?", false));
            QVERIFY2(next, session.why());
            QCOMPARE(next->statistics.readTokens, 0);
        }
        Session session(config());
        QVERIFY(prepare(session, history));
        const auto again = session.run<TurnDone>(askEpisode(1, "And the bread?", false));
        QVERIFY2(again, session.why());
        QCOMPARE(again->statistics.readTokens, 0);
        QCOMPARE(again->statistics.promptTokens, next->statistics.promptTokens);
        QCOMPARE(again->text, next->text);
        QCOMPARE(again->tier, std::string("disk"));
        // Another episode has not read the turns: it does at its activation, once.
        const auto other = session.run<TurnDone>(askEpisode(0, "And the bread?", false));
        QVERIFY2(other, session.why());
        QVERIFY(other->statistics.readTokens > 0);
        const auto later = session.run<TurnDone>(askEpisode(0, "And the bread?", false));
        QVERIFY2(later, session.why());
        QCOMPARE(later->statistics.readTokens, 0);
        QCOMPARE(later->text, other->text);
    }

    void readsNothingAgainAfterEvictionsEither() {
        SyncConversation history = longConversation(40);
        std::optional<TurnDone> next;
        {
            Session session(config());
            QVERIFY(prepare(session, history));
            for (int i = 0; i < 6; ++i)
                QVERIFY2(askAndTell(session, history, 2, "Question " + std::to_string(i) + " about the dog?"),
                         session.why());
            QVERIFY(!filesWith(cacheFolder(), ".grown").empty());
            next = session.run<TurnDone>(askEpisode(2, "And the bread?", false));
            QVERIFY2(next, session.why());
        }
        Session session(config());
        QVERIFY(prepare(session, history));
        const auto again = session.run<TurnDone>(askEpisode(2, "And the bread?", false));
        QVERIFY2(again, session.why());
        QCOMPARE(again->statistics.readTokens, 0);
        QCOMPARE(again->text, next->text);
    }

    void readsALongTurnThroughATailThatIsShorterThanABlock() {
        SyncConversation history = longConversation(400);
        Session session(config());
        QVERIFY(prepare(session, history));
        const auto askIn = [&](const std::string& text, bool remember) {
            Ask ask = askEpisode(1, text, remember);
            ask.memory.block = 4096;
            return session.run<TurnDone>(ask);
        };
        const auto first = askIn("What about the dog?", false);
        QVERIFY2(first, session.why());
        std::string text;
        for (int i = 0; i < 900; ++i)
            text += "The piano in the hall was played by the wind. ";
        const auto done = askIn(text, true);
        QVERIFY2(done, session.why());
        // More than the cache's tail holds, and what may be quoted.
        QVERIFY2(done->statistics.promptTokens + done->statistics.readTokens > 4096,
                 std::to_string(done->statistics.promptTokens).c_str());
        QVERIFY(session.run<Synced>(told(400, text, done->text)));
        const auto next = askIn("And the piano?", false);
        QVERIFY2(next, session.why());
        const auto other = session.run<TurnDone>([&] {
            Ask ask = askEpisode(0, "And the piano?", false);
            ask.memory.block = 4096;
            return ask;
        }());
        QVERIFY2(other, session.why());
        QVERIFY2(other->statistics.readTokens > 4096, std::to_string(other->statistics.readTokens).c_str());
    }

    void readsNothingAgainAfterItWasKilled() {
        // Another process dies without a chance to clean up once the turn is done and told.
        QProcess child;
        QProcessEnvironment environment = QProcessEnvironment::systemEnvironment();
        environment.insert(kVictimModels, models_.path());
        environment.insert(kVictimCaches, caches_->path());
        child.setProcessEnvironment(environment);
        child.start(QCoreApplication::applicationFilePath(), {QStringLiteral("diesAfterATurn")});
        QVERIFY(child.waitForFinished(120000));
        QCOMPARE(child.exitStatus(), QProcess::CrashExit);

        std::ifstream file(fs::path(caches_->path().toStdString()) / "answer", std::ios::binary);
        const std::string text{std::istreambuf_iterator<char>(file), {}};
        QVERIFY(!text.empty());
        SyncConversation history = longConversation(40);
        const SyncConversation both = told(40, "What about the dog?", text);
        history.turns.insert(history.turns.end(), both.turns.begin(), both.turns.end());
        Session session(config());
        QVERIFY(prepare(session, history));
        const auto done = session.run<TurnDone>(askEpisode(1, "And the piano?", false));
        QVERIFY2(done, session.why());
        QCOMPARE(done->statistics.readTokens, 0);
    }

    /// Run in a process of its own by the test above.
    void diesAfterATurn() {
        if (!qEnvironmentVariableIsSet(kVictimCaches)) QSKIP("part of readsNothingAgainAfterItWasKilled");
        const fs::path folder = qEnvironmentVariable(kVictimCaches).toStdString();
        SyncConversation history = longConversation(40);
        Session session(
            {.modelFolder = qEnvironmentVariable(kVictimModels).toStdString(), .cacheFolder = folder / "kv"});
        QVERIFY(prepare(session, history));
        const auto done = askAndTell(session, history, 1, "What about the dog?");
        QVERIFY2(done, session.why());
        std::ofstream(folder / "answer", std::ios::binary) << done->text;
        ::raise(SIGKILL);
    }

    void goesBackToTheTurnBeforeOneThatIsReplaced() {
        SyncConversation history = longConversation(40);
        {
            Session session(config());
            QVERIFY(prepare(session, history));
            QVERIFY2(askAndTell(session, history, 1, "What about the dog?"), session.why());
            QVERIFY2(askAndTell(session, history, 1, "And the piano?"), session.why());
            // The last answer is asked for anew.
            history.turns.resize(42);
            QVERIFY(session.run<Synced>(history));
            const auto done = askAndTell(session, history, 1, "And the bread?");
            QVERIFY2(done, session.why());
            QCOMPARE(done->statistics.readTokens, 0);
        }
        // The same over a restart: the file goes one turn further than the history.
        history.turns.resize(42);
        Session session(config());
        QVERIFY(prepare(session, history));
        const auto done = session.run<TurnDone>(askEpisode(1, "And the rain?", false));
        QVERIFY2(done, session.why());
        QCOMPARE(done->statistics.readTokens, 0);
    }

    void tellsHowMuchRoomIsLeft() {
        SyncConversation history = longConversation(40);
        Session session(config());
        QVERIFY(prepare(session, history));
        const auto first = askAndTell(session, history, 1, "What about the dog?");
        QVERIFY2(first, session.why());
        const auto& cost = first->statistics;
        QCOMPARE(first->usedTokens, first->keptTokens + cost.promptTokens + cost.generatedTokens);
        QVERIFY(first->roomTokens > 0);
        const auto second = askAndTell(session, history, 1, "And the piano?");
        QVERIFY2(second, session.why());
        QCOMPARE(second->keptTokens, first->usedTokens);
        QCOMPARE(second->roomTokens, first->roomTokens - (second->usedTokens - first->usedTokens));
        // A question longer than the room, whose cache is given up after the answer.
        std::string question = "What about";
        for (int i = 0; i < 400; ++i)
            question += " the dog on the beach and";
        const auto longest = session.run<TurnDone>(askEpisode(1, question + " the rain?", false));
        QVERIFY2(longest, session.why());
        QCOMPARE(longest->positions, std::string("kept"));
        QVERIFY(longest->usedTokens > 0);
    }

    void goesOnWithAReplyAsIfItHadNotBeenCutOff() {
        SyncConversation history = longConversation(40);
        Session session(config());
        QVERIFY(prepare(session, history));
        QVERIFY2(askAndTell(session, history, 1, "What about the dog?"), session.why());
        Ask whole = askEpisode(1, "And the piano?", false);
        whole.sampling.maxTokens = 24;
        const auto expected = session.run<TurnDone>(whole);
        QVERIFY2(expected, session.why());
        for (const std::int32_t tokens : {1, 7, 16}) {
            Ask cut = whole;
            cut.sampling.maxTokens = tokens;
            cut.remember = true;
            const auto begun = session.run<TurnDone>(cut);
            QVERIFY2(begun, session.why());
            QVERIFY(begun->text.size() < expected->text.size());
            // The engine is told the turn that was cut off, and that it is taken back.
            const auto turns = static_cast<std::int64_t>(history.turns.size());
            SyncConversation both = told(turns, cut.question, begun->text);
            QVERIFY(session.run<Synced>(both));
            both.turns.clear();
            QVERIFY(session.run<Synced>(both));
            Ask rest = whole;
            rest.replyBegin = begun->text;
            rest.sampling.maxTokens = 24 - tokens;
            const auto done = session.run<TurnDone>(rest);
            QVERIFY2(done, session.why());
            QCOMPARE(done->text, expected->text);
            QCOMPARE(done->statistics.readTokens, 0);
            QCOMPARE(done->statistics.generatedTokens, 24 - tokens);
        }
    }

    void readsOnlyTheTurnsOfADamagedFile() {
        SyncConversation history = longConversation(40);
        std::int64_t turnTokens = 0;
        for (const char* extension : {".turns", ".grown"}) {
            caches_ = std::make_unique<QTemporaryDir>();
            history = longConversation(40);
            {
                Session session(config());
                QVERIFY(prepare(session, history));
                for (int i = 0; i < (extension == std::string(".grown") ? 6 : 1); ++i)
                    QVERIFY2(
                        askAndTell(session, history, 1, "Question " + std::to_string(i) + " about the dog?"),
                        session.why());
            }
            const auto files = filesWith(cacheFolder(), extension);
            QCOMPARE(files.size(), std::size_t{1});
            flipAByteInTheMiddle(files.front());
            Session session(config());
            QVERIFY(prepare(session, history));
            const auto done = session.run<TurnDone>(askEpisode(1, "And the piano?", false));
            QVERIFY2(done, session.why());
            turnTokens = done->statistics.readTokens;
            QVERIFY(turnTokens > 0 && turnTokens < 800);
        }
    }

    void answersAsWithoutFilesWhateverByteIsDamaged() {
        SyncConversation history = longConversation(40);
        std::string expected;
        {
            Session session(config());
            QVERIFY(prepare(session, history));
            const auto done = session.run<TurnDone>(askEpisode(1, "What about the dog?", false));
            QVERIFY2(done, session.why());
            expected = done->text;
        }
        const auto size = fs::file_size(filesWith(cacheFolder(), ".kv").front());
        for (int i = 0; i < 12; ++i) {
            for (const fs::path& file : filesWith(cacheFolder(), ".kv")) {
                std::fstream stream(file, std::ios::binary | std::ios::in | std::ios::out);
                stream.seekp(static_cast<std::streamoff>(size * static_cast<std::uintmax_t>(i) / 12));
                stream.put('\x55');
            }
            Session session(config());
            QVERIFY(prepare(session, history));
            const auto done = session.run<TurnDone>(askEpisode(1, "What about the dog?", false));
            QVERIFY2(done, session.why());
            QCOMPARE(done->text, expected);
        }
    }

    void answersWhenNothingCanBeWritten() {
        // The cache folder's place is taken by a file.
        std::ofstream(cacheFolder()) << "x";
        SyncConversation history = longConversation(40);
        Session session(config());
        QVERIFY(prepare(session, history));
        const auto done = askAndTell(session, history, 1, "What about the dog?");
        QVERIFY2(done, session.why());
        QVERIFY(!done->notices.empty());
        const auto next = askAndTell(session, history, 1, "And the piano?");
        QVERIFY2(next, session.why());
        QCOMPARE(next->statistics.readTokens, 0);
    }

    void buildsAnewOverAllTurnsOnlyWhenAskedTo() {
        SyncConversation history = longConversation(40);
        Session session(config());
        QVERIFY(prepare(session, history));
        QVERIFY2(askAndTell(session, history, 1, "What about the dog?"), session.why());
        const auto found = session.run<MemoryBuilt>(BuildMemory{"long", memoryWithRoom()});
        QVERIFY2(found, session.why());
        QCOMPARE(found->readTokens, 0);
        const auto built = session.run<MemoryBuilt>(BuildMemory{"long", memoryWithRoom(), true});
        QVERIFY2(built, session.why());
        QVERIFY(built->readTokens > 0);
        QVERIFY(built->historyTokens > found->historyTokens);
        QVERIFY(built->episodes[0].cacheKey != found->episodes[0].cacheKey);
    }

    void makesEpisodesOfADenseMemoryThatIsFull() {
        SyncConversation history = longConversation(4);
        Session session(config());
        QVERIFY(prepare(session, history));
        std::size_t episodes = 1;
        for (int i = 0; i < 12 && episodes == 1; ++i) {
            Ask ask = askLong("Question " + std::to_string(i) + " about the dog on the beach?", true);
            ask.memory = memoryWithRoom();
            ask.memory.budget = 400;
            const auto done = session.run<TurnDone>(ask);
            QVERIFY2(done, session.why());
            episodes = done->similarities.size();
            const auto turns = static_cast<std::int64_t>(history.turns.size());
            const SyncConversation both = told(turns, ask.question, done->text);
            history.turns.insert(history.turns.end(), both.turns.begin(), both.turns.end());
            QVERIFY(session.run<Synced>(both));
        }
        QVERIFY(episodes > 1);
    }

    void remembersAlikeWithEveryCodec_data() {
        QTest::addColumn<int>("codec");
        for (const CacheCodec codec :
             {CacheCodec::kExact, CacheCodec::kBf16, CacheCodec::kInt8, CacheCodec::kInt4})
            QTest::newRow(std::string(name(codec)).c_str()) << static_cast<int>(codec);
    }
    void remembersAlikeWithEveryCodec() {
        QFETCH(int, codec);
        Ask ask = askEpisode(1, "What about the dog?", false);
        ask.memory.codec = static_cast<CacheCodec>(codec);
        std::string text;
        for (int life = 0; life < 2; ++life) {
            Session session(config());
            QVERIFY(prepare(session, longConversation(40)));
            const auto done = session.run<TurnDone>(ask);
            QVERIFY2(done, session.why());
            QCOMPARE(done->statistics.readTokens > 0, life == 0);
            if (life == 1) QCOMPARE(done->text, text);
            text = done->text;
        }
    }

    void movesTheCentroidOfAnEpisodeTowardsItsTurns() {
        SyncConversation history = longConversation(40);
        Ask probe = askLong("A question about something else?");
        probe.memory = memoryWithRoom();
        double before = 0.0;
        double after = 0.0;
        {
            Session session(config());
            QVERIFY(prepare(session, history));
            const auto first = session.run<TurnDone>(probe);
            QVERIFY2(first, session.why());
            before = first->similarities[1];
            for (int i = 0; i < 3; ++i)
                QVERIFY2(askAndTell(session, history, 1, probe.question), session.why());
            const auto then = session.run<TurnDone>(probe);
            QVERIFY2(then, session.why());
            after = then->similarities[1];
            QVERIFY2(after != before, std::to_string(after).c_str());
            QCOMPARE(then->similarities[0], first->similarities[0]);
        }
        Session session(config());
        QVERIFY(prepare(session, history));
        const auto again = session.run<TurnDone>(probe);
        QVERIFY2(again, session.why());
        QVERIFY(std::abs(again->similarities[1] - after) < 1e-6);
    }

    void answersFromTwoEpisodesThatAreNearlyAsSimilar() {
        SyncConversation history = longConversation(40);
        Session session(config());
        QVERIFY(prepare(session, history));
        Ask ask = askLong("What about the dog?", true);
        ask.memory = memoryWithRoom();
        ask.memory.online.unionMargin = 2.0;
        ask.memory.patchTokens = 400;  // beyond what all patched prompts begin with
        const auto done = session.run<TurnDone>(ask);
        QVERIFY2(done, session.why());
        QCOMPARE(done->episodes.size(), std::size_t{2});
        QCOMPARE(done->episodes[0], done->episode);
        QVERIFY(done->episodes[1] != done->episode);
        // More than one episode keeps, less than both together: what both keep is there once.
        QVERIFY2(done->keptTokens > 160 && done->keptTokens < 320, std::to_string(done->keptTokens).c_str());
        QVERIFY(done->unionBytes > 0);
        // The turn is in the best episode's cache.
        const SyncConversation both = told(40, ask.question, done->text);
        QVERIFY(session.run<Synced>(both));
        Ask alone = askEpisode(done->episode, "And the piano?", false);
        alone.memory.online.unionMargin = 0.0;
        alone.memory.patchTokens = ask.memory.patchTokens;
        const auto next = session.run<TurnDone>(alone);
        QVERIFY2(next, session.why());
        QCOMPARE(next->statistics.readTokens, 0);
        QCOMPARE(next->episodes.size(), std::size_t{1});
    }

    void countsPositionsAnewPastTheTrainedContext_data() {
        QTest::addColumn<int>("mode");
        QTest::newRow("auto") << static_cast<int>(PositionMode::kAuto);
        QTest::newRow("keep") << static_cast<int>(PositionMode::kKeep);
    }
    void countsPositionsAnewPastTheTrainedContext() {
        QFETCH(int, mode);
        const bool isAuto = mode == static_cast<int>(PositionMode::kAuto);
        Ask ask = askEpisode(1, "What about the dog?", true);
        ask.memory.positions = static_cast<PositionMode>(mode);
        SyncConversation history = longConversation(40);
        std::string text;
        for (int life = 0; life < 2; ++life) {
            Session session(config());
            LoadModel model = load();
            model.model = "tiny-short";
            QVERIFY2(session.run<ModelLoaded>(model), session.why());
            QVERIFY(session.run<Synced>(history));
            const auto built = session.run<MemoryBuilt>(BuildMemory{"long", ask.memory});
            QVERIFY2(built, session.why());
            QCOMPARE(built->positions, std::string(isAuto ? "reindexed" : "kept"));
            QVERIFY(built->pastTrainedContext);
            for (int i = 0; i < 3; ++i) {
                const auto done = session.run<TurnDone>(ask);
                QVERIFY2(done, session.why());
                QCOMPARE(done->positions, std::string(isAuto ? "reindexed" : "kept"));
                QCOMPARE(done->pastTrainedContext, !isAuto);
                QCOMPARE(done->notices.size(), std::size_t{isAuto ? 1U : 0U});
                if (isAuto) QCOMPARE(done->notices[0].code, NoticeCode::kPositionsRenewed);
                const SyncConversation both =
                    told(static_cast<std::int64_t>(history.turns.size()), ask.question, done->text);
                history.turns.insert(history.turns.end(), both.turns.begin(), both.turns.end());
                QVERIFY(session.run<Synced>(both));
            }
            Ask last = ask;
            last.remember = false;
            const auto done = session.run<TurnDone>(last);
            QVERIFY2(done, session.why());
            QCOMPARE(done->statistics.readTokens, 0);
            // The trace still speaks of places in the history.
            const auto trace = session.run<Trace>(Inspect{"long", ask.memory, 1});
            QVERIFY2(trace, session.why());
            QCOMPARE(trace->retainedShare.front(), 255);
            QCOMPARE(*std::max_element(trace->retainedShare.end() - 40, trace->retainedShare.end()), 255);
        }
    }

    void trimsTheFolderToItsLimitButKeepsTheMemoryInUse() {
        LocalEngineConfig small = config();
        small.limits.diskBytes = 1;
        Session session(small);
        QVERIFY(prepare(session, longConversation(40)));
        SyncConversation other = longConversation(38, "other");
        other.turns.front().text = "another beginning, so that neither is the other's continuation";
        QVERIFY(session.run<Synced>(other));
        const auto first = session.run<MemoryBuilt>(BuildMemory{"other", memoryWithRoom()});
        QVERIFY2(first, session.why());
        const auto second = session.run<MemoryBuilt>(BuildMemory{"long", memoryWithRoom()});
        QVERIFY2(second, session.why());
        QCOMPARE(memoryFileBytes(cacheFolder(), first->episodes[0].cacheKey.substr(0, 64)), 0);
        QVERIFY(memoryFileBytes(cacheFolder(), second->episodes[0].cacheKey) > 0);
        // What is gone is made again.
        Ask ask = askLong("What about the dog?");
        ask.conversation = "other";
        ask.memory = memoryWithRoom();
        QVERIFY2(session.run<TurnDone>(ask), session.why());
    }

    void keepsTheFolderWithinItsLimitWhenABuildIsCancelled() {
        LocalEngineConfig small = config();
        small.limits.diskBytes = 1;
        Session session(small);
        QVERIFY(prepare(session, longConversation(400)));
        // Once an episode is in its file.
        session.log().setObserver([&](JobId each, std::ptrdiff_t) {
            if (!filesWith(cacheFolder(), ".kv").empty()) session.cancel(each);
        });
        const JobId job = session.post(BuildMemory{"long", memoryWithRoom()});
        QVERIFY(session.log().waitForEnd(job));
        session.log().setObserver({});
        const std::vector<Event> events = session.log().of(job);
        QVERIFY(std::holds_alternative<Failed>(events.back()));
        QVERIFY(fs::is_empty(cacheFolder()));
    }

    void keepsTheFolderWithinItsLimitWhenTurnsMakeAWholeCopy() {
        SyncConversation history = longConversation(40);
        LocalEngineConfig small = config();
        small.limits.diskBytes = 1;
        Session session(small);
        QVERIFY(prepare(session, history));
        QVERIFY2(askAndTell(session, history, 2, "What about the dog?"), session.why());
        const std::string strange(64, 'a');  // a memory that another engine has written meanwhile
        std::ofstream(cacheFolder() / (strange + ".memory")) << "text";
        for (int i = 0; i < 6; ++i)
            QVERIFY2(askAndTell(session, history, 2, "Question " + std::to_string(i) + " about the dog?"),
                     session.why());
        QVERIFY(!filesWith(cacheFolder(), ".grown").empty());
        QCOMPARE(memoryFileBytes(cacheFolder(), strange), 0);
    }

    void keepsTheFolderWithinItsLimitWhenALostEpisodeIsReadAgain() {
        LocalEngineConfig small = config();
        small.limits.diskBytes = 1;
        small.limits.deviceBytes = 1;  // nothing is loaded before it is asked
        Session session(small);
        QVERIFY(prepare(session, longConversation(40)));
        QVERIFY2(session.run<MemoryBuilt>(BuildMemory{"long", memoryWithRoom()}), session.why());
        for (const fs::path& file : filesWith(cacheFolder(), ".kv"))
            fs::remove(file);
        const std::string strange(64, 'a');  // a memory that another engine has written meanwhile
        std::ofstream(cacheFolder() / (strange + ".memory")) << "text";
        const auto done = session.run<TurnDone>(askEpisode(0, "And the piano?", false));
        QVERIFY2(done, session.why());
        QCOMPARE(done->tier, std::string("rebuilt"));
        QCOMPARE(memoryFileBytes(cacheFolder(), strange), 0);
    }

    void holdsEpisodesWithinTheLimitOfTheDevice() {
        LocalEngineConfig small = config();
        small.limits.deviceBytes = 1;
        SyncConversation history = longConversation(40);
        Session session(small);
        QVERIFY(prepare(session, history));
        for (const std::int32_t episode : {0, 1, 0, 1}) {
            const auto done = askAndTell(session, history, episode, "What about the dog?");
            QVERIFY2(done, session.why());
            QCOMPARE(done->tier, std::string("disk"));
        }
        LocalEngineConfig large = config();
        Session roomy(large);
        QVERIFY(prepare(roomy, history));
        QVERIFY2(roomy.run<TurnDone>(askEpisode(0, "And the piano?", false)), roomy.why());
        const auto done = roomy.run<TurnDone>(askEpisode(0, "And the piano?", false));
        QVERIFY2(done, roomy.why());
        QCOMPARE(done->tier, std::string("device"));
    }
};

}  // namespace
}  // namespace epi

QTEST_GUILESS_MAIN(epi::TestOnlineMemory)
#include "tst_online_memory.moc"
