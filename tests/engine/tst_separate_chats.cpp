// Chats that begin alike hear nothing of each other.

#include <algorithm>
#include <chrono>
#include <fstream>
#include <iterator>

#include <QTemporaryDir>
#include <QtTest>

#include "core/engine/engine_session.h"
#include "core/format/cache_folder.h"
#include "core/format/cache_key.h"
#include "tests/engine/session_folders.h"

namespace epi {
namespace {

/// An engine whose work between two commands is done when a test says so.
class Stepped {
public:
    explicit Stepped(const LocalEngineConfig& config) : session_(config) {}

    void prepare(const std::vector<SyncConversation>& conversations) {
        LoadModel command;
        command.model = "tiny";
        command.embedder = kEmbedder;
        command.device = DeviceChoice::kCpu;
        command.compute = ComputeMode::kExact;
        run<ModelLoaded>(command);
        for (const SyncConversation& conversation : conversations)
            run<Synced>(conversation);
    }
    template <typename T>
    T run(const Command& command) {
        auto last = session_.run(command, {.emit = [](const Event&) {}, .cancel = {}});
        session_.save();
        if (!last) qFatal("%s", last.error().message.c_str());
        return std::get<T>(*std::move(last));
    }
    [[nodiscard]] const EngineSession& engine() const { return session_; }
    void workAhead() {
        while (session_.workAhead())
            continue;
    }

private:
    EngineSession session_;
};

class TestSeparateChats : public QObject {
    Q_OBJECT

private:
    static Ask ask(const std::string& conversation,
                   const std::string& question,
                   const MemoryOptions& memory) {
        Ask ask = askLong(question, true);
        ask.conversation = conversation;
        ask.memory = memory;
        ask.episode = 0;  // the same of both chats, wherever their questions belong
        return ask;
    }
    /// With room for some turns, so that none is cut before it is told.
    static MemoryOptions memory() {
        MemoryOptions options = smallMemory();
        options.block = 256;
        return options;
    }
    /// What the engine is told once a turn was answered.
    static SyncConversation after(SyncConversation before,
                                  const std::string& question,
                                  const TurnDone& done) {
        const auto first = static_cast<std::int64_t>(before.turns.size());
        before.turns.push_back(Turn{first + 1, Role::kUser, "", question, ""});
        before.turns.push_back(Turn{first + 2, Role::kAssistant, "", done.text, ""});
        return before;
    }

    SessionFolders folders_;

private Q_SLOTS:
    void init() { folders_.clearCaches(); }

    void aMemoryFromDiskNamesTheTurnsOfTheChatThatAsks() {
        // The same chat in another profile: other ids, the same words.
        SyncConversation chat = longConversation(40, "chat");
        std::optional<MemoryBuilt> built;
        {
            Session session(folders_.config());
            QVERIFY(prepare(session, {chat}));
            built = session.run<MemoryBuilt>(BuildMemory{"chat", smallMemory()});
            QVERIFY2(built, session.why());
        }
        for (Turn& turn : chat.turns)
            turn.id += 1'000;
        Session session(folders_.config());
        QVERIFY(prepare(session, {chat}));
        const auto found = session.run<MemoryBuilt>(BuildMemory{"chat", smallMemory()});
        QVERIFY2(found, session.why());
        QCOMPARE(found->readTokens, 0);
        QVERIFY(built->episodes.size() > 1);
        QCOMPARE(found->episodes.size(), built->episodes.size());
        for (std::size_t i = 0; i < built->episodes.size(); ++i) {
            std::vector<std::int64_t> expected = built->episodes[i].turnIds;
            for (std::int64_t& id : expected)
                id += 1'000;
            QCOMPARE(found->episodes[i].turnIds, expected);
        }
    }

