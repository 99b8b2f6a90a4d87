#include <array>

#include <QtTest>

#include "core/eval/means.h"

using namespace epi;

class TestMeans : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void countsEveryQuestionTheSameInTheOverallMean() {
        const std::array scores{
            CategoryScore{4, 1.0}, CategoryScore{1, 0.5}, CategoryScore{4, 0.0}, CategoryScore{4, 0.5}};
        const Means means = meansOf(scores);
        QCOMPARE(means.overall.questions, std::int64_t{4});
        QCOMPARE(means.overall.score, 0.5);
        QCOMPARE(means.categories.size(), std::size_t{2});
        QCOMPARE(means.categories[0].category, 1);
        QCOMPARE(means.categories[0].mean.score, 0.5);
        QCOMPARE(means.categories[1].category, 4);
        QCOMPARE(means.categories[1].mean.questions, std::int64_t{3});
        QCOMPARE(means.categories[1].mean.score, 0.5);
    }
    void isZeroWithoutQuestions() {
        const Means means = meansOf({});
        QCOMPARE(means.overall.questions, std::int64_t{0});
        QCOMPARE(means.overall.score, 0.0);
        QVERIFY(means.categories.empty());
    }
};

QTEST_GUILESS_MAIN(TestMeans)
#include "tst_means.moc"
