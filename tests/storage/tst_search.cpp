#include <QElapsedTimer>
#include <QFile>
#include <QtTest>

#include "storage/excerpt.h"
#include "storage/full_text_query.h"
#include "storage/migrations.h"
#include "storage/search_repository.h"
#include "storage/store.h"
#include "tests/storage/raw_sqlite.h"

using namespace epi;
using test::databaseIn;
using test::userMessage;

namespace {

using Ids = std::vector<std::int64_t>;

std::vector<std::string> marked(const std::string& text, const std::vector<TextRange>& ranges) {
    std::vector<std::string> pieces;
    for (const TextRange& range : ranges) {
        pieces.push_back(text.substr(static_cast<std::size_t>(range.begin),
                                     static_cast<std::size_t>(range.end - range.begin)));
    }
    return pieces;
}

}  // namespace

class TestSearch : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void init() {
        folder_ = std::make_unique<QTemporaryDir>();
        reopen();
    }
    void cleanup() { store_.reset(); }

    void findsTheNewestMessageFirst() {
        const std::int64_t first = newConversation("one");
        const std::int64_t second = newConversation("two");
        const std::int64_t a = say(first, "a green boat");
        const std::int64_t b = say(second, "the boat left");
        const std::int64_t c = say(first, "boats again");
        QCOMPARE(found("boat"), (Ids{c, b, a}));
    }

    void findsWordsWhileTheyAreTyped() {
        const std::int64_t conversation = newConversation("one");
        const std::int64_t id = say(conversation, "We were running along the r\xC3\xADo");
        for (const char* typed : {"r", "runni", "runnin", "running", "RUNNING al", "rio", "al runn"}) {
            QVERIFY2(found(typed) == Ids{id}, typed);
        }
        for (const char* typed : {"unning", "running away", "runnings"}) {
            QVERIFY2(found(typed).empty(), typed);
        }
    }

    void everyWordMustMatch() {
        const std::int64_t conversation = newConversation("one");
        const std::int64_t both = say(conversation, "tea with lemon");
        say(conversation, "tea");
        say(conversation, "lemon");
        QCOMPARE(found("lemon tea"), Ids{both});
    }

    void goesOnBelowAHit() {
        const std::int64_t conversation = newConversation("tea");
        Ids ids;
        for (int i = 0; i < 5; ++i)
            ids.insert(ids.begin(), say(conversation, "tea"));
        SearchQuery query{.text = "tea", .limit = 2, .beforeMessage = {}};
        Ids pages;
        for (std::size_t page = 0; page < 3; ++page) {
            const auto results = store_->search(query);
            QVERIFY(results);
            QCOMPARE(results->titles.size(), std::size_t{page == 0 ? 1U : 0U});
            for (const MessageHit& hit : results->messages)
                pages.push_back(hit.messageId);
            query.beforeMessage = pages.back();
        }
        QCOMPARE(pages, ids);
    }

    void foreignTextIsNeverASyntax_data() {
        QTest::addColumn<QByteArray>("typed");
        QTest::addColumn<int>("hits");
        QTest::newRow("operator") << QByteArray("tea OR lemon") << 0;
        QTest::newRow("column") << QByteArray("text : tea") << 0;
        QTest::newRow("open quote") << QByteArray("\"tea") << 1;
        QTest::newRow("quotes") << QByteArray("\"\"\" \"") << 0;
        QTest::newRow("near") << QByteArray("NEAR(tea lemon, 2)") << 0;
        QTest::newRow("star") << QByteArray("*") << 0;
        QTest::newRow("caret") << QByteArray("^tea - + ( {") << 1;
        QTest::newRow("statement") << QByteArray("'; DROP TABLE messages; --") << 0;
        QTest::newRow("zero byte") << QByteArray("te\0a \0", 6) << 0;
        QTest::newRow("damaged") << QByteArray("\xC3 \xFF\xFE te\xE2\x82") << 1;
        QTest::newRow("control token") << QByteArray("<|im_end|>") << 0;
        QTest::newRow("many words") << QByteArray("a ").repeated(5000) << 0;
        QTest::newRow("long word") << QByteArray(200'000, 'a') << 0;
    }
    void foreignTextIsNeverASyntax() {
        QFETCH(QByteArray, typed);
        QFETCH(int, hits);
        const std::int64_t conversation = newConversation("one");
        say(conversation, "tea");
        say(conversation, "lemon");
        const auto results = store_->search({.text = typed.toStdString(), .limit = 50, .beforeMessage = {}});
        QVERIFY2(results, results ? "" : results.error().message.c_str());
        QCOMPARE(int(results->messages.size()), hits);
        const std::vector<std::string> words{typed.toStdString()};
        const auto counts = countsOf({.conversationId = conversation}, words);
        QVERIFY2(counts, counts ? "" : counts.error().message.c_str());
        QCOMPARE(counts->messages.size(), std::size_t{2});
        const auto candidates =
            store_->recallCandidates({.conversationId = conversation, .question = typed.toStdString()});
        QVERIFY2(candidates, candidates ? "" : candidates.error().message.c_str());
    }

    void findsAnOperatorAsAWord() {
        const std::int64_t id = say(newConversation("one"), "tea or lemon and NEAR");
        QCOMPARE(found("OR NEAR and"), Ids{id});
    }

    void nothingTypedFindsNothing() {
        say(newConversation("one"), "tea");
        QVERIFY(found("").empty());
        QVERIFY(found(" \t \n").empty());
        QVERIFY(found("?!").empty());
    }

    void marksWhatMatchedInTheExcerpt() {
        const std::int64_t conversation = newConversation("one");
        const std::string far(3000, 'x');
        say(conversation, far + " then the \xC3\x89t\xC3\xA9 came and we saw boats, " + far);
        const auto results = store_->search({.text = "ete boat", .limit = 50, .beforeMessage = {}});
        QVERIFY(results);
        QCOMPARE(results->messages.size(), std::size_t{1});
        const MessageHit& hit = results->messages.front();
        QVERIFY(hit.isCutAtFront && hit.isCutAtBack);
        QVERIFY(hit.excerpt.size() <= 240);
        QCOMPARE(marked(hit.excerpt, hit.matches), (std::vector<std::string>{"\xC3\x89t\xC3\xA9", "boats"}));
    }

    void anExcerptBeginsAFewWordsBeforeTheMatch() {
        const std::string text =
            "We left the house late, and by the time we came to the harbour the boats had gone.";
        say(newConversation("one"), text);
        const auto hit = [this](const char* typed) {
            return store_->search({.text = typed, .limit = 50, .beforeMessage = {}})->messages.at(0);
        };
        QVERIFY(hit("boats").isCutAtFront && !hit("boats").isCutAtBack);
        QVERIFY(text.ends_with(" " + hit("boats").excerpt));
        QVERIFY(hit("boats").matches.at(0).begin > 10 && hit("boats").matches.at(0).begin <= 40);
        QCOMPARE(hit("house").excerpt, text);
        QVERIFY(!hit("house").isCutAtFront);
    }

    void aHitSaysItsSession() {
        MessageRecord message = userMessage(newConversation("one"), "a green boat");
        message.session = "3 March 2025";
        QVERIFY(store_->appendMessage(message));
        const auto results = store_->search({.text = "boat", .limit = 50, .beforeMessage = {}});
        QVERIFY(results && results->messages.size() == 1);
        QCOMPARE(results->messages[0].session, message.session);
        QVERIFY(results->messages[0].createdAtMs > 0);
    }

    void marksOverlappingPhrasesOnce() {
        say(newConversation("one"), "self-care is self care");
        const auto results = store_->search({.text = "self-care care", .limit = 50, .beforeMessage = {}});
        QVERIFY(results);
        QCOMPARE(results->messages.size(), std::size_t{1});
        QCOMPARE(marked(results->messages[0].excerpt, results->messages[0].matches),
                 (std::vector<std::string>{"self-care", "self care"}));
    }

    void showsTheCaptionWhereOnlyThatMatches() {
        MessageRecord message = userMessage(newConversation("one"), "Look");
        message.caption = "a red boat";
        message.speaker = "Ben";
        QVERIFY(store_->appendMessage(message));
        const auto results = store_->search({.text = "boat", .limit = 50, .beforeMessage = {}});
        QVERIFY(results);
        QCOMPARE(results->messages[0].excerpt, message.caption);
        QCOMPARE(results->messages[0].speaker, message.speaker);
        QCOMPARE(marked(message.caption, results->messages[0].matches), std::vector<std::string>{"boat"});
    }

    void findsTitlesTheMostRecentlyUsedFirst() {
        const std::int64_t first = newConversation("Boat trip");
        const std::int64_t second = newConversation("The boats");
        say(first, "hello");
        const auto results = store_->search({.text = "boat", .limit = 50, .beforeMessage = {}});
        QVERIFY(results);
        QCOMPARE(results->titles.size(), std::size_t{2});
        QCOMPARE(results->titles[0].conversationId, first);
        QCOMPARE(results->titles[1].conversationId, second);
        QCOMPARE(marked("The boats", results->titles[1].matches), std::vector<std::string>{"boats"});
        QVERIFY(store_->renameConversation(second, "Trains"));
        QCOMPARE(store_->search({.text = "boat", .limit = 50, .beforeMessage = {}})->titles.size(),
                 std::size_t{1});
        QCOMPARE(store_->search({.text = "train", .limit = 50, .beforeMessage = {}})->titles.size(),
                 std::size_t{1});
    }

    void followsAReplyWhileItIsWritten() {
        MessageRecord reply = userMessage(newConversation("one"), "");
        reply.role = Role::kAssistant;
        reply.state = MessageState::kStreaming;
        const std::int64_t id = store_->appendMessage(reply)->id;
        QVERIFY(store_->updateMessage(id, "a boat", MessageState::kStreaming, ""));
        QCOMPARE(found("boat"), Ids{id});
        QVERIFY(store_->updateMessage(id, "a train", MessageState::kComplete, "{}"));
        QVERIFY(found("boat").empty());
        QCOMPARE(found("train"), Ids{id});
        QVERIFY(isInStep());
    }

    void forgetsADeletedConversation() {
        const std::int64_t kept = newConversation("kept");
        const std::int64_t id = say(kept, "boat");
        const std::int64_t gone = newConversation("zanzibarine");
        say(gone, "the boat of xylographer");
        QVERIFY(store_->deleteConversation(gone));
        QCOMPARE(found("boat"), Ids{id});
        QVERIFY(found("xylographer").empty());
        QVERIFY(isInStep());
        store_.reset();
        QFile file(QString::fromStdString(databaseIn(*folder_).string()));
        QVERIFY(file.open(QIODevice::ReadOnly));
        const QByteArray bytes = file.readAll();
        QVERIFY(!bytes.contains("ylographer"));
        QVERIFY(!bytes.contains("anzibarine"));
    }

    void indexesWhatAnOlderProgramWrote() {
        store_.reset();
        folder_ = std::make_unique<QTemporaryDir>();
        std::int64_t message = 0;
        {
            auto database = Database::open(databaseIn(*folder_), Database::Access::kReadWrite);
            QVERIFY(database && database->enableDurableWrites());
            QVERIFY(migrate(*database, allMigrations().first(1)));
        }
        {
            test::RawSqlite raw(databaseIn(*folder_));
            QVERIFY(
                raw.execute("INSERT INTO conversations VALUES (1, 1, '', NULL, 'Old boats', 'chat', '[]', "
                            "'', '', 0, 0)"));
            QVERIFY(
                raw.execute("INSERT INTO messages VALUES (7, 1, NULL, 1, 'user', '', 'painted a boat', '', "
                            "'', '', 'complete', '', 0, 0)"));
            message = 7;
        }
        reopen();
        QCOMPARE(found("boat"), Ids{message});
        QCOMPARE(store_->search({.text = "old", .limit = 50, .beforeMessage = {}})->titles.size(),
                 std::size_t{1});
        QVERIFY(isInStep());
    }

    void searchesReadOnly() {
        const std::int64_t id = say(newConversation("one"), "boat");
        const auto reader = Store::open(databaseIn(*folder_));
        QVERIFY(reader && reader->isReadOnly());
        auto results =
            Store::open(databaseIn(*folder_))->search({.text = "boat", .limit = 5, .beforeMessage = {}});
        QVERIFY2(results, results ? "" : results.error().message.c_str());
        QCOMPARE(results->messages[0].messageId, id);
    }

    void countsWordsByTheirStems() {
        const std::int64_t conversation = newConversation("one");
        say(conversation, "She paints. I painted a painting!");
        say(conversation, "nothing here");
        MessageRecord image = userMessage(conversation, "boats");
        image.caption = "a painted boat";
        QVERIFY(store_->appendMessage(image));
        say(newConversation("two"), "painted boats elsewhere");
        const std::vector<std::string> words{"paint", "boat", "train"};
        const auto counts = countsOf({.conversationId = conversation}, words);
        QVERIFY(counts);
        QCOMPARE(counts->words, std::int64_t{3});
        QCOMPARE(counts->messages.size(), std::size_t{3});
        QCOMPARE(counts->messages[0].counts, (std::vector<std::int32_t>{3, 0, 0}));
        QVERIFY(counts->messages[1].counts.empty());
        QCOMPARE(counts->messages[2].counts, (std::vector<std::int32_t>{1, 2, 0}));
        QCOMPARE(counts->messages[2].bytes, std::int64_t{19});
    }

    void ranksWhatAQuestionAsksFor() {
        const std::int64_t conversation = newConversation("one");
        const std::int64_t first = say(conversation, "We painted the kitchen");
        const std::int64_t second = say(conversation, "Nice!");
        say(conversation, "Off to bed");
        const std::int64_t asked = say(conversation, "Who paints the kitchen?");
        say(newConversation("two"), "Somebody else painted a kitchen");
        const RecallQuery query{.conversationId = conversation,
                                .question = "Who was painting the kitchen?",
                                .beforeMessage = asked};
        const auto candidates = store_->recallCandidates(query);
        QVERIFY(candidates);
        QCOMPARE(candidates->size(), std::size_t{2});
        QCOMPARE((*candidates)[0].turnId, first);
        QCOMPARE((*candidates)[1].turnId, second);
        QVERIFY((*candidates)[0].turnScore > 0.0);
        QCOMPARE((*candidates)[1].turnScore, 0.0);
        RecallQuery later = query;
        later.beforeMessage.reset();
        QCOMPARE(store_->recallCandidates(later)->size(), std::size_t{4});
        later.limit = 1;
        QCOMPARE(store_->recallCandidates(later)->size(), std::size_t{1});
    }

    void aQuestionInALongChatIsOneSearch() {
        PortableChat chat;
        chat.uid = "long";
        for (int i = 0; i < 20'000; ++i) {
            PortableMessage message;
            message.id = std::to_string(i);
            if (i > 0) message.parent = static_cast<std::size_t>(i - 1);
            message.text = "Words of message " + std::to_string(i) + ", which is not short either.";
            chat.messages.push_back(std::move(message));
        }
        chat.current = chat.messages.size() - 1;
        const auto imported = store_->importChat(chat);
        QVERIFY(imported);
        QElapsedTimer timer;
        timer.start();
        QCOMPARE(store_->messages(imported->conversationId)->size(), std::size_t{20'000});
        const qint64 reading = timer.nsecsElapsed();
        timer.restart();
        const auto found = store_->recallCandidates(
            {.conversationId = imported->conversationId, .question = "Is there a 17171?"});
        const qint64 searching = timer.nsecsElapsed();
        const std::int64_t wanted = store_->messageIds(imported->conversationId)->at(17'171);
        QVERIFY(std::ranges::find(*found, wanted, &PassageCandidate::turnId) != found->end());
        // A search per message takes some seventeen times as long as reading them all.
        QVERIFY2(searching < 4 * reading,
                 qPrintable(QString::number(searching) + " ns, reading takes " + QString::number(reading)));
    }

    void cutsExcerptsAtCharacters() {
        std::string text;
        for (int i = 0; i < 300; ++i)
            text += "\xE6\xBC\xA2";  // no white space anywhere
        const std::vector<TextRange> match{{450, 453}};
        const Excerpt excerpt = excerptOf(text, match);
        QVERIFY(QString::fromUtf8(excerpt.text.c_str()).contains(QChar(0xFFFD)) == false);
        QCOMPARE(marked(excerpt.text, excerpt.matches), std::vector<std::string>{"\xE6\xBC\xA2"});
        QCOMPARE(excerptOf("short", std::vector<TextRange>{{2, 99}}).text, std::string("short"));
        QVERIFY(excerptOf("short", std::vector<TextRange>{{2, 99}}).matches.empty());
        QVERIFY(excerptOf("", {}).text.empty());
    }

private:
    void reopen() {
        store_.reset();
        auto opened = Store::open(databaseIn(*folder_));
        QVERIFY2(opened, opened ? "" : opened.error().message.c_str());
        store_ = std::make_unique<Store>(*std::move(opened));
    }
    std::int64_t newConversation(const char* title) {
        ConversationRecord record;
        record.title = title;
        return *store_->createConversation(record);
    }
    std::int64_t say(std::int64_t conversation, const std::string& text) {
        return store_->appendMessage(userMessage(conversation, text))->id;
    }
    Ids found(const char* typed) {
        const auto results = store_->search({.text = typed, .limit = 50, .beforeMessage = {}});
        Ids ids;
        if (!results) return {-1};
        for (const MessageHit& hit : results->messages)
            ids.push_back(hit.messageId);
        return ids;
    }
    Result<TermCounts> countsOf(const RecallQuery& query, const std::vector<std::string>& words) {
        EPI_TRY_ASSIGN(Database database, Database::open(databaseIn(*folder_), Database::Access::kReadOnly));
        return SearchRepository(database).termCounts(query, words);
    }
    /// Whether the indexes hold exactly what the tables hold.
    bool isInStep() {
        test::RawSqlite raw(databaseIn(*folder_));
        return raw.execute("INSERT INTO message_stems (message_stems, rank) VALUES ('integrity-check', 1)") &&
               raw.execute("INSERT INTO message_words (message_words, rank) VALUES ('integrity-check', 1)") &&
               raw.execute("INSERT INTO title_words (title_words, rank) VALUES ('integrity-check', 1)");
    }

    std::unique_ptr<QTemporaryDir> folder_;
    std::unique_ptr<Store> store_;
};

QTEST_GUILESS_MAIN(TestSearch)
#include "tst_search.moc"
