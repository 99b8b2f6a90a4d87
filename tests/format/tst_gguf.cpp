#include <array>
#include <cmath>
#include <fstream>
#include <limits>

#include <QTemporaryDir>
#include <QTest>

#include "core/format/gguf.h"
#include "tests/support/check_result.h"
#include "tests/support/gguf_writer.h"

using namespace epi;
using namespace epi::test;

namespace fs = std::filesystem;

class TestGguf : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void readsBothVersions_data() {
        QTest::addColumn<std::uint32_t>("version");
        QTest::newRow("version 2") << std::uint32_t{2};
        QTest::newRow("version 3") << std::uint32_t{3};
    }
    void readsBothVersions() {
        QFETCH(const std::uint32_t, version);
        GgufWriter writer;
        writer.version = version;
        writer.addKey("general.architecture", "llama");
        const auto file = open(writer);
        QVERIFY2(file.has_value(), why(file));
        QCOMPARE(file->version(), version);
        QCOMPARE(file->fileSize(), std::uint64_t{writer.bytes().size()});
        QCOMPARE(*file->text("general.architecture"), std::string("llama"));
    }

    void widensEveryNumberType() {
        GgufWriter writer;
        writer.addRawKey("u8", 0, bytesOf(std::uint8_t{200}));
        writer.addRawKey("i8", 1, bytesOf(std::int8_t{-100}));
        writer.addRawKey("u16", 2, bytesOf(std::uint16_t{60'000}));
        writer.addRawKey("i16", 3, bytesOf(std::int16_t{-30'000}));
        writer.addRawKey("u32", 4, bytesOf(std::uint32_t{4'000'000'000}));
        writer.addRawKey("i32", 5, bytesOf(std::int32_t{-2'000'000'000}));
        writer.addRawKey("f32", 6, bytesOf(1.5F));
        writer.addRawKey("bool", 7, bytesOf(std::uint8_t{1}));
        writer.addRawKey("u64", 10, bytesOf(std::numeric_limits<std::uint64_t>::max()));
        writer.addRawKey("i64", 11, bytesOf(std::numeric_limits<std::int64_t>::min()));
        writer.addRawKey("f64", 12, bytesOf(0.1));
        const auto file = open(writer);
        QVERIFY2(file.has_value(), why(file));
        QVERIFY(*file->find("u8") == GgufValue(std::uint64_t{200}));
        QVERIFY(*file->find("i8") == GgufValue(std::int64_t{-100}));
        QVERIFY(*file->find("u16") == GgufValue(std::uint64_t{60'000}));
        QVERIFY(*file->find("i16") == GgufValue(std::int64_t{-30'000}));
        QVERIFY(*file->find("u32") == GgufValue(std::uint64_t{4'000'000'000}));
        QVERIFY(*file->find("i32") == GgufValue(std::int64_t{-2'000'000'000}));
        QVERIFY(*file->find("f32") == GgufValue(1.5));
        QVERIFY(*file->find("bool") == GgufValue(true));
        QVERIFY(*file->find("u64") == GgufValue(std::numeric_limits<std::uint64_t>::max()));
        QVERIFY(*file->find("i64") == GgufValue(std::numeric_limits<std::int64_t>::min()));
        QVERIFY(*file->find("f64") == GgufValue(0.1));
    }

    void readsArraysOfEveryItemType() {
        GgufWriter writer;
        writer.addRawArray("u8", 0, 2, bytesOf(std::uint8_t{1}) + bytesOf(std::uint8_t{255}));
        writer.addRawArray("i8", 1, 1, bytesOf(std::int8_t{-1}));
        writer.addRawArray("u64", 10, 1, bytesOf(std::uint64_t{1} << 62));
        writer.addRawArray("bool", 7, 3, std::string("\1\0\1", 3));
        writer.addKey("i32", std::vector<std::int32_t>{-1, 0, 1});
        writer.addKey("f32", std::vector<float>{0.5F, -0.25F});
        writer.addKey("texts", std::vector<std::string>{"", std::string("a\0b", 3), "\xff"});
        writer.addKey("none", std::vector<std::string>{});
        const auto file = open(writer);
        QVERIFY2(file.has_value(), why(file));
        QVERIFY(*file->find("u8") == GgufValue(std::vector<std::int64_t>{1, 255}));
        QVERIFY(*file->find("i8") == GgufValue(std::vector<std::int64_t>{-1}));
        QVERIFY(*file->find("u64") == GgufValue(std::vector<std::int64_t>{std::int64_t{1} << 62}));
        QVERIFY(*file->find("bool") == GgufValue(std::vector<bool>{true, false, true}));
        QVERIFY(*file->find("i32") == GgufValue(std::vector<std::int64_t>{-1, 0, 1}));
        QVERIFY(*file->find("f32") == GgufValue(std::vector<double>{0.5, -0.25}));
        QCOMPARE(*file->texts("texts"), (std::vector<std::string>{"", std::string("a\0b", 3), "\xff"}));
        QCOMPARE(file->texts("none")->size(), std::size_t{0});
    }

    void listsKeysInFileOrder() {
        GgufWriter writer;
        for (const char* key : {"z", "a", "m"})
            writer.addKey(key, std::uint32_t{1});
        const auto file = open(writer);
        QVERIFY2(file.has_value(), why(file));
        const auto keys = file->keys();
        QCOMPARE(std::vector<std::string>(keys.begin(), keys.end()),
                 (std::vector<std::string>{"z", "a", "m"}));
        QVERIFY(file->find("q") == nullptr);
    }

    void readsTheBytesOfEachTensor() {
        GgufWriter writer;
        writer.addTensor("first", {3}, {1, 2, 3});
        writer.addTensor("second", {2, 2}, {4, 5, 6, 7});
        const auto file = open(writer);
        QVERIFY2(file.has_value(), why(file));
        QCOMPARE(file->tensors().size(), std::size_t{2});
        const GgufTensor* second = file->findTensor("second");
        QVERIFY(second != nullptr);
        QCOMPARE(second->shape, (std::vector<std::int64_t>{2, 2}));
        QCOMPARE(second->elementCount(), 4);
        QCOMPARE(second->sizeBytes, std::uint64_t{16});
        QCOMPARE(second->fileOffset, std::uint64_t{writer.header().size() + 32});
        std::array<float, 2> values{};
        QVERIFY(file->read(*second, 8, std::as_writable_bytes(std::span(values))));
        QCOMPARE(values, (std::array{6.0F, 7.0F}));
        QVERIFY(file->findTensor("third") == nullptr);
    }

    void computesTheSizeOfQuantisedTensors() {
        GgufWriter writer;
        const std::vector<std::byte> blocks(2 * 3 * 144);
        writer.addTensor("weight", {512, 3}, TensorType::kQ4_K, blocks);
        const auto file = open(writer);
        QVERIFY2(file.has_value(), why(file));
        QCOMPARE(file->tensors()[0].sizeBytes, std::uint64_t{blocks.size()});
    }

    void followsTheAlignmentThatTheFileStates() {
        GgufWriter writer;
        writer.alignment = 256;
        writer.addKey("general.alignment", std::uint32_t{256});
        writer.addTensor("first", {1}, {1});
        writer.addTensor("second", {1}, {2});
        const auto file = open(writer);
        QVERIFY2(file.has_value(), why(file));
        QCOMPARE(file->findTensor("first")->fileOffset, std::uint64_t{256});
        QCOMPARE(file->findTensor("second")->fileOffset, std::uint64_t{512});
    }

    void refusesToReadBeyondATensor() {
        GgufWriter writer;
        writer.addTensor("first", {8}, std::vector<float>(8));
        writer.addTensor("second", {8}, std::vector<float>(8));
        const auto file = open(writer);
        QVERIFY2(file.has_value(), why(file));
        std::array<std::byte, 16> bytes{};
        const GgufTensor& first = file->tensors()[0];
        QVERIFY(file->read(first, 16, bytes));
        QVERIFY(failsWith(file->read(first, 17, bytes), ErrorCode::kInvalidArgument));
        QVERIFY(failsWith(file->read(first, UINT64_MAX - 7, bytes), ErrorCode::kInvalidArgument));
    }

    void reportsATruncationAfterOpening() {
        GgufWriter writer;
        writer.addTensor("weight", {8}, std::vector<float>(8));
        const auto file = open(writer);
        QVERIFY2(file.has_value(), why(file));
        fs::resize_file(path(), writer.bytes().size() - 1);
        std::array<std::byte, 32> bytes{};
        QVERIFY(failsWith(file->read(file->tensors()[0], 0, bytes), ErrorCode::kIo));
    }

    void acceptsIntegersOfBothSignsInsideTheRange() {
        GgufWriter writer;
        writer.addKey("unsigned", std::uint32_t{512});
        writer.addKey("signed", std::int32_t{-3});
        const auto file = open(writer);
        QVERIFY2(file.has_value(), why(file));
        QCOMPARE(*file->integer("unsigned", 1, 512), 512);
        QCOMPARE(*file->integer("signed", -3, 0), -3);
        QCOMPARE(*file->number("unsigned"), 512.0);
    }

    void namesAnIntegerOutsideTheRange() {
        GgufWriter writer;
        writer.addKey("llama.block_count", std::uint32_t{1'000'000'000});
        const auto file = open(writer);
        QVERIFY2(file.has_value(), why(file));
        const auto count = file->integer("llama.block_count", 1, 512);
        QVERIFY(failsWith(count, ErrorCode::kUnsupported));
        QCOMPARE(count.error().message,
                 std::string("model.gguf: 'llama.block_count' is 1,000,000,000; an integer from 1 to 512 is "
                             "supported"));
    }

    void refusesAnUnsignedIntegerAboveTheSignedOnes() {
        GgufWriter writer;
        writer.addRawKey("count", 10, bytesOf(std::numeric_limits<std::uint64_t>::max()));
        const auto file = open(writer);
        QVERIFY2(file.has_value(), why(file));
        QVERIFY(failsWith(
            file->integer(
                "count", std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max()),
            ErrorCode::kUnsupported));
    }

    void refusesAValueOfAnotherKind() {
        GgufWriter writer;
        writer.addKey("text", "7");
        writer.addKey("number", 7.0F);
        writer.addKey("truth", true);
        const auto file = open(writer);
        QVERIFY2(file.has_value(), why(file));
        QVERIFY(failsWith(file->integer("text", 0, 10), ErrorCode::kUnsupported));
        QVERIFY(failsWith(file->integer("number", 0, 10), ErrorCode::kUnsupported));
        QVERIFY(failsWith(file->integer("truth", 0, 10), ErrorCode::kUnsupported));
        QVERIFY(failsWith(file->number("text"), ErrorCode::kUnsupported));
        QVERIFY(failsWith(file->text("number"), ErrorCode::kUnsupported));
        QVERIFY(failsWith(file->texts("text"), ErrorCode::kUnsupported));
    }

    void refusesANumberThatIsNotFinite() {
        GgufWriter writer;
        writer.addKey("epsilon", std::numeric_limits<float>::quiet_NaN());
        writer.addKey("base", std::numeric_limits<float>::infinity());
        const auto file = open(writer);
        QVERIFY2(file.has_value(), why(file));
        QVERIFY(failsWith(file->number("epsilon"), ErrorCode::kUnsupported));
        QVERIFY(failsWith(file->number("base"), ErrorCode::kUnsupported));
    }

    void namesAMissingKey() {
        const auto file = open(GgufWriter());
        QVERIFY2(file.has_value(), why(file));
        const auto text = file->text("general.architecture");
        QVERIFY(failsWith(text, ErrorCode::kNotFound));
        QCOMPARE(text.error().message, std::string("model.gguf: 'general.architecture' is missing"));
    }

    void givesADigestOfTheHeaderAlone() {
        GgufWriter writer;
        writer.addTensor("weight", {2}, {1, 2});
        const std::string digest = open(writer)->headerDigest();
        QCOMPARE(digest.size(), std::size_t{64});

        GgufWriter otherWeights;
        otherWeights.addTensor("weight", {2}, {1, 3});
        QCOMPARE(open(otherWeights)->headerDigest(), digest);

        GgufWriter otherName;
        otherName.addTensor("weighs", {2}, {1, 2});
        QVERIFY(open(otherName)->headerDigest() != digest);
    }

    // Any step that looks at all earlier keys would need many minutes for this.
    void opensTheMostKeysThatAreSupported() {
        constexpr std::size_t kKeys = 262'144;
        GgufWriter writer;
        for (std::size_t i = 0; i < kKeys; ++i) {
            writer.addKey("key." + std::to_string(i), static_cast<std::uint32_t>(i));
        }
        const auto file = open(writer);
        QVERIFY2(file.has_value(), why(file));
        QCOMPARE(file->keys().size(), kKeys);
        QCOMPARE(*file->integer("key.222222", 0, kKeys), 222'222);
    }

private:
    fs::path path() const { return folder_.filePath("model.gguf").toStdString(); }

    Result<GgufFile> open(const GgufWriter& writer) const {
        std::ofstream(path(), std::ios::binary) << writer.bytes();
        return GgufFile::open(path());
    }

    QTemporaryDir folder_;
};

QTEST_APPLESS_MAIN(TestGguf)
#include "tst_gguf.moc"
