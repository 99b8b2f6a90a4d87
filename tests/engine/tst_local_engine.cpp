// The engine in this process, from command to event, over a model of two layers.

#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <QTemporaryDir>
#include <QtTest>

#include "tests/engine/local_session.h"
#include "tests/support/shared_data.h"
#include "tests/support/tiny_model.h"
#include "tests/wire/engine_scenarios.h"

namespace epi {

class TestLocalEngine : public EngineScenarios {
    Q_OBJECT

protected:
    std::unique_ptr<Engine> makeEngine(EventSink sink) override {
        return makeLocalEngine(config(), std::move(sink));
    }
    LoadModel load() const override {
        LoadModel command;
        command.model = "tiny";
        command.embedder = kEmbedder;
        command.device = DeviceChoice::kCpu;
        return command;
    }
    Ask endlessAsk() const override {
        Ask command = ask("Tell me a story.");
        command.memory.budget = 1 << 16;
        command.sampling.maxTokens = 1 << 20;
        return command;
    }

private:
    [[nodiscard]] LocalEngineConfig config() const {
        return {.modelFolder = models_.path().toStdString(), .cacheFolder = cacheFolder()};
    }
    [[nodiscard]] fs::path cacheFolder() const { return fs::path(caches_->path().toStdString()) / "kv"; }
    /// Loads the model and tells the long conversation; its number of tokens, 0 after a failure.
    std::int64_t prepare(Session& session, const SyncConversation& conversation = longConversation(40)) {
        if (!session.run<ModelLoaded>(load())) return 0;
        const auto synced = session.run<Synced>(conversation);
        return synced ? synced->tokens : 0;
    }

    // Two blocks of 64 fit a budget of 160; the rows of the third are the same for all episodes, too.
    static constexpr std::int64_t kFittingTokens = 128;
    static constexpr std::int64_t kCommonTokens = 192;
    /// Tokens of a build: what the episodes have in common is read once.
    static std::int64_t readOnce(std::int64_t tokens) {
        return kCommonTokens + kEpisodes * (tokens - kCommonTokens);
    }

    QTemporaryDir models_;
    std::unique_ptr<QTemporaryDir> caches_;

private Q_SLOTS:
    void initTestCase() {
        test::writeTinyModel(models_.path().toStdString());
        test::writeTinyModel(
            models_.path().toStdString(), {.architecture = "gemma3", .layers = 6}, "tiny-gemma3");
        test::writeTinyEmbedder(models_.path().toStdString(), kEmbedder);
        const fs::path broken = fs::path(models_.path().toStdString()) / "broken";
        fs::create_directories(broken);
        std::ofstream(broken / "broken.gguf", std::ios::binary) << test::tinyModelBytes({}).substr(0, 20000);
    }
    void init() { caches_ = std::make_unique<QTemporaryDir>(); }

    void tellsTheModelApartByHowItIsComputed() {
        Session session(config());
        const auto identity = [&](ComputeMode compute) {
            LoadModel command = load();
            command.embedder = "llm";
            command.compute = compute;
            const auto loaded = session.run<ModelLoaded>(command);
            return loaded ? loaded->identity : std::string();
        };
        const std::string exact = identity(ComputeMode::kExact);
        QVERIFY(!exact.empty());
        QVERIFY(identity(ComputeMode::kFast) != exact);
        QCOMPARE(identity(ComputeMode::kExact), exact);
    }

    void answersFromTheEpisodesItBuilt() {
        Session session(config());
        const std::int64_t tokens = prepare(session);
        QVERIFY(tokens > 1000);
        const auto built = session.run<MemoryBuilt>(BuildMemory{"long", smallMemory()});
        QVERIFY2(built, session.why());
        QCOMPARE(built->historyTokens, tokens);
        QCOMPARE(built->episodes.size(), std::size_t{kEpisodes});
        QCOMPARE(built->readTokens, readOnce(tokens));
        QCOMPARE(built->layerBudgets, (std::vector<std::int32_t>{160, 160}));
        QVERIFY(built->peakEntriesPerHead <= built->peakEntriesBound);
        QVERIFY(built->peakEntriesBound <= 160 + 64 + 48);
        std::set<std::int64_t> turns;
        for (const EpisodeSummary& episode : built->episodes) {
            QCOMPARE(episode.keptEntries, std::int64_t{2 * 2 * 160});
            QVERIFY(!episode.representatives.empty() && episode.representatives.size() <= 2);
            turns.insert(episode.turnIds.begin(), episode.turnIds.end());
        }
        QCOMPARE(turns.size(), std::size_t{40});

        const auto done = session.run<TurnDone>(askLong("What about the dog?"));
        QVERIFY2(done, session.why());
        QCOMPARE(done->reason, std::string("length"));
        QCOMPARE(done->similarities.size(), std::size_t{kEpisodes});
        QCOMPARE(done->statistics.generatedTokens, 12);
        QCOMPARE(done->statistics.readTokens, 0);
        QVERIFY(done->episode >= 0 && done->episode < kEpisodes);
    }

