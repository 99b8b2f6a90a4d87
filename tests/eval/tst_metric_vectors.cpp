#include <cmath>

#include <QJsonArray>
#include <QtTest>

#include "core/eval/metric.h"
#include "tests/eval/shared_file.h"

using namespace epi;

class TestMetricVectors : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void equalsTheOfficialScorer() {
        const QString path = test::sharedFile("data/reference/metric_vectors.json");
        if (!QFile::exists(path)) QSKIP(qPrintable(path + " is missing"));
        const auto metric = findMetric("token_f1");
        QVERIFY(metric);
        const QJsonArray vectors = test::jsonObjectIn(path)["vectors"].toArray();
        QCOMPARE(vectors.size(), 43);
        for (const QJsonValue& vector : vectors) {
            const double expected = vector["epicache"]["f1"].toDouble(-1.0);
            const double found = (*metric)->score(vector["prediction"].toString().toStdString(),
                                                  vector["gold"].toString().toStdString());
            QVERIFY2(std::abs(found - expected) < 1e-12,
                     qPrintable(QString("%1: %2 expected, %3 found")
                                    .arg(vector["tag"].toString())
                                    .arg(expected)
                                    .arg(found)));
        }
    }
};

QTEST_GUILESS_MAIN(TestMetricVectors)
#include "tst_metric_vectors.moc"
