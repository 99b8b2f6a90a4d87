// The files of a build are written while the next episode is read: on a disk that takes its time, on one that
// fails, and when the build is cancelled meanwhile. The disk is this program's own fsync.

#include <atomic>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <QTemporaryDir>
#include <QtTest>

#include "core/engine/benchmark/made_up_text.h"
#include "core/engine/episode_builder.h"
#include "core/engine/episode_files.h"
#include "core/model/executor.h"
#include "core/model/language_model.h"
#include "core/model/sentence_embedder.h"
#include "tests/engine/local_session.h"
#include "tests/support/check_result.h"

#include <sys/syscall.h>
#include <unistd.h>

namespace epi {
namespace {

/// A disk under every thread but one, the engine's.
class Disk {
public:
    /// From now on nothing is on it before `letGo`.
    void hold() {
        const std::lock_guard lock(mutex_);
        isHeld_ = true;
        engine_ = std::this_thread::get_id();
    }
    void letGo() {
        {
            const std::lock_guard lock(mutex_);
            isHeld_ = false;
        }
        released_.notify_all();
    }
    /// The file with this number fails, from 0.
    void failAt(int file) {
        const std::lock_guard lock(mutex_);
        failing_ = file;
        engine_ = std::this_thread::get_id();
    }
    void reset() {
        letGo();
        const std::lock_guard lock(mutex_);
        failing_ = -1;
        files_ = 0;
        engine_ = {};
    }

    int sync(int descriptor) {
        std::unique_lock lock(mutex_);
        if (engine_ == std::thread::id() || engine_ == std::this_thread::get_id())
            return static_cast<int>(::syscall(SYS_fsync, descriptor));
        released_.wait(lock, [this] { return !isHeld_; });
        // Of a file and then of its folder.
        if (files_++ / 2 == failing_) {
            ++files_;
            errno = EIO;
            return -1;
        }
        return static_cast<int>(::syscall(SYS_fsync, descriptor));
    }

private:
    std::mutex mutex_;
    std::condition_variable released_;
    bool isHeld_ = false;     // guarded by mutex_
    int failing_ = -1;        // guarded by mutex_
    int files_ = 0;           // guarded by mutex_; calls
    std::thread::id engine_;  // guarded by mutex_; none: an ordinary disk
};

Disk disk;

}  // namespace
}  // namespace epi

extern "C" int fsync(int descriptor) {
    return epi::disk.sync(descriptor);
}

namespace epi {
namespace {

struct Built {
    std::string key;
    bool isSaved = false;
};

class TestBuildFiles : public QObject {
    Q_OBJECT

    [[nodiscard]] fs::path folder() const { return caches_->path().toStdString(); }
    [[nodiscard]] fs::path fileOf(const std::string& key) const { return folder() / (key + ".kv"); }

    [[nodiscard]] BuildContext context() {
        return {.model = *model_,
                .embedder = embedder_.get(),
                .chatTemplate = chatTemplate_,
                .profile = nullptr,
                .wording = wording_,
                .cacheFolder = folder(),
                .progress = {},
                .notice =
                    [this](const std::string& notice) {
                        checkThread();
                        notices_.push_back(notice);
                    },
                .cancel = cancel_,
                .built =
                    [this](const std::string& key, const KvSnapshot& snapshot, bool isSaved) {
                        checkThread();
                        copyBytes_ = snapshot.allocatedBytes();
                        built_.push_back({key, isSaved});
                    },
                .timed =
                    [this](const BuildStage& stage) {
                        checkThread();
                        if (stage.name == "saving") savingSeconds_ += stage.seconds;
                        if (stage.name == "reading") readingSeconds_ += stage.seconds;
                        if (stage.name == "writing") ++written_;
                    }};
    }
    void checkThread() { isOneThread_ = isOneThread_ && std::this_thread::get_id() == thread_; }

    Result<BuiltMemory> build(const BuildContext& context) {
        thread_ = std::this_thread::get_id();
        peak_ = {};
        return buildMemory(context, conversation_, smallMemory(), peak_);
    }
    /// Whether the files are those of a build that nothing happened to.
    void checkFiles() {
        for (std::size_t index = 0; index < keys_.size(); ++index) {
            const auto read = loadSnapshot(fileOf(keys_[index]),
                                           keys_[index],
                                           model_->executor().spec(),
                                           model_->executor().placement());
            QVERIFY2(read, test::why(read));
            QCOMPARE(read->head.identity, identities_[index]);
        }
    }

