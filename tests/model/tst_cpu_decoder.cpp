// The step that replies are written with on a CPU, against LibTorch's operations on the same weights.

#include <memory>
#include <string>
#include <vector>

#include <QTemporaryDir>
#include <QtTest>

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <c10/core/InferenceMode.h>

#include "core/model/executor.h"
#include "core/model/language_model.h"
#include "tests/support/check_result.h"
#include "tests/support/tiny_model.h"

namespace epi {
namespace {

// Of the largest logit. The weights are the same floats and both sides round keys and values to fp16, but
// other orders of sums may round one that lies between two halves to either.
constexpr double kSums = 1e-3;
// What fp16 keys and values, 2^-11 off, may become after six layers of sharp attention, of the largest logit.
constexpr double kHalves = 0.01;

/// Nothing happens after a layer, but rows that something may look at go through LibTorch.
struct IdleHook : LayerHook {
    Result<void> afterLayer(std::int32_t, LayerArena&, std::span<const at::Tensor>) override { return {}; }
};

KvCache cacheFor(const Executor& executor, std::int64_t rows) {
    const std::vector<std::int64_t> perLayer(executor.spec().layers.size(), rows);
    return {executor.spec(), perLayer, executor.placement()};
}

Result<at::Tensor> read(const Executor& executor,
                        KvCache& cache,
                        std::span<const TokenId> ids,
                        LayerHook* hook) {
    return executor.forward(
        {.groups = {{.kind = RowGroup::Kind::kAppend, .ids = ids, .firstPosition = cache.nextPosition()}},
         .logitRows = static_cast<std::int64_t>(ids.size()),
         .hook = hook,
         .cancel = {}},
        cache);
}

/// Every head keeps another share of its entries, each its newest.
void makeRagged(KvCache& cache) {
    for (std::int32_t layer = 0; layer < cache.layerCount(); ++layer) {
        LayerArena& arena = cache.layer(layer);
        CompactionPlan plan;
        for (std::int32_t head = 0; head < arena.shape().kvHeads; ++head) {
            auto& keep = plan.keep.emplace_back();
            for (std::int32_t entry = 0; entry < arena.length(head); ++entry) {
                if (entry % (head + 2) == layer % 2 || entry + 1 == arena.length(head)) keep.push_back(entry);
            }
        }
        arena.apply(plan);
    }
}

class TestCpuDecoder : public QObject {
    Q_OBJECT

    QTemporaryDir folder_;

    std::unique_ptr<LanguageModel> load(const std::string& architecture, ComputeMode compute) {
        auto loaded =
            LanguageModel::load({.path = test::writeTinyModel(folder_.path().toStdString(),
                                                              {.architecture = architecture, .layers = 6}),
                                 .device = DeviceChoice::kCpu,
                                 .compute = compute});
        if (!loaded) qWarning("%s", test::why(loaded));
        return loaded ? *std::move(loaded) : nullptr;
    }
    static void addArchitectures() {
        QTest::addColumn<std::string>("architecture");
        for (const char* architecture : {"llama", "qwen2", "gemma3"})
            QTest::newRow(architecture) << std::string(architecture);
    }

private Q_SLOTS:
    void saysWhatTheExecutorSays_data() { addArchitectures(); }
    void saysWhatTheExecutorSays() {
        QFETCH(std::string, architecture);
        const c10::InferenceMode inference;
        const auto model = load(architecture, ComputeMode::kFast);
        QVERIFY(model != nullptr);
        const Executor& executor = model->executor();
        const std::vector<TokenId> ids = test::randomTokens(90, 4);  // beyond gemma3's window of 24
        KvCache oneByOne = cacheFor(executor, 200);
        KvCache together = cacheFor(executor, 200);
        IdleHook hook;
        const auto compare = [&](std::span<const TokenId> part, std::size_t rowsTogether) {
            for (std::size_t first = 0; first < part.size(); first += rowsTogether) {
                const auto some = part.subspan(first, std::min(rowsTogether, part.size() - first));
                if (QTest::currentTestFailed()) return;  // the caches hold different rows
                const auto expected = read(executor, together, some, &hook);
                QVERIFY2(expected, test::why(expected));
                for (std::size_t i = 0; i < some.size(); ++i) {
                    const auto found = read(executor, oneByOne, some.subspan(i, 1), nullptr);
                    QVERIFY2(found, test::why(found));
                    const auto row = static_cast<std::int64_t>(i);
                    const double difference = ((*found)[0] - (*expected)[row]).abs().max().item<double>();
                    const double size = (*expected)[row].abs().max().item<double>();
                    QVERIFY2(difference <= kSums * size,
                             (std::to_string(difference) + " of " + std::to_string(size)).c_str());
                }
            }
        };
        compare(std::span(ids).first(40), 40);       // decoded panels
        compare(std::span(ids).subspan(40, 20), 7);  // the blocks themselves
        makeRagged(oneByOne);
        makeRagged(together);
        compare(std::span(ids).subspan(60), 30);
        QCOMPARE(oneByOne.nextPosition(), std::int64_t{90});
        QCOMPARE(oneByOne.entries(), together.entries());
    }

