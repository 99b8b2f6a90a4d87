#include <string>
#include <vector>

#include <QtTest>

#include "core/sampling/stop_matcher.h"

namespace epi {
namespace {

class TestStopMatcher : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void passesTextOnWithoutStops() {
        StopMatcher matcher({});
        QCOMPARE(matcher.push("one "), std::string("one "));
        QCOMPARE(matcher.push("two"), std::string("two"));
        QCOMPARE(matcher.flush(), std::string());
    }

    void endsBeforeTheStopText() {
        StopMatcher matcher({"\nUser:"});
        QCOMPARE(matcher.push("fine\nUser: next"), std::string("fine"));
        QVERIFY(matcher.isStopped());
        QCOMPARE(matcher.push("more"), std::string());
        QCOMPARE(matcher.flush(), std::string());
    }

    void holdsBackWhatMayBecomeAStopText() {
        StopMatcher matcher({"###"});
        QCOMPARE(matcher.push("a#"), std::string("a"));
        QCOMPARE(matcher.push("#"), std::string());
        QVERIFY(!matcher.isStopped());
        QCOMPARE(matcher.push("b"), std::string("##b"));
    }

    void returnsHeldTextWhenTheReplyEnds() {
        StopMatcher matcher({"###"});
        QCOMPARE(matcher.push("a##"), std::string("a"));
        QCOMPARE(matcher.flush(), std::string("##"));
        QVERIFY(!matcher.isStopped());
    }

    void findsAStopTextThatBeginsInsideAFalseStart() {
        StopMatcher matcher({"aab"});
        QCOMPARE(matcher.push("aa"), std::string());
        QCOMPARE(matcher.push("a"), std::string("a"));
        QCOMPARE(matcher.push("b"), std::string());
        QVERIFY(matcher.isStopped());
    }

    void takesTheLongerOfStopTextsThatEndTogether() {
        StopMatcher matcher({"c", "bc"});
        QCOMPARE(matcher.push("abc"), std::string("a"));
    }

    void ignoresEmptyStopTexts() {
        StopMatcher matcher({""});
        QCOMPARE(matcher.push("text"), std::string("text"));
        QVERIFY(!matcher.isStopped());
    }

    void doesNotDependOnHowTheReplyIsCut() {
        const std::vector<std::string> stops{"abcd", "bb", "ca"};
        for (const std::string text : {"xabcbcad", "abcabcd", "aabbcc", "abcabc", "xyzab"}) {
            StopMatcher whole(stops);
            std::string expected = whole.push(text);
            expected += whole.flush();
            for (unsigned cuts = 0; cuts < 1U << (text.size() - 1); ++cuts) {
                StopMatcher matcher(stops);
                std::string found;
                std::string piece;
                for (std::size_t i = 0; i < text.size(); ++i) {
                    piece += text[i];
                    if ((cuts >> i & 1U) == 0 && i + 1 < text.size()) continue;
                    found += matcher.push(piece);
                    piece.clear();
                }
                found += matcher.flush();
                QCOMPARE(found, expected);
                QCOMPARE(matcher.isStopped(), whole.isStopped());
            }
        }
    }
};

}  // namespace
}  // namespace epi

QTEST_GUILESS_MAIN(epi::TestStopMatcher)
#include "tst_stop_matcher.moc"
