// What the engine is told of conversations, whatever was told before.

#include <random>

#include "storage/turns.h"
#include "tests/ui/long_chat_fixture.h"
#include "tests/ui/window_fixture.h"
#include "ui/bridge/turn_scan.h"

using namespace epi;
using namespace epi::test;
using namespace Qt::StringLiterals;

namespace {

/// The rule itself: every message but those of exchanges without an answer.
std::vector<Turn> expectedOf(const std::vector<MessageRecord>& messages) {
    std::vector<Turn> turns;
    for (const MessageRecord& message : messages) {
        const bool isReply = message.role == Role::kAssistant && message.speaker.empty();
        if (isReply && message.text.empty()) {
            const bool followsQuestion = !turns.empty() && turns.back().role == Role::kUser;
            if (followsQuestion && message.parentId == turns.back().id) turns.pop_back();
            continue;
        }
        turns.push_back({.id = message.id,
                         .role = message.role,
                         .speaker = message.speaker,
                         .text = turnText(message.text, message.caption),
                         .session = message.session});
    }
    return turns;
}

bool isSame(const Turn& a, const Turn& b) {
    return a.id == b.id && a.role == b.role && a.speaker == b.speaker && a.text == b.text &&
           a.session == b.session;
}

std::vector<SyncConversation> syncs(const std::vector<Command>& commands) {
    std::vector<SyncConversation> all;
    for (const Command& command : commands) {
        if (const auto* sync = std::get_if<SyncConversation>(&command)) all.push_back(*sync);
    }
    return all;
}

/// What an engine holds after it was told this.
void tell(const SyncConversation& message, std::vector<Turn>& turns) {
    QVERIFY(message.firstTurn <= std::ssize(turns));
    turns.resize(static_cast<std::size_t>(message.firstTurn));
    turns.insert(turns.end(), message.turns.begin(), message.turns.end());
}

}  // namespace

class TestConversationSync : public QObject {
    Q_OBJECT

private:
    std::unique_ptr<QTemporaryDir> folder_;

    /// Does something once, when the first piece of a conversation is on its way.
    static void atFirstPiece(WindowFixture& app, std::function<void()> work) {
        auto isDone = std::make_shared<bool>(false);
        app.engine->onPost([&app, isDone, work = std::move(work)](const Command& command) {
            if (!std::holds_alternative<SyncConversation>(command) || std::exchange(*isDone, true)) return;
            QMetaObject::invokeMethod(&app.window, work, Qt::QueuedConnection);
        });
    }

private Q_SLOTS:
    void initTestCase() { Theme::apply(ThemeChoice::kLight, 100); }
    void init() { folder_ = std::make_unique<QTemporaryDir>(); }

    void theCommandLineTellsTheSame() {
        std::vector<MessageRecord> messages;
        const auto add = [&](Role role, const char* text, MessageState state, const char* speaker = "") {
            MessageRecord message;
            message.id = std::ssize(messages) + 1;
            if (!messages.empty()) message.parentId = messages.back().id;
            message.role = role;
            message.speaker = speaker;
            message.text = text;
            message.state = state;
            messages.push_back(message);
        };
        using enum MessageState;
        add(Role::kUser, "told", kComplete, "Ann");
        add(Role::kAssistant, "", kFailed);  // answers no question
        add(Role::kUser, "no reply at all", kComplete);
        add(Role::kAssistant, "", kStopped);
        add(Role::kUser, "a reply that broke off", kComplete);
        add(Role::kAssistant, "as far as it", kFailed);
        add(Role::kUser, "stopped", kComplete);
        add(Role::kAssistant, "as far", kStopped);
        add(Role::kUser, "is being answered elsewhere", kComplete);
        add(Role::kAssistant, "a few words", kStreaming);
        TurnScan scan({.id = 7}, nullptr, 0);
        for (const MessageRecord& message : messages)
            scan.add(message);
        std::vector<Turn> window;
        tell(scan.takePiece(true), window);
        const std::vector<Turn> commandLine = epi::turnsOf(messages);
        QVERIFY(std::equal(window.begin(), window.end(), commandLine.begin(), commandLine.end(), isSame));
        std::vector<std::int64_t> ids;
        for (const Turn& turn : window)
            ids.push_back(turn.id);
        QCOMPARE(ids, (std::vector<std::int64_t>{1, 5, 6, 7, 8}));
    }

