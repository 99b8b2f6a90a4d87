#include <QtTest>

#include "core/chat/conversation.h"

using namespace epi;

class TestTurnText : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void joinsACaptionToTheText() {
        QCOMPARE(turnText("Look!", "a red boat"), std::string("Look! (shares an image: a red boat)"));
    }
    void leavesATextWithoutACaptionAsItIs() { QCOMPARE(turnText(" Look! ", ""), std::string(" Look! ")); }
    void writesACaptionWithoutAText() {
        QCOMPARE(turnText("", "a red boat"), std::string("(shares an image: a red boat)"));
    }
};

QTEST_GUILESS_MAIN(TestTurnText)
#include "tst_turn_text.moc"
