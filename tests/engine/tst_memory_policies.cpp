// Memories of every preset through the engine's commands, over a model of two layers; and what cannot be
// built.

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <QTemporaryDir>
#include <QtTest>

#include "core/policy/preset.h"
#include "tests/engine/local_session.h"
#include "tests/support/tiny_model.h"

namespace epi {
namespace {

MemoryOptions smallMemory(const std::string& preset) {
    MemoryOptions options = epi::smallMemory();
    options.preset = preset;
    return options;
}

SyncConversation conversation(std::int64_t turns) {
    return longConversation(turns, "talk");
}

class TestMemoryPolicies : public QObject {
    Q_OBJECT

private:
    [[nodiscard]] LocalEngineConfig config() const {
        return {.modelFolder = models_.path().toStdString(),
                .cacheFolder = work_->path().toStdString() + "/kv",
                .profileFolder = work_->path().toStdString() + "/profiles"};
    }
    static LoadModel load(const std::string& model = "tiny") {
        return {.model = model,
                .embedder = kEmbedder,
                .device = DeviceChoice::kCpu,
                .compute = ComputeMode::kExact};
    }
    static Ask ask(const MemoryOptions& memory, const std::string& question) {
        Ask ask;
        ask.conversation = "talk";
        ask.question = question;
        ask.memory = memory;
        ask.sampling.maxTokens = 8;
        return ask;
    }
    [[nodiscard]] std::size_t cacheFiles() const {
        std::size_t count = 0;
        std::error_code error;
        for (const auto& entry : fs::directory_iterator(config().cacheFolder, error))
            count += entry.path().extension() == ".kv" ? 1 : 0;
        return count;
    }

    QTemporaryDir models_;
    std::unique_ptr<QTemporaryDir> work_;

private Q_SLOTS:
    void initTestCase() {
        test::writeTinyModel(models_.path().toStdString());
        test::writeTinyModel(
            models_.path().toStdString(), {.architecture = "gemma3", .layers = 6}, "tiny-gemma3");
        test::writeTinyModel(models_.path().toStdString(), {.architecture = "qwen3"}, "tiny-qwen3");
        test::writeTinyEmbedder(models_.path().toStdString(), kEmbedder);
    }
    void init() { work_ = std::make_unique<QTemporaryDir>(); }

    void buildsAnswersAndFindsAgain_data() {
        QTest::addColumn<std::string>("preset");
        for (const MemoryPreset& preset : allPresets())
            QTest::newRow(std::string(preset.id).c_str()) << std::string(preset.id);
    }
    void buildsAnswersAndFindsAgain() {
        QFETCH(std::string, preset);
        const bool isShared = !preset.starts_with("epicache");
        const bool isOnePass = preset == "epicache-onepass";
        const MemoryOptions memory = smallMemory(preset);
        std::string said;
        {
            Session session(config());
            QVERIFY2(session.run<ModelLoaded>(load()), session.why());
            const auto synced = session.run<Synced>(conversation(40));
            QVERIFY(synced);
            const auto built = session.run<MemoryBuilt>(BuildMemory{"talk", memory});
            QVERIFY2(built, session.why());
            QCOMPARE(built->episodes.size(), std::size_t{3});
            // Two blocks of 64 are read before the one behind which entries are dropped first, and it too
            // once for all three episodes.
            QCOMPARE(built->readTokens,
                     isShared || isOnePass ? synced->tokens : 3 * synced->tokens - 2 * 3 * 64);
            QVERIFY(built->peakEntriesPerHead <= built->peakEntriesBound);
            std::set<std::string> keys;
            for (const EpisodeSummary& episode : built->episodes) {
                QCOMPARE(episode.keptEntries, std::int64_t{2 * 2 * 160});
                QVERIFY(!episode.name.empty());
                keys.insert(episode.cacheKey);
            }
            QCOMPARE(keys.size(), std::size_t{isShared ? 1U : 3U});
            QCOMPARE(cacheFiles(), keys.size());
            const auto done = session.run<TurnDone>(ask(memory, "What about the dog?"));
            QVERIFY2(done, session.why());
            QCOMPARE(done->similarities.size(), std::size_t{3});
            said = done->text;
            for (std::int32_t episode = 0; episode < 3; ++episode) {
                const auto trace = session.run<Trace>(Inspect{"talk", memory, episode});
                QVERIFY2(trace, session.why());
                QCOMPARE(trace->episode, episode);
            }
        }
        Session again(config());
        QVERIFY2(again.run<ModelLoaded>(load()), again.why());
        QVERIFY(again.run<Synced>(conversation(40)));
        const auto found = again.run<MemoryBuilt>(BuildMemory{"talk", memory});
        QVERIFY2(found, again.why());
        QCOMPARE(found->readTokens, std::int64_t{0});
        QVERIFY(!found->episodes[0].name.empty());
        Ask question = ask(memory, "What about the dog?");
        question.remember = false;
        const auto done = again.run<TurnDone>(question);
        QVERIFY2(done, again.why());
        QCOMPARE(done->text, said);
    }