    void readingOneCacheForAllEpisodesIsToldAsThat() {
        Session session(config());
        QVERIFY(prepare(session) > 1000);
        MemoryOptions memory = smallMemory();
        memory.preset = "epichat";
        const JobId build = session.post(BuildMemory{"long", memory});
        QVERIFY(session.log().waitForEnd(build));
        int told = 0;
        for (const Event& event : session.log().of(build)) {
            const auto* progress = std::get_if<Progress>(&event);
            if (progress == nullptr || progress->phase != "reading") continue;
            ++told;
            QCOMPARE(progress->episode, -1);
            QCOMPARE(progress->episodes, kEpisodes);
        }
        QVERIFY(told > 1);
    }

    void aMemoryThatIsNotOnDiskIsTold() {
        const fs::path file = fs::path(caches_->path().toStdString()) / "file";
        std::ofstream(file) << "no folder";
        LocalEngineConfig broken = config();
        broken.cacheFolder = file / "kv";
        Session session(broken);
        QVERIFY(prepare(session) > 1000);
        const auto built = session.run<MemoryBuilt>(BuildMemory{"long", smallMemory()});
        QVERIFY2(built, session.why());
        QCOMPARE(built->notices.size(), std::size_t{1});
        const Notice& notice = built->notices.front();
        QCOMPARE(notice.code, NoticeCode::kMemoryUnsaved);
        QVERIFY(!notice.arguments.at(0).empty());
        QVERIFY2(notice.text.find("the memory is not on disk") == 0, notice.text.c_str());
        QVERIFY2(notice.text.ends_with(notice.arguments[0]), notice.text.c_str());
    }

    void buildsWhatIsAskedBeforeItWasBuilt() {
        Session session(config());
        const std::int64_t tokens = prepare(session);
        const auto done = session.run<TurnDone>(askLong("What about the dog?"));
        QVERIFY2(done, session.why());
        QCOMPARE(done->statistics.readTokens, readOnce(tokens));
        QCOMPARE(done->tier, std::string("disk"));
    }

    void buildsOverLayersWithAWindow() {
        Session session(config());
        LoadModel gemma = load();
        gemma.model = "tiny-gemma3";
        QVERIFY2(session.run<ModelLoaded>(gemma), session.why());
        QVERIFY(session.run<Synced>(longConversation(40)));
        QVERIFY2(session.run<MemoryBuilt>(BuildMemory{"long", smallMemory()}), session.why());
        QVERIFY2(session.run<TurnDone>(askLong("What about the dog?")), session.why());
    }

    void readsOnlyWhatIsNewAfterARememberedTurn() {
        Session session(config());
        prepare(session);
        Ask question = askLong("What about the dog?", true);
        question.episode = 1;
        const auto first = session.run<TurnDone>(question);
        QVERIFY2(first, session.why());
        QVERIFY(session.run<Synced>(told(40, question.question, first->text)));
        const auto second = session.run<TurnDone>(question);
        QVERIFY2(second, session.why());
        // The same question, and the two tokens that close the reply before it.
        QCOMPARE(second->statistics.promptTokens, first->statistics.promptTokens + 2);
        QCOMPARE(second->statistics.readTokens, 0);
    }

    void readsTheTurnsThatAnotherEpisodeHasNotSeen() {
        Session session(config());
        prepare(session);
        Ask question = askLong("What about the dog?", true);
        question.episode = 0;
        const auto first = session.run<TurnDone>(question);
        QVERIFY2(first, session.why());
        QVERIFY(session.run<Synced>(told(40, question.question, first->text)));
        Ask elsewhere = askLong("What about the dog?");
        elsewhere.episode = 1;
        const auto other = session.run<TurnDone>(elsewhere);
        QVERIFY2(other, session.why());
        QCOMPARE(other->statistics.promptTokens, first->statistics.promptTokens);
        QVERIFY(other->statistics.readTokens > first->statistics.promptTokens + 12);
        // The first episode still holds the turn.
        elsewhere.episode = 0;
        const auto again = session.run<TurnDone>(elsewhere);
        QVERIFY2(again, session.why());
        QCOMPARE(again->statistics.promptTokens, first->statistics.promptTokens + 2);
    }

