// Episodes of a chat that has moved on: one is split, two are merged, and nothing is read again.

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <QDeadlineTimer>
#include <QTemporaryDir>
#include <QtTest>

#include "tests/engine/local_session.h"
#include "tests/support/tiny_model.h"

namespace epi {
namespace {

constexpr std::int64_t kBuiltTurns = 36;
constexpr std::chrono::seconds kLongest{120};

class TestRegrouping : public QObject {
    Q_OBJECT

private:
    [[nodiscard]] fs::path cacheFolder() const { return fs::path(caches_->path().toStdString()) / "kv"; }
    [[nodiscard]] LocalEngineConfig config() const {
        return {.modelFolder = models_.path().toStdString(), .cacheFolder = cacheFolder()};
    }
    static MemoryOptions memory(const std::string& preset) {
        MemoryOptions options = smallMemory();
        options.preset = preset;
        options.block = 256;
        return options;
    }
    static Turn turn(std::int64_t index, const std::string& text) {
        return {index + 1, index % 2 == 0 ? Role::kUser : Role::kAssistant, "", text, ""};
    }
    /// Three topics, two of which are hardly two.
    static SyncConversation beginning() {
        const std::vector<std::string> topics{"the dog likes to run on the beach",
                                              "bread with butter and honey for breakfast",
                                              "bread with butter and jam for breakfast"};
        SyncConversation sync;
        sync.conversation = "long";
        for (std::int64_t i = 0; i < kBuiltTurns; ++i)
            sync.turns.push_back(turn(i, topics[static_cast<std::size_t>(i / 4) % topics.size()]));
        return sync;
    }
    /// What is said later, which has nothing to do with any of them.
    static SyncConversation later() {
        SyncConversation sync;
        sync.conversation = "long";
        sync.firstTurn = kBuiltTurns;
        for (std::int64_t i = 0; i < 24; ++i)
            sync.turns.push_back(
                turn(kBuiltTurns + i, "an old piano stands in the hall, rain and wind in the hills"));
        return sync;
    }
    static SyncConversation whole() {
        SyncConversation all = beginning();
        const SyncConversation more = later();
        all.turns.insert(all.turns.end(), more.turns.begin(), more.turns.end());
        return all;
    }
    static Ask ask(const std::string& preset, std::int32_t episode) {
        Ask command = askLong("And the piano?");
        command.memory = memory(preset);
        command.episode = episode;
        return command;
    }
    static std::optional<MemoryBuilt> told(Session& session, const std::string& preset) {
        return session.run<MemoryBuilt>(BuildMemory{.conversation = "long", .memory = memory(preset)});
    }
    /// Asks until the engine, left alone in between, says that it has regrouped.
    static std::optional<TurnDone> askUntilRegrouped(Session& session, const std::string& preset) {
        for (const QDeadlineTimer deadline(kLongest); !deadline.hasExpired(); QTest::qWait(50)) {
            auto done = session.run<TurnDone>(ask(preset, 0));
            if (!done || done->isRegrouped) return done;
        }
        return std::nullopt;
    }
    /// Builds a memory of the beginning, and waits until it is regrouped by what is said later. The memory as
    /// it was built.
    static std::optional<MemoryBuilt> buildAndRegroup(Session& session, const std::string& preset) {
        if (!prepare(session, {beginning()})) return std::nullopt;
        auto built = told(session, preset);
        if (!built || !session.run<Synced>(later()) || !askUntilRegrouped(session, preset))
            return std::nullopt;
        return built;
    }
    /// The one with most turns after the build.
    static std::int32_t newestEpisode(const MemoryBuilt& built) {
        std::vector<std::ptrdiff_t> later;
        for (const EpisodeSummary& episode : built.episodes)
            later.push_back(std::ranges::count_if(episode.turnIds, [](auto id) { return id > kBuiltTurns; }));
        return static_cast<std::int32_t>(std::ranges::max_element(later) - later.begin());
    }
    static bool isNamedAfterWhatCame(const std::string& name) {
        const std::vector<std::string> words{"piano", "hall", "rain", "wind", "hills", "stands", "old"};
        return std::ranges::any_of(words, [&](const auto& word) { return name.find(word) != name.npos; });
    }
    static std::vector<std::string> representatives(const MemoryBuilt& built) {
        std::vector<std::string> texts;
        for (const EpisodeSummary& episode : built.episodes)
            texts.insert(texts.end(), episode.representatives.begin(), episode.representatives.end());
        return texts;
    }