    void whatIsToldIsWhatIsThere_data() {
        QTest::addColumn<unsigned>("seed");
        for (unsigned seed = 1; seed <= 20; ++seed)
            QTest::addRow("seed %u", seed) << seed;
    }
    void whatIsToldIsWhatIsThere() {
        QFETCH(unsigned, seed);
        std::mt19937 random(seed);
        const auto below = [&](std::size_t count) {
            return std::size_t{random() % count};
        };
        ConversationRecord conversation;
        conversation.id = 7;
        std::int64_t nextId = 0;
        std::vector<MessageRecord> branch;
        const auto add = [&] {
            MessageRecord message;
            message.id = ++nextId;
            if (!branch.empty()) message.parentId = branch.back().id;
            message.role =
                branch.empty() || branch.back().role == Role::kAssistant ? Role::kUser : Role::kAssistant;
            if (below(6) != 0) message.text = std::string(1 + below(3), static_cast<char>('a' + below(26)));
            if (below(5) == 0) message.caption = "boat";
            branch.push_back(message);
        };
        std::vector<Turn> engine;
        std::shared_ptr<const HeldConversation> held;
        for (int step = 0; step < 40; ++step) {
            std::int64_t unchangedTo = branch.empty() ? 0 : branch.back().id;
            const auto change = [&](std::size_t row) {
                unchangedTo = std::min(unchangedTo, row == 0 ? 0 : branch[row - 1].id);
            };
            switch (below(5)) {
                case 0:  // a version of one, and what follows goes
                    if (!branch.empty()) {
                        const std::size_t row = below(branch.size());
                        change(row);
                        branch.resize(row);
                    }
                    break;
                case 1:  // one says something else, or nothing
                    if (!branch.empty()) {
                        const std::size_t row = below(branch.size());
                        change(row);
                        branch[row].text = below(2) == 0 ? "" : "other";
                    }
                    break;
                case 2:  // two are taken out
                    if (branch.size() > 2) {
                        const std::size_t row = below(branch.size() - 1);
                        change(row);
                        branch.erase(branch.begin() + static_cast<std::ptrdiff_t>(row),
                                     branch.begin() + static_cast<std::ptrdiff_t>(row) + 2);
                    }
                    break;
                case 3:
                    if (below(4) == 0) conversation.systemPrompt += "x";
                    break;
                default:
                    break;
            }
            for (std::size_t i = below(6); i > 0; --i)
                add();
            TurnScan scan(conversation, below(8) == 0 ? nullptr : held, below(2) == 0 ? 0 : unchangedTo);
            bool isBegun = scan.firstMessage() == 0;
            for (const MessageRecord& message : branch) {
                isBegun = isBegun || message.id == scan.firstMessage();
                if (!isBegun) continue;
                scan.add(message);
                if (below(5) == 0) tell(scan.takePiece(false), engine);
            }
            if (!scan.isHeld()) tell(scan.takePiece(true), engine);
            held = scan.result();
            const std::vector<Turn> expected = expectedOf(branch);
            QCOMPARE(engine.size(), expected.size());
            QVERIFY(std::equal(engine.begin(), engine.end(), expected.begin(), isSame));
            QCOMPARE(held->turns.size(), expected.size());
        }
    }

    void aTurnThatChangesAnywhereIsAnotherOne() {
        const Turn turn{.id = 1, .role = Role::kUser, .speaker = "a", .text = "b", .session = "c"};
        const HeldTurn held = heldTurn(turn);
        QVERIFY(held == heldTurn(turn));
        for (const Turn& other : {Turn{2, Role::kUser, "a", "b", "c"},
                                  Turn{1, Role::kAssistant, "a", "b", "c"},
                                  Turn{1, Role::kUser, "ab", "", "c"},
                                  Turn{1, Role::kUser, "a", "bc", ""},
                                  Turn{1, Role::kUser, "", "ab", "c"}})
            QVERIFY(!(held == heldTurn(other)));
    }