    void forgetsARememberedTurnThatWasNotTold() {
        Session session(config());
        prepare(session);
        const auto fresh = session.run<TurnDone>(askLong("And the piano?"));
        QVERIFY2(fresh, session.why());
        Ask question = askLong("What about the dog?", true);
        question.episode = fresh->episode;
        QVERIFY2(session.run<TurnDone>(question), session.why());
        const auto after = session.run<TurnDone>(askLong("And the piano?"));
        QVERIFY2(after, session.why());
        QCOMPARE(after->text, fresh->text);
        QCOMPARE(after->statistics.promptTokens, fresh->statistics.promptTokens);
    }

    void answersAlikeWhenNothingIsRemembered() {
        Session session(config());
        prepare(session);
        const auto first = session.run<TurnDone>(askLong("What about the dog?"));
        const auto between = session.run<TurnDone>(askLong("And the piano?"));
        const auto second = session.run<TurnDone>(askLong("What about the dog?"));
        QVERIFY(first && between && second);
        QCOMPARE(second->text, first->text);
    }

    void goesOnRememberingPastTheRoomOfItsCache() {
        Session session(config());
        prepare(session);
        std::int64_t turns = 40;
        for (int i = 0; i < 8; ++i, turns += 2) {
            Ask question =
                askLong("Question number " + std::to_string(i) + " about the dog on the beach?", true);
            question.episode = 2;
            const auto done = session.run<TurnDone>(question);
            QVERIFY2(done, session.why());
            QCOMPARE(done->statistics.generatedTokens, 12);
            QVERIFY(session.run<Synced>(told(turns, question.question, done->text)));
        }
        const auto trace = session.run<Trace>(Inspect{"long", smallMemory(), 2});
        QVERIFY2(trace, session.why());
        for (const auto& heads : trace->keptPerHead) {
            QVERIFY(heads[0] + heads[1] <= 2 * (160 + 64));
        }
    }

    void dropsTheMemoryWhenAnEarlierTurnIsEdited() {
        Session session(config());
        const std::int64_t tokens = prepare(session);
        QVERIFY2(session.run<MemoryBuilt>(BuildMemory{"long", smallMemory()}), session.why());
        SyncConversation edited = longConversation(40);
        edited.turns[2].text[0] = 'T';
        QVERIFY(session.run<Synced>(edited));
        QVERIFY(!session.run<Trace>(Inspect{"long", smallMemory(), 0}));
        const auto failed = session.run<Failed>(Inspect{"long", smallMemory(), 0});
        QVERIFY(failed);
        QCOMPARE(failed->error.code, ErrorCode::kNotFound);
        const auto built = session.run<MemoryBuilt>(BuildMemory{"long", smallMemory()});
        QVERIFY2(built, session.why());
        QVERIFY(built->readTokens >= readOnce(tokens - 2));
    }

    void showsWhichTokensAnEpisodeKeeps() {
        Session session(config());
        const std::int64_t tokens = prepare(session);
        QVERIFY2(session.run<MemoryBuilt>(BuildMemory{"long", smallMemory()}), session.why());
        const auto trace = session.run<Trace>(Inspect{"long", smallMemory(), 1});
        QVERIFY2(trace, session.why());
        QCOMPARE(trace->historyTokens, tokens);
        QCOMPARE(trace->turns.size(), std::size_t{40});
        // The pinned ones are in every set.
        for (std::int64_t i = 0; i < 4; ++i)
            QCOMPARE(trace->retainedShare[static_cast<std::size_t>(i)], 255);
        for (std::int64_t i = tokens - 64; i < tokens; ++i)
            QCOMPARE(trace->retainedShare[static_cast<std::size_t>(i)], 255);
        for (const auto& heads : trace->keptPerHead)
            QCOMPARE(heads[0] + heads[1], 2 * 160);
    }

