// Positions counted anew: the same logits where only the origin moves, nothing beyond the trained context.

#include <algorithm>
#include <numeric>
#include <vector>

#include <QTemporaryDir>
#include <QtTest>

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/allclose.h>
#include <ATen/ops/equal.h>
#include <c10/core/InferenceMode.h>

#include "core/model/language_model.h"
#include "core/model/reindex.h"
#include "tests/support/tiny_model.h"

namespace epi {
namespace {

constexpr std::int64_t kRows = 64;

at::Tensor read(const Executor& executor,
                KvCache& cache,
                std::span<const TokenId> ids,
                std::int64_t position) {
    const ForwardRequest request{
        .groups = {{.kind = RowGroup::Kind::kAppend, .ids = ids, .firstPosition = position}},
        .logitRows = 1,
        .hook = nullptr,
        .cancel = {}};
    auto logits = executor.forward(request, cache);
    return logits ? *logits : at::Tensor();
}

class TestReindex : public QObject {
    Q_OBJECT

    std::unique_ptr<LanguageModel> tiny(const std::string& architecture) {
        const auto path = test::writeTinyModel(
            folder_.path().toStdString(), {.architecture = architecture, .layers = 6, .trainedContext = 200});
        auto model = LanguageModel::load({.path = path, .device = DeviceChoice::kCpu});
        return model ? *std::move(model) : nullptr;
    }
    static KvCache cacheFor(const Executor& executor) {
        const std::vector<std::int64_t> rows(executor.spec().layers.size(), kRows);
        return {executor.spec(), rows, executor.placement()};
    }
    static void addArchitectures() {
        QTest::addColumn<std::string>("architecture");
        for (const char* architecture : {"llama", "qwen2", "gemma3"})
            QTest::newRow(architecture) << std::string(architecture);
    }

    QTemporaryDir folder_;

private Q_SLOTS:
    void takesRowsOutAsIfTheyHadNeverBeenThere_data() { addArchitectures(); }
    void takesRowsOutAsIfTheyHadNeverBeenThere() {
        QFETCH(std::string, architecture);
        const c10::InferenceMode inference;
        const auto model = tiny(architecture);
        QVERIFY(model);
        const Executor& executor = model->executor();
        const std::vector<TokenId> history = test::randomTokens(20, 3);
        const std::vector<TokenId> quoted = test::randomTokens(9, 4);
        const std::vector<TokenId> question = test::randomTokens(6, 5);
        KvCache plain = cacheFor(executor);
        read(executor, plain, history, 0);
        read(executor, plain, question, 20);
        KvCache cut = cacheFor(executor);
        read(executor, cut, history, 0);
        read(executor, cut, quoted, 20);
        read(executor, cut, question, 29);
        QVERIFY(cutOut(executor, cut, 9, 6));
        QCOMPARE(cut.nextPosition(), plain.nextPosition());
        QVERIFY(cut.isInOrder());
        for (std::int32_t layer = 0; layer < plain.layerCount(); ++layer) {
            for (std::int32_t head = 0; head < plain.layer(layer).shape().kvHeads; ++head) {
                QVERIFY(
                    std::ranges::equal(cut.layer(layer).positions(head), plain.layer(layer).positions(head)));
                QVERIFY(std::ranges::equal(cut.layer(layer).origins(head), plain.layer(layer).origins(head)));
            }
        }
        // The first layer's keys know nothing of other tokens.
        for (std::int32_t head = 0; head < plain.layer(0).shape().kvHeads; ++head) {
            const at::Tensor expected = plain.layer(0).headKeys(head);
            QVERIFY(at::allclose(cut.layer(0).headKeys(head), expected, 2e-3, 2e-3));
            QVERIFY(at::equal(cut.layer(0).headKeys(head).slice(0, 0, 20), expected.slice(0, 0, 20)));
        }
    }

