#include <QTest>

#include "core/base/size_text.h"

namespace epi {

class TestSizeText : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void everySizeHasAUnitThatShowsIt() {
        QCOMPARE(sizeText(0), "0 KB");
        QCOMPARE(sizeText(1'499), "1 KB");
        QCOMPARE(sizeText(999'499), "999 KB");
        QCOMPARE(sizeText(999'500), "1 MB");
        QCOMPARE(sizeText(12'582'912), "13 MB");
        QCOMPARE(sizeText(999'499'999), "999 MB");
        QCOMPARE(sizeText(999'500'000), "1.0 GB");
        QCOMPARE(sizeText(274'877'906'944), "274.9 GB");
    }
};

}  // namespace epi

QTEST_APPLESS_MAIN(epi::TestSizeText)
#include "tst_size_text.moc"
