#include <QtTest>

#include "core/eval/metric.h"

using namespace epi;

class TestTokenF1 : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase() {
        const auto found = findMetric("token_f1");
        QVERIFY(found);
        metric_ = *found;
    }

    void scoresWordOverlap_data() {
        QTest::addColumn<QString>("answer");
        QTest::addColumn<QString>("gold");
        QTest::addColumn<double>("f1");
        QTest::newRow("articles, numbers") << "The three dogs, and a cat"
                                           << "3 dogs" << 2.0 / 3.0;
        QTest::newRow("punctuation") << "29 December 2023"
                                     << "29 December, 2023" << 1.0;
        QTest::newRow("punctuation joins words") << "self-care"
                                                 << "selfcare" << 1.0;
        QTest::newRow("number inside a word") << "twenty-one"
                                              << "twenty1" << 0.0;
        QTest::newRow("number beside a quote") << QString::fromUtf8("’one") << QString::fromUtf8("’1") << 1.0;
        QTest::newRow("article beside a quote") << QString::fromUtf8("a’s") << QString::fromUtf8("’s") << 1.0;
        QTest::newRow("article splits a token")
            << QString::fromUtf8("x’a’y") << QString::fromUtf8("x’ ’y") << 1.0;
        QTest::newRow("counts repeated words once each") << "no no no"
                                                         << "no" << 0.5;
        QTest::newRow("next line, unit separator") << QString::fromUtf8("a\u0085x\x1fy") << "x y" << 1.0;
        QTest::newRow("capitals beyond ASCII")
            << QString::fromUtf8("ÉCLAIR") << QString::fromUtf8("éclair") << 1.0;
        QTest::newRow("both empty") << ""
                                    << "" << 0.0;
        QTest::newRow("only articles") << "the"
                                       << "a an" << 0.0;
    }
    void scoresWordOverlap() {
        QFETCH(QString, answer);
        QFETCH(QString, gold);
        QFETCH(double, f1);
        QCOMPARE(metric_->score(answer.toStdString(), gold.toStdString()), f1);
        QCOMPARE(metric_->score(gold.toStdString(), answer.toStdString()), f1);
    }

    void survivesBytesThatAreNotUtf8() { QCOMPARE(metric_->score("\xff\xc3 yes", "yes"), 2.0 / 3.0); }

    void listsTheKnownMetrics() {
        const auto unknown = findMetric("bleu");
        QVERIFY(!unknown);
        QCOMPARE(unknown.error().code, ErrorCode::kInvalidArgument);
        QVERIFY(QString::fromStdString(unknown.error().message).contains("token_f1"));
        QVERIFY(findMetric("likelihood") && (*findMetric("likelihood"))->score == nullptr);
    }

private:
    const Metric* metric_ = nullptr;
};

QTEST_GUILESS_MAIN(TestTokenF1)
#include "tst_token_f1.moc"
