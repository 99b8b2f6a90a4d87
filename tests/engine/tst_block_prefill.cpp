// Reading a history block by block within a budget.

#include <cmath>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <QtTest>

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/allclose.h>
#include <ATen/ops/equal.h>
#include <c10/core/InferenceMode.h>

#include "core/engine/block_prefill.h"
#include "core/engine/generation.h"
#include "core/engine/model_tools.h"
#include "core/model/language_model.h"
#include "tests/engine/prefill_setups.h"
#include "tests/support/check_result.h"
#include "tests/support/shared_data.h"
#include "tests/support/tiny_model.h"

namespace epi {
namespace {

constexpr double kSmallestGap = 0.01;
KvCache denseCache(const Executor& executor, std::size_t rows) {
    const std::vector<std::int64_t> perLayer(executor.spec().layers.size(), static_cast<std::int64_t>(rows));
    return {executor.spec(), perLayer, executor.placement()};
}

/// Logits after `ids` were read behind what the cache holds.
at::Tensor read(const Executor& executor, KvCache& cache, std::span<const TokenId> ids) {
    const ForwardRequest request{
        .groups = {{.kind = RowGroup::Kind::kAppend, .ids = ids, .firstPosition = cache.nextPosition()}},
        .logitRows = static_cast<std::int64_t>(ids.size())};
    auto logits = executor.forward(request, cache);
    return logits ? *logits : at::Tensor();
}

/// Rows as they were first written, by layer, head and position.
class WrittenRows {
public:
    /// Notes rows that were not there before; false when one that was has changed.
    bool note(std::int32_t layer, const LayerArena& arena) {
        const LayerArena::Content content = arena.content();
        std::int64_t row = 0;
        for (std::size_t head = 0; head < content.positions.size(); ++head) {
            for (const std::int32_t position : content.positions[head]) {
                const auto [known, isNew] =
                    rows_.try_emplace({layer, static_cast<std::int32_t>(head), position},
                                      content.keys[row].clone(),
                                      content.values[row].clone());
                if (!isNew && !(at::equal(known->second.first, content.keys[row]) &&
                                at::equal(known->second.second, content.values[row]))) {
                    return false;
                }
                ++row;
            }
        }
        return true;
    }
    [[nodiscard]] std::size_t count() const { return rows_.size(); }

private:
    std::map<std::tuple<std::int32_t, std::int32_t, std::int32_t>, std::pair<at::Tensor, at::Tensor>> rows_;
};

class TestBlockPrefill : public QObject {
    Q_OBJECT

    static void addArchitectures() {
        QTest::addColumn<std::string>("architecture");
        for (const char* architecture : {"llama", "qwen2", "qwen3", "gemma3"})
            QTest::newRow(architecture) << std::string(architecture);
    }
    TinyModels models_;

private Q_SLOTS:
    void equalsFullAttentionWhileAllFits_data() { addArchitectures(); }
    void equalsFullAttentionWhileAllFits() {
        QFETCH(std::string, architecture);
        const c10::InferenceMode inference;
        const auto model = models_.load(architecture);
        QVERIFY(model);
        const Executor& executor = model->executor();
        const PrefillTask task = taskOf(executor.spec(), {.budget = 200});
        KvCache cache = cacheFor(executor, task);
        QVERIFY(BlockPrefill(executor, cache, task).run({}));
        QCOMPARE(cache.nextPosition(), std::int64_t{150});

        KvCache dense = denseCache(executor, task.ids.size() + 10);
        QVERIFY(read(executor, dense, task.ids).defined());
        const std::vector<TokenId> question = test::randomTokens(10, 23);
        const at::Tensor expected = read(executor, dense, question);
        const at::Tensor found = read(executor, cache, question);
        QVERIFY(found.defined() && expected.defined());
        QVERIFY(at::allclose(found, expected, 0.0, kSums));
    }

    void givesTheSameLogitsForEveryBlockSize_data() { addArchitectures(); }
    void givesTheSameLogitsForEveryBlockSize() {
        QFETCH(std::string, architecture);
        const c10::InferenceMode inference;
        const auto model = models_.load(architecture);
        QVERIFY(model);
        const Executor& executor = model->executor();
        const std::vector<TokenId> ids = test::randomTokens(90, 24);
        KvCache whole = denseCache(executor, ids.size());
        const at::Tensor expected = read(executor, whole, ids);
        for (const std::size_t block : {1U, 7U, 64U}) {
            KvCache cache = denseCache(executor, ids.size());
            for (std::size_t first = 0; first < ids.size(); first += block) {
                const std::size_t rows = std::min<std::size_t>(block, ids.size() - first);
                const at::Tensor found = read(executor, cache, std::span(ids).subspan(first, rows));
                QVERIFY(found.defined());
                QVERIFY(at::allclose(
                    found,
                    expected.narrow(0, static_cast<std::int64_t>(first), static_cast<std::int64_t>(rows)),
                    0.0,
                    kSums));
            }
        }
    }