    QTemporaryDir models_;
    std::unique_ptr<QTemporaryDir> caches_;

private Q_SLOTS:
    void initTestCase() {
        test::writeTinyModel(models_.path().toStdString());
        test::writeTinyEmbedder(models_.path().toStdString(), kEmbedder);
    }
    void init() { caches_ = std::make_unique<QTemporaryDir>(); }

    void splitsAndMergesWhileItIsIdle() {
        std::vector<std::string> expected;
        std::string text;
        std::int32_t newest = 0;
        {
            Session session(config());
            const auto built = buildAndRegroup(session, "epicache");
            QVERIFY2(built, session.why());
            QCOMPARE(built->episodes.size(), std::size_t{3});
            const auto now = told(session, "epicache");
            QVERIFY2(now, session.why());
            QCOMPARE(now->readTokens, 0);
            QCOMPARE(now->episodes.size(), std::size_t{3});
            newest = newestEpisode(*now);
            const auto& episode = now->episodes[static_cast<std::size_t>(newest)];
            QVERIFY(std::ranges::all_of(episode.turnIds, [](auto id) { return id > kBuiltTurns; }));
            QVERIFY2(isNamedAfterWhatCame(episode.name), episode.name.c_str());
            std::size_t turns = 0;
            for (const EpisodeSummary& each : now->episodes)
                turns += each.turnIds.size();
            QCOMPARE(turns, whole().turns.size());
            // Its cache is a copy of what was read, so that only the turns since are read.
            const auto asked = session.run<TurnDone>(ask("epicache", newest));
            QVERIFY2(asked, session.why());
            QVERIFY(asked->tier != "rebuilt");
            QVERIFY(!asked->isRegrouped);
            expected = representatives(*now);
            const auto again = session.run<TurnDone>(ask("epicache", newest));
            QVERIFY2(again, session.why());
            text = again->text;
        }
        // Another engine finds the same.
        Session session(config());
        QVERIFY(prepare(session, {whole()}));
        const auto found = told(session, "epicache");
        QVERIFY2(found, session.why());
        QCOMPARE(found->readTokens, 0);
        QCOMPARE(representatives(*found), expected);
        const auto asked = session.run<TurnDone>(ask("epicache", newest));
        QVERIFY2(asked, session.why());
        QCOMPARE(asked->statistics.readTokens, 0);
        QCOMPARE(asked->text, text);
    }

    void regroupsEpisodesThatShareACache() {
        Session session(config());
        QVERIFY2(buildAndRegroup(session, "epichat"), session.why());
        const auto now = told(session, "epichat");
        QVERIFY2(now, session.why());
        const std::string& name = now->episodes[static_cast<std::size_t>(newestEpisode(*now))].name;
        QVERIFY2(isNamedAfterWhatCame(name), name.c_str());
    }

    void goesBackToTheEpisodesOfTheBuildAfterAnEdit() {
        std::vector<std::string> asBuilt;
        std::vector<std::string> expected;
        {
            Session session(config());
            const auto built = buildAndRegroup(session, "epicache");
            QVERIFY2(built, session.why());
            asBuilt = representatives(*built);
            const auto now = told(session, "epicache");
            QVERIFY2(now, session.why());
            expected = representatives(*now);
            QVERIFY(expected != asBuilt);
            // Episodes have turns from behind the build now; what an edit of those costs is no build.
            QCOMPARE(built->lastTurn, kBuiltTurns);
            QCOMPARE(now->lastTurn, kBuiltTurns);
            // A turn that the grouping has seen becomes another.
            SyncConversation edited = later();
            edited.turns.resize(4);
            edited.turns.front().text = "was there rain?";
            QVERIFY(session.run<Synced>(edited));
            const auto back = told(session, "epicache");
            QVERIFY2(back, session.why());
            QCOMPARE(representatives(*back), asBuilt);
            QCOMPARE(back->readTokens, 0);
            QCOMPARE(back->lastTurn, kBuiltTurns);
            // Nor is a cache read again, but that of the episode that the regrouping replaced.
            int rebuilt = 0;
            for (std::int32_t episode = 0; episode < 3; ++episode) {
                const auto done = session.run<TurnDone>(ask("epicache", episode));
                QVERIFY2(done, session.why());
                rebuilt += done->tier == "rebuilt" ? 1 : 0;
            }
            QCOMPARE(rebuilt, 1);
            // The former version is gone back to.
            QVERIFY(session.run<Synced>(later()));
            QVERIFY2(askUntilRegrouped(session, "epicache"), session.why());
            const auto former = told(session, "epicache");
            QVERIFY2(former, session.why());
            QCOMPARE(representatives(*former), expected);
            for (std::int32_t episode = 0; episode < 3; ++episode)
                QVERIFY2(session.run<TurnDone>(ask("epicache", episode)), session.why());
        }
    }

