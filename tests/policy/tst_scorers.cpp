// Every scorer that the build finds, on the same caches, and the worked examples of those that have one.

#include <cmath>
#include <random>
#include <set>
#include <vector>

#include <QtTest>

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>

#include "core/policy/preset.h"
#include "core/policy/probe_eviction.h"
#include "core/policy/score.h"
#include "core/policy/selection.h"
#include "core/tensor/score_reduction.h"
#include "tests/support/check_result.h"

namespace epi {
namespace {

constexpr std::int32_t kHeads = 3;
constexpr std::int32_t kHeadDim = 8;
constexpr std::int64_t kTokens = 60;
constexpr std::int64_t kBlock = 20;

at::Tensor randomTensor(std::mt19937& random, at::IntArrayRef sizes, float least, float most) {
    at::Tensor tensor = at::zeros(sizes, at::kFloat);
    float* values = tensor.mutable_data_ptr<float>();
    for (std::int64_t i = 0; i < tensor.numel(); ++i)
        values[i] = least + static_cast<float>(random()) / 4294967296.0F * (most - least);
    return tensor;
}

/// A cache of heads of different lengths, the last block whole, and what a probe gave its entries.
struct Cache {
    LayerArena arena{{.kvHeads = kHeads, .headDim = kHeadDim, .rowsPerHead = kTokens}, Placement{}};
    at::Tensor probe;

    explicit Cache(std::uint32_t seed) {
        std::mt19937 random(seed);
        const std::int64_t past = kTokens - kBlock;
        (void)arena.append(randomTensor(random, {kHeads, past, kHeadDim}, -1.0F, 2.0F),
                           randomTensor(random, {kHeads, past, kHeadDim}, -1.0F, 1.0F),
                           0);
        arena.apply({.keep = {{0, 1, 5, 6, 30}, {0, 7, 8, 9, 10, 11, 20, 39}, {3}}});
        (void)arena.append(randomTensor(random, {kHeads, kBlock, kHeadDim}, -1.0F, 2.0F),
                           randomTensor(random, {kHeads, kBlock, kHeadDim}, -1.0F, 1.0F),
                           past);
        probe = randomTensor(random, {arena.totalLength()}, 0.001F, 1.0F);
    }
};

std::vector<float> scoresOf(const Score& score, const Cache& cache, BudgetLevel level) {
    const std::vector<at::Tensor> probes(score.probes().size(), cache.probe);
    return score
        .compute({.arena = cache.arena,
                  .nextPosition = kTokens,
                  .blockTokens = kBlock,
                  .probeScores = probes,
                  .level = level})
        .scores;
}

/// Scores of keys of one head, given as [entries, headDim].
std::vector<float> keyDifferences(const at::Tensor& keys, const char* recipe) {
    LayerArena arena({.kvHeads = static_cast<std::int32_t>(keys.size(0)),
                      .headDim = static_cast<std::int32_t>(keys.size(2)),
                      .rowsPerHead = keys.size(1)},
                     Placement{});
    (void)arena.append(keys, at::zeros(keys.sizes()), 0);
    return Score::bind(recipe)
        ->compute({.arena = arena,
                   .nextPosition = keys.size(1) + 5,
                   .blockTokens = keys.size(1),
                   .probeScores = {}})
        .scores;
}

void compare(const std::vector<float>& found, const std::vector<double>& expected, double tolerance) {
    QCOMPARE(found.size(), expected.size());
    for (std::size_t i = 0; i < found.size(); ++i)
        QVERIFY2(std::abs(found[i] - expected[i]) <= tolerance, std::to_string(found[i]).c_str());
}

class TestScorers : public QObject {
    Q_OBJECT

