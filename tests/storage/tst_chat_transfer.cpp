// Whole chats into a profile and out of it, and what keeps many of them in order.

#include <QtTest>

#include "core/transfer/chat_exporter.h"
#include "storage/migrations.h"
#include "storage/store.h"
#include "tests/storage/raw_sqlite.h"
#include "tests/support/check_result.h"

using namespace epi;
using test::databaseIn;

namespace {

PortableMessage said(std::string id, std::optional<std::size_t> parent, Role role, std::string text) {
    return {.id = std::move(id), .parent = parent, .role = role, .text = std::move(text)};
}

/// A question with two answers; the first goes on, and is shown.
PortableChat branched() {
    PortableChat chat;
    chat.uid = "chatgpt:1";
    chat.title = "Branched";
    chat.createdAtMs = 1'700'000'000'000;
    chat.updatedAtMs = 1'700'000'100'000;
    chat.messages = {said("q1", {}, Role::kUser, "question"),
                     said("a1", 0, Role::kAssistant, "first answer"),
                     said("a2", 0, Role::kAssistant, "second answer"),
                     said("q2", 1, Role::kUser, "next question")};
    chat.current = 3;
    return chat;
}

std::string jsonOf(const PortableChat& chat) {
    return (*findChatExporter("json"))->write(chat);
}

std::vector<std::string> textsOf(Store& store, std::int64_t id) {
    std::vector<std::string> texts;
    const auto messages = store.messages(id);
    if (!messages) return texts;
    for (const MessageRecord& message : *messages)
        texts.push_back(message.text);
    return texts;
}

}  // namespace

class TestChatTransfer : public QObject {
    Q_OBJECT

private:
    std::unique_ptr<QTemporaryDir> folder_;
    std::optional<Store> store_;

    void reopen() {
        store_.reset();
        auto opened = Store::open(databaseIn(*folder_));
        QVERIFY2(opened, test::why(opened));
        store_ = *std::move(opened);
    }

private Q_SLOTS:
    void init() {
        folder_ = std::make_unique<QTemporaryDir>();
        reopen();
    }
    void cleanup() { store_.reset(); }

    void keepsTheTreeAndShowsItsBranch() {
        const auto outcome = store_->importChat(branched());
        QVERIFY2(outcome, test::why(outcome));
        QCOMPARE(outcome->change, ImportChange::kAdded);
        reopen();
        QCOMPARE(textsOf(*store_, outcome->conversationId),
                 (std::vector<std::string>{"question", "first answer", "next question"}));
        const auto chat = store_->portableChat(outcome->conversationId);
        QVERIFY2(chat, test::why(chat));
        QCOMPARE(jsonOf(*chat), jsonOf([] {
                     PortableChat expected = branched();
                     for (PortableMessage& message : expected.messages)
                         message.createdAtMs = expected.createdAtMs;
                     return expected;
                 }()));
    }

    void importingAgainAddsNothing() {
        const auto first = store_->importChat(branched());
        const auto preview = store_->previewImport(branched());
        const auto second = store_->importChat(branched());
        QVERIFY(first && preview && second);
        QCOMPARE(preview->change, ImportChange::kUnchanged);
        QCOMPARE(second->change, ImportChange::kUnchanged);
        QCOMPARE(second->conversationId, first->conversationId);
        QCOMPARE(store_->conversations()->size(), std::size_t{1});
        QCOMPARE(store_->portableChat(first->conversationId)->messages.size(), std::size_t{4});
    }

    void aChatThatGrewGetsWhatIsNew() {
        QVERIFY(store_->importChat(branched()));
        PortableChat grown = branched();
        grown.messages.push_back(said("q3", 2, Role::kUser, "about the second"));
        grown.current = 4;
        const auto preview = store_->previewImport(grown);
        QVERIFY2(preview, test::why(preview));
        QCOMPARE(preview->newMessages, std::int64_t{1});
        const auto outcome = store_->importChat(grown);
        QVERIFY2(outcome, test::why(outcome));
        QCOMPARE(outcome->change, ImportChange::kGrown);
        reopen();
        QCOMPARE(textsOf(*store_, outcome->conversationId),
                 (std::vector<std::string>{"question", "second answer", "about the second"}));
    }

    void aChatThatWentOnHereStaysOnItsBranch() {
        const auto id = store_->importChat(branched())->conversationId;
        QVERIFY(store_->appendMessage(test::userMessage(id, "written here")));
        PortableChat grown = branched();
        grown.messages.push_back(said("q3", 2, Role::kUser, "about the second"));
        grown.current = 4;
        QVERIFY(store_->importChat(grown));
        QCOMPARE(textsOf(*store_, id).back(), std::string("written here"));
        QCOMPARE(store_->portableChat(id)->messages.size(), std::size_t{6});
    }