    void keepsItsPromisesAfterEveryBlock_data() {
        addSetups();
        addScores();
    }
    void keepsItsPromisesAfterEveryBlock() {
        QFETCH(std::string, architecture);
        QFETCH(Setup, setup);
        const c10::InferenceMode inference;
        const auto model = models_.load(architecture);
        QVERIFY(model);
        const Executor& executor = model->executor();
        const PrefillTask task = taskOf(executor.spec(), setup);
        KvCache cache = cacheFor(executor, task);
        const std::int64_t bytes = cache.allocatedBytes();
        BlockPrefill prefill(executor, cache, task);
        WrittenRows written;
        std::vector<std::vector<std::int64_t>> before(executor.spec().layers.size(),
                                                      std::vector<std::int64_t>(2, 0));
        std::int64_t position = 0;
        int scored = 0;
        while (!prefill.isDone()) {
            bool isUnchanged = true;
            const auto step = prefill.step({}, [&](std::int32_t layer, const Selection&) {
                isUnchanged = isUnchanged && written.note(layer, cache.layer(layer));
                ++scored;
            });
            QVERIFY2(step, test::why(step));
            const std::int64_t rows = prefill.readTokens() - position;
            position = prefill.readTokens();
            for (std::int32_t layer = 0; layer < cache.layerCount(); ++layer) {
                const LayerArena& arena = cache.layer(layer);
                isUnchanged = isUnchanged && written.note(layer, arena);
                const auto window = executor.spec().layers[static_cast<std::size_t>(layer)].attention.window;
                std::vector<std::int64_t>& lengths = before[static_cast<std::size_t>(layer)];
                const std::int64_t total = lengths[0] + lengths[1] + 2 * rows;
                for (std::int32_t head = 0; head < 2; ++head) {
                    std::int64_t& length = lengths[static_cast<std::size_t>(head)];
                    if (window) {
                        QCOMPARE(arena.length(head), std::min<std::int64_t>(*window, length + rows));
                    } else if (setup.level == BudgetLevel::kPairUniform) {
                        QCOMPARE(arena.length(head), std::min<std::int64_t>(setup.budget, length + rows));
                    }
                    length = arena.length(head);
                    const auto kept = arena.positions(head);
                    QVERIFY(std::ranges::adjacent_find(kept, std::greater_equal<>{}) == kept.end());
                    QVERIFY(kept.empty() || kept.back() < position);
                }
                if (!window) QCOMPARE(arena.totalLength(), std::min<std::int64_t>(2 * setup.budget, total));
            }
            QVERIFY(isUnchanged);
            QCOMPARE(cache.nextPosition(), position);
        }
        QVERIFY(scored > 0);
        QCOMPARE(position, static_cast<std::int64_t>(setup.history));
        QCOMPARE(cache.allocatedBytes(), bytes);
    }

    void allocatesTheBudgetAndOneBlock() {
        const auto model = models_.load("gemma3");
        QVERIFY(model);
        const std::vector<std::int32_t> budgets{10, 20, 30, 40, 50, 60};
        const auto rows = BlockPrefill::rowsPerHead(model->executor().spec(), budgets, 7);
        QCOMPARE(rows, (std::vector<std::int64_t>{31, 31, 31, 31, 31, 67}));
    }

    void keepsWhatIsPinned() {
        const c10::InferenceMode inference;
        const auto model = models_.load("llama");
        QVERIFY(model);
        const Setup setup{.pins = {.chatPrefix = true, .sinks = 7, .recent = 9}};
        const PrefillTask task = taskOf(model->executor().spec(), setup);
        KvCache cache = cacheFor(model->executor(), task);
        BlockPrefill prefill(model->executor(), cache, task);
        while (!prefill.isDone()) {
            QVERIFY(prefill.step({}));
            for (std::int32_t layer = 0; layer < cache.layerCount(); ++layer) {
                for (std::int32_t head = 0; head < 2; ++head) {
                    const auto kept = cache.layer(layer).positions(head);
                    const std::set<std::int64_t> positions(kept.begin(), kept.end());
                    for (std::int64_t i = 0; i < 7; ++i)
                        QVERIFY(positions.contains(i));
                    for (std::int64_t i = 1; i <= 9; ++i)
                        QVERIFY(positions.contains(prefill.readTokens() - i));
                }
            }
        }
    }

