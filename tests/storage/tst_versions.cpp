// Versions of messages, switching between them, and turns that are taken out and put back.

#include <algorithm>
#include <array>
#include <fstream>
#include <map>
#include <random>
#include <set>

#include <QtTest>

#include "core/format/cache_key.h"
#include "core/transfer/chat_exporter.h"
#include "core/transfer/chat_import.h"
#include "storage/message_repository.h"
#include "storage/store.h"
#include "tests/storage/raw_sqlite.h"
#include "tests/support/check_result.h"

using namespace epi;
using test::databaseIn;
using test::userMessage;

namespace {

using Ids = std::vector<std::int64_t>;

MessageRecord reply(std::int64_t conversationId, std::string text) {
    MessageRecord message = userMessage(conversationId, std::move(text));
    message.role = Role::kAssistant;
    return message;
}

}  // namespace

class TestVersions : public QObject {
    Q_OBJECT

private:
    void reopen() {
        store_.reset();
        auto opened = Store::open(databaseIn(*folder_));
        QVERIFY2(opened, test::why(opened));
        store_ = std::make_unique<Store>(*std::move(opened));
    }
    std::int64_t conversationWithTurns(int turns) {
        ConversationRecord record;
        record.title = "t";
        const auto id = store_->createConversation(record);
        for (int i = 0; id && i < turns; ++i)
            addTurn(*id);
        return id ? *id : 0;
    }
    /// As if a message had been taken out so many days ago. The store is closed then.
    bool age(std::int64_t days, std::int64_t row) {
        store_.reset();
        auto store = Store::open(databaseIn(*folder_));
        MessageRecord message = *store->message(row);
        Result<Database> database = Database::open(databaseIn(*folder_), Database::Access::kReadWrite);
        *message.removedAtMs -= days * 86'400'000;
        return MessageRepository(*database).place(message).has_value();
    }
    bool addTurn(std::int64_t conversation) {
        ++made_;
        return store_->appendMessage(userMessage(conversation, "q" + std::to_string(made_))) &&
               store_->appendMessage(reply(conversation, "r" + std::to_string(made_)));
    }
    std::string texts(std::int64_t conversation) {
        const auto messages = store_->messages(conversation);
        if (!messages) return messages.error().message;
        std::string all;
        for (const MessageRecord& message : *messages)
            all += (all.empty() ? "" : " ") + message.text;
        return all;
    }
    std::int64_t at(std::int64_t conversation, std::size_t row) {
        return store_->messages(conversation)->at(row).id;
    }
    Ids shown(std::int64_t conversation) {
        Ids ids;
        const auto messages = store_->messages(conversation);
        if (!messages) return ids;
        for (const MessageRecord& message : *messages)
            ids.push_back(message.id);
        return ids;
    }
    Result<std::vector<MessageRecord>> version(std::int64_t of, const MessageRecord& message) {
        return store_->addVersion(of, {&message, 1});
    }

    /// What holds whatever was done; empty when it does.
    std::string broken(std::int64_t conversation) {
        struct Row {
            std::int64_t parent = 0;
            std::int64_t sequence = 0;
            bool isRemoved = false;
        };
        std::map<std::int64_t, Row> rows;
        const QString text =
            test::RawSqlite(databaseIn(*folder_))
                .text(
                    "SELECT group_concat(id || ',' || coalesce(parent_id, 0) || ',' || coalesce(sequence, 0) "
                    "|| ',' || (removed_at_ms IS NOT NULL), ';') FROM messages");
        for (const QString& line : text.split(QChar(u';'), Qt::SkipEmptyParts)) {
            const QStringList parts = line.split(QChar(u','));
            rows[parts[0].toLongLong()] = {parts[1].toLongLong(), parts[2].toLongLong(), parts[3] == u"1"};
        }
        // Reads every row, and so every checksum.
        if (const auto whole = store_->portableChat(conversation); !whole) return whole.error().message;
        const auto messages = store_->messages(conversation);
        if (!messages) return messages.error().message;
        std::int64_t before = 0;
        std::int64_t place = 0;
        for (const MessageRecord& message : *messages) {
            if (message.sequence != ++place) return "gap at " + std::to_string(place);
            if (message.removedAtMs) return "removed on the branch: " + std::to_string(message.id);
            std::int64_t parent = message.parentId.value_or(0);
            while (parent != 0 && rows.at(parent).isRemoved)
                parent = rows.at(parent).parent;
            if (parent != before) return "no path at " + std::to_string(message.id);
            before = message.id;
        }
        std::map<std::int64_t, Ids> versions;
        for (const auto& [id, row] : rows) {
            if (row.parent != 0 && !rows.contains(row.parent)) return "no parent of " + std::to_string(id);
            if (row.parent >= id) return "a parent that is younger: " + std::to_string(id);
            if (!row.isRemoved) versions[row.parent].push_back(id);
            if (!row.isRemoved && row.sequence == 0 && row.parent == before)
                return "the branch could go on with " + std::to_string(id);
        }
        std::map<std::int64_t, VersionPlace> places;
        const auto listed = store_->versionPlaces(conversation);
        if (!listed) return listed.error().message;
        for (const VersionPlace& entry : *listed)
            places[entry.messageId] = entry;
        std::size_t expected = 0;
        for (const MessageRecord& message : *messages) {
            const Ids& siblings = versions[message.parentId.value_or(0)];
            if (siblings.size() < 2) continue;
            ++expected;
            const VersionPlace& entry = places[message.id];
            if (entry.count != std::ssize(siblings)) return "count of versions";
            if (siblings[static_cast<std::size_t>(entry.index)] != message.id) return "index of a version";
            if (*store_->versions(message.id) != siblings) return "list of versions";
        }
        return expected == places.size() ? "" : "places of messages without versions";
    }