    void leavesLogitsOfAShortHistoryAsTheyAre_data() { addArchitectures(); }
    void leavesLogitsOfAShortHistoryAsTheyAre() {
        QFETCH(std::string, architecture);
        const c10::InferenceMode inference;
        const auto model = tiny(architecture);
        QVERIFY(model);
        const Executor& executor = model->executor();
        const std::vector<TokenId> history = test::randomTokens(40, 3);
        const std::vector<TokenId> question = test::randomTokens(5, 4);

        KvCache plain = cacheFor(executor);
        read(executor, plain, history, 0);
        KvCache moved = cacheFor(executor);
        read(executor, moved, history, 1000);
        QVERIFY(reindexForRoom(executor, moved, 5));
        QCOMPARE(moved.nextPosition(), 40);
        QCOMPARE(moved.shift(), 1000);
        QCOMPARE(moved.layer(0).origins(0).front(), 1000);
        const at::Tensor expected = read(executor, plain, question, 40);
        const at::Tensor found = read(executor, moved, question, moved.nextPosition());
        // Angles are rounded to fp32: at position 1,000 by up to 6e-5, which logits show in proportion.
        const double scale = expected.abs().max().item<double>();
        const double difference = (found - expected).abs().max().item<double>();
        QVERIFY2(difference <= 1e-4 * scale, qPrintable(QString::number(difference / scale)));
        QCOMPARE(moved.layer(0).origins(0).back(), 1044);
    }

    void changesNothingWithoutGaps() {
        const c10::InferenceMode inference;
        const auto model = tiny("llama");
        QVERIFY(model);
        KvCache cache = cacheFor(model->executor());
        read(model->executor(), cache, test::randomTokens(40, 3), 0);
        const KvSnapshot before = cache.snapshot();
        QVERIFY(!reindexForRoom(model->executor(), cache, 1000));
        reindexPositions(model->executor(), cache);
        const KvSnapshot after = cache.snapshot();
        for (std::size_t layer = 0; layer < before.layers.size(); ++layer)
            QVERIFY(at::equal(before.layers[layer].keys, after.layers[layer].keys));
        QCOMPARE(cache.nextPosition(), 40);
        QCOMPARE(cache.shift(), 0);
    }

    void keepsOrderAndTheDistancesOfTheNewest() {
        const c10::InferenceMode inference;
        const auto model = tiny("llama");
        QVERIFY(model);
        KvCache cache = cacheFor(model->executor());
        read(model->executor(), cache, test::randomTokens(40, 3), 300);
        for (std::int32_t layer = 0; layer < cache.layerCount(); ++layer)
            cache.layer(layer).apply({.keep = {{0, 5, 38, 39}, {1, 2, 3, 30, 31, 39}}});
        reindexPositions(model->executor(), cache);
        QCOMPARE(cache.nextPosition(), 6);
        QCOMPARE(cache.nextPosition() + cache.shift(), 340);
        const auto positions = cache.layer(1).positions(0);
        QCOMPARE(std::vector<std::int32_t>(positions.begin(), positions.end()),
                 (std::vector<std::int32_t>{2, 3, 4, 5}));
        const auto origins = cache.layer(1).origins(0);
        QCOMPARE(std::vector<std::int32_t>(origins.begin(), origins.end()),
                 (std::vector<std::int32_t>{300, 305, 338, 339}));
    }

    void comesBackFromRowsThatWereCountedOtherwise() {
        // What a file holds: a whole copy with its first positions, and rows read after they were counted
        // anew.
        const c10::InferenceMode inference;
        const auto model = tiny("qwen2");
        QVERIFY(model);
        const Executor& executor = model->executor();
        const std::vector<TokenId> turn = test::randomTokens(6, 5);
        const std::vector<TokenId> question = test::randomTokens(5, 4);
        KvCache cache = cacheFor(executor);
        read(executor, cache, test::randomTokens(40, 3), 180);
        const KvSnapshot whole = cache.snapshot();
        reindexPositions(executor, cache);
        read(executor, cache, turn, cache.nextPosition());

        KvCache again = cacheFor(executor);
        QVERIFY(again.restore(whole));
        QVERIFY(again.isInOrder());
        QVERIFY(again.append(cache.newest(6)));
        QVERIFY(!again.isInOrder());
        reindexPositions(executor, again);
        QVERIFY(again.isInOrder());
        QCOMPARE(again.nextPosition() + again.shift(), cache.nextPosition() + cache.shift());
        const at::Tensor expected = read(executor, cache, question, cache.nextPosition());
        const at::Tensor found = read(executor, again, question, again.nextPosition());
        QVERIFY(at::allclose(found, expected, 0.0, 2e-4));
    }
};

}  // namespace
}  // namespace epi

QTEST_GUILESS_MAIN(epi::TestReindex)
#include "tst_reindex.moc"
