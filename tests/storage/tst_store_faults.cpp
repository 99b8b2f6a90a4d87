#include <cerrno>
#include <chrono>
#include <csignal>
#include <set>
#include <thread>

#include <QtTest>

#include "storage/store.h"
#include "tests/storage/raw_sqlite.h"

#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace epi;
using test::databaseIn;
using test::userMessage;

namespace {

constexpr int kKills = 20;
constexpr int kReportsBeforeKill = 15;
constexpr std::chrono::microseconds kDelayStep{50};  // each kill meets another moment of a write

bool diskIsFull = false;
bool flushesFail = false;

/// Appends messages for ever; writes the id of each to `pipe` once the store has said that it is kept.
[[noreturn]] void appendForEver(const std::filesystem::path& file, std::int64_t conversation, int pipe) {
    auto store = Store::open(file);
    if (!store || store->isReadOnly()) ::_exit(1);
    for (;;) {
        const auto stored = store->appendMessage(userMessage(conversation, std::string(2000, 'k')));
        if (!stored) ::_exit(2);
        if (::write(pipe, &stored->id, sizeof(stored->id)) != sizeof(stored->id)) ::_exit(3);
    }
}

/// Ids that a child reported before it was killed in the middle of its work, `delay` after the last one.
std::set<std::int64_t> reportedByAKilledWriter(const std::filesystem::path& file,
                                               std::int64_t conversation,
                                               std::chrono::microseconds delay) {
    int ends[2];
    if (::pipe(ends) != 0) return {};
    const pid_t child = ::fork();
    if (child == 0) appendForEver(file, conversation, ends[1]);
    ::close(ends[1]);
    std::set<std::int64_t> reported;
    std::int64_t id = 0;
    while (::read(ends[0], &id, sizeof(id)) == sizeof(id)) {
        reported.insert(id);
        if (reported.size() != kReportsBeforeKill) continue;
        std::this_thread::sleep_for(delay);
        ::kill(child, SIGKILL);
    }
    ::close(ends[0]);
    ::waitpid(child, nullptr, 0);
    return reported;
}

}  // namespace

// SQLite's calls to the system arrive here first.
extern "C" int fdatasync(int descriptor) {
    if (flushesFail) {
        errno = EIO;
        return -1;
    }
    return static_cast<int>(::syscall(SYS_fdatasync, descriptor));
}

extern "C" ssize_t pwrite64(int descriptor, const void* bytes, size_t count, off64_t offset) {
    if (diskIsFull) {
        errno = ENOSPC;
        return -1;
    }
    return ::syscall(SYS_pwrite64, descriptor, bytes, count, offset);
}

