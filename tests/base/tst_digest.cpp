#include <string_view>

#include <QTemporaryDir>
#include <QTest>

#include "core/base/digest.h"
#include "core/base/file.h"
#include "tests/support/check_result.h"

using namespace epi;
using namespace epi::test;

namespace {

std::span<const std::byte> bytesOf(std::string_view text) {
    return std::as_bytes(std::span(text));
}

}  // namespace

class TestDigest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    // From hashlib.blake2b(b"abc", digest_size=32).
    void computesBlake2bOfAKnownText() {
        QCOMPARE(hex(blake2b256(bytesOf("abc"))),
                 std::string("bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319"));
    }

    void computesTheSameBlake2bOfPieces() {
        const std::string text(100'000, 'x');
        Blake2b256 hash;
        for (std::size_t at = 0; at < text.size(); at += 777) {
            hash.update(bytesOf(std::string_view(text).substr(at, 777)));
        }
        QCOMPARE(hex(hash.finish()), hex(blake2b256(bytesOf(text))));
    }

    // FIPS 180-2, appendix B.3: one million times "a".
    void computesSha256OfAFile() {
        const auto path = writeFile(std::string(1'000'000, 'a'));
        const auto digest = sha256OfFile(path, {}, {});
        QVERIFY2(digest.has_value(), why(digest));
        QCOMPARE(hex(*digest),
                 std::string("cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"));
    }

    void computesSha256OfAnEmptyFile() {
        const auto digest = sha256OfFile(writeFile(""), {}, {});
        QVERIFY2(digest.has_value(), why(digest));
        QCOMPARE(hex(*digest),
                 std::string("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"));
    }

    void reportsProgressUpToTheSizeOfTheFile() {
        const auto path = writeFile(std::string(3'000'000, 'a'));
        std::vector<std::uint64_t> steps;
        const auto digest = sha256OfFile(path, {}, [&](std::uint64_t done, std::uint64_t total) {
            QCOMPARE(total, std::uint64_t{3'000'000});
            steps.push_back(done);
        });
        QVERIFY2(digest.has_value(), why(digest));
        QCOMPARE(steps, (std::vector<std::uint64_t>{1 << 20, 2 << 20, 3'000'000}));
    }

    void stopsWhenCancelledMidway() {
        const auto path = writeFile(std::string(3'000'000, 'a'));
        const CancelToken cancel;
        int steps = 0;
        const auto digest = sha256OfFile(path, cancel, [&](std::uint64_t, std::uint64_t) {
            ++steps;
            cancel.cancel();
        });
        QVERIFY(failsWith(digest, ErrorCode::kCancelled));
        QCOMPARE(steps, 1);
    }

    void refusesAMissingFile() {
        QVERIFY(
            failsWith(sha256OfFile(folder_.filePath("none").toStdString(), {}, {}), ErrorCode::kNotFound));
    }

    // From xxhash.xxh3_64_hexdigest of Python's xxhash.
    void computesXxh3OfKnownInputs() {
        QCOMPARE(xxh3({}), std::uint64_t{0x2d06800538d394c2});
        QCOMPARE(xxh3(bytesOf("abc")), std::uint64_t{0x78af5f94892f3950});
    }

private:
    std::filesystem::path writeFile(std::string_view text) {
        const std::filesystem::path path = folder_.filePath("file").toStdString();
        const auto written = writeFileAtomically(path, text);
        if (!written) qFatal("%s", why(written));
        return path;
    }

    QTemporaryDir folder_;
};

QTEST_APPLESS_MAIN(TestDigest)
#include "tst_digest.moc"