    void goesOnPastItsRoom_data() { buildsAnswersAndFindsAgain_data(); }
    void goesOnPastItsRoom() {
        QFETCH(std::string, preset);
        const MemoryOptions memory = smallMemory(preset);
        Session session(config());
        QVERIFY2(session.run<ModelLoaded>(load()), session.why());
        SyncConversation told = conversation(40);
        QVERIFY(session.run<Synced>(told));
        for (int round = 0; round < 6; ++round) {
            const std::string question =
                "Tell me more about " + told.turns[static_cast<std::size_t>(round) * 4].text;
            const auto done = session.run<TurnDone>(ask(memory, question));
            QVERIFY2(done, session.why());
            told.turns.push_back({.id = 100 + 2 * round, .role = Role::kUser, .text = question});
            told.turns.push_back({.id = 101 + 2 * round, .role = Role::kAssistant, .text = done->text});
            QVERIFY2(session.run<Synced>(told), session.why());
        }
    }

    void sharesARememberedTurnWhereOneCacheServesAll() {
        Session session(config());
        QVERIFY2(session.run<ModelLoaded>(load()), session.why());
        SyncConversation told = conversation(40);
        QVERIFY(session.run<Synced>(told));
        Ask first = ask(smallMemory("keydiff"), "What about the dog?");
        first.episode = 0;
        const auto done = session.run<TurnDone>(first);
        QVERIFY2(done, session.why());
        told.turns.push_back({.id = 100, .role = Role::kUser, .text = first.question});
        told.turns.push_back({.id = 101, .role = Role::kAssistant, .text = done->text});
        QVERIFY(session.run<Synced>(told));
        first.episode = 2;
        const auto other = session.run<TurnDone>(first);
        QVERIFY2(other, session.why());
        QCOMPARE(other->statistics.promptTokens, done->statistics.promptTokens + 2);
        QCOMPARE(other->episode, 2);
    }

    void needsNoEmbedderWhereOneCacheServesAll() {
        Session session(config());
        LoadModel without = load();
        without.embedder.clear();
        QVERIFY2(session.run<ModelLoaded>(without), session.why());
        QVERIFY(session.run<Synced>(conversation(40)));
        QVERIFY(!session.run<MemoryBuilt>(BuildMemory{"talk", smallMemory("epicache")}));
        QVERIFY(session.lastError().code == ErrorCode::kNotFound);
        const auto built = session.run<MemoryBuilt>(BuildMemory{"talk", smallMemory("keydiff")});
        QVERIFY2(built, session.why());
        QCOMPARE(built->episodes.size(), std::size_t{1});
        QVERIFY2(session.run<TurnDone>(ask(smallMemory("keydiff"), "Well?")), session.why());
    }

    void choosesTheNumberOfEpisodes() {
        Session session(config());
        QVERIFY2(session.run<ModelLoaded>(load()), session.why());
        QVERIFY(session.run<Synced>(conversation(40)));
        MemoryOptions memory = smallMemory("epicache");
        memory.episodes = 0;
        const auto built = session.run<MemoryBuilt>(BuildMemory{"talk", memory});
        QVERIFY2(built, session.why());
        QVERIFY(built->episodes.size() >= 2 && built->episodes.size() <= 9);
        const std::int64_t read = built->readTokens;
        QVERIFY(read > 0);
        const auto same = session.run<MemoryBuilt>(BuildMemory{"talk", built->memory});
        QVERIFY2(same, session.why());
        QCOMPARE(same->readTokens, std::int64_t{0});
    }

    void buildsWithOtherEmbedders() {
        for (const char* embedder : {"llm", "tiny-qwen3"}) {
            Session session(config());
            LoadModel command = load();
            command.embedder = embedder;
            QVERIFY2(session.run<ModelLoaded>(command), session.why());
            QVERIFY(session.run<Synced>(conversation(24)));
            const auto built = session.run<MemoryBuilt>(BuildMemory{"talk", smallMemory("epicache")});
            QVERIFY2(built, session.why());
            QVERIFY(built->readTokens > 0);
            QVERIFY2(session.run<TurnDone>(ask(smallMemory("epicache"), "What about rain?")), session.why());
        }
        Session session(config());
        LoadModel absent = load();
        absent.embedder = "nothing-like-it";
        QVERIFY(!session.run<ModelLoaded>(absent));
        QVERIFY(session.lastError().code == ErrorCode::kNotFound);
    }

