#include <fstream>
#include <functional>

#include <QTemporaryDir>
#include <QTest>

#include "core/format/gguf.h"
#include "tests/support/check_result.h"
#include "tests/support/gguf_writer.h"

#include <sys/stat.h>

using namespace epi;
using namespace epi::test;

namespace fs = std::filesystem;

namespace {

constexpr std::uint64_t kMax64 = UINT64_MAX;
constexpr std::uint64_t kMaxSigned = INT64_MAX;

struct Damage {
    const char* name;
    ErrorCode code;
    const char* message;  // a part of it
    std::function<void(GgufWriter&)> apply;
};

std::string length(std::uint64_t value) {
    return bytesOf(value);
}

constexpr auto kCorrupt = ErrorCode::kCorruptData;
constexpr auto kUnsupported = ErrorCode::kUnsupported;

const std::vector<Damage>& startDamages() {
    static const std::vector<Damage> damages{
        {"other magic",
         kUnsupported,
         "not a GGUF file",
         [](auto& w) {
             w.magic = "PK\3\4";
         }},
        {"lower-case magic",
         kUnsupported,
         "not a GGUF file",
         [](auto& w) {
             w.magic = "gguf";
         }},
        {"version 0",
         kUnsupported,
         "GGUF version 0",
         [](auto& w) {
             w.version = 0;
         }},
        {"version 1",
         kUnsupported,
         "GGUF version 1 at offset 4; 2 and 3",
         [](auto& w) {
             w.version = 1;
         }},
        {"version 4",
         kUnsupported,
         "GGUF version 4",
         [](auto& w) {
             w.version = 4;
         }},
        {"big-endian",
         kUnsupported,
         "big-endian",
         [](auto& w) {
             w.version = 0x0300'0000;
         }},
        {"one key too few",
         kCorrupt,
         "incomplete",
         [](auto& w) {
             w.extraKeys = 1;
         }},
        {"keys 2^63",
         kCorrupt,
         "9,223,372,036,854,775,808 items",
         [](auto& w) {
             w.extraKeys = 1ULL << 63;
         }},
        {"keys 2^64-1",
         kCorrupt,
         "18,446,744,073,709,551,615 items",
         [](auto& w) {
             w.extraKeys = kMax64;
         }},
        {"too many keys",
         kUnsupported,
         "up to 262,144",
         [](auto& w) {
             w.addKey("a", std::string(13 * 262'145, 'x'));
             w.extraKeys = 262'144;
         }},
        {"one tensor too few",
         kCorrupt,
         "incomplete",
         [](auto& w) {
             w.extraTensors = 1;
         }},
        {"tensors 2^63",
         kCorrupt,
         "the tensor table",
         [](auto& w) {
             w.extraTensors = 1ULL << 63;
         }},
        {"tensors 2^64-1",
         kCorrupt,
         "the tensor table",
         [](auto& w) {
             w.extraTensors = kMax64;
         }},
    };
    return damages;
}

const std::vector<Damage>& keyDamages() {
    static const std::vector<Damage> damages{
        {"empty key",
         kCorrupt,
         "has no name",
         [](auto& w) {
             w.addKey("", 1U);
         }},
        {"long key",
         kCorrupt,
         "70,000 bytes; up to 65,535",
         [](auto& w) {
             w.addKey(std::string(70'000, 'k'), 1U);
         }},
        {"key twice",
         kCorrupt,
         "key 'a' at offset 41 is there a second time",
         [](auto& w) {
             w.addKey("a", 1U);
             w.addKey("a", 2U);
         }},
        {"value type 13",
         kCorrupt,
         "value type 13",
         [](auto& w) {
             w.addRawKey("a", 13, "12345678");
         }},
        {"value type 2^32-1",
         kCorrupt,
         "value type 4,294,967,295",
         [](auto& w) {
             w.addRawKey("a", UINT32_MAX, "12345678");
         }},
        {"truth value 2",
         kCorrupt,
         "is 2 at offset 37",
         [](auto& w) {
             w.addRawKey("a", 7, "\2");
         }},
        {"string length 2^64-1",
         kCorrupt,
         "'a' at offset 37 has a length of 18,446,744,073,709,551,615 bytes",
         [](auto& w) {
             w.addRawKey("a", 8, length(kMax64));
         }},
        {"string length 2^63",
         kCorrupt,
         "has a length of",
         [](auto& w) {
             w.addRawKey("a", 8, length(kMaxSigned + 1));
         }},
        {"string one byte short",
         kCorrupt,
         "incomplete",
         [](auto& w) {
             w.addRawKey("a", 8, length(30) + "short");
         }},
        {"string above the limit",
         kCorrupt,
         "up to 16,777,216",
         [](auto& w) {
             w.addKey("a", std::string((16 << 20) + 1, 'x'));
         }},
        {"array count 2^64-1",
         kCorrupt,
         "announces",
         [](auto& w) {
             w.addRawArray("a", 0, kMax64, "x");
         }},
        {"array size overflows 64 bits",
         kCorrupt,
         "announces",
         [](auto& w) {
             w.addRawArray("a", 10, (1ULL << 61) + 1, std::string(64, 'x'));
         }},
        {"array of empty strings too long",
         kCorrupt,
         "announces",
         [](auto& w) {
             w.addRawArray("a", 8, 100, std::string(64, '\0'));
         }},
        {"array with too many items",
         kUnsupported,
         "up to 4,194,304",
         [](auto& w) {
             w.addRawArray("a", 0, (4 << 20) + 1, std::string((4 << 20) + 1, 'x'));
         }},
        {"arrays with too many items together",
         kUnsupported,
         "up to 1,194,304",
         [](auto& w) {
             w.addRawArray("a", 0, 3'000'000, std::string(3'000'000, 'x'));
             w.addRawArray("b", 0, 3'000'000, std::string(3'000'000, 'x'));
         }},
        {"array of arrays",
         kCorrupt,
         "array of arrays",
         [](auto& w) {
             w.addRawArray("a", 9, 1, std::string(64, '\0'));
         }},
        {"array of type 13",
         kCorrupt,
         "value type 13",
         [](auto& w) {
             w.addRawArray("a", 13, 1, "12345678");
         }},
        {"array of truth values with 2",
         kCorrupt,
         "is 2",
         [](auto& w) {
             w.addRawArray("a", 7, 2, "\1\2");
         }},
        {"array with an integer of 64 bits",
         kCorrupt,
         "more than 63 bits",
         [](auto& w) {
             w.addRawArray("a", 10, 1, bytesOf(kMax64));
         }},
        {"key with foreign characters",
         kCorrupt,
         "'\\u{1b}[31m\\u{202e}' has value type 13",
         [](auto& w) {
             w.addRawKey("\x1b[31m\u202e", 13, "12345678");
         }},
    };
    return damages;
}

const std::vector<Damage>& alignmentDamages() {
    static const std::vector<Damage> damages{
        {"alignment 0",
         kCorrupt,
         "'general.alignment' is 0",
         [](auto& w) {
             w.addKey("general.alignment", 0U);
         }},
        {"alignment 3",
         kCorrupt,
         "is 3; a power of two",
         [](auto& w) {
             w.addKey("general.alignment", 3U);
         }},
        {"alignment 2^17",
         kCorrupt,
         "is 131,072",
         [](auto& w) {
             w.addKey("general.alignment", 1U << 17);
         }},
        {"alignment 2^31",
         kCorrupt,
         "is 2,147,483,648",
         [](auto& w) {
             w.addKey("general.alignment", 1U << 31);
         }},
        {"alignment 2^32-1",
         kCorrupt,
         "is 4,294,967,295",
         [](auto& w) {
             w.addKey("general.alignment", UINT32_MAX);
         }},
        {"signed alignment",
         kCorrupt,
         "is -32",
         [](auto& w) {
             w.addKey("general.alignment", -32);
         }},
        {"fractional alignment",
         kCorrupt,
         "is 32.0",
         [](auto& w) {
             w.addKey("general.alignment", 32.0F);
         }},
        {"alignment as text",
         kCorrupt,
         "the text '32'",
         [](auto& w) {
             w.addKey("general.alignment", "32");
         }},
    };
    return damages;
}

/// A damage by one tensor of the table, with 4 KiB of data behind.
Damage tensorDamage(const char* name, ErrorCode code, const char* message, GgufWriter::RawTensor tensor) {
    return {name, code, message, [tensor](GgufWriter& writer) {
                writer.addRawTensor(tensor);
                writer.addRawData(std::string(4096, '\0'));
            }};
}

const std::vector<Damage>& tensorDamages() {
    static const std::vector<Damage> damages{
        tensorDamage("empty name", kCorrupt, "has no name", {.name = ""}),
        tensorDamage("long name", kCorrupt, "65 bytes; up to 64", {.name = std::string(65, 'n')}),
        tensorDamage("no dimension", kCorrupt, "0 dimensions", {.dimensions = 0, .shape = {}}),
        tensorDamage("5 dimensions", kCorrupt, "5 dimensions", {.dimensions = 5, .shape = {32, 1, 1, 1, 1}}),
        tensorDamage("2^32-1 dimensions", kCorrupt, "4,294,967,295 dimensions", {.dimensions = UINT32_MAX}),
        tensorDamage("empty row", kCorrupt, "dimension 0", {.shape = {0}}),
        tensorDamage("no rows", kCorrupt, "dimension 0", {.dimensions = 2, .shape = {32, 0}}),
        tensorDamage("negative dimension", kCorrupt, "dimension 18,446", {.shape = {kMax64}}),
        tensorDamage("dimension 2^63", kCorrupt, "dimension 9,223", {.shape = {kMaxSigned + 1}}),
        tensorDamage("INT64_MAX x 2 x 1 x 1",
                     kCorrupt,
                     "more than 2^63-1 values",
                     {.dimensions = 4, .shape = {kMaxSigned, 2, 1, 1}}),
        tensorDamage("2^32 x 2^31",
                     kCorrupt,
                     "more than 2^63-1 values",
                     {.dimensions = 2, .shape = {1ULL << 32, 1ULL << 31}}),
        tensorDamage("2^16 four times",
                     kCorrupt,
                     "more than 2^63-1 values",
                     {.dimensions = 4, .shape = {65'536, 65'536, 65'536, 65'536}}),
        tensorDamage(
            "INT64_MAX values of 4 bytes", kCorrupt, "more than 2^64-1 bytes", {.shape = {kMaxSigned}}),
        tensorDamage("2^62 values of 4 bytes", kCorrupt, "more than 2^64-1 bytes", {.shape = {1ULL << 62}}),
        tensorDamage("INT64_MAX values of 2 bytes",
                     kCorrupt,
                     "ends beyond 2^64-1",
                     {.shape = {kMaxSigned}, .type = 1}),
        tensorDamage(
            "2^61 values of 4 bytes", kCorrupt, "incomplete: its weights end at", {.shape = {1ULL << 61}}),
        tensorDamage(
            "2^62 values in blocks", kCorrupt, "incomplete: its weights", {.shape = {1ULL << 62}, .type = 2}),
        tensorDamage("type 4", kUnsupported, "tensor type 4 is not", {.type = 4}),
        tensorDamage("type 23", kUnsupported, "'tensor' at offset 50: tensor type 23 (IQ4_XS)", {.type = 23}),
        tensorDamage("type 2^32-1", kUnsupported, "tensor type 4294967295", {.type = UINT32_MAX}),
        tensorDamage(
            "half a block of 32", kCorrupt, "rows of 48 values; type Q8_0", {.shape = {48}, .type = 8}),
        tensorDamage(
            "half a block of 256", kCorrupt, "rows of 128 values; type Q4_K", {.shape = {128}, .type = 12}),
        tensorDamage("blocks across rows",
                     kCorrupt,
                     "rows of 16 values",
                     {.dimensions = 2, .shape = {16, 2}, .type = 8}),
        tensorDamage("offset 1", kCorrupt, "data offset 1 ", {.offset = 1}),
        tensorDamage("offset 16", kCorrupt, "data offset 16 ", {.offset = 16}),
        tensorDamage("offset behind the end", kCorrupt, "incomplete", {.offset = 4096}),
        tensorDamage("one row behind the end", kCorrupt, "incomplete", {.shape = {1024}, .offset = 32}),
        tensorDamage("offset overflows", kCorrupt, "ends beyond 2^64-1", {.offset = kMax64 - 31}),
        tensorDamage("offset 2^63", kCorrupt, "incomplete", {.offset = 1ULL << 63}),
        {"tensor twice",
         kCorrupt,
         "is there a second time",
         [](auto& w) {
             w.addTensor("a", {1}, {1});
             w.addTensor("a", {1}, {2});
         }},
        {"same place twice",
         kCorrupt,
         "tensor 'b' begins at 96, inside tensor 'a' that ends at 224",
         [](auto& w) {
             w.addRawTensor({.name = "a", .offset = 0});
             w.addRawTensor({.name = "b", .offset = 0});
             w.addRawData(std::string(4096, '\0'));
         }},
        {"last block overlaps",
         kCorrupt,
         "inside tensor 'b'",
         [](auto& w) {
             w.addRawTensor({.name = "a", .offset = 96});
             w.addRawTensor({.name = "b", .offset = 0});
             w.addRawData(std::string(4096, '\0'));
         }},
    };
    return damages;
}

}  // namespace

class TestGgufDamage : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void refusesEveryTruncation() {
        GgufWriter writer;
        writer.addKey("general.architecture", "llama");
        writer.addKey("general.alignment", 32U);
        writer.addKey("llama.rope.freq_base", 10'000.0F);
        writer.addKey("tokenizer.ggml.add_bos_token", true);
        writer.addKey("tokenizer.ggml.tokens", std::vector<std::string>{"<unk>", "a", ""});
        writer.addKey("tokenizer.ggml.scores", std::vector<float>{0, -1, -2});
        writer.addTensor("token_embd.weight", {4, 3}, std::vector<float>(12));
        writer.addTensor("output_norm.weight", {4}, std::vector<float>(4));
        const auto size = write(writer);
        const auto whole = GgufFile::open(path());
        QVERIFY2(whole.has_value(), why(whole));

        for (std::size_t k = size; k-- > 0;) {
            fs::resize_file(path(), k);
            const auto file = GgufFile::open(path());
            QVERIFY2(failsWith(file, kCorrupt), ("opened with " + std::to_string(k) + " bytes").c_str());
            QVERIFY2(file.error().message.starts_with("model.gguf is incomplete: "), why(file));
            QVERIFY2(file.error().message.ends_with(" the file ends at " + std::to_string(k)), why(file));
        }
    }

    void refusesEveryDamage_data() {
        QTest::addColumn<const Damage*>("damage");
        for (const auto* table : {&startDamages(), &keyDamages(), &alignmentDamages(), &tensorDamages()}) {
            for (const Damage& damage : *table)
                QTest::newRow(damage.name) << &damage;
        }
    }
    void refusesEveryDamage() {
        QFETCH(const Damage*, damage);
        GgufWriter writer;
        damage->apply(writer);
        write(writer);
        const auto file = GgufFile::open(path());
        QVERIFY(!file);
        QVERIFY2(file.error().code == damage->code, why(file));
        QVERIFY2(file.error().message.find(damage->message) != std::string::npos, why(file));
        QVERIFY2(file.error().message.starts_with("model.gguf"), why(file));
    }

    // A changed byte may make another valid file, but never a crash or an access outside the buffers, which
    // the sanitizer build reports.
    void survivesEveryValueOfEveryHeaderByte() {
        GgufWriter writer;
        writer.addKey("a", std::vector<std::string>{"xy", ""});
        writer.addKey("b", true);
        writer.addTensor("t", {32, 2}, TensorType::kQ8_0, std::vector<std::byte>(68));
        const std::string bytes = writer.bytes();
        int refused = 0;
        for (std::size_t at = 0; at < writer.header().size(); ++at) {
            for (const int flip : {0x01, 0x08, 0x20, 0x80, 0xff}) {
                std::string damaged = bytes;
                damaged[at] = static_cast<char>(damaged[at] ^ flip);
                std::ofstream(path(), std::ios::binary) << damaged;
                if (!GgufFile::open(path())) ++refused;
            }
        }
        QVERIFY(refused > 0);
    }

    void refusesAFifoAtOnce() {
        QCOMPARE(::mkfifo(path().c_str(), 0600), 0);
        QVERIFY(failsWith(GgufFile::open(path()), kUnsupported));
    }

    void refusesAnEndlessDeviceAtOnce() { QVERIFY(failsWith(GgufFile::open("/dev/zero"), kUnsupported)); }

    void refusesAFolder() { QVERIFY(failsWith(GgufFile::open(folder_->path().toStdString()), kUnsupported)); }

    void reportsAMissingFile() { QVERIFY(failsWith(GgufFile::open(path()), ErrorCode::kNotFound)); }

    void escapesTheNameOfTheFile() {
        const fs::path odd = folder_->filePath("a\n\u202e.gguf").toStdString();
        std::ofstream(odd) << "none";
        const auto file = GgufFile::open(odd);
        QVERIFY(failsWith(file, kUnsupported));
        QVERIFY2(file.error().message.starts_with("a\\u{a}\\u{202e}.gguf: "), why(file));
    }

    void init() {
        folder_ = std::make_unique<QTemporaryDir>();
        QVERIFY(folder_->isValid());
    }

private:
    fs::path path() const { return folder_->filePath("model.gguf").toStdString(); }

    std::size_t write(const GgufWriter& writer) const {
        const std::string bytes = writer.bytes();
        std::ofstream(path(), std::ios::binary) << bytes;
        return bytes.size();
    }

    std::unique_ptr<QTemporaryDir> folder_;
};

QTEST_APPLESS_MAIN(TestGgufDamage)
#include "tst_gguf_damage.moc"