    std::unique_ptr<QTemporaryDir> folder_;
    std::unique_ptr<Store> store_;
    int made_ = 0;

private Q_SLOTS:
    void init() {
        folder_ = std::make_unique<QTemporaryDir>();
        made_ = 0;
        reopen();
    }
    void cleanup() { store_.reset(); }

    void aNewReplyIsAVersionAndTheOldOneStays() {
        const std::int64_t id = conversationWithTurns(2);
        const auto added = version(at(id, 3), reply(id, "r2b"));
        QVERIFY2(added, test::why(added));
        QCOMPARE(added->front().sequence, 4);
        reopen();
        QCOMPARE(texts(id), std::string("q1 r1 q2 r2b"));
        const auto places = store_->versionPlaces(id);
        QVERIFY2(places, test::why(places));
        QCOMPARE(places->size(), std::size_t{1});
        QCOMPARE(places->front().messageId, added->front().id);
        QCOMPARE(places->front().index, 1);
        QCOMPARE(places->front().count, 2);
        QVERIFY(store_->showVersion(store_->versions(added->front().id)->front()));
        QCOMPARE(texts(id), std::string("q1 r1 q2 r2"));
    }

    void anEditedQuestionEndsTheBranchAndWhatFollowedComesBackWithTheOldOne() {
        const std::int64_t id = conversationWithTurns(3);
        const std::int64_t old = at(id, 2);
        const std::array edited{userMessage(id, "q2b"), reply(id, "r2b")};
        const auto added = store_->addVersion(old, edited);
        QVERIFY2(added, test::why(added));
        QCOMPARE(texts(id), std::string("q1 r1 q2b r2b"));
        QVERIFY(addTurn(id));
        QVERIFY(store_->showVersion(old));
        QCOMPARE(texts(id), std::string("q1 r1 q2 r2 q3 r3"));
        QVERIFY(store_->showVersion(added->front().id));
        QCOMPARE(texts(id), std::string("q1 r1 q2b r2b q4 r4"));
    }

    void theFirstMessageHasVersionsToo() {
        const std::int64_t other = conversationWithTurns(1);
        const std::int64_t id = conversationWithTurns(1);
        const auto added = version(at(id, 0), userMessage(id, "q2b"));
        QVERIFY2(added, test::why(added));
        QCOMPARE(texts(id), std::string("q2b"));
        QCOMPARE(store_->versions(added->front().id)->size(), std::size_t{2});
        QCOMPARE(texts(other), std::string("q1 r1"));
        QVERIFY(store_->versionPlaces(other)->empty());
    }

    void ofSeveralVersionsTheOneShownLastComesBack() {
        const std::int64_t id = conversationWithTurns(2);
        const std::int64_t first = at(id, 0);
        const std::int64_t second = at(id, 3);
        QVERIFY(version(second, reply(id, "r2b")));
        QVERIFY(version(second, reply(id, "r2c")));
        QVERIFY(store_->showVersion(store_->versions(second)->at(1)));
        QCOMPARE(texts(id), std::string("q1 r1 q2 r2b"));
        QVERIFY(version(first, userMessage(id, "q1b")));
        reopen();
        QVERIFY(store_->showVersion(first));
        QCOMPARE(texts(id), std::string("q1 r1 q2 r2b"));
    }