    static void addRecipes() {
        QTest::addColumn<std::string>("recipe");
        for (const Scorer* const scorer : allScorers())
            QTest::newRow(std::string(scorer->id).c_str()) << std::string(scorer->id);
        QTest::newRow("combined") << std::string("keydiff + attention * 0.5 + value_norm * 0.25");
        QTest::newRow("quirk") << std::string("keydiff(shared_anchor=1)");
    }

private Q_SLOTS:
    void describesEveryScorer() {
        std::set<std::string_view> ids;
        for (const Scorer* const scorer : allScorers()) {
            QVERIFY(ids.insert(scorer->id).second);
            QVERIFY(!scorer->title.empty() && !scorer->summary.empty() && scorer->score != nullptr);
            for (const ScorerParameter& parameter : scorer->parameters) {
                QVERIFY(!parameter.summary.empty());
                QVERIFY(parameter.least <= parameter.value && parameter.value <= parameter.most);
            }
        }
        for (const char* known : {"attention", "keydiff", "kvzip", "recency", "snapkv", "value_norm"})
            QVERIFY(ids.contains(known));
    }

    void bindsEveryPreset() {
        for (const MemoryPreset& preset : allPresets()) {
            const auto score = Score::bind(preset.score);
            QVERIFY2(score, test::why(score));
        }
        QVERIFY(!Score::bind(presetById("epichat")->score)->usesPatchedPrompt());
        QVERIFY(Score::bind(presetById("epicache")->score)->usesPatchedPrompt());
        QVERIFY(Score().usesPatchedPrompt());
    }

    void scoresEveryEntryFinitelyAndTheSameAgain_data() { addRecipes(); }
    void scoresEveryEntryFinitelyAndTheSameAgain() {
        QFETCH(std::string, recipe);
        const auto score = Score::bind(recipe);
        QVERIFY2(score, test::why(score));
        for (const BudgetLevel level : {BudgetLevel::kPair, BudgetLevel::kPairUniform}) {
            const Cache cache(3);
            const std::vector<float> scores = scoresOf(*score, cache, level);
            QCOMPARE(static_cast<std::int64_t>(scores.size()), cache.arena.totalLength());
            for (const float each : scores)
                QVERIFY(std::isfinite(each));
            QCOMPARE(scoresOf(*score, Cache(3), level), scores);
            std::set<float> different(scores.begin(), scores.end());
            QVERIFY(different.size() > 5);
        }
    }

    void evictsWithinTheBudgetAndKeepsPins_data() { addRecipes(); }
    void evictsWithinTheBudgetAndKeepsPins() {
        QFETCH(std::string, recipe);
        ModelSpec spec;
        spec.layers.resize(1);
        spec.layers[0].attention.kvHeads = kHeads;
        for (const BudgetLevel level : {BudgetLevel::kPair, BudgetLevel::kPairUniform}) {
            for (const std::int32_t budget : {7, 12, 100}) {
                Cache cache(4);
                const std::int64_t before = cache.arena.totalLength();
                EvictionRule rule{.layerBudgets = {budget},
                                  .level = level,
                                  .pins = {.chatPrefix = true, .sinks = 2, .recent = 4},
                                  .prefixTokens = 1};
                rule.score = *Score::bind(recipe);
                std::vector<std::size_t> ran;
                for (std::size_t i = 0; i < rule.score.probes().size(); ++i)
                    ran.push_back(i);
                const std::vector<at::Tensor> probes(ran.size(), cache.probe);
                ProbeEviction eviction(
                    spec, rule, {.nextPosition = kTokens, .blockTokens = kBlock, .probes = ran});
                const auto done = eviction.afterLayer(0, cache.arena, probes);
                QVERIFY2(done, test::why(done));
                for (std::int32_t head = 0; head < kHeads; ++head) {
                    const auto kept = cache.arena.positions(head);
                    QVERIFY(std::ranges::adjacent_find(kept, std::greater_equal<>{}) == kept.end());
                    for (std::int32_t recent = kTokens - 4; recent < kTokens; ++recent)
                        QVERIFY(std::ranges::find(kept, recent) != kept.end());
                    if (level == BudgetLevel::kPairUniform)
                        QVERIFY(cache.arena.length(head) <= std::max(budget, 0));
                }
                QVERIFY(std::ranges::find(cache.arena.positions(0), 0) != cache.arena.positions(0).end());
                QVERIFY(std::ranges::find(cache.arena.positions(0), 1) != cache.arena.positions(0).end());
                if (level == BudgetLevel::kPair) {
                    QCOMPARE(cache.arena.totalLength(), std::min<std::int64_t>(before, budget * kHeads));
                }
            }
        }
    }