    void saysThatAQuestionHasBuiltEpisodes() {
        Session session(config());
        QVERIFY(prepare(session, {beginning()}));
        const auto first = session.run<TurnDone>(ask("epicache", 0));
        QVERIFY2(first, session.why());
        QVERIFY(first->isRegrouped);
        QVERIFY2(told(session, "epicache"), session.why());
        const auto second = session.run<TurnDone>(ask("epicache", 0));
        QVERIFY2(second, session.why());
        QVERIFY(!second->isRegrouped);
        // A turn that it was built of becomes another.
        SyncConversation edited = beginning();
        edited.turns.back().text = "was there rain?";
        QVERIFY(session.run<Synced>(edited));
        const auto third = session.run<TurnDone>(ask("epicache", 0));
        QVERIFY2(third, session.why());
        QVERIFY(third->isRegrouped);
    }

    void saysThatAnotherMemoryAnswers() {
        Session session(config());
        QVERIFY(prepare(session, {beginning()}));
        const auto isOther = [&](const std::string& preset) {
            const auto done = session.run<TurnDone>(ask(preset, 0));
            return done && done->isRegrouped;
        };
        for (const char* preset : {"epicache", "epichat", "epicache"}) {  // at last one that is on disk
            QVERIFY2(isOther(preset), preset);
            QVERIFY2(isOther(preset), preset);  // until it was told
            QVERIFY2(told(session, preset), session.why());
            QVERIFY2(!isOther(preset), preset);
        }
        // Of so little there are no episodes.
        SyncConversation little = beginning();
        little.turns.resize(2);
        QVERIFY(session.run<Synced>(little));
        QVERIFY(isOther("epicache"));
        QVERIFY2(told(session, "epicache"), session.why());
        QVERIFY(!isOther("epicache"));
    }

    void leavesADamagedGroupingAlone() {
        std::vector<std::string> asBuilt;
        {
            Session session(config());
            const auto built = buildAndRegroup(session, "epicache");
            QVERIFY2(built, session.why());
            asBuilt = representatives(*built);
        }
        const auto groups = filesWith(cacheFolder(), ".groups");
        QCOMPARE(groups.size(), std::size_t{1});
        flipAByteInTheMiddle(groups.front());
        Session session(config());
        QVERIFY(prepare(session, {whole()}));
        const auto found = told(session, "epicache");
        QVERIFY2(found, session.why());
        QCOMPARE(representatives(*found), asBuilt);
        for (std::int32_t episode = 0; episode < 3; ++episode)
            QVERIFY2(session.run<TurnDone>(ask("epicache", episode)), session.why());
    }

    void waitsUntilEnoughWasSaid() {
        Session session(config());
        QVERIFY(prepare(session, {beginning()}));
        QVERIFY2(told(session, "epicache"), session.why());
        SyncConversation few = later();
        few.turns.resize(14);
        QVERIFY(session.run<Synced>(few));
        for (int look = 0; look < 6; ++look) {
            const auto done = session.run<TurnDone>(ask("epicache", 0));
            QVERIFY2(done, session.why());
            QVERIFY(!done->isRegrouped);
            QTest::qWait(30);
        }
        QVERIFY(filesWith(cacheFolder(), ".groups").empty());
    }
};

}  // namespace
}  // namespace epi

QTEST_GUILESS_MAIN(epi::TestRegrouping)
#include "tst_regrouping.moc"