    void aTurnIsTakenOutOfTheMiddleAndPutBack() {
        const std::int64_t id = conversationWithTurns(3);
        for (const std::size_t row : {2U, 3U}) {
            const auto removed = store_->removeTurn(at(id, row));
            QVERIFY2(removed, test::why(removed));
            reopen();
            QCOMPARE(texts(id), std::string("q1 r1 q3 r3"));
            QCOMPARE(*store_->removedMessages(id), *removed);
            QVERIFY2(broken(id).empty(), broken(id).c_str());
            QVERIFY(store_->restoreTurn(*removed));
            QCOMPARE(texts(id), std::string("q1 r1 q2 r2 q3 r3"));
            QVERIFY(store_->removedMessages(id)->empty());
        }
    }

    void theLastTurnIsTakenOutWithAllVersionsOfItsReplyAndPutBack() {
        const std::int64_t id = conversationWithTurns(2);
        QVERIFY(version(at(id, 3), reply(id, "r2b")));
        const auto removed = store_->removeTurn(at(id, 3));
        QVERIFY2(removed, test::why(removed));
        QCOMPARE(removed->size(), std::size_t{3});
        QCOMPARE(texts(id), std::string("q1 r1"));
        QVERIFY(store_->restoreTurn(*removed));
        QCOMPARE(texts(id), std::string("q1 r1 q2 r2b"));
        QVERIFY2(broken(id).empty(), broken(id).c_str());
    }

    void aTurnPutBackAfterTheChatWentOnIsAVersion() {
        const std::int64_t id = conversationWithTurns(2);
        const auto removed = store_->removeTurn(at(id, 2));
        QVERIFY(removed && addTurn(id));
        QVERIFY(store_->restoreTurn(*removed));
        QCOMPARE(texts(id), std::string("q1 r1 q2 r2"));
        const auto places = store_->versionPlaces(id);
        QVERIFY(places && places->size() == 1);
        QVERIFY(store_->showVersion(store_->versions(at(id, 2))->back()));
        QCOMPARE(texts(id), std::string("q1 r1 q3 r3"));
    }

    void aRemovedVersionGivesItsPlaceToAnother() {
        const std::int64_t id = conversationWithTurns(2);
        QVERIFY(version(at(id, 2), userMessage(id, "q2b")));
        const auto removed = store_->removeTurn(at(id, 2));
        QVERIFY2(removed, test::why(removed));
        QCOMPARE(texts(id), std::string("q1 r1 q2 r2"));
        QVERIFY(store_->restoreTurn(*removed));
        QCOMPARE(texts(id), std::string("q1 r1 q2b"));
    }

    void everythingCanBeTakenOut() {
        const std::int64_t id = conversationWithTurns(1);
        const auto removed = store_->removeTurn(at(id, 0));
        QVERIFY2(removed, test::why(removed));
        QCOMPARE(texts(id), std::string());
        QVERIFY(addTurn(id));
        QCOMPARE(texts(id), std::string("q2 r2"));
        QVERIFY2(broken(id).empty(), broken(id).c_str());
    }

    void saysWhatCannotBeShownOrRemoved() {
        const std::int64_t id = conversationWithTurns(1);
        const std::int64_t old = at(id, 1);
        QVERIFY(version(old, reply(id, "r1b")));
        QVERIFY(test::failsWith(store_->removeTurn(old), ErrorCode::kInvalidArgument));
        const auto removed = store_->removeTurn(at(id, 0));
        QVERIFY(removed);
        QVERIFY(test::failsWith(store_->showVersion(removed->front()), ErrorCode::kInvalidArgument));
        QVERIFY(test::failsWith(store_->showVersion(999), ErrorCode::kNotFound));
        QVERIFY(test::failsWith(store_->removeTurn(999), ErrorCode::kNotFound));
        const std::array<std::int64_t, 1> unknown{999};
        QVERIFY(test::failsWith(store_->restoreTurn(unknown), ErrorCode::kNotFound));
        QVERIFY(test::failsWith(version(999, reply(id, "x")), ErrorCode::kNotFound));
    }

