#include <fstream>
#include <limits>

#include <QTemporaryDir>
#include <QTest>

#include "core/base/paths.h"
#include "core/format/safetensors.h"
#include "tests/support/check_result.h"
#include "tests/support/gguf_writer.h"

using namespace epi;
using namespace epi::test;

namespace fs = std::filesystem;

class TestSafetensors : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void readsFloatsOfEveryFloatType() {
        const auto file = open(R"({"b":{"dtype":"F16","shape":[2],"data_offsets":[8,12]},)"
                               R"("__metadata__":{"format":"pt"},)"
                               R"("a":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]},)"
                               R"("c":{"dtype":"BF16","shape":[],"data_offsets":[12,14]}}   )",
                               bytesOf(1.5F) + bytesOf(-2.0F) + bytesOf(std::uint16_t{0x3c00}) +
                                   bytesOf(std::uint16_t{0x8001}) + bytesOf(std::uint16_t{0xc040}));
        QVERIFY2(file.has_value(), why(file));
        QCOMPARE(file->entries().size(), std::size_t{3});
        QCOMPARE(file->entries()[0].name, std::string("b"));
        QCOMPARE(file->find("a")->shape, (std::vector<std::int64_t>{1, 2}));
        QCOMPARE(*file->readFloats(*file->find("a")), (std::vector{1.5F, -2.0F}));
        QCOMPARE(*file->readFloats(*file->find("b")), (std::vector{1.0F, -0x1p-24F}));
        QCOMPARE(*file->readFloats(*file->find("c")), (std::vector{-3.0F}));
        QVERIFY(file->find("__metadata__") == nullptr);
    }

    void readsTensorsOfMoreThanOneChunk() {
        constexpr std::size_t kValues = 600'001;
        std::vector<float> values(kValues);
        for (std::size_t i = 0; i < kValues; ++i)
            values[i] = static_cast<float>(i);
        std::string data(kValues * 4, '\0');
        std::memcpy(data.data(), values.data(), data.size());
        const auto file = open(R"({"a":{"dtype":"F32","shape":[600001],"data_offsets":[0,2400004]}})", data);
        QVERIFY2(file.has_value(), why(file));
        QVERIFY(*file->readFloats(file->entries()[0]) == values);
    }

    void acceptsEmptyTensors() {
        const auto file = open(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},)"
                               R"("b":{"dtype":"F32","shape":[0,7],"data_offsets":[4,4]},)"
                               R"("c":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}})",
                               "1234");
        QVERIFY2(file.has_value(), why(file));
        QCOMPARE(file->readFloats(*file->find("b"))->size(), std::size_t{0});
    }

    void acceptsAFileWithoutTensors() {
        const auto file = open("{}", "");
        QVERIFY2(file.has_value(), why(file));
        QCOMPARE(file->entries().size(), std::size_t{0});
    }

    void refusesToReadIntegersAsFloats() {
        const auto file = open(R"({"ids":{"dtype":"I64","shape":[1],"data_offsets":[0,8]}})", "12345678");
        QVERIFY2(file.has_value(), why(file));
        const auto values = file->readFloats(file->entries()[0]);
        QVERIFY(failsWith(values, ErrorCode::kUnsupported));
        QCOMPARE(values.error().message,
                 std::string("tensor 'ids' has the type 'I64'; F32, F16 and BF16 are read as fp32"));
    }

    void refusesEveryDamage_data() {
        QTest::addColumn<QByteArray>("header");
        QTest::addColumn<QString>("message");
        addSyntaxDamages();
        addFieldDamages();
        addRangeDamages();
    }
    // With eight bytes of data.
    void refusesEveryDamage() {
        QFETCH(const QByteArray, header);
        QFETCH(const QString, message);
        const auto file = open(header.toStdString(), "12345678");
        QVERIFY(!file);
        QVERIFY2(file.error().code == ErrorCode::kCorruptData, why(file));
        QVERIFY2(QString(why(file)).contains(message), why(file));
        QVERIFY2(QString(why(file)).startsWith("model.safetensors is "), why(file));
    }

    void refusesEveryTruncation() {
        const auto whole = open(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})", "12345678");
        QVERIFY2(whole.has_value(), why(whole));
        for (std::size_t k = fs::file_size(path()); k-- > 0;) {
            fs::resize_file(path(), k);
            const auto file = SafetensorsFile::open(path());
            QVERIFY2(failsWith(file, ErrorCode::kCorruptData), std::to_string(k).c_str());
            QVERIFY2(QString(why(file)).startsWith("model.safetensors is incomplete: "), why(file));
        }
    }

    void refusesAHeaderLengthAboveTheLimit() {
        for (const std::uint64_t length : {std::uint64_t{100'000'001}, std::uint64_t{1} << 63, UINT64_MAX}) {
            std::ofstream(path(), std::ios::binary) << bytesOf(length) << "{}";
            const auto file = SafetensorsFile::open(path());
            QVERIFY(failsWith(file, ErrorCode::kCorruptData));
            QVERIFY2(QString(why(file)).contains("up to 100,000,000 are allowed"), why(file));
        }
    }

    void survivesADeeplyNestedHeader() {
        QVERIFY(failsWith(open(R"({"a":)" + std::string(10'000'000, '['), ""), ErrorCode::kCorruptData));
        QVERIFY(
            failsWith(open(R"({"a":{"shape":)" + std::string(10'000'000, '['), ""), ErrorCode::kCorruptData));
    }

    void reportsATruncationAfterOpening() {
        const auto file = open(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})", "12345678");
        QVERIFY2(file.has_value(), why(file));
        fs::resize_file(path(), fs::file_size(path()) - 1);
        QVERIFY(failsWith(file->readFloats(file->entries()[0]), ErrorCode::kIo));
    }

    void readsTheSentenceEmbedder() {
        const fs::path model = paths::models() / "all-minilm-l6-v2" / "model.safetensors";
        if (!fs::exists(model)) QSKIP(("missing " + model.native()).c_str());
        const auto file = SafetensorsFile::open(model);
        QVERIFY2(file.has_value(), why(file));
        const SafetensorsEntry* entry = file->find("embeddings.word_embeddings.weight");
        QVERIFY(entry != nullptr);
        QCOMPARE(entry->shape, (std::vector<std::int64_t>{30'522, 384}));
        const auto values = file->readFloats(*entry);
        QVERIFY2(values.has_value(), why(values));
        QCOMPARE(values->size(), std::size_t{30'522 * 384});
    }

private:
    static void addSyntaxDamages() {
        const auto row = [](const char* name, const QByteArray& header, const char* message) {
            QTest::newRow(name) << header << QString(message);
        };
        row("empty", "", "does not begin with '{'");
        row("array", "[]", "does not begin with '{'");
        row("leading space", " {}", "does not begin with '{'");
        row("cut JSON", R"({"a":)", "not JSON");
        row("text behind", "{} x", "not JSON");
        row("NUL behind", QByteArray("{}\0{}", 5), "a NUL at its byte 2");
        row("comment", "{/**/}", "not JSON");
        row("trailing comma", R"({"a":{},})", "needs 'dtype'");
        row("bytes that are not UTF-8", "{\"\xff\":{}}", "not JSON");
        row("number out of range", R"({"a":1e999})", "not JSON");
        row("name twice",
            R"({"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},)"
            R"("a":{"dtype":"U8","shape":[4],"data_offsets":[4,8]}})",
            "tensor 'a' is there a second time");
        row("empty name", R"({"":{"dtype":"U8","shape":[8],"data_offsets":[0,8]}})", "has no name");
        row("metadata twice", R"({"__metadata__":{},"__metadata__":{}})", "__metadata__ is twice there");
        row("metadata as text", R"({"__metadata__":"x"})", "the text 'x'");
        row("number in metadata", R"({"__metadata__":{"x":1}})", "not allowed there");
        row("object in metadata", R"({"__metadata__":{"x":{}}})", "an object, which is not allowed");
        row("metadata item twice", R"({"__metadata__":{"x":"1","x":"2"}})", "'x' a second time");
    }

    static void addFieldDamages() {
        const auto row = [](const char* name, const QByteArray& fields, const char* message) {
            QTest::newRow(name) << QByteArray("{\"a\":" + fields + "}") << QString(message);
        };
        row("null tensor", "null", "null, which is not allowed");
        row("tensor as text", R"("x")", "the text 'x'");
        row("tensor as array", "[]", "an array");
        row("no fields", "{}", "needs 'dtype'");
        row("no type", R"({"shape":[8],"data_offsets":[0,8]})", "needs 'dtype'");
        row("no shape", R"({"dtype":"U8","data_offsets":[0,8]})", "needs 'dtype'");
        row("no range", R"({"dtype":"U8","shape":[8]})", "needs 'dtype'");
        row("unknown field", R"({"dtype":"U8","shape":[8],"data_offsets":[0,8],"x":1})", "unknown field 'x'");
        row("field twice", R"({"dtype":"U8","dtype":"U8"})", "'dtype' a second time");
        row("unknown type", R"({"dtype":"F4","shape":[8],"data_offsets":[0,8]})", "unknown type 'F4'");
        row("empty type", R"({"dtype":"","shape":[8],"data_offsets":[0,8]})", "unknown type ''");
        row("type as number", R"({"dtype":8,"shape":[8],"data_offsets":[0,8]})", "has in 'dtype' 8");
        row("shape as number", R"({"dtype":"U8","shape":8,"data_offsets":[0,8]})", "has in 'shape' 8");
        row("negative dimension", R"({"dtype":"U8","shape":[-8],"data_offsets":[0,8]})", "-8, which");
        row("fractional dimension", R"({"dtype":"U8","shape":[8.0],"data_offsets":[0,8]})", "8.0, which");
        row("true dimension", R"({"dtype":"U8","shape":[true],"data_offsets":[0,8]})", "a truth value");
        row("nested shape", R"({"dtype":"U8","shape":[[8]],"data_offsets":[0,8]})", "an array, which");
        row("9 dimensions",
            R"({"dtype":"U8","shape":[1,1,1,1,1,1,1,1,8],"data_offsets":[0,8]})",
            "8 dimensions");
        row("dimension 2^63",
            R"({"dtype":"U8","shape":[9223372036854775808],"data_offsets":[0,8]})",
            "9,223");
        row("dimension 2^64",
            R"({"dtype":"U8","shape":[18446744073709551616],"data_offsets":[0,8]})",
            "1844");
        row("shape overflows",
            R"({"dtype":"U8","shape":[9223372036854775807,9223372036854775807],"data_offsets":[0,8]})",
            "more than 2^64-1 bytes");
        row("width overflows",
            R"({"dtype":"F64","shape":[2305843009213693953],"data_offsets":[0,8]})",
            "more than 2^64-1 bytes");
    }

    static void addRangeDamages() {
        const auto row = [](const char* name, const QByteArray& header, const char* message) {
            QTest::newRow(name) << header << QString(message);
        };
        row("one offset", R"({"a":{"dtype":"U8","shape":[8],"data_offsets":[0]}})", "two 'data_offsets'");
        row("three offsets", R"({"a":{"dtype":"U8","shape":[8],"data_offsets":[0,8,9]}})", "9, which");
        row("backwards", R"({"a":{"dtype":"U8","shape":[8],"data_offsets":[8,0]}})", "range 8 to 0");
        row("too short for the shape",
            R"({"a":{"dtype":"F32","shape":[8],"data_offsets":[0,8]}})",
            "32 bytes");
        row("too long for the shape", R"({"a":{"dtype":"U8","shape":[4],"data_offsets":[0,8]}})", "4 bytes");
        row("behind the end", R"({"a":{"dtype":"U8","shape":[9],"data_offsets":[0,9]}})", "incomplete");
        row("far behind the end",
            R"({"a":{"dtype":"U8","shape":[9223372036854775807],"data_offsets":[0,9223372036854775807]}})",
            "incomplete");
        row("bytes behind the last tensor",
            R"({"a":{"dtype":"U8","shape":[7],"data_offsets":[0,7]}})",
            "7 bytes from offset");
        row("only bytes", "{}", "0 bytes from offset");
        row("hole at the start", R"({"a":{"dtype":"U8","shape":[7],"data_offsets":[1,8]}})", "data offset 1");
        row("hole between",
            R"({"a":{"dtype":"U8","shape":[3],"data_offsets":[0,3]},"b":{"dtype":"U8","shape":[4],"data_offsets":[4,8]}})",
            "tensor 'b' begins at data offset 4; 3 is where");
        row("overlap",
            R"({"a":{"dtype":"U8","shape":[5],"data_offsets":[0,5]},"b":{"dtype":"U8","shape":[4],"data_offsets":[4,8]}})",
            "tensor 'b' begins at data offset 4; 5 is where");
        row("same place twice",
            R"({"a":{"dtype":"U8","shape":[8],"data_offsets":[0,8]},"b":{"dtype":"U8","shape":[8],"data_offsets":[0,8]}})",
            "begins at data offset 0; 8 is where");
    }

    fs::path path() const { return folder_.filePath("model.safetensors").toStdString(); }

    Result<SafetensorsFile> open(const std::string& header, const std::string& data) const {
        std::ofstream(path(), std::ios::binary) << bytesOf(std::uint64_t{header.size()}) << header << data;
        return SafetensorsFile::open(path());
    }

    QTemporaryDir folder_;
};

QTEST_APPLESS_MAIN(TestSafetensors)
#include "tst_safetensors.moc"
