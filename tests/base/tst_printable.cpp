#include <QTest>

#include "core/base/printable.h"

using namespace epi;

class TestPrintable : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void leavesPlainTextAsItIs() { QCOMPARE(printable("blk.0 Größe 東京"), std::string("blk.0 Größe 東京")); }

    void escapesControlCharacters() { QCOMPARE(printable("a\n\x1b[31m"), std::string("a\\u{a}\\u{1b}[31m")); }

    void escapesBidirectionalControls() {
        QCOMPARE(printable("gguf.\u202e exe"), std::string("gguf.\\u{202e} exe"));
    }

    void escapesBytesThatAreNotUtf8() { QCOMPARE(printable("a\xff\xc3"), std::string("a\\xff\\xc3")); }

    void cutsLongTextWithoutSplittingACharacter() { QCOMPARE(printable("ääää", 3), std::string("ää...")); }

    void groupsDigitsByThree() {
        QCOMPARE(grouped(0), std::string("0"));
        QCOMPARE(grouped(999), std::string("999"));
        QCOMPARE(grouped(1'000), std::string("1,000"));
        QCOMPARE(grouped(4'368'439'584), std::string("4,368,439,584"));
        QCOMPARE(grouped(UINT64_MAX), std::string("18,446,744,073,709,551,615"));
        QCOMPARE(groupedSigned(INT64_MIN), std::string("-9,223,372,036,854,775,808"));
    }

    void countsOneAndMany() {
        QCOMPARE(counted(1, "token"), std::string("1 token"));
        QCOMPARE(counted(0, "token"), std::string("0 tokens"));
        QCOMPARE(counted(4096, "token"), std::string("4,096 tokens"));
        QCOMPARE(counted(1, "entry", "entries"), std::string("1 entry"));
        QCOMPARE(counted(2, "entry", "entries"), std::string("2 entries"));
    }
};

QTEST_APPLESS_MAIN(TestPrintable)
#include "tst_printable.moc"
