#include <QtTest>

#include "core/eval/evidence.h"

using namespace epi;

class TestEvidence : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void takesSeveralIdsOutOfOneText() {
        const std::vector<std::string> evidence{"D8:6; D9:17", "D9:1 D4:4 D8:6", "", " D1:3"};
        QCOMPARE(evidenceIds(evidence), (std::vector<std::string>{"D8:6", "D9:17", "D9:1", "D4:4", "D1:3"}));
    }
    void isEmptyWithoutEvidence() {
        QVERIFY(evidenceIds({}).empty());
        QVERIFY(evidenceIds(std::vector<std::string>{" ; "}).empty());
    }
};

QTEST_GUILESS_MAIN(TestEvidence)
#include "tst_evidence.moc"