    void continuesAtThePositionAfterTheHistory() {
        const c10::InferenceMode inference;
        const auto model = models_.load("llama");
        QVERIFY(model);
        const PrefillTask task = taskOf(model->executor().spec(), {});
        KvCache cache = cacheFor(model->executor(), task);
        QVERIFY(BlockPrefill(model->executor(), cache, task).run({}));
        const std::vector<TokenId> question = test::randomTokens(3, 25);
        QVERIFY(read(model->executor(), cache, question).defined());
        for (std::int32_t head = 0; head < 2; ++head) {
            const auto positions = cache.layer(0).positions(head);
            QCOMPARE(positions.back(), 152);
            QCOMPARE(positions[positions.size() - 3], 150);
        }
        QCOMPARE(cache.nextPosition(), std::int64_t{153});
    }

    void givesWhatScoringEveryBlockGives_data() { addSetups(); }
    void givesWhatScoringEveryBlockGives() {
        QFETCH(std::string, architecture);
        QFETCH(Setup, setup);
        compareWithOtherForm(
            architecture, setup, [](const Executor& executor, KvCache& cache, const PrefillTask& task) {
                return forEachBlock(
                    cache,
                    task,
                    [&](std::span<const TokenId> ids, std::int64_t position, std::int64_t probe) {
                        ProbeEviction eviction(
                            executor.spec(),
                            task.rule,
                            {.nextPosition = position + static_cast<std::int64_t>(ids.size())});
                        const ForwardRequest request{.groups = {{.kind = RowGroup::Kind::kAppend,
                                                                 .ids = ids,
                                                                 .firstPosition = position},
                                                                {.kind = RowGroup::Kind::kProbe,
                                                                 .ids = task.prompt,
                                                                 .firstPosition = probe}},
                                                     .hook = &eviction};
                        return executor.forward(request, cache);
                    });
            });
    }

    void givesWhatABlockAndThenItsPromptGive_data() { addSetups(); }
    void givesWhatABlockAndThenItsPromptGive() {
        QFETCH(std::string, architecture);
        QFETCH(Setup, setup);
        compareWithOtherForm(
            architecture, setup, [](const Executor& executor, KvCache& cache, const PrefillTask& task) {
                return forEachBlock(
                    cache,
                    task,
                    [&](std::span<const TokenId> ids, std::int64_t position, std::int64_t probe) {
                        const ForwardRequest block{
                            .groups = {
                                {.kind = RowGroup::Kind::kAppend, .ids = ids, .firstPosition = position}}};
                        auto read = executor.forward(block, cache);
                        if (!read) return read;
                        ProbeEviction eviction(
                            executor.spec(),
                            task.rule,
                            {.nextPosition = position + static_cast<std::int64_t>(ids.size())});
                        const ForwardRequest prompt{.groups = {{.kind = RowGroup::Kind::kProbe,
                                                                .ids = task.prompt,
                                                                .firstPosition = probe}},
                                                    .hook = &eviction};
                        return executor.forward(prompt, cache);
                    });
            });
    }

    void keepsAShareOfEveryHead() {
        const c10::InferenceMode inference;
        const auto model = models_.load("llama");
        QVERIFY(model);
        const PrefillTask task = taskOf(model->executor().spec(), {.headFloor = 0.5});
        KvCache cache = cacheFor(model->executor(), task);
        QVERIFY(BlockPrefill(model->executor(), cache, task).run({}));
        for (std::int32_t layer = 0; layer < cache.layerCount(); ++layer) {
            for (std::int32_t head = 0; head < 2; ++head)
                QVERIFY(cache.layer(layer).length(head) >= 20);
        }
    }

    void keepsTheScoresOfEntriesThroughASnapshot() {
        // Read in one go, and with the cache put away and taken back after every block.
        const c10::InferenceMode inference;
        const auto model = models_.load("llama");
        QVERIFY(model);
        const PrefillTask task =
            taskOf(model->executor().spec(), {.level = BudgetLevel::kPairUniform, .score = "kvzip"});
        KvCache cache = cacheFor(model->executor(), task);
        QVERIFY(BlockPrefill(model->executor(), cache, task).run({}));
        KvCache other = cacheFor(model->executor(), task);
        BlockPrefill prefill(model->executor(), other, task);
        while (!prefill.isDone()) {
            QVERIFY(prefill.step({}));
            const KvSnapshot snapshot = other.snapshot();
            QVERIFY(other.restore(snapshot));
        }
        QVERIFY(hasSamePositions(cache.snapshot(), other.snapshot()));
    }