    void aLongChatIsToldInPiecesAndThenOnlyWhatIsNew() {
        const std::int64_t id =
            writeLongChat(folder_->path().toStdString() + "/epichat.db", 6'000, std::string(600, 'x'));
        QVERIFY(id != 0);
        WindowFixture app(folder_->path());
        QTRY_VERIFY(app.window.conversations().model().find(id) != nullptr);
        app.window.openConversation(id);
        QTRY_COMPARE(app.messages().rowCount(), 6'000);
        QVERIFY(app.ask(u"First?"_s));
        std::vector<SyncConversation> told = syncs(app.engine->posted());
        QVERIFY(told.size() >= 4);  // 3.8 MB in pieces of 1 MiB
        std::vector<Turn> turns;
        for (std::size_t i = 0; i < told.size(); ++i) {
            QCOMPARE(told[i].isPartial, i + 1 < told.size());
            tell(told[i], turns);
        }
        QCOMPARE(turns.size(), std::size_t{6'000});
        for (int i = 0; i < 6'000; ++i)
            QVERIFY(turns[static_cast<std::size_t>(i)].text == textOfMessage(i) + std::string(600, 'x'));
        QVERIFY(std::holds_alternative<Ask>(app.engine->posted().back()));

        QVERIFY(app.ask(u"Second?"_s));
        told = syncs(app.engine->posted());
        QCOMPARE(told.back().firstTurn, 6'000);
        QCOMPARE(told.back().turns.size(), std::size_t{2});
        QCOMPARE(told.back().turns[0].text, std::string("First?"));

        // A new engine knows nothing: it is told all of it without being asked.
        const std::size_t before = told.size();
        app.engine->crash("killed", true);
        const auto again = [&] {
            std::vector<SyncConversation> all = syncs(app.engine->posted());
            return std::vector(all.begin() + static_cast<std::ptrdiff_t>(std::min(before, all.size())),
                               all.end());
        };
        QTRY_VERIFY(!again().empty() && !again().back().isPartial);
        turns.clear();
        for (const SyncConversation& piece : again())
            tell(piece, turns);
        QCOMPARE(turns.size(), std::size_t{6'002});
        QVERIFY(app.ask(u"Third?"_s));
        QCOMPARE(syncs(app.engine->posted()).back().firstTurn, 6'002);
    }

    void anEngineThatDiesInTheMiddleIsToldAllOfIt() {
        const std::int64_t id =
            writeLongChat(folder_->path().toStdString() + "/epichat.db", 4'000, std::string(600, 'x'));
        WindowFixture app(folder_->path());
        QTRY_VERIFY(app.window.conversations().model().find(id) != nullptr);
        app.window.openConversation(id);
        QTRY_COMPARE(app.messages().rowCount(), 4'000);
        atFirstPiece(app, [&] { app.engine->crash("killed", true); });
        app.send(u"First?"_s);
        QTRY_VERIFY(app.messages().rowCount() == 4'002 && !app.window.session()->isAnswering());
        QTRY_COMPARE(app.client.state(), EngineClient::State::kReady);
        const std::size_t before = syncs(app.engine->posted()).size();
        // Between two pieces nothing has failed, and the question is asked of the new engine.
        if (app.lastMessage().state != MessageState::kComplete) app.window.session()->regenerate(4'001);
        QTRY_COMPARE(app.lastMessage().state, MessageState::kComplete);
        std::vector<Turn> turns;
        std::vector<SyncConversation> told = syncs(app.engine->posted());
        // From the last time that it was told from the beginning.
        std::size_t first = 0;
        for (std::size_t i = 0; i < told.size(); ++i) {
            if (told[i].firstTurn == 0) first = i;
        }
        for (std::size_t i = first; i < told.size(); ++i)
            tell(told[i], turns);
        QVERIFY(told.size() >= before);
        QCOMPARE(turns.size(), std::size_t{4'000});
    }

    void aQuestionIsStoppedWhileALongChatIsTold() {
        const std::int64_t id =
            writeLongChat(folder_->path().toStdString() + "/epichat.db", 4'000, std::string(600, 'x'));
        WindowFixture app(folder_->path());
        QTRY_VERIFY(app.window.conversations().model().find(id) != nullptr);
        app.window.openConversation(id);
        QTRY_COMPARE(app.messages().rowCount(), 4'000);
        atFirstPiece(app, [&] { app.window.session()->stop(); });
        app.send(u"First?"_s);
        QTRY_VERIFY(app.messages().rowCount() == 4'002 && !app.window.session()->isAnswering());
        QCOMPARE(app.lastMessage().state, MessageState::kStopped);
        QVERIFY(!std::holds_alternative<Ask>(app.engine->posted().back()));
        // The next one is told all of it.
        QVERIFY(app.ask(u"Second?"_s));
        QCOMPARE(app.lastMessage().state, MessageState::kComplete);
        std::vector<Turn> turns;
        for (const SyncConversation& piece : syncs(app.engine->posted()))
            tell(piece, turns);
        QCOMPARE(turns.size(), std::size_t{4'000});
    }
};

QTEST_MAIN(TestConversationSync)
#include "tst_conversation_sync.moc"
