#include <ctime>

#include <QElapsedTimer>
#include <QFile>
#include <QtTest>

#include "core/format/cache_key.h"
#include "storage/store.h"
#include "tests/storage/raw_sqlite.h"

using namespace epi;
using test::databaseIn;
using test::userMessage;

namespace {

constexpr int kManyMessages = 100'000;
constexpr double kManyMessagesLimitSeconds = 1.0;  // of processor time, 6 times what it takes

}  // namespace

class TestStore : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void init() {
        folder_ = std::make_unique<QTemporaryDir>();
        reopen();
    }
    void cleanup() { store_.reset(); }

    void keepsAConversationAcrossReopening() {
        ConversationRecord record;
        record.title = "title";
        record.speakers = {"a \"quoted\" name", "b"};
        record.layout = HistoryLayout::kNarrated;
        record.systemPrompt = "prompt";
        const auto id = store_->createConversation(record);
        QVERIFY(id);
        QVERIFY(store_->setMemory(*id, R"({"budget":1})"));
        QVERIFY(store_->renameConversation(*id, "new title"));
        reopen();
        const auto read = store_->conversation(*id);
        QVERIFY(read);
        QCOMPARE(read->title, std::string("new title"));
        QCOMPARE(read->speakers, record.speakers);
        QCOMPARE(read->layout, record.layout);
        QCOMPARE(read->systemPrompt, record.systemPrompt);
        QCOMPARE(read->memory, std::string(R"({"budget":1})"));
        QVERIFY(read->createdAtMs > 0);
    }

    void givesMessagesByTheirIds() {
        const std::int64_t id = newConversation();
        const std::int64_t other = newConversation();
        std::vector<std::int64_t> all;
        for (int i = 0; i < 10; ++i) {
            QVERIFY(store_->appendMessage(userMessage(other, "x")));
            all.push_back(store_->appendMessage(userMessage(id, "text " + std::to_string(i)))->id);
        }
        QCOMPARE(*store_->messageIds(id), all);
        QCOMPARE(*store_->messageIds(id, 7), (std::vector(all.begin() + 7, all.end())));
        QVERIFY(store_->messageIds(id, 10)->empty());
        QCOMPARE(*store_->messageBytes(id), std::int64_t{60});
        std::vector<std::int64_t> taken;
        QVERIFY(store_->eachMessage(id, 3, [&taken](MessageRecord&& message) {
            taken.push_back(message.id);
            return taken.size() < 2;
        }));
        QCOMPARE(taken, (std::vector{all[3], all[4]}));

        const std::vector<std::int64_t> wanted{all[8], all[2], all[5]};
        const auto page = store_->messagePage(wanted, 1'000);
        QVERIFY(page);
        QCOMPARE(page->messages.size(), std::size_t{3});
        QVERIFY(page->damaged.empty());
        QCOMPARE(page->messages[0].text, std::string("text 8"));
        QCOMPARE(page->messages[1].id, all[2]);
        // The first is always read, and the one that makes it too much.
        QCOMPARE(store_->messagePage(wanted, 0)->messages.size(), std::size_t{1});
        QCOMPARE(store_->messagePage(wanted, 6)->messages.size(), std::size_t{2});
        QCOMPARE(store_->message(all[4])->text, std::string("text 4"));
    }

    void findsTheLastReplyFromAnEpisode() {
        const std::int64_t id = newConversation();
        QVERIFY(!*store_->lastFromEpisode(id));
        MessageRecord reply = userMessage(id, "r");
        reply.role = Role::kAssistant;
        for (const char* details : {R"({"episode":1})", R"({"episode":0})", R"({"reason":"end"})", "", "{"}) {
            reply.details = details;
            QVERIFY(store_->appendMessage(reply));
        }
        const auto last = store_->lastFromEpisode(id);
        QVERIFY(last && *last);
        QCOMPARE((*last)->details, std::string(R"({"episode":0})"));
    }

    void listsTheMostRecentlyUsedConversationFirst() {
        const std::int64_t first = newConversation();
        const std::int64_t second = newConversation();
        QCOMPARE(listed(), (std::vector{second, first}));
        QVERIFY(store_->appendMessage(userMessage(first, "hello")));
        QCOMPARE(listed(), (std::vector{first, second}));
    }

    void keepsEveryByteOfAMessage() {
        MessageRecord message =
            userMessage(newConversation(), std::string("a\0b\r\n<|im_end|> \xF0\x9F\x98\x80", 19));
        message.role = Role::kAssistant;
        message.speaker = "Ana";
        message.caption = "a boat";
        message.session = "1:56 pm";
        message.sourceId = "D1:1";
        message.state = MessageState::kStopped;
        message.details = R"({"episode":1})";
        const auto stored = store_->appendMessage(message);
        QVERIFY(stored);
        reopen();
        const auto read = store_->messages(message.conversationId);
        QVERIFY(read);
        QCOMPARE(read->size(), std::size_t{1});
        const MessageRecord& row = read->front();
        QCOMPARE(row.id, stored->id);
        QCOMPARE(row.text, message.text);
        QCOMPARE(row.role, message.role);
        QCOMPARE(row.speaker, message.speaker);
        QCOMPARE(row.caption, message.caption);
        QCOMPARE(row.session, message.session);
        QCOMPARE(row.sourceId, message.sourceId);
        QCOMPARE(row.state, message.state);
        QCOMPARE(row.details, message.details);
        QCOMPARE(row.createdAtMs, stored->createdAtMs);
    }

    void chainsMessagesToABranch() {
        const std::int64_t conversation = newConversation();
        const auto first = store_->appendMessage(userMessage(conversation, "1"));
        const auto second = store_->appendMessage(userMessage(conversation, "2"));
        QVERIFY(first && second);
        QVERIFY(!first->parentId);
        QCOMPARE(second->parentId.value_or(0), first->id);
        QVERIFY(second->sequence > first->sequence);
    }

    void replacesTextStateAndDetailsOfAReply() {
        const std::int64_t conversation = newConversation();
        MessageRecord reply = userMessage(conversation, "");
        reply.state = MessageState::kStreaming;
        const auto stored = store_->appendMessage(reply);
        QVERIFY(stored);
        QVERIFY(store_->updateMessage(stored->id, "part", MessageState::kStreaming, ""));
        QVERIFY(store_->updateMessage(stored->id, "all of it", MessageState::kComplete, "{}"));
        const auto read = store_->messages(conversation);
        QVERIFY(read);
        QCOMPARE(read->front().text, std::string("all of it"));
        QCOMPARE(read->front().state, MessageState::kComplete);
        QCOMPARE(read->front().details, std::string("{}"));
    }

    void namesWhatIsNotThere() {
        const auto append = store_->appendMessage(userMessage(77, "text"));
        QVERIFY(!append);
        QCOMPARE(append.error().code, ErrorCode::kNotFound);
        const auto update = store_->updateMessage(78, "", MessageState::kComplete, "");
        QVERIFY(!update);
        QCOMPARE(update.error().code, ErrorCode::kNotFound);
        const auto rename = store_->renameConversation(79, "");
        QVERIFY(!rename);
        QVERIFY2(test::messageOf(rename.error()).contains("79"), rename.error().message.c_str());
    }

    void findsAConversationByRowIdAndBySourceId() {
        const auto id = store_->importConversation(test::smallImport());
        QVERIFY(id);
        const auto byRow = store_->findConversation(std::to_string(*id));
        const auto bySource = store_->findConversation("conv-1");
        QVERIFY(byRow && bySource);
        QCOMPARE(byRow->id, *id);
        QCOMPARE(bySource->id, *id);
        const auto missing = store_->findConversation("conv-2");
        QVERIFY(!missing);
        QCOMPARE(missing.error().code, ErrorCode::kNotFound);
        QVERIFY2(test::messageOf(missing.error()).contains("conv-1"), missing.error().message.c_str());
    }

    void importsTurnsAndQuestionsInOrder() {
        const auto id = store_->importConversation(test::smallImport());
        QVERIFY(id);
        const auto conversation = store_->conversation(*id);
        const auto messages = store_->messages(*id);
        const auto questions = store_->questions(*id);
        QVERIFY(conversation && messages && questions);
        QCOMPARE(conversation->layout, HistoryLayout::kNarrated);
        QCOMPARE(conversation->messageCount, std::int64_t{3});
        QCOMPARE(conversation->questionCount, std::int64_t{2});
        QCOMPARE((*messages)[1].sourceId, std::string("D1:2"));
        QCOMPARE((*messages)[1].text, std::string("Look"));
        QCOMPARE((*messages)[1].caption, std::string("a red boat"));
        QCOMPARE((*messages)[2].session, std::string("9:00 am on 9 May, 2023"));
        QCOMPARE((*questions)[0].question.evidence, std::vector<std::string>{"D1:2"});
        QCOMPARE((*questions)[1].question.category, 5);
        QCOMPARE((*questions)[1].question.adversarialAnswer, std::string("Ben's aunt"));
    }

    void importingTheSameAgainChangesNothing() {
        const auto first = store_->importConversation(test::smallImport());
        QVERIFY(first);
        QVERIFY(store_->appendMessage(userMessage(*first, "a question asked since")));
        reopen();
        const auto again = store_->importConversation(test::smallImport());
        QVERIFY(again);
        QCOMPARE(*again, *first);
        QCOMPARE(listed().size(), std::size_t{1});
        QCOMPARE(store_->messages(*first)->size(), std::size_t{4});
    }

    void importingOtherContentUnderTheSameSourceIdKeepsBoth() {
        const auto first = store_->importConversation(test::smallImport());
        ImportedConversation changed = test::smallImport();
        changed.sessions[0].turns[0].text += "!";
        const auto second = store_->importConversation(changed);
        QVERIFY(first && second);
        QVERIFY(*first != *second);
        QCOMPARE(store_->findConversation("conv-1")->id, *second);
    }

    void replacesTheEpisodesOfAConversation() {
        const std::int64_t conversation = newConversation();
        const std::vector<EpisodeRecord> four(4, EpisodeRecord{});
        std::vector<EpisodeRecord> numbered = four;
        for (std::int32_t i = 0; i < 4; ++i)
            numbered[i].index = i;
        QVERIFY(store_->saveEpisodes(conversation, numbered, {.tokens = 1000}));
        const std::vector<EpisodeRecord> one{
            {conversation, 0, 7, {1, 2, 3}, {"a \"b\"", ""}, 99, "key", "herons, nests"}};
        QVERIFY(store_->saveEpisodes(conversation, one, {.tokens = 2345, .lastMessage = 3}));
        const auto read = store_->episodes(conversation);
        QVERIFY(read);
        QCOMPARE(read->size(), std::size_t{1});
        QCOMPARE(read->front().turnIds, one.front().turnIds);
        QCOMPARE(read->front().representatives, one.front().representatives);
        QCOMPARE(read->front().segments, std::int64_t{7});
        QCOMPARE(read->front().keptEntries, std::int64_t{99});
        QCOMPARE(read->front().cacheKey, std::string("key"));
        QCOMPARE(read->front().name, std::string("herons, nests"));
        QVERIFY((store_->conversation(conversation)->memoryHistory == MemoryHistory{2345, 3}));
    }

    void goesOnWithARunThatWasLeftHalfWay() {
        const auto conversation = store_->importConversation(test::smallImport());
        QVERIFY(conversation);
        const auto questions = store_->questions(*conversation);
        const auto run = store_->startOrResumeRun(*conversation, R"({"budget":1024})");
        QVERIFY(questions && run);
        QCOMPARE(run->questionCount, std::int64_t{2});
        QVERIFY(store_->saveAnswer({run->id, (*questions)[0].id, "a boat", 0.8, 2, 0.5, 1.25}));
        reopen();
        QCOMPARE(store_->runs(*conversation)->front().state, std::string("paused"));
        const auto resumed = store_->startOrResumeRun(*conversation, R"({"budget":1024})");
        QVERIFY(resumed);
        QCOMPARE(resumed->id, run->id);
        QCOMPARE(resumed->state, std::string("running"));
        QCOMPARE(resumed->answerCount, std::int64_t{1});
        const auto answers = store_->answers(run->id);
        QVERIFY(answers);
        QCOMPARE(answers->front().text, std::string("a boat"));
        QCOMPARE(answers->front().f1, 0.8);
        QCOMPARE(answers->front().seconds, 1.25);
    }

    void startsANewRunForOtherSettingsAndAfterOneIsDone() {
        const auto conversation = store_->importConversation(test::smallImport());
        QVERIFY(conversation);
        const auto first = store_->startOrResumeRun(*conversation, "{}");
        const auto other = store_->startOrResumeRun(*conversation, R"({"budget":1})");
        QVERIFY(first && other);
        QVERIFY(first->id != other->id);
        QVERIFY(store_->finishRun(first->id));
        const auto next = store_->startOrResumeRun(*conversation, "{}");
        QVERIFY(next);
        QVERIFY(next->id != first->id);
        QCOMPARE(store_->runs(*conversation)->size(), std::size_t{3});
    }

    void replacesAnAnswerOfARun() {
        const auto conversation = store_->importConversation(test::smallImport());
        const auto run = store_->startOrResumeRun(*conversation, "{}");
        const std::int64_t question = store_->questions(*conversation)->front().id;
        QVERIFY(store_->saveAnswer({run->id, question, "first", 0.0, 0, 0.0, 0.0}));
        QVERIFY(!store_->answers(run->id)->front().likelihood);
        QVERIFY(store_->saveAnswer({run->id, question, "second", 1.0, 0, 0.0, 0.0, -2.5}));
        QCOMPARE(store_->answers(run->id)->front().likelihood.value_or(0.0), -2.5);
        QCOMPARE(store_->answers(run->id)->size(), std::size_t{1});
        QCOMPARE(store_->answers(run->id)->front().text, std::string("second"));
    }

    void keepsSettings() {
        QVERIFY(!store_->setting("theme")->has_value());
        QVERIFY(store_->setSetting("theme", "dark"));
        QVERIFY(store_->setSetting("theme", ""));
        reopen();
        QCOMPARE(store_->setting("theme")->value_or("none"), std::string());
    }

    void leavesNoByteOfADeletedConversation() {
        const std::string canary = "canary-9f31b7";
        const std::int64_t conversation = newConversation();
        for (int i = 0; i < 50; ++i) {
            QVERIFY(store_->appendMessage(userMessage(conversation, std::string(500, '-') + canary)));
        }
        QVERIFY(store_->deleteConversation(conversation));
        QCOMPARE(listed().size(), std::size_t{0});
        for (const char* suffix : {"", "-wal"}) {
            QFile file(QString::fromStdString(databaseIn(*folder_).string()) + suffix);
            QVERIFY(file.open(QIODevice::ReadOnly));
            QVERIFY2(!file.readAll().contains(canary.c_str()), suffix);
        }
    }

    void saysWhichCachesADeletedConversationLeaves() {
        const std::int64_t deleted = newConversation();
        const std::int64_t kept = newConversation();
        const std::string key = conversationKey(store_->conversation(deleted)->uid);
        QVERIFY(store_->releasedCaches()->empty());
        QVERIFY(store_->deleteConversation(deleted));
        reopen();
        QCOMPARE(*store_->releasedCaches(), std::vector{key});
        // One that is deleted meanwhile stays.
        const std::string other = conversationKey(store_->conversation(kept)->uid);
        QVERIFY(store_->deleteConversation(kept));
        QVERIFY(store_->forgetReleasedCaches(std::vector{key}));
        QCOMPARE(*store_->releasedCaches(), std::vector{other});
    }

    void leavesTheCachesOfAConversationThatIsImportedAgain() {
        PortableChat chat;
        chat.uid = "chatgpt:1";
        const auto imported = store_->importChat(chat);
        QVERIFY(imported);
        QVERIFY(store_->deleteConversation(imported->conversationId));
        QCOMPARE(*store_->releasedCaches(), std::vector{conversationKey(chat.uid)});
        QVERIFY(store_->importChat(chat));
        QVERIFY(store_->releasedCaches()->empty());
    }

    void neverGivesARowIdOutTwice() {
        const std::int64_t conversation = newConversation();
        const auto message = store_->appendMessage(userMessage(conversation, "text"));
        QVERIFY(store_->deleteConversation(conversation));
        const std::int64_t next = newConversation();
        QVERIFY(next > conversation);
        QVERIFY(store_->appendMessage(userMessage(next, "text"))->id > message->id);
    }

    void readsAndDeletesAHundredThousandMessages() {
        ImportedConversation imported = test::smallImport();
        const ImportedTurn turn{"D1:1", "Ana", std::string(120, 'x'), ""};
        imported.sessions = {{1, "1:56 pm on 8 May, 2023", std::vector<ImportedTurn>(kManyMessages, turn)}};
        QElapsedTimer timer;
        timer.start();
        const auto id = store_->importConversation(imported);
        QVERIFY(id);
        qInfo("import of %d messages: %lld ms", kManyMessages, timer.restart());
        const std::clock_t before = std::clock();
        const auto messages = store_->messages(*id);
        const double seconds = static_cast<double>(std::clock() - before) / CLOCKS_PER_SEC;
        qInfo("messages() of %d messages: %lld ms, %.0f ms of them computing",
              kManyMessages,
              timer.restart(),
              seconds * 1000.0);
        QVERIFY(messages);
        QCOMPARE(messages->size(), std::size_t{kManyMessages});
        QVERIFY2(seconds < kManyMessagesLimitSeconds, qPrintable(QString::number(seconds)));
        QVERIFY(store_->appendMessage(userMessage(*id, "one more")));
        qInfo("one more message: %lld ms", timer.restart());
        QVERIFY(store_->deleteConversation(*id));
        qInfo("deletion: %lld ms", timer.restart());
    }

private:
    void reopen() {
        store_.reset();
        auto opened = Store::open(databaseIn(*folder_));
        QVERIFY2(opened, opened ? "" : opened.error().message.c_str());
        store_.emplace(*std::move(opened));
    }

    std::int64_t newConversation() {
        const auto id = store_->createConversation({});
        return id ? *id : 0;
    }

    std::vector<std::int64_t> listed() {
        std::vector<std::int64_t> ids;
        if (const auto conversations = store_->conversations()) {
            for (const ConversationRecord& conversation : *conversations)
                ids.push_back(conversation.id);
        }
        return ids;
    }

    std::unique_ptr<QTemporaryDir> folder_;
    std::optional<Store> store_;
};

QTEST_GUILESS_MAIN(TestStore)
#include "tst_store.moc"