    void refusesABudgetBelowThePins() {
        const auto model = models_.load("llama");
        QVERIFY(model);
        const PrefillTask task = taskOf(
            model->executor().spec(), {.budget = 15, .pins = {.chatPrefix = true, .sinks = 2, .recent = 11}});
        const auto checked = checkPins(model->executor().spec(), task.rule);
        QVERIFY(test::failsWith(checked, ErrorCode::kInvalidArgument));
        QVERIFY2(checked.error().message.find("budget of 15 entries") != std::string::npos,
                 test::why(checked));
        QVERIFY2(checked.error().message.find("the 16 that always stay") != std::string::npos,
                 test::why(checked));
    }

    void leavesNothingOfAPromptInTheCache() {
        const c10::InferenceMode inference;
        const auto model = models_.load("llama");
        QVERIFY(model);
        const std::vector<TokenId> ids = test::randomTokens(40, 26);
        KvCache cache = denseCache(model->executor(), 60);
        QVERIFY(read(model->executor(), cache, ids).defined());
        const KvSnapshot before = cache.snapshot();
        const std::vector<TokenId> prompt = test::randomTokens(12, 27);
        const ForwardRequest request{
            .groups = {{.kind = RowGroup::Kind::kProbe, .ids = prompt, .firstPosition = 40}}};
        QVERIFY(model->executor().forward(request, cache));
        const KvSnapshot after = cache.snapshot();
        QVERIFY(hasSamePositions(before, after));
        for (std::size_t layer = 0; layer < before.layers.size(); ++layer) {
            QVERIFY(at::equal(before.layers[layer].keys, after.layers[layer].keys));
            QVERIFY(at::equal(before.layers[layer].values, after.layers[layer].values));
        }
    }

    void cutsACacheToItsBudgetInPlace() {
        const c10::InferenceMode inference;
        const auto model = models_.load("llama");
        QVERIFY(model);
        const PrefillTask task = taskOf(model->executor().spec(), {});
        KvCache cache = denseCache(model->executor(), 100);
        QVERIFY(read(model->executor(), cache, std::span(task.ids).first(90)).defined());
        QVERIFY(evictInPlace(model->executor(), cache, task, {}));
        QCOMPARE(cache.entries(), std::int64_t{6 * 2 * 40});
        const KvSnapshot once = cache.snapshot();
        QVERIFY(evictInPlace(model->executor(), cache, task, {}));
        QVERIFY(hasSamePositions(once, cache.snapshot()));
    }

    void failsWhenItIsCancelled() {
        const c10::InferenceMode inference;
        const auto model = models_.load("llama");
        QVERIFY(model);
        const PrefillTask task = taskOf(model->executor().spec(), {});
        KvCache cache = cacheFor(model->executor(), task);
        const CancelToken cancel;
        cancel.cancel();
        QVERIFY(
            test::failsWith(BlockPrefill(model->executor(), cache, task).run(cancel), ErrorCode::kCancelled));
    }

    void refusesATokenOutsideTheVocabulary() {
        const c10::InferenceMode inference;
        const auto model = models_.load("llama");
        QVERIFY(model);
        for (const TokenId bad : {-1, model->info().vocabulary}) {
            PrefillTask task = taskOf(model->executor().spec(), {});
            task.ids[3] = bad;
            KvCache cache = cacheFor(model->executor(), task);
            const auto failed = BlockPrefill(model->executor(), cache, task).run({});
            QVERIFY(test::failsWith(failed, ErrorCode::kInvalidArgument));
            QVERIFY2(failed.error().message.find(std::to_string(bad)) != std::string::npos,
                     test::why(failed));
        }
    }

