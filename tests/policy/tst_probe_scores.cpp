// Attention over ragged caches, and the scores it gives, against a plain computation in double.

#include <cmath>
#include <cstdint>
#include <optional>
#include <random>
#include <vector>

#include <QtTest>

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>

#include "core/policy/selection.h"
#include "core/tensor/attention.h"
#include "tests/support/check_result.h"

namespace epi {
namespace {

/// One attention layer and the cache it looks at.
struct Case {
    std::int32_t heads = 4;
    std::int32_t kvHeads = 2;
    std::int32_t headDim = 8;
    std::optional<std::int32_t> window;
    std::vector<std::vector<std::int32_t>> keep;  // per head, of `past` rows; empty: all
    std::int64_t past = 20;
    std::int64_t rows = 7;
};

AttentionSpec specOf(const Case& shape) {
    AttentionSpec spec;
    spec.heads = shape.heads;
    spec.kvHeads = shape.kvHeads;
    spec.headDim = shape.headDim;
    spec.scale = 1.0 / std::sqrt(static_cast<double>(shape.headDim));
    spec.window = shape.window;
    return spec;
}

at::Tensor randomTensor(std::mt19937& random, at::IntArrayRef sizes, float size = 2.0F) {
    at::Tensor tensor = at::zeros(sizes, at::kFloat);
    float* values = tensor.mutable_data_ptr<float>();
    for (std::int64_t i = 0; i < tensor.numel(); ++i) {
        values[i] = (static_cast<float>(random()) / 4294967296.0F * 2.0F - 1.0F) * size;
    }
    return tensor;
}

LayerArena pastOf(const Case& shape, std::mt19937& random) {
    LayerArena arena(
        {.kvHeads = shape.kvHeads, .headDim = shape.headDim, .rowsPerHead = shape.past + shape.rows},
        Placement{});
    const at::Tensor keys = randomTensor(random, {shape.kvHeads, shape.past, shape.headDim});
    const at::Tensor values = randomTensor(random, {shape.kvHeads, shape.past, shape.headDim});
    (void)arena.append(keys, values, 0);
    if (!shape.keep.empty()) arena.apply({.keep = shape.keep});
    return arena;
}

double dot(const float* a, const float* b, std::int64_t size) {
    double sum = 0.0;
    for (std::int64_t i = 0; i < size; ++i)
        sum += static_cast<double>(a[i]) * b[i];
    return sum;
}

/// What a query sees: logits of visible keys and their value rows.
struct Seen {
    std::vector<double> logits;
    std::vector<const float*> values;