    void aWholeProfileComesBackEqual() {
        const auto imported = store_->importChat(branched());
        const auto named = store_->importConversation(test::smallImport());
        const auto own = store_->createConversation({.title = "Own"});
        QVERIFY(imported && named && own);
        const auto question = store_->appendMessage(test::userMessage(*own, "a\nb"));
        QVERIFY(question);
        MessageRecord reply = test::userMessage(*own, "half an ans");
        reply.role = Role::kAssistant;
        reply.state = MessageState::kStopped;
        reply.details = R"({"episode":1})";
        QVERIFY(store_->appendMessage(reply));
        QVERIFY(store_->setPinned(*own, true));
        QVERIFY(store_->setArchived(*named, true));
        QVERIFY(store_->setFolder(*own, "Work"));
        QVERIFY(store_->setTags(*own, std::vector<std::string>{"b", "a"}));
        QVERIFY(store_->setDraft(*own, "begun"));
        QVERIFY(store_->setMessagePinned(question->id, true));
        QVERIFY(store_->setMemory(*own,
                                  R"({"budget":512,"pinnedTurns":[)" + std::to_string(question->id) + "]}"));

        QTemporaryDir other;
        auto profile = Store::open(databaseIn(other));
        QVERIFY2(profile, test::why(profile));
        std::vector<std::string> before;
        for (const std::int64_t id : {imported->conversationId, *named, *own}) {
            const auto chat = store_->portableChat(id);
            QVERIFY2(chat, test::why(chat));
            before.push_back(jsonOf(*chat));
            const auto outcome = profile->importChat(*chat);
            QVERIFY2(outcome, test::why(outcome));
            QCOMPARE(jsonOf(*profile->portableChat(outcome->conversationId)), before.back());
            // And back where it came from: everything is known.
            QCOMPARE(store_->importChat(*profile->portableChat(outcome->conversationId))->change,
                     ImportChange::kUnchanged);
        }
        QCOMPARE(before[2].find("\"tags\":[\"a\",\"b\"]") != std::string::npos, true);
        QVERIFY(before[2].find("\"pinned\":true") != std::string::npos);
        QVERIFY(before[2].find("512") != std::string::npos);
    }

    void pinnedMessagesAreThoseOfTheBranch() {
        const auto imported = store_->importChat(branched());
        QVERIFY(imported);
        const std::int64_t chat = imported->conversationId;
        const std::vector<std::int64_t> ids = *store_->messageIds(chat);
        QCOMPARE(ids.size(), std::size_t{3});
        QVERIFY(store_->setMessagePinned(ids[2], true));
        QVERIFY(store_->setMessagePinned(ids[0], true));
        QVERIFY(store_->setMessagePinned(ids[0], true));
        QCOMPARE(*store_->pinnedMessages(chat), (std::vector<std::int64_t>{ids[0], ids[2]}));
        QVERIFY(test::failsWith(store_->setMessagePinned(99, true), ErrorCode::kNotFound));
        // Found for a question whatever its words; not those that come behind it.
        RecallQuery query{.conversationId = chat, .question = "something else", .beforeMessage = ids[2]};
        const auto candidates = store_->recallCandidates(query);
        QVERIFY2(candidates, test::why(candidates));
        QCOMPARE(candidates->size(), std::size_t{1});
        QVERIFY(candidates->front().isPinned && candidates->front().turnId == ids[0]);
        // Another version is another message.
        const auto versions = store_->versions(ids[1]);
        QVERIFY(versions && store_->showVersion(versions->back()));
        QCOMPARE(*store_->pinnedMessages(chat), (std::vector<std::int64_t>{ids[0]}));
        QVERIFY(store_->setMessagePinned(ids[0], false));
        QVERIFY(store_->pinnedMessages(chat)->empty());
        QVERIFY(store_->deleteConversation(chat));
        reopen();
        QVERIFY(store_->pinnedMessages(chat)->empty());
    }

    void olderChatsComeBehindNewerOnes() {
        const auto own = store_->createConversation({.title = "Own"});
        PortableChat older = branched();
        older.uid = "chatgpt:2";
        older.title = "Older";
        older.updatedAtMs -= 1'000'000;
        QVERIFY(own && store_->importChat(older) && store_->importChat(branched()));
        std::vector<std::string> titles;
        const auto listed = store_->conversations();
        QVERIFY2(listed, test::why(listed));
        for (const ConversationRecord& record : *listed)
            titles.push_back(record.title);
        QCOMPARE(titles, (std::vector<std::string>{"Own", "Branched", "Older"}));
    }

