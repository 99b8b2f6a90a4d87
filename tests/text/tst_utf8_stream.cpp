#include <string>

#include <QtTest/QTest>

#include "core/text/utf8_stream.h"
#include "tests/support/random_text.h"

using namespace epi;

namespace {

std::string throughOnePiece(std::string_view bytes) {
    Utf8Stream stream;
    std::string text = stream.feed(bytes);
    return text + stream.flush();
}

}  // namespace

class TestUtf8Stream : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void holdsBackHalfACharacter() {
        Utf8Stream stream;
        QCOMPARE(stream.feed("a\xF0\x9F"), std::string("a"));
        QCOMPARE(stream.feed("\x98"), std::string());
        QCOMPARE(stream.feed("\x80z"), std::string("\U0001F600z"));
        QCOMPARE(stream.flush(), std::string());
    }

    void replacesDamagedBytes() {
        QCOMPARE(throughOnePiece("a\xFF\xC3(\x80"), std::string("a\uFFFD\uFFFD(\uFFFD"));
    }

    void replacesWhatNeverWasCompleted() {
        Utf8Stream stream;
        QCOMPARE(stream.feed("x\xE2\x82"), std::string("x"));
        QCOMPARE(stream.flush(), std::string("\uFFFD"));
        QCOMPARE(stream.flush(), std::string());
    }

    void givesTheSameTextWhereverItIsCut() {
        test::Random random(2);
        for (int round = 0; round < 2000; ++round) {
            const std::string bytes =
                test::randomText(random, 12) + test::randomBytes(random, 6) + test::randomText(random, 12);
            Utf8Stream stream;
            std::string text;
            for (std::size_t at = 0; at < bytes.size();) {
                const std::size_t length = 1 + test::below(random, 4);
                text += stream.feed(std::string_view(bytes).substr(at, length));
                at += length;
            }
            text += stream.flush();
            QCOMPARE(text, throughOnePiece(bytes));
        }
    }

    void alwaysEmitsValidText() {
        test::Random random(3);
        for (int round = 0; round < 2000; ++round) {
            const std::string text = throughOnePiece(test::randomBytes(random, 40));
            for (std::size_t at = 0; at < text.size();) {
                const CodePoint point = decodeCodePoint(text, at);
                QVERIFY(point.state == CodePoint::State::kComplete);
                at += point.length;
            }
        }
    }
};

QTEST_GUILESS_MAIN(TestUtf8Stream)
#include "tst_utf8_stream.moc"