    void continuesARealHistoryAsFullAttentionDoes_data() {
        QTest::addColumn<std::string>("golden");
        QTest::addColumn<std::string>("model");
        QTest::addColumn<std::string>("prompt");
        // The largest model reads the shorter text.
        QTest::newRow("smollm2") << std::string("smollm2-135m-instruct")
                                 << std::string("smollm2-135m-instruct-q4_1/SmolLM2-135M-Instruct.Q4_1.gguf")
                                 << std::string("book_700");
        QTest::newRow("gemma-3") << std::string("gemma-3-270m")
                                 << std::string("gemma-3-270m-q4_k_m/gemma-3-270m-q4_k_m.gguf")
                                 << std::string("book_700");
        QTest::newRow("qwen2.5-coder")
            << std::string("qwen2.5-coder-0.5b-instruct")
            << std::string("qwen2.5-coder-0.5b-instruct-q4_k_m/qwen2.5-coder-0.5b-instruct-q4_k_m.gguf")
            << std::string("book_200");
    }
    void continuesARealHistoryAsFullAttentionDoes() {
        QFETCH(std::string, golden);
        QFETCH(std::string, model);
        QFETCH(std::string, prompt);
        EPI_FIND_OR_SKIP(goldenPath, sharedFile, "goldens/models/logits_" + golden + ".json");
        EPI_FIND_OR_SKIP(modelPath, modelFile, model);
        const nlohmann::json data = test::readJson(goldenPath);
        QVERIFY(data.is_object());
        std::vector<TokenId> ids;
        for (const auto& each : data["prompts"]) {
            if (each["name"] == prompt) ids = each["ids"].get<std::vector<TokenId>>();
        }
        QVERIFY(ids.size() >= 200);
        const auto loaded = LanguageModel::load(
            {.path = modelPath, .device = DeviceChoice::kCpu, .compute = ComputeMode::kExact});
        QVERIFY2(loaded, test::why(loaded));
        compareContinuations(**loaded, ids);
    }

private:
    /// Runs `body` for every block of a task, with the positions of the block and of its prompt.
    template <typename Body>
    static bool forEachBlock(KvCache& cache, const PrefillTask& task, const Body& body) {
        const auto count = static_cast<std::int64_t>(task.ids.size());
        for (std::int64_t first = 0; first < count; first += task.block) {
            const std::int64_t rows = std::min(task.block, count - first);
            const auto ids =
                std::span(task.ids).subspan(static_cast<std::size_t>(first), static_cast<std::size_t>(rows));
            const std::int64_t probe = first + rows - (task.promptAtLastPosition ? 1 : 0);
            if (!body(ids, first, probe)) return false;
        }
        return cache.nextPosition() == count;
    }

    template <typename OtherForm>
    void compareWithOtherForm(const std::string& architecture,
                              const Setup& setup,
                              const OtherForm& otherForm) {
        const c10::InferenceMode inference;
        const auto model = models_.load(architecture);
        QVERIFY(model);
        const Executor& executor = model->executor();
        const PrefillTask task = taskOf(executor.spec(), setup);
        KvCache cache = cacheFor(executor, task);
        QVERIFY(BlockPrefill(executor, cache, task).run({}));
        KvCache other = cacheFor(executor, task);
        QVERIFY(otherForm(executor, other, task));
        const KvSnapshot found = cache.snapshot();
        const KvSnapshot expected = other.snapshot();
        QVERIFY(hasSamePositions(found, expected));
        QVERIFY(hasCloseRows(found, expected));
    }

    static void compareContinuations(const LanguageModel& model, const std::vector<TokenId>& ids) {
        const c10::InferenceMode inference;
        constexpr std::size_t kQuestion = 8;
        GenerationRequest request;
        request.sampling.maxTokens = 16;
        request.stopAtEnd = false;
        request.recordGaps = true;
        request.prompt = ids;
        const auto expected = generateOnce(model, request);
        QVERIFY2(expected, test::why(expected));

        PrefillTask task{.ids = {ids.begin(), ids.end() - kQuestion}, .block = 128};
        task.rule.layerBudgets.assign(model.executor().spec().layers.size(),
                                      static_cast<std::int32_t>(ids.size()));
        task.prompt = {ids.begin(), ids.begin() + 20};
        KvCache cache = cacheFor(model.executor(), task);
        const auto done = BlockPrefill(model.executor(), cache, task).run({});
        QVERIFY2(done, test::why(done));
        request.prompt = {ids.end() - kQuestion, ids.end()};
        const auto found = generate(model, cache, request);
        QVERIFY2(found, test::why(found));
        QCOMPARE(found->gaps.size(), expected->gaps.size());
        for (std::size_t step = 0; step < expected->gaps.size(); ++step) {
            if (expected->gaps[step].gap < kSmallestGap) break;
            QVERIFY2(found->gaps[step].best == expected->gaps[step].best, std::to_string(step).c_str());
            QVERIFY2(std::abs(found->gapLogits[step] - expected->gapLogits[step]) < 1e-3,
                     std::to_string(step).c_str());
        }
    }
};

}  // namespace
}  // namespace epi

QTEST_GUILESS_MAIN(epi::TestBlockPrefill)
#include "tst_block_prefill.moc"