    QTemporaryDir models_;
    std::unique_ptr<QTemporaryDir> caches_;
    std::unique_ptr<LanguageModel> model_;
    std::unique_ptr<TextEmbedder> embedder_;
    std::shared_ptr<const ChatTemplate> chatTemplate_;
    Wording wording_;
    Conversation conversation_;
    std::vector<std::string> keys_;  // of a build that nothing happened to, and what its files hold
    std::vector<std::uint64_t> identities_;

    CancelToken cancel_;
    std::thread::id thread_;
    std::vector<Built> built_;
    std::vector<std::string> notices_;
    bool isOneThread_ = true;
    MemoryPeak peak_;
    std::int64_t copyBytes_ = 0;  // of a finished cache
    double savingSeconds_ = 0.0;
    double readingSeconds_ = 0.0;
    int written_ = 0;

private Q_SLOTS:
    void initTestCase() {
        const auto path = test::writeTinyModel(models_.path().toStdString(), {});
        auto model = LanguageModel::load({.path = path, .device = DeviceChoice::kCpu});
        QVERIFY2(model, test::why(model));
        model_ = *std::move(model);
        chatTemplate_ = *model_->chatTemplate(true);
        auto embedder = SentenceEmbedder::makeUp(
            madeUpWordPieces(), {.compute = ComputeMode::kExact, .device = DeviceChoice::kCpu});
        QVERIFY2(embedder, test::why(embedder));
        embedder_ = *std::move(embedder);
        const SyncConversation chat = longConversation(60);
        conversation_.name = "long";
        conversation_.text.layout = chat.layout;
        conversation_.text.turns = chat.turns;
        conversation_.history =
            tokenizeHistory(conversation_.text, *chatTemplate_, model_->tokenizer(), wording_);
        init();
        const auto memory = build(context());
        QVERIFY2(memory, test::why(memory));
        QCOMPARE(built_.size(), std::size_t{3});
        for (const Built& each : built_) {
            keys_.push_back(each.key);
            const auto head = readSnapshotHead(fileOf(each.key), each.key);
            QVERIFY2(head, test::why(head));
            identities_.push_back(head->identity);
        }
    }
    void init() {
        disk.reset();
        caches_ = std::make_unique<QTemporaryDir>();
        cancel_ = CancelToken();
        built_.clear();
        notices_.clear();
        isOneThread_ = true;
        savingSeconds_ = readingSeconds_ = 0.0;
        written_ = 0;
    }
    void cleanup() {
        QVERIFY(isOneThread_);
        // Nothing half written stays.
        for (const auto& entry : fs::directory_iterator(folder()))
            QVERIFY2(entry.path().extension().string().size() < 8, entry.path().c_str());
    }

    void theNextEpisodeIsReadMeanwhile() {
        BuildContext build = context();
        int readWithoutFile = 0;
        std::vector<std::size_t> builtAtEnd;
        build.progress = [&](const Progress& progress) {
            if (progress.phase != "reading") return;
            if (progress.done == progress.total) builtAtEnd.push_back(built_.size());
            if (progress.episode == 0 || fs::exists(fileOf(keys_[0]))) return;
            // The first file is not there, and the second episode is read.
            if (++readWithoutFile == 2) disk.letGo();
        };
        disk.hold();
        const auto memory = this->build(build);
        QVERIFY2(memory, test::why(memory));
        QVERIFY(readWithoutFile >= 2);
        // No episode was read to its end before the file of the one before was told.
        QCOMPARE(builtAtEnd, (std::vector<std::size_t>{0, 1, 2}));
        QCOMPARE(built_.size(), std::size_t{3});
        for (std::size_t index = 0; index < keys_.size(); ++index) {
            QCOMPARE(built_[index].key, keys_[index]);
            QVERIFY(built_[index].isSaved);
            QVERIFY(memory->episodes[index].wholeIdentity == identities_[index]);
            QVERIFY(!memory->episodes[index].isWholeUnsaved);
        }
        QCOMPARE(written_, 3);
        QVERIFY(notices_.empty());
        checkFiles();
        // At once there were the copy that a cancel goes back to, the one being written, and what is shared,
        // which is no more than a budget and a block.
        const std::int64_t cache = cacheBytes(*model_, *memory);
        QVERIFY(peak_.hostBytes > cache + copyBytes_);
        QVERIFY(peak_.hostBytes <= 2 * cache + 2 * copyBytes_);
    }