class TestStoreFaults : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void init() { folder_ = std::make_unique<QTemporaryDir>(); }
    void cleanup() {
        diskIsFull = false;
        flushesFail = false;
    }

    void keepsEveryReportedMessageOfAKilledProgram() {
        const std::int64_t conversation = conversationWith({});
        std::set<std::int64_t> reported;
        for (int i = 0; i < kKills; ++i) {
            reported.merge(reportedByAKilledWriter(databaseIn(*folder_), conversation, i * kDelayStep));
        }
        QVERIFY(reported.size() >= std::size_t{kKills * kReportsBeforeKill});
        {
            auto store = Store::open(databaseIn(*folder_));
            QVERIFY(store);
            QVERIFY(!store->isReadOnly());
            const auto messages = store->messages(conversation);
            QVERIFY(messages);
            for (const MessageRecord& message : *messages)
                reported.erase(message.id);
            qInfo("%zu messages of %d killed writers", messages->size(), kKills);
        }
        QCOMPARE(reported.size(), std::size_t{0});
        QCOMPARE(test::RawSqlite(databaseIn(*folder_)).text("PRAGMA integrity_check"), QString("ok"));
    }

    void marksRepliesOfAKilledProgramAsCutOff() {
        MessageRecord reply = userMessage(0, "half a rep");
        reply.role = Role::kAssistant;
        reply.state = MessageState::kStreaming;
        const std::int64_t conversation = conversationWith({reply});
        auto store = Store::open(databaseIn(*folder_));
        QVERIFY(store);
        const auto messages = store->messages(conversation);
        QVERIFY(messages);
        QCOMPARE(messages->front().state, MessageState::kCutOff);
        QCOMPARE(messages->front().text, std::string("half a rep"));
    }

    void aFileNamedWithoutAFolderIsInTheCurrentOne() {
        const std::filesystem::path before = std::filesystem::current_path();
        const auto back = qScopeGuard([&] { std::filesystem::current_path(before); });
        std::filesystem::current_path(folder_->path().toStdString());
        const auto store = Store::open("chats.db");
        QVERIFY2(store, store ? "" : store.error().message.c_str());
        QVERIFY(std::filesystem::exists("chats.db"));
    }

    void opensReadOnlyWhileAnotherProgramWrites() {
        auto writer = Store::open(databaseIn(*folder_));
        QVERIFY(writer);
        QVERIFY(!writer->isReadOnly());
        const auto conversation = writer->createConversation({});
        QVERIFY(conversation);
        MessageRecord reply = userMessage(*conversation, "still going");
        reply.state = MessageState::kStreaming;
        QVERIFY(writer->appendMessage(reply));

        auto reader = Store::open(databaseIn(*folder_));
        QVERIFY(reader);
        QVERIFY(reader->isReadOnly());
        QCOMPARE(reader->messages(*conversation)->front().state, MessageState::kStreaming);
        const auto written = reader->appendMessage(userMessage(*conversation, "mine"));
        QVERIFY(!written);
        QCOMPARE(written.error().code, ErrorCode::kIo);

        QVERIFY(writer->appendMessage(userMessage(*conversation, "theirs")));
        QCOMPARE(reader->messages(*conversation)->size(), std::size_t{2});
    }

    void letsTheNextProgramWriteOnceTheFirstIsGone() {
        { QVERIFY(Store::open(databaseIn(*folder_))); }
        const auto store = Store::open(databaseIn(*folder_));
        QVERIFY(store);
        QVERIFY(!store->isReadOnly());
    }

    void detectsAChangedColumn_data() {
        QTest::addColumn<QString>("change");
        for (const char* change : {"text = 'hellp'",
                                   "role = 'assistant'",
                                   "speaker = 'x'",
                                   "caption = 'x'",
                                   "session = 'x'",
                                   "source_id = 'x'",
                                   "state = 'failed'",
                                   "details = 'x'",
                                   "sequence = 5",
                                   "parent_id = id",
                                   "created_at_ms = 1",
                                   "checksum = checksum + 1"}) {
            QTest::newRow(change) << QString(change);
        }
    }
    void detectsAChangedColumn() {
        QFETCH(QString, change);
        const std::int64_t conversation = conversationWith({userMessage(0, "hello")});
        QVERIFY(test::RawSqlite(databaseIn(*folder_)).execute(qPrintable("UPDATE messages SET " + change)));
        auto store = Store::open(databaseIn(*folder_));
        QVERIFY(store);
        const auto messages = store->messages(conversation);
        QVERIFY(!messages);
        QCOMPARE(messages.error().code, ErrorCode::kCorruptData);
        QVERIFY2(test::messageOf(messages.error()).contains("messages row 1 "),
                 messages.error().message.c_str());
    }

    void aDamagedRowIsNotMadeRightByAnUpdate() {
        const std::int64_t conversation = conversationWith({userMessage(0, "hello")});
        QVERIFY(test::RawSqlite(databaseIn(*folder_)).execute("UPDATE messages SET speaker = 'x'"));
        auto store = Store::open(databaseIn(*folder_));
        QVERIFY(store);
        QVERIFY(!store->updateMessage(1, "new", MessageState::kComplete, ""));
        QVERIFY(!store->messages(conversation));
    }

    void oneDamagedConversationLeavesTheOthersReadable() {
        conversationWith({userMessage(0, "hello")});
        const std::int64_t other = conversationWith({userMessage(0, "world")});
        QVERIFY(test::RawSqlite(databaseIn(*folder_)).execute("UPDATE messages SET text = '' WHERE id = 1"));
        auto store = Store::open(databaseIn(*folder_));
        QVERIFY(store);
        QCOMPARE(store->conversations()->size(), std::size_t{2});
        QVERIFY(store->messages(other));
    }

    void aDamagedMessageHidesNoOther() {
        conversationWith({userMessage(0, "one"), userMessage(0, "two"), userMessage(0, "three")});
        QVERIFY(test::RawSqlite(databaseIn(*folder_)).execute("UPDATE messages SET text = '' WHERE id = 2"));
        auto store = Store::open(databaseIn(*folder_));
        QVERIFY(store);
        const std::vector<std::int64_t> ids{1, 2, 3, 4};
        const auto page = store->messagePage(ids, 1'000);
        QVERIFY(page);
        QCOMPARE(page->messages.size(), std::size_t{2});
        QCOMPARE(page->messages[1].text, std::string("three"));
        QCOMPARE(page->damaged.size(), std::size_t{2});
        QCOMPARE(page->damaged[0].id, std::int64_t{2});
        QCOMPARE(page->damaged[0].error.code, ErrorCode::kCorruptData);
        QVERIFY(test::messageOf(page->damaged[0].error).contains("messages row 2 is damaged"));
        QCOMPARE(page->damaged[1].error.code, ErrorCode::kNotFound);
    }

    void keepsWhatIsThereWhenTheDiskIsFull() {
        const std::int64_t conversation = conversationWith({userMessage(0, "hello")});
        auto store = Store::open(databaseIn(*folder_));
        QVERIFY(store);
        diskIsFull = true;
        const auto failed = store->appendMessage(userMessage(conversation, "too much"));
        QVERIFY(!failed);
        QCOMPARE(failed.error().code, ErrorCode::kIo);
        QVERIFY2(test::messageOf(failed.error()).contains("full"), failed.error().message.c_str());
        QCOMPARE(store->messages(conversation)->size(), std::size_t{1});
        diskIsFull = false;
        QVERIFY(store->appendMessage(userMessage(conversation, "again")));
        QCOMPARE(store->messages(conversation)->size(), std::size_t{2});
    }

    void opensOnAFullDiskWhatHasSomethingToTidy() {
        MessageRecord reply = userMessage(0, "half a rep");
        reply.role = Role::kAssistant;
        reply.state = MessageState::kStreaming;
        conversationWith({userMessage(0, "long ago")});
        const std::int64_t conversation = conversationWith({userMessage(0, "hello"), reply});
        // Stays open: SQLite's shared memory, which is a file, has its room before the disk is full.
        test::RawSqlite other(databaseIn(*folder_));
        QVERIFY(other.execute("UPDATE conversations SET deleted_at_ms = 1 WHERE id = 1"));
        diskIsFull = true;
        {
            auto store = Store::open(databaseIn(*folder_));
            QVERIFY2(store, store ? "" : store.error().message.c_str());
            QCOMPARE(store->bin()->size(), std::size_t{1});
            QCOMPARE(store->messages(conversation)->front().text, std::string("hello"));
        }
        diskIsFull = false;
        auto store = Store::open(databaseIn(*folder_));
        QVERIFY(store);
        QCOMPARE(store->bin()->size(), std::size_t{0});
        QCOMPARE(store->messages(conversation)->back().state, MessageState::kCutOff);
    }

    void writesNoMoreAfterAFailedFlush() {
        const std::int64_t conversation = conversationWith({userMessage(0, "hello")});
        auto store = Store::open(databaseIn(*folder_));
        QVERIFY(store);
        flushesFail = true;
        const auto failed = store->appendMessage(userMessage(conversation, "lost"));
        QVERIFY(!failed);
        QCOMPARE(failed.error().code, ErrorCode::kIo);
        flushesFail = false;
        const auto refused = store->appendMessage(userMessage(conversation, "after"));
        QVERIFY(!refused);
        QCOMPARE(refused.error().code, ErrorCode::kIo);
        QVERIFY2(test::messageOf(refused.error()).contains("open the file again"),
                 refused.error().message.c_str());
    }

    void keepsChatsFromOtherUsers() {
        { QVERIFY(Store::open(databaseIn(*folder_))); }
        const auto allowed = std::filesystem::status(databaseIn(*folder_)).permissions();
        QCOMPARE(static_cast<int>(allowed), 0600);
    }

private:
    /// A new conversation with these messages; the store is closed again.
    std::int64_t conversationWith(std::vector<MessageRecord> messages) {
        auto store = Store::open(databaseIn(*folder_));
        if (!store) return 0;
        const auto id = store->createConversation({});
        if (!id) return 0;
        for (MessageRecord& message : messages) {
            message.conversationId = *id;
            if (!store->appendMessage(message)) return 0;
        }
        return *id;
    }

    std::unique_ptr<QTemporaryDir> folder_;
};

QTEST_GUILESS_MAIN(TestStoreFaults)
#include "tst_store_faults.moc"