    void buildsAnewForOtherPrompts() {
        Session session(config());
        QVERIFY2(session.run<ModelLoaded>(load()), session.why());
        QVERIFY(session.run<Synced>(conversation(40)));
        QVERIFY(session.run<MemoryBuilt>(BuildMemory{"talk", smallMemory("epicache")}));
        LoadModel reworded = load();
        reworded.prompts = R"({"memory_request": "Say what mattered."})";
        QVERIFY2(session.run<ModelLoaded>(reworded), session.why());
        const auto built = session.run<MemoryBuilt>(BuildMemory{"talk", smallMemory("epicache")});
        QVERIFY2(built, session.why());
        QVERIFY(built->readTokens > 0);
        reworded.prompts = R"({"memory_request": 7})";
        QVERIFY(!session.run<ModelLoaded>(reworded));
        QVERIFY2(session.lastError().message.starts_with("prompts: memory_request"), session.why());
        // The model loaded before stays.
        QVERIFY2(session.run<TurnDone>(ask(smallMemory("epicache"), "Well?")), session.why());
    }

    void sharesTheBudgetByTheProfileOfTheModel() {
        Session session(config());
        QVERIFY2(session.run<ModelLoaded>(load()), session.why());
        QVERIFY(session.run<Synced>(conversation(40)));
        const auto uniform = session.run<MemoryBuilt>(BuildMemory{"talk", smallMemory("epicache")});
        QVERIFY2(uniform, session.why());
        QCOMPARE(uniform->layerBudgets, (std::vector<std::int32_t>{160, 160}));
        const auto profiled = session.run<LayersProfiled>(ProfileLayers{.text = {}, .tokens = 9000});
        QVERIFY2(profiled, session.why());
        QCOMPARE(profiled->tokens, std::int64_t{9000});
        QCOMPARE(profiled->tokenSimilarity.size(), std::size_t{2});
        const auto shared = session.run<MemoryBuilt>(BuildMemory{"talk", smallMemory("epicache")});
        QVERIFY2(shared, session.why());
        QCOMPARE(shared->layerBudgets[0] + shared->layerBudgets[1], 320);
        QVERIFY(shared->layerBudgets[0] < shared->layerBudgets[1]);  // the first layer is not sensitive
        QVERIFY(shared->layerBudgets[0] >= 68);                      // what is pinned
        QVERIFY(shared->readTokens > 0);
        // Another engine finds the profile, and the memory made by it.
        Session again(config());
        QVERIFY2(again.run<ModelLoaded>(load()), again.why());
        QVERIFY(again.run<Synced>(conversation(40)));
        const auto found = again.run<MemoryBuilt>(BuildMemory{"talk", smallMemory("epicache")});
        QVERIFY2(found, again.why());
        QCOMPARE(found->readTokens, std::int64_t{0});
        QCOMPARE(found->layerBudgets, shared->layerBudgets);
    }

    void stopsProfilingWhenItIsCancelled() {
        Session session(config());
        QVERIFY2(session.run<ModelLoaded>(load()), session.why());
        const JobId job = session.post(ProfileLayers{.text = {}, .tokens = 60000});
        QVERIFY(session.log().wait<Progress>(job));
        session.cancel(job);
        QVERIFY(session.log().waitForEnd(job));
        const std::vector<Event> events = session.log().of(job);
        const auto* failed = std::get_if<Failed>(&events.back());
        QVERIFY(failed != nullptr && failed->error.code == ErrorCode::kCancelled);
        QVERIFY(!fs::exists(config().profileFolder));
    }

    void namesABudgetBelowThePins() {
        Session session(config());
        QVERIFY2(session.run<ModelLoaded>(load()), session.why());
        QVERIFY(session.run<Synced>(conversation(40)));
        MemoryOptions memory = smallMemory("epicache");
        memory.budget = 20;
        QVERIFY(!session.run<MemoryBuilt>(BuildMemory{"talk", memory}));
        QVERIFY(session.lastError().code == ErrorCode::kInvalidArgument);
        QVERIFY2(session.lastError().message.find("budget of 20 entries") != std::string::npos,
                 session.why());
        QVERIFY2(session.lastError().message.find("always stay") != std::string::npos, session.why());
        QCOMPARE(cacheFiles(), std::size_t{0});
        QVERIFY2(session.run<TurnDone>(ask(smallMemory("epicache"), "Well?")), session.why());
    }

