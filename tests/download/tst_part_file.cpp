#include <filesystem>
#include <fstream>

#include <QtTest>

#include "core/download/part_file.h"

#include <sys/stat.h>

using namespace epi;
namespace fs = std::filesystem;

namespace {

std::span<const std::byte> bytesOf(std::string_view text) {
    return std::as_bytes(std::span(text));
}

std::string contentOf(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(file), {});
}

const PartRecord kRecord{"address", "\"v1\"", 10};

}  // namespace

class TestPartFile : public QObject {
    Q_OBJECT

private:
    std::unique_ptr<QTemporaryDir> folder_;
    fs::path file_;

    [[nodiscard]] std::size_t filesInFolder() const {
        return static_cast<std::size_t>(
            std::distance(fs::directory_iterator(file_.parent_path()), fs::directory_iterator()));
    }

private Q_SLOTS:
    void init() {
        folder_ = std::make_unique<QTemporaryDir>();
        file_ = fs::path(folder_->path().toStdString()) / "m.gguf";
    }

    void hasItsNameOnlyWhenItIsFinished() {
        auto part = PartFile::open(file_);
        QVERIFY(part);
        QVERIFY(part->beginAnew(kRecord));
        QVERIFY(part->append(bytesOf("01234")));
        QVERIFY(part->append(bytesOf("56789")));
        QVERIFY(!fs::exists(file_));
        QVERIFY(part->finish());
        QCOMPARE(contentOf(file_), std::string("0123456789"));
        QCOMPARE(filesInFolder(), std::size_t{1});
    }

    void isThereAnotherTime() {
        {
            auto part = PartFile::open(file_);
            QVERIFY(part && part->beginAnew(kRecord) && part->append(bytesOf("01234")));
        }
        auto part = PartFile::open(file_);
        QVERIFY(part);
        QCOMPARE(part->size(), std::uint64_t{5});
        QVERIFY(part->record() && *part->record() == kRecord);
        Sha256 digest;
        QVERIFY(part->hash(digest, {}, {}));
        QVERIFY(part->append(bytesOf("56789")));
        digest.update(bytesOf("56789"));
        QVERIFY(part->finish());
        QCOMPARE(hex(digest.finish()), hex(*sha256OfFile(file_, {}, {})));
    }

    void nothingIsLeftOfAnEmptyOne() {
        {
            auto part = PartFile::open(file_);
            QVERIFY(part && part->beginAnew(kRecord));
        }
        QCOMPARE(filesInFolder(), std::size_t{0});
    }

    void beginningAnewForgetsWhatWasThere() {
        auto part = PartFile::open(file_);
        QVERIFY(part && part->beginAnew(kRecord) && part->append(bytesOf("old and long")));
        QVERIFY(part->beginAnew({"another", "", 3}));
        QVERIFY(part->append(bytesOf("new")));
        QVERIFY(part->finish());
        QCOMPARE(contentOf(file_), std::string("new"));
    }

    void aFileThatIsThereStays() {
        std::ofstream(file_) << "mine";
        const auto refused = PartFile::open(file_);
        QVERIFY(!refused);
        QCOMPARE(refused.error().code, ErrorCode::kInvalidArgument);
        fs::remove(file_);
        auto part = PartFile::open(file_);
        QVERIFY(part && part->beginAnew(kRecord) && part->append(bytesOf("new")));
        std::ofstream(file_) << "mine";
        QVERIFY(!part->finish());
        QCOMPARE(contentOf(file_), std::string("mine"));
    }

    void twoDoNotWriteTheSame() {
        auto first = PartFile::open(file_);
        QVERIFY(first && first->beginAnew(kRecord) && first->append(bytesOf("01234")));
        const auto second = PartFile::open(file_);
        QVERIFY(!second);
        QVERIFY(second.error().message.find("fetched already") != std::string::npos);
    }

    void whatIsNoFileIsNotTouched() {
        const fs::path part = file_.native() + ".part";
        fs::create_directory(part);
        QVERIFY(!PartFile::open(file_));
        fs::remove(part);
        QCOMPARE(::mkfifo(part.c_str(), 0600), 0);
        QVERIFY(!PartFile::open(file_));
        fs::remove(part);
        std::ofstream(file_.parent_path() / "victim") << "mine";
        fs::create_symlink(file_.parent_path() / "victim", part);
        QVERIFY(!PartFile::open(file_));
        QCOMPARE(contentOf(file_.parent_path() / "victim"), std::string("mine"));
    }

    void discardingRemovesAll() {
        auto part = PartFile::open(file_);
        QVERIFY(part && part->beginAnew(kRecord) && part->append(bytesOf("01234")));
        part->discard();
        QCOMPARE(filesInFolder(), std::size_t{0});
    }

    void hashingCanBeCancelled() {
        auto part = PartFile::open(file_);
        QVERIFY(part && part->beginAnew(kRecord) && part->append(bytesOf("01234")));
        const CancelToken cancel;
        cancel.cancel();
        Sha256 digest;
        const auto hashed = part->hash(digest, cancel, {});
        QVERIFY(!hashed);
        QCOMPARE(hashed.error().code, ErrorCode::kCancelled);
    }
};

QTEST_GUILESS_MAIN(TestPartFile)
#include "tst_part_file.moc"