    void goesOnWithFinishedEpisodesAfterACancelledBuild() {
        std::int64_t tokens = 0;
        {
            Session session(config());
            tokens = prepare(session, longConversation(600));
            QVERIFY(tokens > 0);
            const JobId build = session.post(BuildMemory{"long", smallMemory()});
            QVERIFY(waitForEpisode(session, build, 1));
            session.cancel(build);
            const std::size_t before = session.log().of(build).size();
            const auto failed = session.log().wait<Failed>(build);
            QVERIFY(failed);
            QCOMPARE(failed->error.code, ErrorCode::kCancelled);
            // The step that was being done, and the end: no further block is read.
            QVERIFY(session.log().of(build).size() <= before + 2);
        }
        Session session(config());
        prepare(session, longConversation(600));
        const auto built = session.run<MemoryBuilt>(BuildMemory{"long", smallMemory()});
        QVERIFY2(built, session.why());
        // The first episode is there, what the other two have in common with it as far as it fits, and what
        // the second had read.
        QVERIFY(built->readTokens <= (kEpisodes - 1) * (tokens - kFittingTokens));
        QVERIFY(built->readTokens > tokens - kFittingTokens);
    }

    void endsACancelledAnswerAtOnce() {
        Session session(config());
        QVERIFY(session.run<ModelLoaded>(load()));
        QVERIFY(session.run<Synced>(conversation()));
        const JobId job = session.post(endlessAsk());
        QVERIFY(session.log().wait<TokenDelta>(job));
        session.cancel(job);
        const std::size_t before = session.log().of(job).size();
        const auto done = session.log().wait<TurnDone>(job);
        QVERIFY(done);
        QCOMPARE(done->reason, std::string("cancelled"));
        // The token that was being computed, what was held back, and the end.
        QVERIFY(session.log().of(job).size() <= before + 3);
    }

    void findsItsFilesAgainInANewEngine() {
        std::string text;
        std::vector<std::string> keys;
        {
            Session session(config());
            prepare(session);
            const auto built = session.run<MemoryBuilt>(BuildMemory{"long", smallMemory()});
            QVERIFY2(built, session.why());
            for (const EpisodeSummary& episode : built->episodes)
                keys.push_back(episode.cacheKey);
            const auto done = session.run<TurnDone>(askLong("What about the dog?"));
            QVERIFY2(done, session.why());
            text = done->text;
        }
        Session session(config());
        prepare(session);
        const auto built = session.run<MemoryBuilt>(BuildMemory{"long", smallMemory()});
        QVERIFY2(built, session.why());
        QCOMPARE(built->readTokens, 0);
        QCOMPARE(built->episodes.size(), keys.size());
        for (std::size_t i = 0; i < keys.size(); ++i)
            QCOMPARE(built->episodes[i].cacheKey, keys[i]);
        const auto done = session.run<TurnDone>(askLong("What about the dog?"));
        QVERIFY2(done, session.why());
        QCOMPARE(done->text, text);
    }

    void findsTheMemoryOfAHistoryThatHasGrownSince() {
        {
            Session session(config());
            prepare(session);
            QVERIFY2(session.run<MemoryBuilt>(BuildMemory{"long", smallMemory()}), session.why());
        }
        Session session(config());
        prepare(session, longConversation(40));
        const auto built = session.run<Synced>(longConversation(40));
        const auto grown = session.run<Synced>(longConversation(42));
        QVERIFY(built && grown);
        const auto done = session.run<TurnDone>(askLong("What about the dog?"));
        QVERIFY2(done, session.why());
        // The two turns that came since, and nothing of what was there.
        QCOMPARE(done->statistics.readTokens, grown->tokens - built->tokens);
    }

    void readsAnEpisodeAgainWhoseFileIsDamaged() {
        std::int64_t tokens = 0;
        {
            Session session(config());
            tokens = prepare(session);
            QVERIFY2(session.run<MemoryBuilt>(BuildMemory{"long", smallMemory()}), session.why());
        }
        const auto files = filesWith(cacheFolder(), ".kv");
        QCOMPARE(files.size(), std::size_t{kEpisodes});
        flipAByteInTheMiddle(files[1]);
        Session session(config());
        prepare(session);
        const auto built = session.run<MemoryBuilt>(BuildMemory{"long", smallMemory()});
        QVERIFY2(built, session.why());
        QCOMPARE(built->readTokens, 0);
        std::int64_t readTokens = 0;
        for (std::int32_t episode = 0; episode < kEpisodes; ++episode) {
            Ask question = askLong("What about the dog?");
            question.episode = episode;
            const auto done = session.run<TurnDone>(question);
            QVERIFY2(done, session.why());
            QCOMPARE(done->tier == "rebuilt", done->statistics.readTokens > 0);
            readTokens += done->statistics.readTokens;
        }
        QCOMPARE(readTokens, tokens);
    }