    void givesTheKeyDifferencesOfTheWorkedExample() {
        const at::Tensor keys =
            at::tensor({1.F, 0.F, .9F, .1F, .95F, -.05F, 0.F, 1.F, -1.F, .2F}).view({1, 5, 2});
        const std::vector<double> expected{-.84865, -.90188, -.81968, -.52895, .72844};
        compare(keyDifferences(keys, "keydiff"), expected, 5e-5);
        compare(keyDifferences(keys * 7.0, "keydiff"), expected, 5e-5);  // the length of a key does not count
    }

    void sharesOneAnchorBehindTheFirstBlockWhereAsked() {
        // Two heads whose keys point to opposite sides: their common mean is zero, each one's own is not.
        const at::Tensor keys = at::tensor({1.F, 0.F, 1.F, 0.F, -1.F, 0.F, -1.F, 0.F}).view({2, 2, 2});
        compare(keyDifferences(keys, "keydiff(shared_anchor=1)"), {0.0, 0.0, 0.0, 0.0}, 1e-6);
        compare(keyDifferences(keys, "keydiff"), {-1.0, -1.0, -1.0, -1.0}, 1e-6);
    }

    void keepsSinksAndTheNewest() {
        const Cache cache(5);
        const std::vector<float> scores = scoresOf(*Score::bind("recency"), cache, BudgetLevel::kPairUniform);
        std::size_t entry = 0;
        for (std::int32_t head = 0; head < kHeads; ++head) {
            float last = 0.0F;
            for (const std::int32_t position : cache.arena.positions(head)) {
                const float score = scores[entry++];
                if (position < 4) {
                    QVERIFY(score > 1.0F);
                } else {
                    QVERIFY(score > last && score <= 1.0F);
                    last = score;
                }
            }
        }
    }

    void remembersTheScoreOfTheOwnBlock() {
        const Score score = *Score::bind("kvzip");
        QVERIFY(score.keepsScores());
        QVERIFY(!Score::bind("kvzip(keep=0)")->keepsScores());
        Cache cache(6);
        const std::vector<at::Tensor> first{cache.probe};
        Score::Input input{
            .arena = cache.arena, .nextPosition = kTokens, .blockTokens = kBlock, .probeScores = first};
        const Score::Computed once = score.compute(input);
        cache.arena.setScores(once.kept);
        const at::Tensor other = at::zeros({cache.arena.totalLength()});
        const std::vector<at::Tensor> second{other};
        input.probeScores = second;
        QCOMPARE(score.compute(input).scores, once.scores);

        // What is kept takes its score along, and a newer entry has none before it was scored.
        cache.arena.apply({.keep = {{1, 4}, {0}, {2, 3}}});
        QCOMPARE(cache.arena.scores(0).size(), std::size_t{2});
        QCOMPARE(cache.arena.scores(0)[1], once.scores[4]);
        const LayerArena::Content content = cache.arena.content();
        (void)cache.arena.append(at::zeros({kHeads, 1, kHeadDim}), at::zeros({kHeads, 1, kHeadDim}), kTokens);
        QCOMPARE(cache.arena.scores(0).size(), std::size_t{2});
        (void)cache.arena.restore(content);
        QCOMPARE(cache.arena.scores(0)[1], once.scores[4]);
    }

