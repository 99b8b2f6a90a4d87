#include <bit>
#include <cmath>
#include <limits>

#include <QTest>

#include <nlohmann/json.hpp>

#include "core/base/file.h"
#include "core/format/ggml_blocks.h"
#include "core/format/half.h"
#include "tests/support/check_result.h"

using namespace epi;
using namespace epi::test;

namespace {

constexpr std::array kTypes{TensorType::kF32,
                            TensorType::kF16,
                            TensorType::kBF16,
                            TensorType::kQ4_0,
                            TensorType::kQ4_1,
                            TensorType::kQ5_0,
                            TensorType::kQ5_1,
                            TensorType::kQ8_0,
                            TensorType::kQ2_K,
                            TensorType::kQ3_K,
                            TensorType::kQ4_K,
                            TensorType::kQ5_K,
                            TensorType::kQ6_K};

QByteArray fromHex(const nlohmann::json& value) {
    return QByteArray::fromHex(QByteArray::fromStdString(value.get<std::string>()));
}

/// The value of a half by its definition.
double halfByDefinition(std::uint16_t bits) {
    const int exponent = (bits >> 10) & 31;
    const int fraction = bits & 1023;
    const double sign = (bits & 0x8000) != 0 ? -1 : 1;
    if (exponent == 31) {
        return fraction == 0 ? sign * std::numeric_limits<double>::infinity()
                             : std::numeric_limits<double>::quiet_NaN();
    }
    if (exponent == 0) return sign * std::ldexp(fraction, -24);
    return sign * std::ldexp(1024 + fraction, exponent - 25);
}

}  // namespace

class TestGgmlBlocks : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase() {
        const auto text = readWholeFile(EPI_TEST_DATA "/dequantize.json", 1 << 20);
        QVERIFY2(text.has_value(), why(text));
        const auto document = nlohmann::json::parse(*text, nullptr, false);
        QVERIFY(document.is_object());
        vectors_ = document.at("vectors");
        QCOMPARE(vectors_.size(), kTypes.size());
    }

    void decodesEveryTypeBitForBit_data() {
        QTest::addColumn<std::uint32_t>("type");
        for (const TensorType type : kTypes) {
            const auto number = static_cast<std::uint32_t>(type);
            QTest::newRow(std::string(blockLayout(number)->name).c_str()) << number;
        }
    }
    void decodesEveryTypeBitForBit() {
        QFETCH(const std::uint32_t, type);
        const auto layout = blockLayout(type);
        QVERIFY2(layout.has_value(), why(layout));
        const nlohmann::json* vector = find(layout->name);
        QVERIFY(vector != nullptr);
        const QByteArray blocks = fromHex(vector->at("blocks"));
        const QByteArray expected = fromHex(vector->at("values"));
        QCOMPARE(blocks.size() % layout->bytesPerBlock, 0);
        QCOMPARE(blocks.size() / layout->bytesPerBlock * layout->valuesPerBlock * 4, expected.size());

        std::vector<float> values(static_cast<std::size_t>(expected.size()) / 4,
                                  std::numeric_limits<float>::quiet_NaN());
        dequantize(layout->type, std::as_bytes(std::span(blocks.data(), blocks.size())), values);
        QCOMPARE(QByteArray(reinterpret_cast<const char*>(values.data()), expected.size()), expected);
    }

    void decodesBlocksAtAnOddAddress() {
        const nlohmann::json* vector = find("Q4_K");
        QVERIFY(vector != nullptr);
        const QByteArray blocks = "x" + fromHex(vector->at("blocks"));
        const QByteArray expected = fromHex(vector->at("values"));
        std::vector<float> values(static_cast<std::size_t>(expected.size()) / 4);
        dequantize(TensorType::kQ4_K,
                   std::as_bytes(std::span(blocks.data() + 1, static_cast<std::size_t>(blocks.size() - 1))),
                   values);
        QCOMPARE(QByteArray(reinterpret_cast<const char*>(values.data()), expected.size()), expected);
    }

    void decodesNothingFromNothing() {
        for (const TensorType type : kTypes)
            dequantize(type, {}, {});
    }

    void convertsEveryHalfByItsDefinition() {
        for (std::uint32_t bits = 0; bits < 65'536; ++bits) {
            const float value = floatFromHalf(static_cast<std::uint16_t>(bits));
            const double expected = halfByDefinition(static_cast<std::uint16_t>(bits));
            if (std::isnan(expected)) {
                QVERIFY(std::isnan(value));
            } else {
                QCOMPARE(std::bit_cast<std::uint32_t>(value),
                         std::bit_cast<std::uint32_t>(static_cast<float>(expected)));
            }
        }
    }

    void namesATypeThatIsNotSupported() {
        const auto known = blockLayout(23);
        QVERIFY(failsWith(known, ErrorCode::kUnsupported));
        QVERIFY2(known.error().message.starts_with("tensor type 23 (IQ4_XS) is not supported"), why(known));
        const auto unknown = blockLayout(4);
        QVERIFY(failsWith(unknown, ErrorCode::kUnsupported));
        QVERIFY2(unknown.error().message.starts_with("tensor type 4 is not supported"), why(unknown));
        QVERIFY(failsWith(blockLayout(UINT32_MAX), ErrorCode::kUnsupported));
    }

private:
    const nlohmann::json* find(std::string_view type) const {
        for (const auto& vector : vectors_) {
            if (vector.at("type") == type) return &vector;
        }
        return nullptr;
    }

    nlohmann::json vectors_;
};

QTEST_APPLESS_MAIN(TestGgmlBlocks)
#include "tst_ggml_blocks.moc"
