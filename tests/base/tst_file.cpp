#include <array>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <iterator>
#include <memory>

#include <QTemporaryDir>
#include <QTest>

#include "core/base/file.h"
#include "tests/support/check_result.h"

#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

using namespace epi;
using namespace epi::test;

namespace fs = std::filesystem;

namespace {

/// Writes beyond so many bytes of a file fail as if the device were full.
class FileSizeLimit {
public:
    explicit FileSizeLimit(rlim_t bytes) : signal_(std::signal(SIGXFSZ, SIG_IGN)) {
        ::getrlimit(RLIMIT_FSIZE, &old_);
        const rlimit limit{bytes, old_.rlim_max};
        ::setrlimit(RLIMIT_FSIZE, &limit);
    }
    ~FileSizeLimit() {
        ::setrlimit(RLIMIT_FSIZE, &old_);
        std::signal(SIGXFSZ, signal_);
    }
    Q_DISABLE_COPY_MOVE(FileSizeLimit)

private:
    rlimit old_{};
    void (*signal_)(int);
};

}  // namespace

class TestFile : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void init() {
        folder_ = std::make_unique<QTemporaryDir>();
        QVERIFY(folder_->isValid());
    }

    void readsBytesByPosition() {
        const auto file = File::openForReading(write("0123456789"));
        QVERIFY2(file.has_value(), why(file));
        QCOMPARE(file->size(), std::uint64_t{10});
        std::array<char, 4> bytes{};
        QVERIFY(file->readAt(3, std::as_writable_bytes(std::span(bytes))));
        QCOMPARE(std::string(bytes.data(), 4), std::string("3456"));
    }

    void reportsAReadBeyondTheEnd() {
        const auto file = File::openForReading(write("0123456789"));
        QVERIFY2(file.has_value(), why(file));
        std::array<std::byte, 4> bytes{};
        const auto read = file->readAt(8, bytes);
        QVERIFY(failsWith(read, ErrorCode::kIo));
        QVERIFY2(read.error().message.ends_with("ends at 10 but bytes up to 12 were expected"), why(read));
    }

    void refusesAnOffsetThatOverflows() {
        const auto file = File::openForReading(write("x"));
        QVERIFY2(file.has_value(), why(file));
        std::array<std::byte, 4> bytes{};
        QVERIFY(failsWith(file->readAt(UINT64_MAX - 1, bytes), ErrorCode::kInvalidArgument));
        QVERIFY(failsWith(file->readAt(UINT64_MAX / 2, bytes), ErrorCode::kInvalidArgument));
    }

    void reportsAMissingFile() {
        QVERIFY(failsWith(File::openForReading(path("none")), ErrorCode::kNotFound));
        QVERIFY(failsWith(File::openForReading(path("none") / "below"), ErrorCode::kNotFound));
    }

    // Each of these would hang, or read without end, if it were opened like a regular file.
    void refusesWhatIsNoRegularFile_data() {
        QTest::addColumn<QString>("name");
        QTest::addColumn<QString>("kind");
        QTest::newRow("folder") << "."
                                << "a folder";
        QTest::newRow("FIFO") << "fifo"
                              << "a FIFO";
        QTest::newRow("socket") << "socket"
                                << "a socket";
        QTest::newRow("endless device") << "/dev/zero"
                                        << "a device";
        QTest::newRow("link to a device") << "link"
                                          << "a device";
    }
    void refusesWhatIsNoRegularFile() {
        QFETCH(const QString, name);
        QFETCH(const QString, kind);
        QCOMPARE(::mkfifo(path("fifo").c_str(), 0600), 0);
        fs::create_symlink("/dev/zero", path("link"));
        const FileDescriptor socket = makeSocket(path("socket"));
        QVERIFY(socket.isOpen());

        const auto file = File::openForReading(path(name.toStdString()));
        QVERIFY(failsWith(file, ErrorCode::kUnsupported));
        QVERIFY2(QString(why(file)).contains(" is " + kind), why(file));
    }

    void followsALinkToARegularFile() {
        fs::create_symlink(write("text"), path("link"));
        const auto text = readWholeFile(path("link"), 100);
        QVERIFY2(text.has_value(), why(text));
        QCOMPARE(*text, std::string("text"));
    }

    void readsAWholeFileUpToTheLimit() {
        const fs::path file = write(std::string("a\0b", 3));
        const auto text = readWholeFile(file, 3);
        QVERIFY2(text.has_value(), why(text));
        QCOMPARE(*text, std::string("a\0b", 3));
        QVERIFY(failsWith(readWholeFile(file, 2), ErrorCode::kUnsupported));
    }

    void replacesAFileWhole() {
        const fs::path file = write("a longer old text");
        const auto written = writeFileAtomically(file, std::string_view("new"));
        QVERIFY2(written.has_value(), why(written));
        QCOMPARE(*readWholeFile(file, 100), std::string("new"));
        QCOMPARE(fileCount(), 1);
    }

    void writesFilesOnlyTheirOwnerCanRead() {
        struct stat status {};
        QCOMPARE(::stat(write("secret").c_str(), &status), 0);
        QCOMPARE(status.st_mode & 0777U, 0600U);
    }

    void leavesNothingBehindWhenTheTargetCannotBeReplaced() {
        fs::create_directory(path("folder"));
        QVERIFY(failsWith(writeFileAtomically(path("folder"), std::string_view("x")), ErrorCode::kIo));
        QCOMPARE(fileCount(), 1);
    }

    void reportsAMissingFolderOnWriting() {
        QVERIFY(failsWith(writeFileAtomically(path("none") / "file", std::string_view("x")),
                          ErrorCode::kNotFound));
    }

    void reportsAFullDeviceAndKeepsTheOldFile() {
        const fs::path file = write("old");
        const FileSizeLimit limit(4096);
        QVERIFY(failsWith(writeFileAtomically(file, std::string(10'000, 'x')), ErrorCode::kIo));
        QCOMPARE(*readWholeFile(file, 100), std::string("old"));
        QCOMPARE(fileCount(), 1);
    }

private:
    fs::path path(const std::string& name) const { return fs::path(folder_->path().toStdString()) / name; }

    fs::path write(std::string_view text) {
        const auto written = writeFileAtomically(path("file"), text);
        if (!written) qFatal("%s", why(written));
        return path("file");
    }

    int fileCount() const {
        return static_cast<int>(std::distance(fs::directory_iterator(path("")), fs::directory_iterator()));
    }

    static FileDescriptor makeSocket(const fs::path& path) {
        FileDescriptor socket(::socket(AF_UNIX, SOCK_STREAM, 0));
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
        if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) return {};
        return socket;
    }

    std::unique_ptr<QTemporaryDir> folder_;
};

QTEST_APPLESS_MAIN(TestFile)
#include "tst_file.moc"
