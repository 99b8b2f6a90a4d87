// Episodes that are begun for a question unlike all others, after the memory was built.

#include <algorithm>
#include <fstream>
#include <memory>
#include <optional>
#include <string>

#include <QTemporaryDir>
#include <QtTest>

#include "tests/engine/local_session.h"
#include "tests/support/tiny_model.h"

namespace epi {
namespace {

class TestAddedEpisodes : public QObject {
    Q_OBJECT

private:
    [[nodiscard]] fs::path cacheFolder() const { return fs::path(caches_->path().toStdString()) / "kv"; }
    [[nodiscard]] LocalEngineConfig config() const {
        return {.modelFolder = models_.path().toStdString(), .cacheFolder = cacheFolder()};
    }
    /// A question that begins an episode, whatever it is about.
    static Ask askAnew(const std::string& question) {
        Ask ask = askLong(question, true);
        ask.memory = memoryWithRoom();
        ask.memory.online.newEpisodeBelow = 2.0;
        return ask;
    }

    QTemporaryDir models_;
    std::unique_ptr<QTemporaryDir> caches_;

private Q_SLOTS:
    void initTestCase() {
        test::writeTinyModel(models_.path().toStdString());
        test::writeTinyEmbedder(models_.path().toStdString(), kEmbedder);
    }
    void init() { caches_ = std::make_unique<QTemporaryDir>(); }

    void beginsANewEpisodeForAQuestionUnlikeAllOthers() {
        SyncConversation history = longConversation(40);
        Ask ask = askAnew("What about the dog?");
        std::optional<TurnDone> next;
        Ask probe = askEpisode(kEpisodes, "And the piano?", false);
        {
            Session session(config());
            QVERIFY(prepare(session, {history}));
            const auto done = session.run<TurnDone>(ask);
            QVERIFY2(done, session.why());
            QCOMPARE(done->episode, kEpisodes);
            QCOMPARE(done->similarities.size(), std::size_t{kEpisodes + 1});
            // Nothing of the history but the chat prefix is in its cache.
            QVERIFY2(done->keptTokens < 100, std::to_string(done->keptTokens).c_str());
            QVERIFY(tell(session, history, ask.question, done->text));
            next = session.run<TurnDone>(probe);
            QVERIFY2(next, session.why());
            QCOMPARE(next->statistics.readTokens, 0);
            // The question itself is now most similar to the new episode.
            ask.memory.online.newEpisodeBelow = 0.0;
            ask.remember = false;
            const auto again = session.run<TurnDone>(ask);
            QVERIFY2(again, session.why());
            QCOMPARE(again->episode, kEpisodes);
        }
        Session session(config());
        QVERIFY(prepare(session, {history}));
        const auto again = session.run<TurnDone>(probe);
        QVERIFY2(again, session.why());
        QCOMPARE(again->statistics.readTokens, 0);
        QCOMPARE(again->text, next->text);
    }

    void forgetsANewEpisodeWhenATurnBeforeItIsEdited() {
        SyncConversation history = longConversation(40);
        Session session(config());
        QVERIFY(prepare(session, {history}));
        QVERIFY2(askAndTell(session, history, 1, "What about the dog?"), session.why());
        Ask ask = askAnew("And the piano?");
        const auto added = session.run<TurnDone>(ask);
        QVERIFY2(added, session.why());
        QCOMPARE(added->episode, kEpisodes);
        QVERIFY(session.run<Synced>(told(42, ask.question, added->text)));
        // The first of the two questions is edited: what stands before it is told, and it is asked anew.
        SyncConversation shorter = told(40, "", "");
        shorter.turns.clear();
        QVERIFY(session.run<Synced>(shorter));
        Ask again = ask;
        again.memory.online.newEpisodeBelow = 0.0;
        again.remember = false;
        const auto found = session.run<TurnDone>(again);
        QVERIFY2(found, session.why());
        QCOMPARE(found->similarities.size(), std::size_t{kEpisodes});
        // One that is added now is another one, in the same place.
        ask.question = "What about the rain?";
        const auto other = session.run<TurnDone>(ask);
        QVERIFY2(other, session.why());
        QCOMPARE(other->episode, kEpisodes);
        QCOMPARE(other->statistics.readTokens, 0);
        QVERIFY2(other->keptTokens < 100, std::to_string(other->keptTokens).c_str());
    }

    void readsANewEpisodeAgainAsItWasBegun() {
        SyncConversation history = longConversation(40);
        Ask ask = askAnew("What about the dog?");
        std::optional<TurnDone> next;
        const Ask probe = askEpisode(kEpisodes, "And the piano?", false);
        {
            Session session(config());
            QVERIFY(prepare(session, {history}));
            const auto done = session.run<TurnDone>(ask);
            QVERIFY2(done, session.why());
            QVERIFY(tell(session, history, ask.question, done->text));
            next = session.run<TurnDone>(probe);
            QVERIFY2(next, session.why());
        }
        LocalEngineConfig small = config();
        small.limits.deviceBytes = 1;  // nothing is loaded before it is asked
        Session session(small);
        QVERIFY(prepare(session, {history}));
        QVERIFY2(session.run<TurnDone>(askEpisode(0, "And the piano?", false)), session.why());
        const std::string suffix = "-" + std::to_string(kEpisodes) + ".kv";
        for (const fs::path& file : filesWith(cacheFolder(), ".kv")) {
            if (file.filename().string().ends_with(suffix)) fs::remove(file);
        }
        const auto again = session.run<TurnDone>(probe);
        QVERIFY2(again, session.why());
        QCOMPARE(again->tier, std::string("rebuilt"));
        QVERIFY2(again->keptTokens < 100, std::to_string(again->keptTokens).c_str());
        QCOMPARE(again->text, next->text);
    }

    void aNewEpisodeThatIsNotOnDiskIsTold() {
        std::ofstream(cacheFolder()) << "x";
        Session session(config());
        QVERIFY(prepare(session, {longConversation(40)}));
        const auto done = session.run<TurnDone>(askAnew("What about the dog?"));
        QVERIFY2(done, session.why());
        QCOMPARE(std::ranges::count(done->notices, NoticeCode::kEpisodeUnsaved, &Notice::code), 1);
        QVERIFY(std::ranges::count(done->notices, NoticeCode::kMemoryUnsaved, &Notice::code) <= 1);
    }
};

}  // namespace
}  // namespace epi

QTEST_GUILESS_MAIN(epi::TestAddedEpisodes)
#include "tst_added_episodes.moc"
