// Scores of different scales brought together, and smoothed over neighbours.

#include <cmath>
#include <vector>

#include <QtTest>

#include "core/policy/pooling.h"
#include "core/policy/rank.h"
#include "core/policy/score_recipe.h"
#include "tests/support/check_result.h"

namespace epi {
namespace {

using Scores = std::vector<float>;

void compare(const Scores& found, const Scores& expected) {
    QCOMPARE(found.size(), expected.size());
    for (std::size_t i = 0; i < found.size(); ++i)
        QVERIFY2(std::abs(found[i] - expected[i]) < 1e-5F, std::to_string(found[i]).c_str());
}

class TestRank : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void ranksFromLowestToHighest() {
        compare(ranks(Scores{-3.0F, 8.0F, 0.5F}), {0.0F, 1.0F, 0.5F});
        compare(ranks(Scores{2.0F, 2.0F, 1.0F}), {0.75F, 0.75F, 0.0F});
        compare(ranks(Scores{7.0F}), {1.0F});
        compare(ranks(Scores{}), {});
    }

    void combinesWithinGroups() {
        const std::vector<Scores> scores{{1.0F, 2.0F, 3.0F, 30.0F, 20.0F}, {0.3F, 0.2F, 0.1F, 0.0F, 0.9F}};
        const std::vector<double> weights{1.0, 0.5};
        compare(combineByRank(scores, weights, std::vector<std::int64_t>{3, 2}),
                {0.5F, 0.75F, 1.0F, 1.0F, 0.5F});
        compare(combineByRank(scores, weights, std::vector<std::int64_t>{5}),
                {0.375F, 0.5F, 0.625F, 1.0F, 1.25F});
    }

    void doesNotDependOnScale() {
        const std::vector<Scores> scores{{1.0F, 2.0F, 3.0F}, {9.0F, 8.0F, 8.5F}};
        const std::vector<Scores> scaled{{10.0F, 200.0F, 3000.0F}, {0.9F, -0.8F, 0.85F}};
        const std::vector<double> weights{1.0, 1.0};
        const std::vector<std::int64_t> one{3};
        QCOMPARE(combineByRank(scores, weights, one), combineByRank(scaled, weights, one));
    }

    void poolsOverNeighbours() {
        const Scores scores{.1F, .4F, 0.F, .2F, .3F};
        const std::vector<std::int32_t> positions{4, 5, 6, 7, 8};
        compare(poolScores(scores, positions, 3, Pooling::kMean), {.16667F, .16667F, .2F, .16667F, .16667F});
        compare(poolScores(scores, positions, 3, Pooling::kMax), {.4F, .4F, .4F, .3F, .3F});
        compare(poolScores(scores, positions, 1, Pooling::kMax), scores);
    }

    void poolsOnlyOverNeighboursInTheText() {
        const std::vector<std::int32_t> positions{0, 1, 100, 101, 300};
        compare(poolScores(Scores{.1F, .4F, 0.F, .2F, .3F}, positions, 3, Pooling::kMax),
                {.4F, .4F, .2F, .2F, .3F});
    }

    void readsARecipe() {
        const auto terms = parseScore(" keydiff+attention(mean=1, own_keys=0) * 0.5 ");
        QVERIFY2(terms, test::why(terms));
        QCOMPARE(terms->size(), std::size_t{2});
        QVERIFY(((*terms)[0] == ScoreTerm{.scorer = "keydiff"}));
        QVERIFY(((*terms)[1] == ScoreTerm{.scorer = "attention",
                                          .weight = 0.5,
                                          .parameters = {{"mean", 1.0}, {"own_keys", 0.0}}}));
    }

    void namesWhereARecipeIsWrong_data() {
        QTest::addColumn<QString>("text");
        QTest::addColumn<QString>("expected");
        QTest::newRow("nothing") << ""
                                 << "a name expected at character 1";
        QTest::newRow("half") << "keydiff +"
                              << "a name expected at character 10";
        QTest::newRow("two names") << "keydiff kvzip"
                                   << "'+' or the end expected at character 9";
        QTest::newRow("no value") << "kvzip(keep)"
                                  << "'=' expected";
        QTest::newRow("open") << "kvzip(keep=1"
                              << "')' expected";
        QTest::newRow("no weight") << "kvzip * x"
                                   << "a number expected";
        QTest::newRow("infinite") << "kvzip * inf"
                                  << "a number expected";
        QTest::newRow("nothing of it") << "kvzip * 0"
                                       << "a weight above 0 expected";
    }
    void namesWhereARecipeIsWrong() {
        QFETCH(QString, text);
        QFETCH(QString, expected);
        const auto terms = parseScore(text.toStdString());
        QVERIFY(test::failsWith(terms, ErrorCode::kInvalidArgument));
        QVERIFY2(QString::fromStdString(terms.error().message).contains(expected), test::why(terms));
    }
};

}  // namespace
}  // namespace epi

QTEST_GUILESS_MAIN(epi::TestRank)
#include "tst_rank.moc"