    void anotherChatHearsNothing_data() {
        QTest::addColumn<int>("turns");
        QTest::newRow("new chats") << 0;
        QTest::newRow("the same history twice") << 40;
    }
    void anotherChatHearsNothing() {
        QFETCH(int, turns);
        const SyncConversation first = longConversation(turns, "first");
        const SyncConversation second = longConversation(turns, "second");
        const std::string question = "What about the dog?";
        TurnDone alone;
        {
            QTemporaryDir empty;
            LocalEngineConfig fresh = folders_.config();
            fresh.cacheFolder = fs::path(empty.path().toStdString()) / "kv";
            Session session(fresh);
            QVERIFY(prepare(session, {second}));
            const auto done = session.run<TurnDone>(ask("second", question, memory()));
            QVERIFY2(done, session.why());
            alone = *done;
        }
        Session session(folders_.config());
        QVERIFY(prepare(session, {first, second}));
        const auto secret = session.run<TurnDone>(ask("first", "A secret about the piano", memory()));
        QVERIFY2(secret, session.why());
        QVERIFY(session.run<Synced>(after(first, "A secret about the piano", *secret)));
        const auto other = session.run<TurnDone>(ask("second", question, memory()));
        QVERIFY2(other, session.why());
        QCOMPARE(other->keptTokens, alone.keptTokens);
        QCOMPARE(other->text, alone.text);
        // And the first one goes on where it was.
        QVERIFY(session.run<Synced>(after(second, question, *other)));
        const auto again = session.run<TurnDone>(ask("first", "And the piano?", memory()));
        QVERIFY2(again, session.why());
        QVERIFY(again->keptTokens > secret->keptTokens || again->keptTokens >= memory().budget);
        if (turns == 0) QCOMPARE(again->statistics.readTokens, std::int64_t{0});
        // Both are known to the engine by now, and take turns.
        const SyncConversation later =
            after(after(first, "A secret about the piano", *secret), "And the piano?", *again);
        QVERIFY(session.run<Synced>(later));
        const auto last = session.run<TurnDone>(ask("second", "And now?", memory()));
        QVERIFY2(last, session.why());
        QVERIFY(last->keptTokens <= std::max(last->historyTokens, std::int64_t{memory().budget}));
        Session apart(folders_.config());
        QVERIFY(prepare(apart, {after(second, question, *other)}));
        const auto same = apart.run<TurnDone>(ask("second", "And now?", memory()));
        QVERIFY2(same, apart.why());
        QCOMPARE(last->keptTokens, same->keptTokens);
        QCOMPARE(last->text, same->text);
    }

    void anotherChatHearsNothingWhenTheEngineWorksAhead_data() {
        QTest::addColumn<bool>("isBuilt");
        QTest::newRow("for the chat asked before one was looked at") << false;
        QTest::newRow("for a chat whose memory is asked for behind a question") << true;
    }
    void anotherChatHearsNothingWhenTheEngineWorksAhead() {
        QFETCH(bool, isBuilt);
        const SyncConversation first = longConversation(40, "first");
        const SyncConversation second = longConversation(40, "second");
        const std::string question = "What about the dog?";
        TurnDone alone;
        {
            Stepped session(folders_.config());
            session.prepare({second});
            alone = session.run<TurnDone>(ask("second", question, memory()));
        }
        folders_.clearCaches();
        SyncConversation firstLater;
        {
            Stepped session(folders_.config());
            session.prepare({first, second});
            session.run<MemoryBuilt>(BuildMemory{"second", memory()});
            const auto secret = session.run<TurnDone>(ask("first", "A secret about the piano", memory()));
            firstLater = after(first, "A secret about the piano", secret);
            session.run<Synced>(firstLater);
            if (!isBuilt) {
                session.run<Trace>(Inspect{"second", memory(), 1});
                session.workAhead();
                const auto other = session.run<TurnDone>(ask("second", question, memory()));
                QCOMPARE(other.keptTokens, alone.keptTokens);
                QCOMPARE(other.text, alone.text);
                return;
            }
        }
        Stepped session(folders_.config());
        session.prepare({firstLater, second});
        Ask elsewhere = ask("second", question, memory());
        elsewhere.episode = 1;
        elsewhere.remember = false;
        session.run<TurnDone>(elsewhere);
        session.run<MemoryBuilt>(BuildMemory{"first", memory()});
        session.workAhead();
        const auto other = session.run<TurnDone>(ask("second", question, memory()));
        QCOMPARE(other.keptTokens, alone.keptTokens);
        QCOMPARE(other.text, alone.text);
    }

    void leavesNothingOfADeletedChat() {
        const std::string canary = "canary";
        SyncConversation first = longConversation(80, "first");
        SyncConversation second = longConversation(80, "second");
        first.uid = "epichat:first";
        for (Turn& turn : first.turns)
            turn.text += " " + canary;
        MemoryOptions options = memory();
        options.online.recallTokens = 64;
        Session session(folders_.config());
        QVERIFY(prepare(session, {first, second}));
        QVERIFY2(session.run<TurnDone>(ask("first", "What about the dog?", options)), session.why());
        QVERIFY2(session.run<MemoryBuilt>(BuildMemory{"first", smallMemory()}), session.why());
        QVERIFY2(session.run<TurnDone>(ask("second", "What about the dog?", options)), session.why());
        QVERIFY(session.run<Synced>(SyncConversation{.conversation = "third"}));  // what was asked is saved
        const std::string key = conversationKey("epichat:first");
        const auto filesOf = [&](const std::string& beginning) {
            return std::ranges::count_if(
                fs::directory_iterator(folders_.cacheFolder()),
                [&](const auto& entry) { return entry.path().filename().string().starts_with(beginning); });
        };
        const auto holdCanary = [&] {
            return std::ranges::count_if(
                fs::directory_iterator(folders_.cacheFolder()), [&](const auto& entry) {
                    std::ifstream file(entry.path(), std::ios::binary);
                    return std::string(std::istreambuf_iterator<char>(file), {}).find(canary) !=
                           std::string::npos;
                });
        };
        const auto kept = filesOf(conversationKey("second"));
        const auto gone = filesOf(key);
        QCOMPARE(gone + kept, filesOf(""));
        QVERIFY(holdCanary() > 0);
        QVERIFY(filesWith(folders_.cacheFolder(), ".passages").size() >= 2);

        const auto released = session.run<Released>(Release{{key}});
        QVERIFY2(released, session.why());
        QCOMPARE(released->files, static_cast<std::int64_t>(gone));
        QCOMPARE(filesOf(""), kept);
        QCOMPARE(holdCanary(), 0);
        QVERIFY(session.run<Failed>(ask("first", "What about the dog?", options)));
        QCOMPARE(session.lastError().code, ErrorCode::kNotFound);
        const auto other = session.run<TurnDone>(ask("second", "And the piano?", options));
        QVERIFY2(other, session.why());
        QCOMPARE(other->tier, std::string("device"));
    }

