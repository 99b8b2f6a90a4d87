#include <QJsonArray>
#include <QTemporaryDir>
#include <QtTest>

#include "core/eval/report.h"
#include "tests/eval/shared_file.h"

using namespace epi;

namespace {

EvalReport smallReport() {
    EvalReport report;
    report.settings = R"({"budget": 1024})";
    report.rows = {{"conv-1", "Who?", "Ana, \"the\" first", "line 1\r\nline 2", 4, 1.0, 2, 0.25, 1.5},
                   {"conv-1", "=1+1", "@a", "-1", 1, 0.1, 0, -0.5, 0.0}};
    return report;
}

}  // namespace

class TestReport : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void writesCsvThatSpreadsheetsReadAsText() {
        QCOMPARE(
            QString::fromStdString(toCsv(smallReport())),
            QString("conversation,question,gold,answer,category,f1,episode,similarity,seconds,likelihood\r\n"
                    "\"conv-1\",\"Who?\",\"Ana, \"\"the\"\" first\",\"line 1\r\nline 2\",4,1,2,0.25,1.5,\r\n"
                    "\"conv-1\",\"'=1+1\",\"'@a\",\"'-1\",1,0.1,0,-0.5,0,\r\n"));
    }

    void meansLikelihoodsWhereTheyWereMeasured() {
        EvalReport report = smallReport();
        QCOMPARE(likelihoodOf(report).overall.questions, std::int64_t{0});
        report.rows[1].likelihood = -2.5;
        QCOMPARE(likelihoodOf(report).overall.questions, std::int64_t{1});
        QCOMPARE(likelihoodOf(report).overall.score, -2.5);
        QVERIFY(QString::fromStdString(toCsv(report)).endsWith(",-0.5,0,-2.5\r\n"));
        const auto json = toJson(report);
        QVERIFY(json);
        const QJsonObject document = QJsonDocument::fromJson(QByteArray::fromStdString(*json)).object();
        QCOMPARE(document["rows"][1]["likelihood"].toDouble(), -2.5);
        QVERIFY(document["rows"][0]["likelihood"].isUndefined());
    }

    void writesSettingsSummaryAndRowsAsJson() {
        const auto json = toJson(smallReport());
        QVERIFY(json);
        const QJsonObject document = QJsonDocument::fromJson(QByteArray::fromStdString(*json)).object();
        QCOMPARE(document["settings"]["budget"].toInt(), 1024);
        QCOMPARE(document["summary"]["overall"]["questions"].toInt(), 2);
        QCOMPARE(document["summary"]["overall"]["f1"].toDouble(), 0.55);
        QCOMPARE(document["summary"]["categories"][0]["category"].toInt(), 1);
        QCOMPARE(document["rows"][0]["answer"].toString(), QString("line 1\r\nline 2"));
        QCOMPARE(document["rows"][1]["question"].toString(), QString("=1+1"));
    }

    void survivesAnswersThatAreNotUtf8() {
        EvalReport report = smallReport();
        report.rows[0].answer = "\xff";
        const auto json = toJson(report);
        QVERIFY(json);
        QVERIFY(!QJsonDocument::fromJson(QByteArray::fromStdString(*json)).isNull());
    }

    void refusesSettingsThatAreNoJson() {
        EvalReport report = smallReport();
        report.settings = "budget";
        const auto json = toJson(report);
        QVERIFY(!json);
        QCOMPARE(json.error().code, ErrorCode::kInvalidArgument);
    }

    void choosesTheFormatByTheExtension() {
        const QTemporaryDir folder;
        const std::filesystem::path base = folder.path().toStdString();
        QVERIFY(writeReport(base / "run.csv", smallReport()));
        QVERIFY(writeReport(base / "run.json", smallReport()));
        QFile csv(folder.filePath("run.csv"));
        QVERIFY(csv.open(QIODevice::ReadOnly));
        QCOMPARE(csv.readAll().toStdString(), toCsv(smallReport()));
        QCOMPARE(test::jsonObjectIn(folder.filePath("run.json"))["rows"].toArray().size(), 2);
        const auto other = writeReport(base / "run.xls", smallReport());
        QVERIFY(!other);
        QCOMPARE(other.error().code, ErrorCode::kUnsupported);
    }
};

QTEST_GUILESS_MAIN(TestReport)
#include "tst_report.moc"
