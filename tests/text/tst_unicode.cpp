#include <string>

#include <QtTest/QTest>

#include "core/text/unicode.h"
#include "tests/support/random_text.h"

using namespace epi;

class TestUnicode : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void decodesEveryScalarValue() {
        for (char32_t value = 0; value <= 0x10FFFF; ++value) {
            if (value == 0xD800) value = 0xE000;
            std::string text;
            appendUtf8(text, value);
            const CodePoint point = decodeCodePoint(text, 0);
            QVERIFY(point.state == CodePoint::State::kComplete);
            QCOMPARE(point.value, value);
            QCOMPARE(static_cast<std::size_t>(point.length), text.size());
        }
    }

    void tellsDamagedFromCutOff_data() {
        QTest::addColumn<QByteArray>("bytes");
        QTest::addColumn<int>("length");
        QTest::addColumn<bool>("isCutOff");
        QTest::newRow("continuation alone") << QByteArray("\x80") << 1 << false;
        QTest::newRow("overlong two") << QByteArray("\xC0\x80") << 1 << false;
        QTest::newRow("overlong three") << QByteArray("\xE0\x80\x80") << 1 << false;
        QTest::newRow("surrogate") << QByteArray("\xED\xA0\x80") << 1 << false;
        QTest::newRow("beyond the last plane") << QByteArray("\xF4\x90\x80\x80") << 1 << false;
        QTest::newRow("no lead byte") << QByteArray("\xF8\x88\x80\x80\x80") << 1 << false;
        QTest::newRow("broken in the third byte") << QByteArray("\xF0\x9F\x41") << 2 << false;
        QTest::newRow("cut after one") << QByteArray("\xE2") << 1 << true;
        QTest::newRow("cut after three") << QByteArray("\xF0\x9F\x98") << 3 << true;
    }
    void tellsDamagedFromCutOff() {
        QFETCH(QByteArray, bytes);
        QFETCH(int, length);
        QFETCH(bool, isCutOff);
        const CodePoint point = decodeCodePoint(bytes.toStdString(), 0);
        QCOMPARE(static_cast<int>(point.length), length);
        QVERIFY(point.state == (isCutOff ? CodePoint::State::kCutOff : CodePoint::State::kDamaged));
    }

    void knowsWhiteSpace() {
        int count = 0;
        for (char32_t value = 0; value < 0x11000; ++value)
            count += isSpace(value) ? 1 : 0;
        QCOMPARE(count, 25);
        for (const char32_t value :
             {U'\t', U'\n', U'\v', U'\f', U'\r', U' ', U'\u0085', U'\u00A0', U'\u2028', U'\u3000'})
            QVERIFY(isSpace(value));
        QVERIFY(!isSpace(0x200B));
        QVERIFY(!isSpace(0x1C));
    }

    void quotesForeignTextOnOneValidLine() {
        QCOMPARE(quotable("caf\u00E9"), std::string("caf\u00E9"));
        QCOMPARE(quotable("a\n\xFF\u202E"), std::string("a\uFFFD\uFFFD\uFFFD"));
        QCOMPARE(quotable("\u00E9\u00E9\u00E9", 2), std::string("\u00E9\u00E9\u2026"));
        QCOMPARE(quotable("ab", 2), std::string("ab"));
    }

    void composesAndKeepsDamagedBytes() {
        QCOMPARE(normaliseNfc("e\u0301\xFFo\u0308\xE2"), std::string("\u00E9\xFF\u00F6\xE2"));
        QCOMPARE(normaliseNfc("\u212B \u1112\u1161\u11AB"), std::string("\u00C5 \uD55C"));
        QCOMPARE(normaliseNfc("plain"), std::string("plain"));
    }

    void normalisingTwiceChangesNothingMore() {
        test::Random random(1);
        for (int i = 0; i < 500; ++i) {
            const std::string once = normaliseNfc(test::randomText(random, 200));
            QCOMPARE(normaliseNfc(once), once);
        }
    }

    void survivesAMillionCombiningMarks() {
        std::string text = "a";
        for (int i = 0; i < 500'000; ++i)
            text += i % 2 == 0 ? "\u0301" : "\u0323";
        QCOMPARE(normaliseNfc(text).empty(), false);
    }
};

QTEST_GUILESS_MAIN(TestUnicode)
#include "tst_unicode.moc"