    void theBinKeepsAChatUntilItsTimeIsOver() {
        const auto id = store_->importChat(branched())->conversationId;
        QVERIFY(store_->setInBin(id, true));
        QVERIFY(store_->conversations()->empty());
        QCOMPARE(store_->bin()->size(), std::size_t{1});
        QCOMPARE(store_->importChat(branched())->change, ImportChange::kRestored);
        QCOMPARE(store_->conversations()->size(), std::size_t{1});
        QVERIFY(store_->setInBin(id, true));
        store_.reset();
        QVERIFY(test::RawSqlite(databaseIn(*folder_))
                    .execute("UPDATE conversations SET deleted_at_ms = deleted_at_ms - 31 * 86400000"));
        reopen();
        QVERIFY(store_->bin()->empty());
        QVERIFY(test::failsWith(store_->conversation(id), ErrorCode::kNotFound));
    }

    void whatIsWrittenInComesOutOfTheBin() {
        const auto id = store_->importChat(branched())->conversationId;
        MessageRecord question;
        question.conversationId = id;
        question.role = Role::kUser;
        question.text = "Still there?";
        QVERIFY(store_->setInBin(id, true));
        const auto asked = store_->appendMessage(question);
        QVERIFY2(asked, test::why(asked));
        QVERIFY(store_->bin()->empty());
        QVERIFY(store_->setInBin(id, true));
        question.text = "Are you still there?";
        QVERIFY(store_->addVersion(asked->id, {&question, 1}));
        QVERIFY(store_->bin()->empty());
        QCOMPARE(store_->conversations()->size(), std::size_t{1});
    }

    void searchFindsTheBestOrTheNewestAndNothingInTheBin() {
        const auto id = store_->importChat(branched())->conversationId;
        PortableChat other = branched();
        other.uid = "chatgpt:3";
        other.title = "Other";
        other.messages[0].text = "question question question";
        const auto second = store_->importChat(other);
        QVERIFY(second);
        const auto newest = store_->search({.text = "question"});
        const auto best = store_->search({.text = "question", .order = SearchOrder::kBest});
        QVERIFY2(newest, test::why(newest));
        QVERIFY2(best, test::why(best));
        QCOMPARE(newest->messages.size(), std::size_t{4});
        QVERIFY(newest->messages[0].messageId > newest->messages[1].messageId);
        QCOMPARE(best->messages[0].conversationId, second->conversationId);
        QVERIFY(store_->setInBin(id, true));
        QCOMPARE(store_->search({.text = "question"})->messages.size(), std::size_t{2});
        QVERIFY(store_->search({.text = "branched"})->titles.empty());
    }

    void foldersAreFoundByNameAndLeaveTheirChats() {
        const auto id = store_->importChat(branched())->conversationId;
        QVERIFY(store_->setFolder(id, "<b>x</b>"));
        QVERIFY(store_->setFolder(id, "<b>x</b>"));
        const auto folders = store_->folders();
        QVERIFY(folders);
        QCOMPARE(folders->size(), std::size_t{1});
        QVERIFY(store_->renameFolder(folders->front().id, "y"));
        QCOMPARE(store_->conversation(id)->folder, std::string("y"));
        QVERIFY(store_->setFolder(id, "z"));
        QVERIFY(test::failsWith(store_->renameFolder(folders->front().id, "z"), ErrorCode::kInvalidArgument));
        QVERIFY(store_->setFolder(id, "y"));
        QVERIFY(store_->removeFolder(folders->front().id));
        QCOMPARE(store_->conversation(id)->folderId, std::int64_t{0});
    }

    void aProfileOfTheFirstVersionGetsItsUids() {
        store_.reset();
        QTemporaryDir old;
        {
            auto database = Database::open(databaseIn(old), Database::Access::kReadWrite);
            QVERIFY(database && migrate(*database, allMigrations().first(1)));
            QVERIFY(database->execute(
                "INSERT INTO conversations (activity, source_id, title, layout, speakers, system_prompt, "
                "memory, created_at_ms, updated_at_ms) VALUES (1, '', 'a', 'chat', '[]', '', '', 1, 1), "
                "(2, '', 'b', 'chat', '[]', '', '', 1, 1)"));
        }
        auto store = Store::open(databaseIn(old));
        QVERIFY2(store, test::why(store));
        const auto conversations = store->conversations();
        QVERIFY2(conversations, test::why(conversations));
        QCOMPARE(conversations->size(), std::size_t{2});
        QVERIFY(conversations->at(0).uid.size() > 32 && conversations->at(0).uid != conversations->at(1).uid);
    }
};

QTEST_GUILESS_MAIN(TestChatTransfer)
#include "tst_chat_transfer.moc"