    void staysCloseToTheExactMode_data() { addArchitectures(); }
    void staysCloseToTheExactMode() {
        QFETCH(std::string, architecture);
        const c10::InferenceMode inference;
        const auto exact = load(architecture, ComputeMode::kExact);
        const auto fast = load(architecture, ComputeMode::kFast);
        QVERIFY(exact != nullptr && fast != nullptr);
        QVERIFY(exact->info().fingerprint == fast->info().fingerprint);
        const std::vector<TokenId> ids = test::randomTokens(60, 8);
        KvCache exactCache = cacheFor(exact->executor(), 100);
        KvCache fastCache = cacheFor(fast->executor(), 100);
        QCOMPARE(fastCache.allocatedBytes() * 2, exactCache.allocatedBytes());
        const auto expected = read(exact->executor(), exactCache, ids, nullptr);
        QVERIFY2(expected, test::why(expected));
        for (std::size_t i = 0; i < ids.size(); ++i) {
            const auto found = read(fast->executor(), fastCache, std::span(ids).subspan(i, 1), nullptr);
            QVERIFY2(found, test::why(found));
            const double difference =
                ((*found)[0] - (*expected)[static_cast<std::int64_t>(i)]).abs().max().item<double>();
            const double size = (*expected)[static_cast<std::int64_t>(i)].abs().max().item<double>();
            QVERIFY2(difference <= kHalves * size,
                     (std::to_string(difference) + " of " + std::to_string(size)).c_str());
        }
    }

    void refusesARowBeyondTheRoomAndAnUnknownToken() {
        const c10::InferenceMode inference;
        const auto model = load("llama", ComputeMode::kFast);
        QVERIFY(model != nullptr);
        KvCache cache = cacheFor(model->executor(), 2);
        const std::vector<TokenId> ids = test::randomTokens(3, 1);
        QVERIFY(read(model->executor(), cache, std::span(ids).first(1), nullptr));
        const std::vector<TokenId> unknown{model->info().vocabulary};
        QVERIFY(
            test::failsWith(read(model->executor(), cache, unknown, nullptr), ErrorCode::kInvalidArgument));
        QVERIFY(read(model->executor(), cache, std::span(ids).subspan(1, 1), nullptr));
        QVERIFY(test::failsWith(read(model->executor(), cache, std::span(ids).last(1), nullptr),
                                ErrorCode::kOutOfMemory));
        QCOMPARE(cache.nextPosition(), std::int64_t{2});
    }

    void stopsBeforeARowWhenItIsCancelled() {
        const c10::InferenceMode inference;
        const auto model = load("llama", ComputeMode::kFast);
        QVERIFY(model != nullptr);
        KvCache cache = cacheFor(model->executor(), 2);
        const std::vector<TokenId> ids = test::randomTokens(1, 1);
        ForwardRequest request{.groups = {{.kind = RowGroup::Kind::kAppend, .ids = ids, .firstPosition = 0}},
                               .logitRows = 1,
                               .hook = nullptr,
                               .cancel = {}};
        request.cancel.cancel();
        QVERIFY(test::failsWith(model->executor().forward(request, cache), ErrorCode::kCancelled));
        QCOMPARE(cache.entries(), std::int64_t{0});
    }
};

}  // namespace
}  // namespace epi

QTEST_GUILESS_MAIN(epi::TestCpuDecoder)
#include "tst_cpu_decoder.moc"