    void prefersTheNewestWhereAProbeHadNoRows() {
        const Cache cache(7);
        const Score score = *Score::bind("kvzip");
        const std::vector<at::Tensor> none(1);
        const std::vector<float> scores =
            score
                .compute(
                    {.arena = cache.arena, .nextPosition = kTokens, .blockTokens = 0, .probeScores = none})
                .scores;
        QVERIFY(std::ranges::is_sorted(std::span(scores).first(cache.arena.positions(0).size())));
        QVERIFY(scores.front() > 1.0F);
    }

    void keepsABestShareOfEveryHead() {
        // AdaKV's worked example: three heads of six, two of each on average.
        const std::vector<float> scores{.9F,
                                        .8F,
                                        .1F,
                                        .1F,
                                        .05F,
                                        .02F,
                                        .3F,
                                        .25F,
                                        .2F,
                                        .15F,
                                        .06F,
                                        .04F,
                                        .05F,
                                        .05F,
                                        .05F,
                                        .04F,
                                        .04F,
                                        .03F};
        const ScoredEntries entries{.lengths = {6, 6, 6}, .scores = scores, .pins = {}};
        const auto counts = [&](std::int64_t floor) {
            std::vector<std::size_t> result;
            const auto selection = selectEntries(entries, 2, BudgetLevel::kPair, floor);
            for (const auto& head : selection->keep)
                result.push_back(head.size());
            return result;
        };
        QCOMPARE(counts(0), (std::vector<std::size_t>{2, 4, 0}));
        QCOMPARE(counts(1), (std::vector<std::size_t>{2, 3, 1}));
        QCOMPARE(counts(2), (std::vector<std::size_t>{2, 2, 2}));
    }

    void reducesWeights_data() {
        using Rows = ScoreReduction::Rows;
        using Heads = ScoreReduction::Heads;
        QTest::addColumn<ScoreReduction>("reduction");
        QTest::addColumn<std::vector<double>>("expected");
        // Two query heads, each with two rows over three entries.
        QTest::newRow("max") << ScoreReduction{} << std::vector<double>{.6, .7, .5};
        QTest::newRow("max, mean of heads")
            << ScoreReduction{.heads = Heads::kMean} << std::vector<double>{.6, .5, .35};
        QTest::newRow("sum") << ScoreReduction{.rows = Rows::kSum} << std::vector<double>{.8, .9, .7};
        QTest::newRow("mean of both") << ScoreReduction{.rows = Rows::kMean, .heads = Heads::kMean}
                                      << std::vector<double>{.4, .35, .25};
        QTest::newRow("root mean square")
            << ScoreReduction{.rows = Rows::kRootMeanSquare}
            << std::vector<double>{std::sqrt(.2), std::sqrt(.265), std::sqrt(.145)};
        QTest::newRow("variance") << ScoreReduction{.rows = Rows::kVariance}
                                  << std::vector<double>{.04, .0625, .0225};
        QTest::newRow("hits") << ScoreReduction{.rows = Rows::kHits, .hitWeight = .25}
                              << std::vector<double>{1, 1, 1};
    }
    void reducesWeights() {
        QFETCH(ScoreReduction, reduction);
        QFETCH(std::vector<double>, expected);
        const at::Tensor weights =
            at::tensor({.6F, .2F, .2F, .2F, .3F, .5F, .2F, .7F, .1F, .6F, .2F, .2F}).view({2, 2, 3});
        ScoreAccumulator whole(reduction);
        whole.add(weights.clone());
        ScoreAccumulator pieces(reduction);
        pieces.add(weights.narrow(1, 0, 1).clone());
        pieces.add(weights.narrow(1, 1, 1).clone());
        for (const at::Tensor& found : {whole.result(), pieces.result()}) {
            const float* const first = found.const_data_ptr<float>();
            compare({first, first + found.numel()}, expected, 1e-5);
        }
    }
};

}  // namespace
}  // namespace epi

QTEST_GUILESS_MAIN(epi::TestScorers)
#include "tst_scorers.moc"