    void makesADamagedIndexAgain() {
        std::int64_t tokens = 0;
        {
            Session session(config());
            tokens = prepare(session);
            QVERIFY2(session.run<MemoryBuilt>(BuildMemory{"long", smallMemory()}), session.why());
        }
        const auto files = filesWith(cacheFolder(), ".memory");
        QCOMPARE(files.size(), std::size_t{1});
        flipAByteInTheMiddle(files[0]);
        Session session(config());
        QCOMPARE(prepare(session), tokens);
        const auto built = session.run<MemoryBuilt>(BuildMemory{"long", smallMemory()});
        QVERIFY2(built, session.why());
        QCOMPARE(built->episodes.size(), std::size_t{kEpisodes});
        QCOMPARE(built->readTokens, 0);
    }

    void removesTheFilesOfAMemory() {
        Session session(config());
        prepare(session);
        const auto built = session.run<MemoryBuilt>(BuildMemory{"long", smallMemory()});
        QVERIFY2(built, session.why());
        std::int64_t bytes = 0;
        for (const auto& entry : fs::directory_iterator(cacheFolder()))
            bytes += static_cast<std::int64_t>(entry.file_size());
        const auto released = session.run<Released>(Release{{built->episodes[0].cacheKey}});
        QVERIFY2(released, session.why());
        QCOMPARE(released->files, kEpisodes + 1);
        QCOMPARE(released->bytes, bytes);
        QVERIFY(fs::is_empty(cacheFolder()));
    }

    void refusesToReleaseWhatIsNoKey() {
        Session session(config());
        prepare(session);
        QVERIFY2(session.run<MemoryBuilt>(BuildMemory{"long", smallMemory()}), session.why());
        for (const std::string key : {"", "../kv", "abc"}) {
            const auto failed = session.run<Failed>(Release{{key}});
            QVERIFY(failed);
            QCOMPARE(failed->error.code, ErrorCode::kInvalidArgument);
        }
        QCOMPARE(filesWith(cacheFolder(), ".kv").size(), std::size_t{kEpisodes});
    }

    void keepsItsModelWhenAnotherDoesNotLoad() {
        Session session(config());
        prepare(session);
        const auto first = session.run<TurnDone>(askLong("What about the dog?"));
        QVERIFY2(first, session.why());
        for (const char* bad : {"broken", "missing"}) {
            LoadModel other = load();
            other.model = bad;
            QVERIFY(session.run<Failed>(other));
        }
        const auto second = session.run<TurnDone>(askLong("What about the dog?"));
        QVERIFY2(second, session.why());
        QCOMPARE(second->text, first->text);
    }

    void refusesAnEpisodeThatIsNotThere() {
        Session session(config());
        prepare(session);
        for (const std::int32_t episode : {-1, kEpisodes}) {
            Ask question = askLong("What about the dog?");
            question.episode = episode;
            const auto failed = session.run<Failed>(question);
            QVERIFY(failed);
            QCOMPARE(failed->error.code, ErrorCode::kInvalidArgument);
        }
    }

    void aConversationInPiecesIsTheSame() {
        Session whole(config());
        const std::int64_t tokens = prepare(whole);
        QVERIFY(tokens > 0);
        Session session(config());
        QVERIFY(session.run<ModelLoaded>(load()));
        const SyncConversation all = longConversation(40);
        for (const std::int64_t first : {0, 15, 30}) {
            SyncConversation piece = all;
            piece.firstTurn = first;
            piece.isPartial = first < 30;
            piece.turns = {all.turns.begin() + first,
                           all.turns.begin() + std::min<std::int64_t>(first + 15, 40)};
            const auto synced = session.run<Synced>(piece);
            QVERIFY2(synced, session.why());
            QCOMPARE(synced->turns, std::min<std::int64_t>(first + 15, 40));
            if (piece.isPartial) {
                const auto failed = session.run<Failed>(BuildMemory{"long", smallMemory()});
                QVERIFY(failed);
                QCOMPARE(failed->error.code, ErrorCode::kInvalidArgument);
            } else {
                QCOMPARE(synced->tokens, tokens);
            }
        }
        QVERIFY2(session.run<MemoryBuilt>(BuildMemory{"long", smallMemory()}), session.why());
        // The same from a turn on: the memory stays.
        SyncConversation same = all;
        same.firstTurn = 10;
        same.turns.erase(same.turns.begin(), same.turns.begin() + 10);
        QVERIFY(session.run<Synced>(same));
        QVERIFY2(session.run<Trace>(Inspect{"long", smallMemory(), 0}), session.why());
    }