    void answersAboutNothingAndAboutEmptyTurns() {
        Session session(config());
        QVERIFY2(session.run<ModelLoaded>(load()), session.why());
        QVERIFY(session.run<Synced>(conversation(0)));
        QVERIFY2(session.run<MemoryBuilt>(BuildMemory{"talk", smallMemory("epicache")}), session.why());
        QVERIFY2(session.run<TurnDone>(ask(smallMemory("epicache"), "Well?")), session.why());
        SyncConversation empty = conversation(60);
        for (Turn& turn : empty.turns)
            turn.text.clear();
        QVERIFY(session.run<Synced>(empty));
        const auto built = session.run<MemoryBuilt>(BuildMemory{"talk", smallMemory("epicache")});
        QVERIFY2(built, session.why());
        QVERIFY2(session.run<TurnDone>(ask(smallMemory("epicache"), "Well?")), session.why());
    }

    void readsOneUtteranceOfAHundredThousandTokens() {
        Session session(config());
        QVERIFY2(session.run<ModelLoaded>(load()), session.why());
        SyncConversation sync = conversation(1);
        sync.turns[0].text.clear();
        while (sync.turns[0].text.size() < 120'000)
            sync.turns[0].text += "rain and wind in the hills over there. ";
        const auto synced = session.run<Synced>(sync);
        QVERIFY(synced && synced->tokens > 60'000);
        MemoryOptions memory = smallMemory("epicache");
        memory.block = 512;
        const auto built = session.run<MemoryBuilt>(BuildMemory{"talk", memory});
        QVERIFY2(built, session.why());
        QCOMPARE(built->episodes.size(), std::size_t{1});
        QVERIFY(built->pastTrainedContext);
        QVERIFY2(session.run<TurnDone>(ask(memory, "Where is the rain?")), session.why());
    }

    void losesNothingWhenItIsCancelledAtAnyBlock_data() {
        QTest::addColumn<std::string>("preset");
        for (const char* preset : {"epicache", "epicache-onepass"})
            QTest::newRow(preset) << std::string(preset);
    }
    void losesNothingWhenItIsCancelledAtAnyBlock() {
        // Cancelled after each report in turn; then the build goes on and ends as one that was not disturbed.
        QFETCH(std::string, preset);
        const MemoryOptions memory = smallMemory(preset);
        Session session(config());
        QVERIFY2(session.run<ModelLoaded>(load()), session.why());
        QVERIFY(session.run<Synced>(conversation(24)));
        bool isBuilt = false;
        int cancelled = 0;
        for (int after = 1; !isBuilt && after < 200; after += 5) {
            // By the engine's thread: a build that takes a moment would be done before a test's thread looks.
            session.log().setObserver([&session, after](JobId each, std::ptrdiff_t events) {
                if (events == after) session.cancel(each);
            });
            const JobId job = session.post(BuildMemory{"talk", memory});
            QVERIFY(session.log().waitForEnd(job));
            const std::vector<Event> events = session.log().of(job);
            isBuilt = std::holds_alternative<MemoryBuilt>(events.back());
            const auto* failed = std::get_if<Failed>(&events.back());
            QVERIFY(isBuilt || (failed != nullptr && failed->error.code == ErrorCode::kCancelled));
            cancelled += isBuilt ? 0 : 1;
        }
        session.log().setObserver({});
        QVERIFY(isBuilt);
        QVERIFY(cancelled > 0);
        Ask question = ask(memory, "What about the dog?");
        question.remember = false;
        const auto disturbed = session.run<TurnDone>(question);
        QVERIFY2(disturbed, session.why());

        init();
        Session calm(config());
        QVERIFY2(calm.run<ModelLoaded>(load()), calm.why());
        QVERIFY(calm.run<Synced>(conversation(24)));
        const auto expected = calm.run<TurnDone>(question);
        QVERIFY2(expected, calm.why());
        QCOMPARE(disturbed->text, expected->text);
    }

    void keepsTheWindowOfLayersThatHaveOne() {
        Session session(config());
        QVERIFY2(session.run<ModelLoaded>(load("tiny-gemma3")), session.why());
        QVERIFY(session.run<Synced>(conversation(40)));
        const auto built = session.run<MemoryBuilt>(BuildMemory{"talk", smallMemory("epicache")});
        QVERIFY2(built, session.why());
        // Five layers with a window of 24, which no budget counts, and one that sees everything.
        QCOMPARE(built->layerBudgets, (std::vector<std::int32_t>{24, 24, 24, 24, 24, 160}));
        for (const EpisodeSummary& episode : built->episodes)
            QCOMPARE(episode.keptEntries, std::int64_t{2 * (5 * 24 + 160)});
        const auto trace = session.run<Trace>(Inspect{"talk", smallMemory("epicache"), 0});
        QVERIFY2(trace, session.why());
        for (std::size_t layer = 0; layer < 5; ++layer)
            QCOMPARE(trace->keptPerHead[layer], (std::vector<std::int32_t>{24, 24}));
    }
};

}  // namespace
}  // namespace epi

QTEST_GUILESS_MAIN(epi::TestMemoryPolicies)
#include "tst_memory_policies.moc"