    void searchDoesNotFindWhatWasTakenOut() {
        const std::int64_t id = conversationWithTurns(2);
        QCOMPARE(store_->search({.text = "q2"})->messages.size(), std::size_t{1});
        const auto removed = store_->removeTurn(at(id, 2));
        QVERIFY(removed);
        QVERIFY(store_->search({.text = "q2"})->messages.empty());
        QVERIFY(store_->restoreTurn(*removed));
        QCOMPARE(store_->search({.text = "q2"})->messages.size(), std::size_t{1});
    }

    void aChangedTimeOfRemovalIsFound() {
        const std::int64_t id = conversationWithTurns(1);
        QVERIFY(store_->removeTurn(at(id, 0)));
        store_.reset();
        QVERIFY(test::RawSqlite(databaseIn(*folder_)).execute("UPDATE messages SET removed_at_ms = NULL"));
        reopen();
        const auto whole = store_->portableChat(id);
        QVERIFY(!whole);
        QCOMPARE(whole.error().code, ErrorCode::kCorruptData);
    }

    void keepsSystemPromptAndSampling() {
        const std::int64_t id = conversationWithTurns(1);
        QVERIFY(store_->setInstructions(id, "Be brief.", R"({"temperature":0.7})"));
        reopen();
        QCOMPARE(store_->conversation(id)->systemPrompt, std::string("Be brief."));
        QCOMPARE(store_->conversation(id)->sampling, std::string(R"({"temperature":0.7})"));
        QVERIFY(test::failsWith(store_->setInstructions(999, "", ""), ErrorCode::kNotFound));
    }

    void versionsAndWhatWasTakenOutSurviveAFile() {
        const std::int64_t id = conversationWithTurns(4);
        const std::int64_t second = at(id, 2);
        QVERIFY(version(at(id, 7), reply(id, "r4b")));
        QVERIFY(version(at(id, 7), reply(id, "r4c")));
        QVERIFY(store_->showVersion(store_->versions(at(id, 7))->at(1)));
        QVERIFY(store_->removeTurn(at(id, 4)));
        QVERIFY(version(second, userMessage(id, "q2b")));
        QVERIFY(store_->setInstructions(id, "Be brief.", R"({"temperature":0.7})"));
        const auto chat = store_->portableChat(id);
        QVERIFY2(chat, test::why(chat));
        const ChatExporter& json = **findChatExporter("json");
        const std::filesystem::path file = databaseIn(*folder_).parent_path() / "chat.json";
        std::ofstream(file, std::ios::binary) << json.begin("") << json.write(*chat) << json.end();

        QTemporaryDir folder;
        auto other = Store::open(databaseIn(folder));
        QVERIFY2(other, test::why(other));
        std::int64_t copy = 0;
        const auto summary = importChats(file, [&](ReadChat read) -> Result<void> {
            EPI_TRY_ASSIGN(const ImportOutcome outcome, other->importChat(read.chat));
            copy = outcome.conversationId;
            return {};
        });
        QVERIFY2(summary, test::why(summary));
        QVERIFY(summary->problems.empty());
        const auto again = other->portableChat(copy);
        QVERIFY2(again, test::why(again));
        QCOMPARE(json.write(*again), json.write(*chat));
        store_ = std::make_unique<Store>(*std::move(other));
        QCOMPARE(texts(copy), std::string("q1 r1 q2b"));
        QVERIFY(store_->showVersion(store_->versions(at(copy, 2))->front()));
        QCOMPARE(texts(copy), std::string("q1 r1 q2 r2 q4 r4b"));
        QVERIFY(store_->restoreTurn(*store_->removedMessages(copy)));
        QCOMPARE(texts(copy), std::string("q1 r1 q2 r2 q3 r3 q4 r4b"));
    }