    void refusesTurnsAfterAGap() {
        Session session(config());
        prepare(session);
        SyncConversation sync = longConversation(2);
        sync.firstTurn = 41;
        const auto failed = session.run<Failed>(sync);
        QVERIFY(failed);
        QCOMPARE(failed->error.code, ErrorCode::kInvalidArgument);
    }

    void failsWithoutAModel() {
        Session session(config());
        QVERIFY(session.run<Synced>(longConversation(4)));
        const auto failed = session.run<Failed>(askLong("What about the dog?"));
        QVERIFY(failed);
        QCOMPARE(failed->error.code, ErrorCode::kNotFound);
    }

    void tellsASmallRealModelWhatWasSaid() {
        EPI_FIND_OR_SKIP(model, modelFile, "smollm2-135m-instruct-q4_1/SmolLM2-135M-Instruct.Q4_1.gguf");
        Session session(config());
        LoadModel command = load();
        command.model = model.string();
        QVERIFY2(session.run<ModelLoaded>(command), session.why());
        QVERIFY(session.run<Synced>(conversation()));
        Ask question = ask("What is the name of my dog?");
        question.sampling.maxTokens = 24;
        const auto done = session.run<TurnDone>(question);
        QVERIFY2(done, session.why());
        QVERIFY2(done->text.find("Rex") != std::string::npos, done->text.c_str());
    }

    void aStopTextIsInNoCache() {
        MemoryOptions dense;
        dense.budget = 3000;
        Ask ask = askLong("What about the dog?", true);
        ask.memory = dense;
        Ask next = askLong("And the piano?");
        next.memory = dense;
        next.sampling.repetitionPenalty = 8.0;
        Session session(config());
        QVERIFY(epi::prepare(session, {longConversation(4)}));
        ask.sampling.repetitionPenalty = 8.0;  // no character twice
        ask.sampling.maxTokens = 24;
        Ask whole = ask;
        whole.remember = false;
        const auto unstopped = session.run<TurnDone>(whole);
        QVERIFY2(unstopped, session.why());
        for (const std::size_t length : {1, 3}) {
            ask.sampling.stop = {unstopped->text.substr(8, length)};
            const auto done = session.run<TurnDone>(ask);
            QVERIFY2(done, session.why());
            QCOMPARE(done->reason, std::string("stop"));
            QVERIFY(!done->text.empty() && unstopped->text.starts_with(done->text));
            SyncConversation both = told(4, ask.question, done->text);
            QVERIFY(session.run<Synced>(both));
            const auto remembered = session.run<TurnDone>(next);
            QVERIFY2(remembered, session.why());
            QCOMPARE(remembered->statistics.readTokens, 0);

            QTemporaryDir caches;
            Session reading(
                {.modelFolder = config().modelFolder, .cacheFolder = caches.path().toStdString()});
            QVERIFY(epi::prepare(reading, {longConversation(4)}));
            QVERIFY(reading.run<Synced>(both));
            const auto read = reading.run<TurnDone>(next);
            QVERIFY2(read, reading.why());
            QCOMPARE(remembered->text, read->text);
            // All but the end of the reply, which a question brings with it.
            QCOMPARE(remembered->keptTokens + remembered->statistics.promptTokens,
                     read->keptTokens + read->statistics.promptTokens);
            both.turns.clear();
            QVERIFY(session.run<Synced>(both));
        }
    }

private:
    /// Waits until a build reads this episode; false when the job ends before.
    static bool waitForEpisode(Session& session, JobId build, std::int32_t episode) {
        for (int number = 1;; ++number) {
            const auto progress = session.log().wait<Progress>(build, number);
            if (!progress) return false;
            if (progress->episode == episode) return true;
        }
    }
};

}  // namespace epi

QTEST_GUILESS_MAIN(epi::TestLocalEngine)
#include "tst_local_engine.moc"