    void add(double logit, const float* value) {
        logits.push_back(logit);
        values.push_back(value);
    }
    [[nodiscard]] double logSum() const {
        double sum = 0.0;
        for (const double logit : logits)
            sum += std::exp(logit);
        return std::log(sum);
    }
    [[nodiscard]] std::vector<double> output(std::int64_t size) const {
        std::vector<double> result(static_cast<std::size_t>(size), 0.0);
        const double total = logSum();
        for (std::size_t i = 0; i < logits.size(); ++i) {
            for (std::int64_t d = 0; d < size; ++d) {
                result[static_cast<std::size_t>(d)] += std::exp(logits[i] - total) * values[i][d];
            }
        }
        return result;
    }
};

struct Reference {
    std::vector<double> output;  // [rows, heads, headDim]
    std::vector<double> scores;  // head-major over the arena
};

/// Attention of `rows` over the arena and causally over themselves, straight from the definition. An arena
/// that holds the rows already gets none of its own keys.
Reference attendPlainly(const LayerArena& arena,
                        const AttentionSpec& spec,
                        const ProbeRows& rows,
                        bool hasOwnKeys) {
    const std::int64_t count = rows.query.size(0);
    const std::int64_t d = spec.headDim;
    const LayerArena::Content content = arena.content();
    Reference reference;
    reference.output.resize(static_cast<std::size_t>(count * spec.heads * d));
    reference.scores.resize(static_cast<std::size_t>(arena.totalLength()), 0.0);
    const float* query = rows.query.const_data_ptr<float>();
    std::int64_t start = 0;
    for (std::int32_t kvHead = 0; kvHead < spec.kvHeads; ++kvHead) {
        const auto positions = arena.positions(kvHead);
        const float* keys = content.keys.const_data_ptr<float>() + start * d;
        const float* values = content.values.const_data_ptr<float>() + start * d;
        for (std::int32_t g = 0; g < spec.heads / spec.kvHeads; ++g) {
            const std::int64_t head = kvHead * (spec.heads / spec.kvHeads) + g;
            for (std::int64_t row = 0; row < count; ++row) {
                const std::int64_t position = rows.firstPosition + row;
                const float* q = query + (row * spec.heads + head) * d;
                const auto sees = [&](std::int64_t other) {
                    return !spec.window || other > position - *spec.window;
                };
                Seen seen;
                for (std::size_t i = 0; i < positions.size(); ++i) {
                    if (!hasOwnKeys && positions[i] > position) continue;
                    if (!sees(positions[i])) continue;
                    const auto offset = static_cast<std::int64_t>(i) * d;
                    seen.add(spec.scale * dot(q, keys + offset, d), values + offset);
                }
                const double pastLogSum = seen.logSum();

                for (std::size_t i = 0; i < seen.logits.size(); ++i) {
                    const double weight = std::exp(seen.logits[i] - pastLogSum);
                    if (spec.window) continue;
                    double& score = reference.scores[static_cast<std::size_t>(start) + i];
                    score = std::max(score, weight);
                }
                for (std::int64_t own = 0; hasOwnKeys && own <= row; ++own) {
                    if (!sees(rows.firstPosition + own)) continue;
                    const at::Tensor key = rows.keys[kvHead][own];
                    const at::Tensor value = rows.values[kvHead][own];
                    seen.add(spec.scale * dot(q, key.const_data_ptr<float>(), d),
                             value.const_data_ptr<float>());
                }
                const std::vector<double> output = seen.output(d);
                std::copy(
                    output.begin(), output.end(), reference.output.begin() + (row * spec.heads + head) * d);
            }
        }
        start += static_cast<std::int64_t>(positions.size());
    }
    return reference;
}

void compare(const at::Tensor& found, const std::vector<double>& expected, double tolerance) {
    const at::Tensor flat = found.reshape({-1}).contiguous();
    QCOMPARE(flat.numel(), static_cast<std::int64_t>(expected.size()));
    const float* values = flat.const_data_ptr<float>();
    for (std::size_t i = 0; i < expected.size(); ++i) {
        const std::string what = std::to_string(i) + ": " + std::to_string(values[i]) + " found, " +
                                 std::to_string(expected[i]) + " expected";
        QVERIFY2(std::abs(values[i] - expected[i]) <= tolerance, what.c_str());
    }
}

ProbeRows probeOf(const Case& shape, std::mt19937& random, std::int64_t firstPosition) {
    return {.query = randomTensor(random, {shape.rows, shape.heads, shape.headDim}),
            .keys = randomTensor(random, {shape.kvHeads, shape.rows, shape.headDim}),
            .values = randomTensor(random, {shape.kvHeads, shape.rows, shape.headDim}),
            .firstPosition = firstPosition};
}

bool isSameContent(const LayerArena::Content& a, const LayerArena::Content& b) {
    return at::equal(a.keys, b.keys) && at::equal(a.values, b.values) && a.positions == b.positions;
}

class TestProbeScores : public QObject {
    Q_OBJECT

    static void addCases() {
        QTest::addColumn<Case>("shape");
        QTest::newRow("full heads") << Case{};
        QTest::newRow("ragged heads") << Case{.keep = {{0, 3, 4, 9, 19}, {1, 2, 3, 5, 6, 7, 8, 10, 15}}};
        QTest::newRow("runs of equal heads")
            << Case{.heads = 8, .kvHeads = 4, .keep = {{0, 5}, {1, 2}, {4, 5, 6, 7, 8, 9}, {2, 7}}};
        QTest::newRow("three query heads per KV head")
            << Case{.heads = 9, .kvHeads = 3, .keep = {{0, 19}, {7}, {1, 2, 3}}};
        QTest::newRow("one query head per KV head") << Case{.heads = 2, .kvHeads = 2};
        QTest::newRow("one row") << Case{.rows = 1};
        QTest::newRow("more rows than one call takes")
            << Case{.heads = 2, .kvHeads = 1, .past = 30, .rows = 300};
    }

private Q_SLOTS:
    void scoresAsTheDefinitionSays_data() { addCases(); }
    void scoresAsTheDefinitionSays() {
        QFETCH(Case, shape);
        std::mt19937 random(11);
        const LayerArena arena = pastOf(shape, random);
        const AttentionSpec spec = specOf(shape);
        const ProbeRows rows = probeOf(shape, random, shape.past);
        const LayerArena::Content before = arena.content();
        const ProbeAttention found = attendProbe(arena, spec, rows);
        const Reference expected = attendPlainly(arena, spec, rows, true);
        compare(found.scores, expected.scores, 1e-5);
        compare(found.output, expected.output, 1e-5);
        QVERIFY(isSameContent(arena.content(), before));
    }