    void whatWasTakenOutLongAgoIsErased() {
        const std::int64_t id = conversationWithTurns(4);
        QVERIFY(store_->updateMessage(at(id, 2), "a secret question", MessageState::kComplete, ""));
        QVERIFY(store_->updateMessage(at(id, 3), "a secret answer", MessageState::kComplete, "{}"));
        const auto old = store_->removeTurn(at(id, 2));
        QVERIFY2(old, test::why(old));
        const auto young = store_->removeTurn(at(id, 0));
        QVERIFY2(young, test::why(young));
        store_.reset();
        for (const std::int64_t row : *old)
            QVERIFY(age(31, row));
        for (const std::int64_t row : *young)
            QVERIFY(age(29, row));
        reopen();
        QCOMPARE(texts(id), std::string("q3 r3 q4 r4"));
        QCOMPARE(*store_->removedMessages(id), *young);
        QCOMPARE(store_->message(old->front())->text, std::string());
        QCOMPARE(store_->message(young->front())->text, std::string("q1"));
        QVERIFY2(broken(id).empty(), broken(id).c_str());
        // Not from its own files either, and not to be found.
        QVERIFY(store_->search({.text = "secret", .limit = 5, .beforeMessage = {}})->messages.empty());
        for (const char* suffix : {"", "-wal"}) {
            std::ifstream file(databaseIn(*folder_).string() + suffix, std::ios::binary);
            const std::string bytes{std::istreambuf_iterator<char>(file), {}};
            QVERIFY2(bytes.find("secret") == std::string::npos, suffix);
        }
        QVERIFY(store_->restoreTurn(*old));
        QCOMPARE(texts(id), std::string("q3 r3 q4 r4"));
        QVERIFY(store_->restoreTurn(*young));
        QCOMPARE(texts(id), std::string("q1 r1 q3 r3 q4 r4"));
        QVERIFY2(broken(id).empty(), broken(id).c_str());
    }

    void forgetsTheQuestionThatBeganAnEpisode() {
        const std::int64_t id = conversationWithTurns(2);
        const std::string memory = conversationKey(store_->conversation(id)->uid) + std::string(48, 'e');
        const std::vector<EpisodeRecord> episodes{
            {.index = 0, .turnIds = {shown(id)[0]}, .cacheKey = memory + "-0"},
            {.index = 1, .turnIds = {}, .representatives = {"User: and this?"}, .cacheKey = memory + "-1"}};
        QVERIFY(store_->saveEpisodes(id, episodes, {.tokens = 100}));
        const auto gone = store_->removeTurn(at(id, 2));
        QVERIFY2(gone, test::why(gone));
        for (const std::int64_t row : *gone)
            QVERIFY(age(31, row));
        reopen();
        QVERIFY(store_->episodes(id)->empty());
    }

    void saysWhichCachesErasedTurnsLeave_data() {
        QTest::addColumn<bool>("isBuiltBefore");  // the memory, of what was taken out, too
        QTest::addColumn<bool>("hasMemory");
        QTest::addColumn<bool>("isNamedByChat");
        QTest::newRow("none was built") << false << false << true;
        QTest::newRow("a memory that holds them") << true << true << true;
        QTest::newRow("a memory of the turns that are left") << false << true << true;
        QTest::newRow("a memory that is not found any more") << false << true << false;
    }
    void saysWhichCachesErasedTurnsLeave() {
        QFETCH(bool, isBuiltBefore);
        QFETCH(bool, hasMemory);
        QFETCH(bool, isNamedByChat);
        const std::int64_t id = conversationWithTurns(3);
        const std::int64_t untouched = conversationWithTurns(1);
        const std::string chat = conversationKey(store_->conversation(id)->uid);
        const std::string memory = (isNamedByChat ? chat : std::string(16, 'e')) + std::string(48, 'e');
        const auto build = [&] {
            const Ids turns = shown(id);
            const std::vector<EpisodeRecord> episodes{
                {.index = 0, .turnIds = {turns[0], turns[1]}, .cacheKey = memory + "-0"},
                {.index = 1, .turnIds = Ids(turns.begin() + 2, turns.end()), .cacheKey = memory + "-1"}};
            QVERIFY(store_->saveEpisodes(id, episodes, {.tokens = 100, .lastMessage = turns.back()}));
        };
        if (isBuiltBefore) build();
        const auto gone = store_->removeTurn(at(id, 0));
        QVERIFY2(gone, test::why(gone));
        if (hasMemory && !isBuiltBefore) build();
        reopen();
        QVERIFY(store_->releasedCaches()->empty());  // they can be put back
        for (const std::int64_t row : *gone)
            QVERIFY(age(31, row));
        reopen();
        const auto released = store_->releasedCaches();
        QVERIFY2(released, test::why(released));
        QCOMPARE(released->size(), std::size_t{1});
        const bool isClean = hasMemory && !isBuiltBefore;
        QVERIFY2(released->front().starts_with((isClean && isNamedByChat ? memory : chat) + "+"),
                 released->front().c_str());
        QCOMPARE(store_->episodes(id)->size(), isClean ? std::size_t{2} : std::size_t{0});
        QCOMPARE(store_->conversation(id)->memoryHistory.tokens, isClean ? 100 : 0);
        // Of turns that are erased later there is one key, too, and the chat goes with another one.
        const auto more = store_->removeTurn(at(id, 0));
        QVERIFY2(more, test::why(more));
        for (const std::int64_t row : *more)
            QVERIFY(age(31, row));
        reopen();
        QCOMPARE(store_->releasedCaches()->size(), std::size_t{1});
        QVERIFY(store_->releasedCaches()->front().starts_with(chat + "+"));
        QVERIFY(store_->deleteConversation(id));
        QCOMPARE(store_->releasedCaches()->front(), chat);
        QCOMPARE(texts(untouched), std::string("q4 r4"));
    }