    void whatIsWaitedForIsSaving() {
        BuildContext build = context();
        std::jthread slow;
        build.progress = [&](const Progress& progress) {
            // Only the last block is left, before which the first file is waited for.
            const bool isNext =
                progress.done < progress.total && progress.done + smallMemory().block >= progress.total;
            if (progress.phase != "reading" || progress.episode != 1 || !isNext || slow.joinable()) return;
            slow = std::jthread([] {
                std::this_thread::sleep_for(std::chrono::milliseconds(400));
                disk.letGo();
            });
        };
        disk.hold();
        const auto start = std::chrono::steady_clock::now();
        const auto memory = this->build(build);
        const double seconds =
            std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
        QVERIFY2(memory, test::why(memory));
        QVERIFY2(savingSeconds_ > 0.1, std::to_string(savingSeconds_).c_str());
        QVERIFY2(savingSeconds_ + readingSeconds_ < seconds, std::to_string(readingSeconds_).c_str());
    }

    void aCancelLosesNothing() {
        BuildContext build = context();
        std::jthread later;
        build.progress = [&](const Progress& progress) {
            if (progress.phase != "reading" || progress.episode != 1 || later.joinable()) return;
            cancel_.cancel();
            later = std::jthread([] {
                std::this_thread::sleep_for(std::chrono::milliseconds(300));
                disk.letGo();
            });
        };
        disk.hold();
        const auto cancelled = this->build(build);
        QVERIFY(test::failsWith(cancelled, ErrorCode::kCancelled));
        QCOMPARE(built_.size(), std::size_t{1});
        QVERIFY(built_.front().isSaved);
        QVERIFY(readSnapshotHead(fileOf(keys_[0]), keys_[0]));
        disk.reset();
        cancel_ = CancelToken();
        std::int32_t firstEpisode = -1;
        BuildContext again = context();
        again.progress = [&](const Progress& progress) {
            if (progress.phase == "reading" && firstEpisode < 0) firstEpisode = progress.episode;
        };
        const auto memory = this->build(again);
        QVERIFY2(memory, test::why(memory));
        QCOMPARE(firstEpisode, 1);
        QCOMPARE(built_.size(), std::size_t{3});
        checkFiles();
    }

    void aDiskThatFailsIsTold_data() {
        QTest::addColumn<int>("file");
        QTest::newRow("while the next is read") << 0;
        QTest::newRow("in the middle") << 1;
        QTest::newRow("at the end") << 2;
    }
    void aDiskThatFailsIsTold() {
        QFETCH(int, file);
        disk.failAt(file);
        const auto memory = build(context());
        QVERIFY2(memory, test::why(memory));
        QCOMPARE(built_.size(), std::size_t{3});
        for (int index = 0; index < 3; ++index) {
            const auto at = static_cast<std::size_t>(index);
            QCOMPARE(built_[at].isSaved, index != file);
            QCOMPARE(fs::exists(fileOf(keys_[at])), index != file);
            QCOMPARE(memory->episodes[at].isWholeUnsaved, index == file);
            QCOMPARE(memory->episodes[at].wholeIdentity == 0, index == file);
        }
        QCOMPARE(notices_.size(), std::size_t{1});
        QVERIFY2(notices_.front().find("Input/output error") != std::string::npos, notices_.front().c_str());
        disk.reset();
        built_.clear();
        QVERIFY(build(context()));
        QCOMPARE(built_.size(), std::size_t{1});  // only what was lost
        checkFiles();
    }

    void aFailureIsToldWhenTheBuildIsCancelled() {
        disk.failAt(0);
        BuildContext build = context();
        build.progress = [&](const Progress& progress) {
            if (progress.phase == "reading" && progress.episode == 1) cancel_.cancel();
        };
        QVERIFY(test::failsWith(this->build(build), ErrorCode::kCancelled));
        QCOMPARE(built_.size(), std::size_t{1});
        QVERIFY(!built_.front().isSaved);
        QCOMPARE(notices_.size(), std::size_t{1});
    }
};

}  // namespace
}  // namespace epi

QTEST_GUILESS_MAIN(epi::TestBuildFiles)
#include "tst_build_files.moc"