    void givesEachRowAWeightOfOneOverThePast() {
        // One probe row of one query head at a time: its scores are its weights.
        const Case shape{.heads = 3, .kvHeads = 3, .keep = {{0, 3, 4, 9, 19}, {7}, {1, 2, 3}}, .rows = 1};
        std::mt19937 random(12);
        const LayerArena arena = pastOf(shape, random);
        const at::Tensor scores = attendProbe(arena, specOf(shape), probeOf(shape, random, 20)).scores;
        std::int64_t start = 0;
        for (std::int32_t head = 0; head < shape.kvHeads; ++head) {
            const at::Tensor own = scores.narrow(0, start, arena.length(head));
            QVERIFY(std::abs(own.sum().item<double>() - 1.0) < 1e-6);
            QVERIFY(own.min().item<double>() > 0.0);
            QVERIFY(own.max().item<double>() <= 1.0);
            start += arena.length(head);
        }
    }

    void givesTheScoresOfTheWorkedExample() {
        LayerArena arena({.kvHeads = 2, .headDim = 2, .rowsPerHead = 4}, Placement{});
        const at::Tensor keys = at::tensor({.2F,
                                            0.F,
                                            0.F,
                                            .2F,
                                            .1F,
                                            .1F,
                                            -.2F,
                                            0.F,  //
                                            .5F,
                                            0.F,
                                            0.F,
                                            2.F,
                                            0.F,
                                            0.F,
                                            1.F,
                                            -1.F})
                                    .view({2, 4, 2});
        QVERIFY(arena.append(keys, at::zeros({2, 4, 2}), 0));
        // [row, query head, headDim]; two query heads for each KV head.
        const at::Tensor query = at::tensor({1.F,
                                             0.F,
                                             2.F,
                                             0.F,
                                             0.F,
                                             1.F,
                                             1.F,
                                             0.F,  //
                                             0.F,
                                             1.F,
                                             0.F,
                                             0.F,
                                             1.F,
                                             1.F,
                                             0.F,
                                             -1.F})
                                     .view({2, 4, 2});
        const Case shape{.heads = 4, .kvHeads = 2, .headDim = 2};
        const ProbeRows rows{
            .query = query, .keys = at::zeros({2, 2, 2}), .values = at::zeros({2, 2, 2}), .firstPosition = 4};
        const at::Tensor scores = attendProbe(arena, specOf(shape), rows).scores;
        compare(scores, {.3135, .2726, .2722, .2500, .2612, .6226, .2341, .4748}, 5e-5);

        const std::span<const float> values(scores.const_data_ptr<float>(), 8);
        const auto kept =
            selectEntries({.lengths = {4, 4}, .scores = values, .pins = {}}, 1, BudgetLevel::kPair);
        QVERIFY2(kept, test::why(kept));
        QCOMPARE(kept->keep, (std::vector<std::vector<std::int32_t>>{{}, {1, 3}}));
    }

    void staysFiniteWhenAHeadHasNoEntries() {
        const Case shape{.keep = {{}, {0, 4, 5}}};
        std::mt19937 random(13);
        const LayerArena arena = pastOf(shape, random);
        const ProbeRows rows = probeOf(shape, random, 20);
        const ProbeAttention found = attendProbe(arena, specOf(shape), rows);
        QCOMPARE(found.scores.numel(), 3);
        QVERIFY(found.output.isfinite().all().item<bool>());
        compare(found.output, attendPlainly(arena, specOf(shape), rows, true).output, 1e-5);
    }

    void givesNoScoresWhereTheLayerHasAWindow() {
        const Case shape{.window = 6, .rows = 9};
        std::mt19937 random(14);
        const LayerArena arena = pastOf(shape, random);
        const ProbeRows rows = probeOf(shape, random, shape.past);
        const ProbeAttention found = attendProbe(arena, specOf(shape), rows);
        QVERIFY(!found.scores.defined());
        compare(found.output, attendPlainly(arena, specOf(shape), rows, true).output, 1e-5);
    }

    void attendsToWhatWasAppended_data() {
        addCases();
        QTest::newRow("window") << Case{.window = 6};
        QTest::newRow("window, ragged heads")
            << Case{.window = 9, .keep = {{0, 3, 12, 17, 19}, {14, 15, 18}}, .rows = 12};
        QTest::newRow("window of one") << Case{.window = 1};
    }
    void attendsToWhatWasAppended() {
        QFETCH(Case, shape);
        std::mt19937 random(15);
        LayerArena arena = pastOf(shape, random);
        const ProbeRows rows = probeOf(shape, random, shape.past);
        QVERIFY(arena.append(rows.keys, rows.values, shape.past));
        const at::Tensor found = attendAppended(arena, specOf(shape), rows.query, shape.past);
        compare(found, attendPlainly(arena, specOf(shape), rows, false).output, 1e-5);
    }
};

}  // namespace
}  // namespace epi

QTEST_GUILESS_MAIN(epi::TestProbeScores)
#include "tst_probe_scores.moc"
