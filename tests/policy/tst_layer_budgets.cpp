// How layers share a memory, against worked examples.

#include <cmath>
#include <numeric>
#include <vector>

#include <QtTest>

#include "core/policy/layer_budgets.h"

namespace epi {
namespace {

using Weights = std::vector<double>;
using Exact = std::vector<std::int64_t>;
using Budgets = std::vector<std::int32_t>;

Weights powers(const Weights& weights, double power) {
    Weights result;
    for (const double weight : weights)
        result.push_back(std::pow(weight, power));
    return result;
}

class TestLayerBudgets : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void splitsExactly_data() {
        QTest::addColumn<Weights>("weights");
        QTest::addColumn<int>("least");
        QTest::addColumn<int>("most");
        QTest::addColumn<Exact>("expected");
        const Weights sensitivities{.05, .10, .20, .05};
        QTest::newRow("power 1") << sensitivities << 0 << 400 << Exact{50, 100, 200, 50};
        QTest::newRow("power 2") << powers(sensitivities, 2) << 0 << 400 << Exact{18, 73, 291, 18};
        QTest::newRow("power 4") << powers(sensitivities, 4) << 0 << 400 << Exact{2, 23, 374, 1};
        QTest::newRow("floor and cap") << powers(sensitivities, 4) << 25 << 300 << Exact{25, 50, 300, 25};
        QTest::newRow("no weight at all") << Weights{0, 0, 0, 0} << 0 << 400 << Exact{100, 100, 100, 100};
        QTest::newRow("all at the floor") << sensitivities << 100 << 400 << Exact{100, 100, 100, 100};
        QTest::newRow("all at the cap") << sensitivities << 0 << 100 << Exact{100, 100, 100, 100};
    }
    void splitsExactly() {
        QFETCH(Weights, weights);
        QFETCH(int, least);
        QFETCH(int, most);
        QFETCH(Exact, expected);
        QCOMPARE(splitExactly(weights, 400, least, most), expected);
    }

    void addsUpForRandomWeights() {
        std::uint32_t state = 7;
        for (int round = 0; round < 200; ++round) {
            Weights weights;
            for (int i = 0; i < 1 + round % 30; ++i) {
                state = state * 1664525 + 1013904223;
                weights.push_back(state % 7 == 0 ? 0.0 : state % 1000);
            }
            const auto count = static_cast<std::int64_t>(weights.size());
            const std::int64_t least = round % 5;
            const std::int64_t most = 40 + round % 50;
            const Exact split = splitExactly(weights, 23 * count + (count > 1 ? 1 : 0), least, most);
            QCOMPARE(std::accumulate(split.begin(), split.end(), std::int64_t{0}),
                     23 * count + (count > 1 ? 1 : 0));
            for (const std::int64_t each : split)
                QVERIFY(each >= least && each <= most);
        }
    }

    void allocatesAsTheReleasedCodeDoes() {
        const Weights similarities{.9, .6, .8, .95};
        using Rule = LayerSplit::Rule;
        QCOMPARE(layerBudgets({.rule = Rule::kReleased, .power = 1.1}, similarities, 4, 100, 0),
                 (Budgets{31, 264, 104, 25}));
        QCOMPARE(layerBudgets({.rule = Rule::kReleased, .power = 1.3}, similarities, 4, 100, 0),
                 (Budgets{25, 283, 94, 25}));
        QCOMPARE(layerBudgets({.rule = Rule::kReleased, .power = 1.3}, Weights{.5, .5}, 2, 100, 0),
                 (Budgets{100, 100}));
    }

    void allocatesAsThePaperDoesAndExactly() {
        const Weights similarities{.9, .6, .8, .95};
        using Rule = LayerSplit::Rule;
        QCOMPARE(layerBudgets({.rule = Rule::kPaper, .power = 2.0}, similarities, 4, 100, 0),
                 (Budgets{19, 301, 75, 5}));
        QCOMPARE(layerBudgets({.rule = Rule::kPaper, .power = 1.1}, similarities, 4, 100, 0),
                 (Budgets{49, 224, 104, 23}));
        const Budgets floored =
            layerBudgets({.rule = Rule::kPaper, .power = 2.0, .floor = 0.25}, similarities, 4, 100, 30);
        QCOMPARE(std::accumulate(floored.begin(), floored.end(), 0), 400);
        for (const std::int32_t budget : floored)
            QVERIFY(budget >= 30);
    }

    void isUniformWithoutAProfile() {
        QCOMPARE(layerBudgets({.rule = LayerSplit::Rule::kPaper, .power = 2.0}, {}, 3, 77, 0),
                 (Budgets{77, 77, 77}));
    }
};

}  // namespace
}  // namespace epi

QTEST_GUILESS_MAIN(epi::TestLayerBudgets)
#include "tst_layer_budgets.moc"
