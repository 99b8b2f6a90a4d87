#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <QTemporaryDir>
#include <QtTest>

#include "core/base/file.h"
#include "core/base/rng.h"
#include "core/format/cache_file.h"

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace epi {
namespace {

constexpr std::size_t kChunk = std::size_t{1} << 20;

std::vector<std::byte> noise(std::size_t size, std::uint64_t seed) {
    Rng rng(seed);
    std::vector<std::byte> bytes(size);
    for (std::byte& byte : bytes)
        byte = static_cast<std::byte>(rng.next());
    return bytes;
}

CacheFileHeader header() {
    return {.key = "k1", .metadata = {{"layers", 2}, {"name", "a \u00e4"}, {"list", {1, 2, 3}}}};
}

std::string contentOf(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

void replaceContent(const std::filesystem::path& path, const std::string& content) {
    std::ofstream file(path, std::ios::binary | std::ios::trunc);
    file.write(content.data(), static_cast<std::streamsize>(content.size()));
}

/// Whether the file opens and every section can be read.
Result<void> readEverything(const std::filesystem::path& path) {
    EPI_TRY_ASSIGN(const CacheFile file, CacheFile::open(path));
    for (const std::string& name : file.sectionNames()) {
        std::vector<std::byte> bytes(static_cast<std::size_t>(file.sectionSize(name).value_or(0)));
        EPI_TRY(file.read(name, bytes));
    }
    return {};
}

class TestCacheFile : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void init() {
        folder_ = std::make_unique<QTemporaryDir>();
        QVERIFY(folder_->isValid());
        path_ = std::filesystem::path(folder_->path().toStdString()) / "cache";
    }

    void returnsWhatWasWritten_data() {
        QTest::addColumn<qint64>("size");
        QTest::newRow("nothing") << qint64{0};
        QTest::newRow("one byte") << qint64{1};
        QTest::newRow("one chunk") << qint64{kChunk};
        QTest::newRow("a chunk and a byte") << qint64{kChunk + 1};
        QTest::newRow("chunks") << qint64{3 * kChunk + 12345};
    }
    void returnsWhatWasWritten() {
        QFETCH(qint64, size);
        const auto keys = noise(static_cast<std::size_t>(size), 1);
        const auto values = noise(77, 2);
        QVERIFY(write({{"keys", keys}, {"values", values}}));

        const auto file = CacheFile::open(path_);
        QVERIFY2(file, file ? "" : file.error().message.c_str());
        QCOMPARE(file->header().key, std::string("k1"));
        QVERIFY(file->header().metadata == header().metadata);
        QCOMPARE(file->sectionNames(), (std::vector<std::string>{"keys", "values"}));
        QCOMPARE(file->sectionSize("keys"), std::optional<std::uint64_t>(keys.size()));
        QCOMPARE(file->fileSize(), std::uint64_t{contentOf(path_).size()});
        QCOMPARE(readSection(*file, "keys"), keys);
        QCOMPARE(readSection(*file, "values"), values);
    }

    void holdsNoSectionsToo() {
        QVERIFY(write({}));
        QVERIFY(readEverything(path_));
    }

    void refusesEveryTruncation() {
        writeSmall();
        const std::string whole = contentOf(path_);
        for (std::size_t size = 0; size < whole.size(); ++size) {
            replaceContent(path_, whole.substr(0, size));
            QVERIFY(isCorrupt());
        }
    }

    void refusesBytesBehindTheEnd() {
        writeSmall();
        replaceContent(path_, contentOf(path_) + '\0');
        QVERIFY(isCorrupt());
    }

    void findsEveryFlippedBit() {
        writeSmall();
        const std::string whole = contentOf(path_);
        for (std::size_t i = 0; i < whole.size(); ++i) {
            for (int bit = 0; bit < 8; ++bit) {
                std::string damaged = whole;
                damaged[i] = static_cast<char>(damaged[i] ^ (1 << bit));
                replaceContent(path_, damaged);
                QVERIFY2(isCorrupt(), qPrintable(QStringLiteral("byte %1, bit %2").arg(i).arg(bit)));
            }
        }
    }

    void findsChunksThatChangedPlaces() {
        const auto bytes = noise(2 * kChunk, 3);
        QVERIFY(write({{"keys", bytes}}));
        const std::string whole = contentOf(path_);
        const std::size_t start = whole.size() - 2 * kChunk;
        replaceContent(path_,
                       whole.substr(0, start) + whole.substr(start + kChunk) + whole.substr(start, kChunk));
        QVERIFY(isCorrupt());
    }

    void namesTheVersionItCannotRead() {
        writeSmall();
        std::string content = contentOf(path_);
        content[8] = 9;
        replaceContent(path_, content);
        const auto file = CacheFile::open(path_);
        QVERIFY(!file);
        QCOMPARE(file.error().code, ErrorCode::kCorruptData);
        QCOMPARE(file.error().message, std::string("cache is damaged: it has version 9, version 1 expected"));
    }

    void allocatesNothingForAnnouncedSizes() {
        writeSmall();
        std::string content = contentOf(path_);
        for (std::size_t i = 12; i < 24; ++i)
            content[i] = '\xff';
        replaceContent(path_, content);
        QVERIFY(isCorrupt());
    }

    void refusesSectionsOfAnotherSizeOrName() {
        writeSmall();
        const auto file = CacheFile::open(path_);
        QVERIFY(file);
        std::vector<std::byte> bytes(4);
        const auto otherSize = file->read("keys", bytes);
        QVERIFY(!otherSize);
        QCOMPARE(otherSize.error().message,
                 std::string("cache is damaged: section 'keys' has 20 bytes, 4 expected"));
        QVERIFY(!file->read("other", bytes));
        QVERIFY(!file->sectionSize("other"));
    }

    void refusesToWriteSectionsThatCannotBeToldApart() {
        const auto bytes = noise(3, 1);
        for (const std::vector<CacheSection>& sections :
             {std::vector<CacheSection>{{"a", bytes}, {"a", bytes}},
              std::vector<CacheSection>{{"", bytes}}}) {
            const auto result = write(sections);
            QVERIFY(!result);
            QCOMPARE(result.error().code, ErrorCode::kInvalidArgument);
        }
        QVERIFY(!std::filesystem::exists(path_));
    }

    void refusesToWriteTextThatIsNotUtf8() {
        CacheFileHeader bad = header();
        bad.metadata["title"] = "\xff\xfe";
        const auto result = writeCacheFile(path_, bad, {});
        QVERIFY(!result);
        QCOMPARE(result.error().code, ErrorCode::kInvalidArgument);
    }

    void saysWhenThereIsNone() {
        const auto file = CacheFile::open(path_);
        QVERIFY(!file);
        QCOMPARE(file.error().code, ErrorCode::kNotFound);
    }

    void keepsTheOldFileWhenKilledWhileWriting() {
        writeSmall();
        const std::string before = contentOf(path_);
        const auto large = noise(kChunk, 4);
        const pid_t child = ::fork();
        QVERIFY(child >= 0);
        if (child == 0) {
            // The kernel kills the writer in the middle: SIGXFSZ at half of the size.
            const rlimit limit{kChunk / 2, kChunk / 2};
            const rlimit noCore{0, 0};
            ::setrlimit(RLIMIT_CORE, &noCore);
            ::setrlimit(RLIMIT_FSIZE, &limit);
            ::signal(SIGXFSZ, SIG_DFL);
            ::_exit(writeCacheFile(path_, header(), std::vector<CacheSection>{{"keys", large}}) ? 0 : 1);
        }
        int status = 0;
        QCOMPARE(::waitpid(child, &status, 0), child);
        QVERIFY(WIFSIGNALED(status));
        QCOMPARE(WTERMSIG(status), SIGXFSZ);
        QCOMPARE(contentOf(path_), before);
        QVERIFY(readEverything(path_));
    }

    void keepsTheOldFileWhenTheDiskIsFull() {
        writeSmall();
        const std::string before = contentOf(path_);
        const auto large = noise(kChunk, 4);
        const pid_t child = ::fork();
        QVERIFY(child >= 0);
        if (child == 0) {
            const rlimit limit{kChunk / 2, kChunk / 2};
            ::setrlimit(RLIMIT_FSIZE, &limit);
            ::signal(SIGXFSZ, SIG_IGN);  // the write fails instead
            const auto result = writeCacheFile(path_, header(), std::vector<CacheSection>{{"keys", large}});
            ::_exit(!result && result.error().code == ErrorCode::kIo ? 0 : 1);
        }
        int status = 0;
        QCOMPARE(::waitpid(child, &status, 0), child);
        QVERIFY(WIFEXITED(status));
        QCOMPARE(WEXITSTATUS(status), 0);
        QCOMPARE(contentOf(path_), before);
        const auto entries = std::filesystem::directory_iterator(path_.parent_path());
        QCOMPARE(std::distance(begin(entries), end(entries)), 1);
    }

private:
    [[nodiscard]] Result<void> write(const std::vector<CacheSection>& sections) const {
        return writeCacheFile(path_, header(), sections);
    }

    void writeSmall() const {
        const auto keys = noise(20, 1);
        const auto values = noise(5, 2);
        QVERIFY(write({{"keys", keys}, {"values", values}}));
        QVERIFY(readEverything(path_));
    }

    [[nodiscard]] bool isCorrupt() const {
        const auto result = readEverything(path_);
        return !result && result.error().code == ErrorCode::kCorruptData;
    }

    static std::vector<std::byte> readSection(const CacheFile& file, std::string_view name) {
        std::vector<std::byte> bytes(static_cast<std::size_t>(file.sectionSize(name).value_or(0)));
        return file.read(name, bytes) ? bytes : std::vector<std::byte>{};
    }

    std::unique_ptr<QTemporaryDir> folder_;
    std::filesystem::path path_;
};

}  // namespace
}  // namespace epi

QTEST_GUILESS_MAIN(epi::TestCacheFile)
#include "tst_cache_file.moc"