    void aDamagedMessageThatWasTakenOutIsLeftAlone() {
        const std::int64_t id = conversationWithTurns(2);
        const auto gone = store_->removeTurn(at(id, 0));
        QVERIFY2(gone, test::why(gone));
        store_.reset();
        QVERIFY(test::RawSqlite(databaseIn(*folder_))
                    .execute("UPDATE messages SET removed_at_ms = removed_at_ms - 31 * 86400000 "
                             "WHERE removed_at_ms IS NOT NULL"));
        reopen();  // the checksums do not fit any more
        QCOMPARE(texts(id), std::string("q2 r2"));
        QCOMPARE(test::RawSqlite(databaseIn(*folder_)).text("SELECT text FROM messages WHERE id = 1"),
                 QStringLiteral("q1"));
    }

    void keepsOneDenseBranchWhateverIsDone_data() {
        QTest::addColumn<unsigned>("seed");
        for (unsigned seed = 1; seed <= 8; ++seed)
            QTest::addRow("seed %u", seed) << seed;
    }
    void keepsOneDenseBranchWhateverIsDone() {
        QFETCH(unsigned, seed);
        std::mt19937 random(seed);
        const auto below = [&](std::size_t count) {
            return std::size_t{random() % count};
        };
        const std::int64_t id = conversationWithTurns(3);
        std::vector<Ids> removals;
        std::set<std::int64_t> everything;
        for (int step = 0; step < 60; ++step) {
            const Ids before = shown(id);
            const std::int64_t any = before.empty() ? 0 : before[below(before.size())];
            const std::size_t what = below(6);
            if (any == 0 || what == 0) {
                QVERIFY(addTurn(id));
            } else if (what == 1) {
                const auto message = std::ranges::find(before, any) - before.begin();
                const bool isQuestion =
                    store_->messages(id)->at(static_cast<std::size_t>(message)).role == Role::kUser;
                const std::array edited{userMessage(id, "edited"), reply(id, "answered")};
                const auto added =
                    isQuestion ? store_->addVersion(any, edited) : version(any, reply(id, "again"));
                QVERIFY2(added, test::why(added));
            } else if (what == 2 || what == 3) {
                const auto versions = store_->versions(any);
                QVERIFY2(versions, test::why(versions));
                QVERIFY(store_->showVersion((*versions)[below(versions->size())]));
                QVERIFY2(broken(id).empty(), broken(id).c_str());
                QVERIFY(store_->showVersion(any));
                QCOMPARE(shown(id), before);
            } else if (what == 4) {
                const auto removed = store_->removeTurn(any);
                QVERIFY2(removed, test::why(removed));
                QVERIFY2(broken(id).empty(), broken(id).c_str());
                if (below(2) == 0) {
                    QVERIFY(store_->restoreTurn(*removed));
                    QCOMPARE(shown(id), before);
                } else {
                    removals.push_back(*removed);
                }
            } else if (!removals.empty()) {
                const std::size_t which = below(removals.size());
                QVERIFY(store_->restoreTurn(removals[which]));
                for (const std::int64_t restored : removals[which])
                    QVERIFY(std::ranges::count(*store_->removedMessages(id), restored) == 0);
                removals.erase(removals.begin() + static_cast<std::ptrdiff_t>(which));
            }
            const std::string why = broken(id);
            QVERIFY2(why.empty(), (why + " at step " + std::to_string(step)).c_str());
        }
    }
};

QTEST_GUILESS_MAIN(TestVersions)
#include "tst_versions.moc"