    void ofErasedTurnsTheMemoryAsItWasBuiltStaysAlone() {
        SyncConversation chat = longConversation(80, "first");
        chat.uid = "epichat:first";
        MemoryOptions options = memory();
        options.online.recallTokens = 64;
        Session session(folders_.config());
        QVERIFY(prepare(session, {chat}));
        QVERIFY2(session.run<MemoryBuilt>(BuildMemory{"first", smallMemory()}), session.why());
        const auto built = session.run<MemoryBuilt>(BuildMemory{"first", options});
        QVERIFY2(built, session.why());
        const std::string key = built->episodes.front().cacheKey.substr(0, 64);
        const Ask probe = [&] {
            Ask asked = ask("first", "And the piano?", options);
            asked.remember = false;
            return asked;
        }();
        const auto before = session.run<TurnDone>(probe);
        QVERIFY2(before, session.why());
        const auto secret = session.run<TurnDone>(ask("first", "A secret about the dog", options));
        QVERIFY2(secret, session.why());
        QVERIFY(session.run<Synced>(after(chat, "A secret about the dog", *secret)));
        QVERIFY(session.run<Synced>(chat));
        QVERIFY(!filesWith(folders_.cacheFolder(), ".turns").empty());
        const auto time = std::chrono::system_clock::now().time_since_epoch() + std::chrono::seconds(1);
        const std::string outdated =
            outdatedKey(key, std::chrono::duration_cast<std::chrono::milliseconds>(time).count());
        const auto released = session.run<Released>(Release{{outdated}});
        QVERIFY2(released, session.why());
        for (const auto& entry : fs::directory_iterator(folders_.cacheFolder())) {
            const std::string name = entry.path().filename().string();
            QVERIFY2(name.starts_with(key), name.c_str());
            QVERIFY2(name.ends_with(".kv") || name.ends_with(".memory"), name.c_str());
        }
        const auto again = session.run<TurnDone>(probe);
        QVERIFY2(again, session.why());
        QCOMPARE(again->statistics.readTokens, std::int64_t{0});
        QCOMPARE(again->text, before->text);
    }

    void keepsThePassagesOfTheLastChatsAlone() {
        MemoryOptions options = memory();
        options.online.recallTokens = 64;
        Stepped session(folders_.config());
        session.prepare({});
        for (int chat = 0; chat < 6; ++chat) {
            const std::string name = std::to_string(chat);
            session.run<Synced>(longConversation(40, name));
            session.run<TurnDone>(ask(name, "What about the dog?", options));
        }
        QCOMPARE(session.engine().indexedConversations(), std::size_t{3});
        session.run<Released>(Release{{conversationKey("5")}});
        QCOMPARE(session.engine().indexedConversations(), std::size_t{2});
        // What was given up is read again.
        session.run<TurnDone>(ask("0", "What about the dog?", options));
        QCOMPARE(session.engine().indexedConversations(), std::size_t{3});
    }

    void newChatsAreFoundAgainAfterARestart() {
        const SyncConversation first = longConversation(0, "first");
        const SyncConversation second = longConversation(0, "second");
        SyncConversation firstLater;
        {
            Session session(folders_.config());
            QVERIFY(prepare(session, {first, second}));
            const auto one = session.run<TurnDone>(ask("first", "A secret about the piano", memory()));
            QVERIFY2(one, session.why());
            firstLater = after(first, "A secret about the piano", *one);
            QVERIFY(session.run<TurnDone>(ask("second", "What about the dog?", memory())));
        }
        Session session(folders_.config());
        QVERIFY(prepare(session, {firstLater}));
        const auto again = session.run<TurnDone>(ask("first", "And the piano?", memory()));
        QVERIFY2(again, session.why());
        QCOMPARE(again->statistics.readTokens, std::int64_t{0});
    }
};

}  // namespace
}  // namespace epi

QTEST_GUILESS_MAIN(epi::TestSeparateChats)
#include "tst_separate_chats.moc"
