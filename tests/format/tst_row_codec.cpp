#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include <QtTest>

#include "core/base/rng.h"
#include "core/format/row_codec.h"
#include "tests/support/check_result.h"

namespace epi {
namespace {

constexpr std::size_t kColumns = 48;

/// Numbers whose columns differ in size, as those of keys do.
std::vector<float> numbers(std::size_t rows, std::size_t columns = kColumns) {
    Rng rng(7);
    std::vector<float> values(rows * columns);
    for (std::size_t i = 0; i < values.size(); ++i) {
        const auto size = static_cast<float>(1 + i % columns);
        values[i] = size * static_cast<float>(rng.uniform() - 0.4);
    }
    return values;
}

std::vector<float> roundTrip(const std::vector<float>& values, std::size_t columns, const RowCode& code) {
    const auto bytes = encodeRows(values, columns, code);
    std::vector<float> decoded(values.size(), -1.0F);
    if (!bytes || !decodeRows(*bytes, columns, code, decoded)) decoded.clear();
    return decoded;
}

class TestRowCodec : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void staysWithinHalfAStep_data() {
        QTest::addColumn<int>("bits");
        QTest::addColumn<bool>("isPerRow");
        QTest::addColumn<int>("rows");
        for (const int bits : {8, 4}) {
            for (const bool isPerRow : {true, false}) {
                for (const int rows : {0, 1, 127, 128, 300})
                    QTest::addRow("%d bits, %s, %d rows", bits, isPerRow ? "rows" : "columns", rows)
                        << bits << isPerRow << rows;
            }
        }
    }
    void staysWithinHalfAStep() {
        QFETCH(int, bits);
        QFETCH(bool, isPerRow);
        QFETCH(int, rows);
        const RowCode code{.bits = bits,
                           .groups = isPerRow ? RowCode::Groups::kPerRow : RowCode::Groups::kPerColumn};
        const std::vector<float> values = numbers(static_cast<std::size_t>(rows));
        const std::vector<float> decoded = roundTrip(values, kColumns, code);
        QCOMPARE(decoded.size(), values.size());
        double largest = 0.0;
        for (std::size_t i = 0; i < values.size(); ++i) {
            // The range of a group is at most that of its column (or of all of them).
            const double range = isPerRow ? kColumns : static_cast<double>(1 + i % kColumns);
            const double bound = range / ((1 << bits) - 1) / 2 * 1.0001;
            const double difference = std::abs(static_cast<double>(values[i]) - decoded[i]);
            QVERIFY2(difference <= bound, std::to_string(difference / bound).c_str());
            largest = std::max(largest, difference);
        }
        if (rows > 1) QVERIFY(largest > 0.0);
    }

    void keepsConstantsAndOddColumns() {
        const std::vector<float> values(3 * 5, -2.5F);
        for (const int bits : {8, 4}) {
            for (const auto groups : {RowCode::Groups::kPerRow, RowCode::Groups::kPerColumn})
                QCOMPARE(roundTrip(values, 5, {.bits = bits, .groups = groups}), values);
        }
    }

    void isSmaller() {
        QVERIFY(encodedBytes(1024, 64, {.bits = 8, .groups = RowCode::Groups::kPerColumn}) <
                1024 * 64 * 11 / 10);
        QVERIFY(encodedBytes(1024, 64, {.bits = 4, .groups = RowCode::Groups::kPerColumn}) <
                1024 * 64 * 6 / 10);
        QVERIFY(encodedBytes(1024, 64, {.bits = 4, .groups = RowCode::Groups::kPerRow}) < 1024 * 64 * 7 / 10);
    }

    void refusesWhatIsNotFinite() {
        std::vector<float> values = numbers(2);
        values[3] = std::numeric_limits<float>::quiet_NaN();
        QVERIFY(test::failsWith(encodeRows(values, kColumns, {}), ErrorCode::kInternal));
    }

    void refusesBytesOfAnotherSizeAndScalesThatAreNotFinite() {
        const std::vector<float> values = numbers(4);
        auto bytes = encodeRows(values, kColumns, {});
        QVERIFY(bytes);
        std::vector<float> decoded(values.size());
        QVERIFY(test::failsWith(decodeRows(std::span(*bytes).first(bytes->size() - 1), kColumns, {}, decoded),
                                ErrorCode::kCorruptData));
        std::fill_n(bytes->begin(), 4, std::byte{0xff});
        QVERIFY(test::failsWith(decodeRows(*bytes, kColumns, {}, decoded), ErrorCode::kCorruptData));
    }
};

}  // namespace
}  // namespace epi

QTEST_GUILESS_MAIN(epi::TestRowCodec)
#include "tst_row_codec.moc"
