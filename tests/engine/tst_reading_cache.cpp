// A history read into a cache of what layers keep and a working area, beside one whose layers have a block's
// rows each: the same entries, bit for bit, in less memory.

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <QTemporaryDir>
#include <QtTest>

#include <ATen/core/Tensor.h>
#include <ATen/ops/equal.h>
#include <c10/core/InferenceMode.h>

#include "core/engine/benchmark/two_passes.h"
#include "core/engine/block_prefill.h"
#include "core/engine/episode_builder.h"
#include "core/engine/memory_room.h"
#include "core/engine/reading_cache.h"
#include "core/model/language_model.h"
#include "core/policy/preset.h"
#include "tests/support/check_result.h"
#include "tests/support/tiny_model.h"

namespace epi {
namespace {

constexpr std::int64_t kRowBytes = 2 * 2 * 8 * 4;  // two heads of 8, keys and values in fp32

struct Setup {
    const char* preset = "epicache";
    const char* score = "";  // empty: the preset's
    std::optional<BudgetLevel> level{};
    std::int32_t budget = 76;
    std::int64_t block = 20;
    std::size_t history = 150;
    bool isUneven = false;  // budgets differ from layer to layer
    bool reindexes = false;
    std::vector<OriginRange> pinned{};
};

PrefillTask taskOf(const ModelSpec& spec, const Setup& setup) {
    const MemoryPreset preset = *presetById(setup.preset);
    PrefillTask task{.ids = test::randomTokens(setup.history, 21),
                     .firstPosition = 0,
                     .block = setup.block,
                     .rule = {.layerBudgets = {},
                              .level = setup.level.value_or(preset.level),
                              .pins = preset.pins,
                              .prefixTokens = 5,
                              .score = *Score::bind(*setup.score == 0 ? preset.score : setup.score),
                              .headFloor = preset.headFloor,
                              .pinned = setup.pinned},
                     .prompt = test::randomTokens(12, 22),
                     .promptAtLastPosition = preset.promptAtLastPosition,
                     .repeatRequest = test::randomTokens(6, 28),
                     .readTokens = 0,
                     .reindexes = setup.reindexes};
    for (std::size_t layer = 0; layer < spec.layers.size(); ++layer) {
        const auto more = static_cast<std::int32_t>(setup.isUneven ? 11 * ((layer + 2) % 4) : 0);
        task.rule.layerBudgets.push_back(setup.budget + more);
    }
    return task;
}

KvCache largeCache(const Executor& executor, const PrefillTask& task) {
    return {executor.spec(),
            BlockPrefill::rowsPerHead(executor.spec(), task.rule.layerBudgets, task.block),
            executor.placement()};
}

KvCache readingCache(const Executor& executor, const PrefillTask& task, std::int32_t areas = 1) {
    ReadingRows rows = readingRows(executor, task.rule.layerBudgets, task.block);
    rows.areas = areas;
    return {executor.spec(), rows, executor.placement()};
}

/// Of one episode with a prompt of 12 tokens, M = 96 and blocks of 32 in six layers.
BuiltMemory smallMemory() {
    BuiltMemory memory;
    memory.resolved.score = "attention";
    memory.resolved.options.budget = 96;
    memory.resolved.options.block = 32;
    memory.layerBudgets.assign(6, 96);
    memory.episodes.emplace_back().prompt = test::randomTokens(12, 3);
    return memory;
}

/// Bitwise, with positions, origins and scores.
bool isSame(const KvSnapshot& a, const KvSnapshot& b) {
    return a.nextPosition == b.nextPosition && a.shift == b.shift &&
           std::ranges::equal(a.layers, b.layers, [](const auto& one, const auto& other) {
               return one.positions == other.positions && one.origins == other.origins &&
                      one.scores == other.scores && at::equal(one.keys, other.keys) &&
                      at::equal(one.values, other.values);
           });
}

bool isAnyInArea(const KvCache& cache) {
    for (std::int32_t layer = 0; layer < cache.layerCount(); ++layer)
        if (cache.layer(layer).isInArea()) return true;
    return false;
}

/// Cuts as a hook does that runs while the next layer is computed: a layer late.
class LateHook final : public LayerHook {
public:
    LateHook(LayerHook& hook, KvCache& cache) : hook_(hook), cache_(cache) {}
    Result<void> afterLayer(std::int32_t layer,
                            LayerArena& /*arena*/,
                            std::span<const at::Tensor> probeScores) override {
        EPI_TRY(finish());
        layer_ = layer;
        scores_.assign(probeScores.begin(), probeScores.end());
        return {};
    }
    Result<void> finish() {
        if (layer_ < 0) return {};
        return hook_.afterLayer(std::exchange(layer_, -1), cache_.layer(layer_), scores_);
    }

private:
    LayerHook& hook_;
    KvCache& cache_;
    std::int32_t layer_ = -1;
    std::vector<at::Tensor> scores_;
};

class TestReadingCache : public QObject {
    Q_OBJECT

    std::unique_ptr<LanguageModel> tiny(const std::string& architecture,
                                        std::int32_t trainedContext = 65536,
                                        std::int32_t layers = 6) {
        const auto path = test::writeTinyModel(
            folder_.path().toStdString(),
            {.architecture = architecture, .layers = layers, .trainedContext = trainedContext});
        auto model = LanguageModel::load({.path = path, .device = DeviceChoice::kCpu});
        return model ? *std::move(model) : nullptr;
    }
    static void addSetups() {
        QTest::addColumn<std::string>("architecture");
        QTest::addColumn<Setup>("setup");
        const std::string llama = "llama";
        for (const MemoryPreset& preset : allPresets())
            QTest::newRow(std::string(preset.id).c_str()) << llama << Setup{.preset = preset.id.data()};
        for (const BudgetLevel level : {BudgetLevel::kPair, BudgetLevel::kPairUniform}) {
            const std::string suffix = ", " + std::string(name(level));
            QTest::newRow(("attention" + suffix).c_str())
                << llama << Setup{.preset = "epicache-paper", .level = level};
            QTest::newRow(("combined" + suffix).c_str())
                << llama << Setup{.preset = "keydiff", .score = "keydiff + attention * 0.5", .level = level};
            QTest::newRow(("kvzip" + suffix).c_str())
                << llama << Setup{.preset = "kvzip", .score = "kvzip", .level = level};
            QTest::newRow(("scores anew" + suffix).c_str())
                << llama << Setup{.preset = "kvzip", .score = "kvzip(keep=0)", .level = level};
            QTest::newRow(("gemma3" + suffix).c_str()) << std::string("gemma3") << Setup{.level = level};
            QTest::newRow(("uneven" + suffix).c_str())
                << llama << Setup{.preset = "epicache-paper", .level = level, .isUneven = true};
            QTest::newRow(("uneven gemma3" + suffix).c_str())
                << std::string("gemma3")
                << Setup{.preset = "epicache-paper", .level = level, .budget = 30, .isUneven = true};
        }
        QTest::newRow("qwen2") << std::string("qwen2") << Setup{};
        QTest::newRow("block above budget")
            << llama << Setup{.preset = "epicache-paper", .budget = 10, .block = 33};
        QTest::newRow("block of one")
            << llama << Setup{.preset = "epicache-paper", .budget = 20, .block = 1, .history = 50};
        QTest::newRow("pinned by the user")
            << llama << Setup{.budget = 90, .pinned = {{.first = 20, .end = 28}, {.first = 70, .end = 77}}};
        QTest::newRow("counted anew") << llama << Setup{.preset = "epicache-paper", .reindexes = true};
        QTest::newRow("counted anew, uniform") << llama
                                               << Setup{.preset = "keydiff",
                                                        .level = BudgetLevel::kPairUniform,
                                                        .isUneven = true,
                                                        .reindexes = true};
    }
    static std::int32_t trainedContext(const Setup& setup) { return setup.reindexes ? 110 : 65536; }

    QTemporaryDir folder_;

private Q_SLOTS:
    void keepsWhatALargeCacheKeeps_data() { addSetups(); }
    void keepsWhatALargeCacheKeeps() {
        QFETCH(std::string, architecture);
        QFETCH(Setup, setup);
        const c10::InferenceMode inference;
        const auto model = tiny(architecture, trainedContext(setup));
        QVERIFY(model);
        const Executor& executor = model->executor();
        const PrefillTask task = taskOf(executor.spec(), setup);
        for (const std::int32_t areas : {1, 2}) {
            KvCache large = largeCache(executor, task);
            KvCache cache = readingCache(executor, task, areas);
            const std::int64_t bytes = cache.allocatedBytes();
            BlockPrefill expected(executor, large, task);
            BlockPrefill found(executor, cache, task);
            int inArea = 0;
            while (!found.isDone()) {
                QCOMPARE(found.evictsNext(), expected.evictsNext());
                QVERIFY(expected.step({}));
                const auto step = found.step({}, [&](std::int32_t layer, const Selection&) {
                    inArea += cache.layer(layer).isInArea() ? 1 : 0;
                });
                QVERIFY2(step, test::why(step));
                QVERIFY(!isAnyInArea(cache));
                QVERIFY(isSame(cache.snapshot(), large.snapshot()));
            }
            QVERIFY(inArea > 0);
            QCOMPARE(cache.shift() > 0, setup.reindexes);
            QCOMPARE(cache.allocatedBytes(), bytes);
            // What chats go on with.
            KvCache chat = largeCache(executor, task);
            QVERIFY(chat.restore(cache.snapshot()));
            QVERIFY(isSame(chat.snapshot(), large.snapshot()));
        }
    }

    void takesWhatIsKeptAndOneLayerWithABlock_data() {
        QTest::addColumn<std::int32_t>("areas");
        QTest::newRow("one area") << 1;
        QTest::newRow("two areas") << 2;
    }
    void takesWhatIsKeptAndOneLayerWithABlock() {
        QFETCH(std::int32_t, areas);
        for (const char* architecture : {"llama", "gemma3"}) {
            const auto model = tiny(architecture);
            QVERIFY(model);
            const ModelSpec& spec = model->executor().spec();
            const PrefillTask task = taskOf(spec, {.isUneven = true});
            const KvCache cache = readingCache(model->executor(), task, areas);
            std::int64_t rows = 0;
            std::int64_t most = 0;
            for (std::size_t layer = 0; layer < spec.layers.size(); ++layer) {
                const auto& window = spec.layers[layer].attention.window;
                const std::int64_t kept = window ? *window : task.rule.layerBudgets[layer];
                rows += kept;
                most = std::max(most, kept + task.block);
            }
            QCOMPARE(spec.layers.front().attention.headDim, 8);
            QCOMPARE(cache.allocatedBytes(), (rows + areas * most) * kRowBytes);
            QCOMPARE(cache.ownBytes(), rows * kRowBytes);
            ReadingRows reading = readingRows(model->executor(), task.rule.layerBudgets, task.block);
            QCOMPARE(reading.areas, 1);
            reading.areas = areas;
            const ReadingPeak peak = readingPeak(spec, reading, 12, at::kFloat);
            QCOMPARE(peak.probes, 12 * kRowBytes);
            QCOMPARE(peak.fused, cache.allocatedBytes() + 12 * kRowBytes);
            const auto blocks = static_cast<std::int64_t>(spec.layers.size()) * task.block;
            const std::int64_t copy = (most - task.block) * kRowBytes;
            QCOMPARE(peak.twoPasses, (rows + blocks + 12) * kRowBytes + copy);
            QCOMPARE(largeCache(model->executor(), task).allocatedBytes(), (rows + blocks) * kRowBytes);
        }
    }

    void cutsALayerLateWithTwoAreas_data() { cutsALayerLate(); }
    void cutsALayerLateWithTwoAreas() {
        QFETCH(BudgetLevel, level);
        const c10::InferenceMode inference;
        const auto model = tiny("llama");
        QVERIFY(model);
        const Executor& executor = model->executor();
        const PrefillTask task = taskOf(executor.spec(), {.preset = "epicache-paper", .level = level});
        for (const std::int32_t areas : {1, 2}) {
            KvCache large = largeCache(executor, task);
            KvCache cache = readingCache(executor, task, areas);
            QVERIFY(BlockPrefill(executor, large, task).run({}));
            bool isRead = true;
            for (std::int64_t first = 0; isRead && first < std::ssize(task.ids); first += task.block) {
                const std::int64_t rows = std::min(task.block, std::ssize(task.ids) - first);
                const auto ids = std::span(task.ids).subspan(static_cast<std::size_t>(first),
                                                             static_cast<std::size_t>(rows));
                ProbeEviction eviction(
                    executor.spec(), task.rule, {.nextPosition = first + rows, .blockTokens = rows});
                LateHook late(eviction, cache);
                ForwardRequest request{
                    .groups = {{.kind = RowGroup::Kind::kAppend, .ids = ids, .firstPosition = first}}};
                if (exceedsBudget(cache, executor.spec(), task.rule, rows)) {
                    request.groups.push_back(
                        {.kind = RowGroup::Kind::kProbe, .ids = task.prompt, .firstPosition = first + rows});
                    request.hook = &late;
                }
                const auto read = executor.forward(request, cache);
                isRead = read && late.finish();
                if (!read) QVERIFY(test::failsWith(read, ErrorCode::kInternal));
            }
            // With one area the second layer finds the first one still in it.
            QCOMPARE(isRead, areas == 2);
            if (isRead) QVERIFY(isSame(cache.snapshot(), large.snapshot()));
        }
    }

    void isAsBeforeWhenABlockIsCancelledAtAnyLayer_data() {
        QTest::addColumn<std::string>("architecture");
        QTest::addColumn<Setup>("setup");
        QTest::newRow("pair") << std::string("llama") << Setup{.preset = "epicache-paper"};
        QTest::newRow("uniform, scores kept") << std::string("llama") << Setup{.preset = "kvzip"};
        QTest::newRow("gemma3") << std::string("gemma3")
                                << Setup{.preset = "epicache-paper", .budget = 40, .isUneven = true};
    }
    void isAsBeforeWhenABlockIsCancelledAtAnyLayer() {
        QFETCH(std::string, architecture);
        QFETCH(Setup, setup);
        const c10::InferenceMode inference;
        // Of gemma3's layers every sixth is scored: there are some behind it.
        const auto model = tiny(architecture, 65536, 8);
        QVERIFY(model);
        const Executor& executor = model->executor();
        const PrefillTask task = taskOf(executor.spec(), setup);
        KvCache undisturbed = readingCache(executor, task);
        QVERIFY(BlockPrefill(executor, undisturbed, task).run({}));

        KvCache cache = readingCache(executor, task);
        PrefillTask rest = task;
        int cancelled = 0;
        int inBlocks = 0;
        for (; rest.readTokens < std::ssize(task.ids);) {
            const KvSnapshot before = cache.snapshot();
            const KvCache::Mark mark = cache.mark();
            const bool evicts = BlockPrefill(executor, cache, rest).evictsNext();
            for (std::int32_t layer = -1; layer < cache.layerCount(); ++layer) {
                const CancelToken cancel;
                if (layer < 0) cancel.cancel();
                BlockPrefill prefill(executor, cache, rest);
                const auto step = prefill.step(cancel, [&](std::int32_t done, const Selection&) {
                    if (done == layer) cancel.cancel();
                });
                if (step) {  // nothing was scored after this layer, or it was the last
                    QVERIFY(cache.restore(before));
                    continue;
                }
                ++cancelled;
                inBlocks += layer >= 0 ? 1 : 0;
                QVERIFY(test::failsWith(step, ErrorCode::kCancelled));
                QCOMPARE(prefill.readTokens(), rest.readTokens);
                if (evicts) {
                    QVERIFY(cache.restore(before));
                } else {
                    cache.truncate(mark);
                }
                QVERIFY(!isAnyInArea(cache));
                QVERIFY(isSame(cache.snapshot(), before));
            }
            BlockPrefill prefill(executor, cache, rest);
            QVERIFY(prefill.step({}));
            rest.readTokens = prefill.readTokens();
        }
        QVERIFY(inBlocks >= 4 && cancelled >= inBlocks + 8);
        QVERIFY(isSame(cache.snapshot(), undisturbed.snapshot()));
    }

    void goesBackToItsMarkAfterABlockThatWasNotCut() {
        // A forward that fails before its hook: the rows that passed over to the area are not missed.
        const c10::InferenceMode inference;
        const auto model = tiny("llama");
        QVERIFY(model);
        const Executor& executor = model->executor();
        const PrefillTask task = taskOf(executor.spec(), {.preset = "epicache-paper", .history = 76});
        KvCache cache = readingCache(executor, task);
        QVERIFY(BlockPrefill(executor, cache, task).run({}));
        const KvSnapshot before = cache.snapshot();
        const KvCache::Mark mark = cache.mark();
        const std::vector<TokenId> ids = test::randomTokens(20, 5);
        const ForwardRequest request{
            .groups = {{.kind = RowGroup::Kind::kAppend, .ids = ids, .firstPosition = cache.nextPosition()}}};
        QVERIFY(test::failsWith(executor.forward(request, cache), ErrorCode::kInternal));
        QVERIFY(isAnyInArea(cache));
        cache.truncate(mark);
        QVERIFY(!isAnyInArea(cache));
        QVERIFY(isSame(cache.snapshot(), before));
    }

    void tellsWhatABuildAllocates() {
        const auto model = tiny("llama");
        QVERIFY(model);
        const BuiltMemory memory = smallMemory();
        MemoryPeak peak;
        const auto cache = makeReadingCache(*model, memory, peak);
        QVERIFY2(cache, test::why(cache));
        QCOMPARE(cache->allocatedBytes(), (6 * 96 + 128) * kRowBytes);
        QCOMPARE(peak.bytes, (6 * 96 + 128 + 12) * kRowBytes);
        QCOMPARE(peak.twoPassBytes, (6 * 128 + 12 + 96) * kRowBytes);
        QCOMPARE(peak.entriesPerHead, std::int64_t{140});
        QCOMPARE(peak.entriesBound, std::int64_t{140});
    }

    void givesOneThatHoldsABlockInEveryLayerWhereNothingIsCut() {
        const auto model = tiny("llama");
        QVERIFY(model);
        const auto bytesOf = [&](const BuiltMemory& memory, MemoryPeak& peak) {
            const auto cache = makeReadingCache(*model, memory, peak);
            return cache ? cache->allocatedBytes() : -1;
        };
        BuiltMemory unprompted = smallMemory();
        unprompted.episodes.emplace_back();
        MemoryPeak peak;
        QCOMPARE(bytesOf(unprompted, peak), cacheBytes(*model, unprompted));
        BuiltMemory dense = smallMemory();
        dense.resolved.isDense = true;
        QCOMPARE(bytesOf(dense, peak), 6 * 128 * kRowBytes);
        QCOMPARE(peak.twoPassBytes, std::int64_t{0});
    }

    void asksForTheRoomOfAllCachesThatAreThereAtATime() {
        const auto model = tiny("llama");
        QVERIFY(model);
        BuiltMemory memory = smallMemory();
        const std::int64_t rowBytes = cacheBytes(*model, memory) / memory.layerBudgets.front();
        // One is about a third of what is free.
        const std::int64_t rows = memoryRoom(*model, memory).availableBytes / rowBytes / 3;
        std::ranges::fill(memory.layerBudgets,
                          static_cast<std::int32_t>(std::min<std::int64_t>(rows, 1 << 30)));
        QVERIFY(checkRoom(*model, memory, 1));
        QVERIFY(test::failsWith(checkRoom(*model, memory, 9), ErrorCode::kOutOfMemory));
        QCOMPARE(memoryRoom(*model, memory, 9).neededBytes, 9 * cacheBytes(*model, memory));
    }

    void keepsWhatTwoPassesKeep_data() { cutsALayerLate(); }
    void keepsWhatTwoPassesKeep() {
        QFETCH(BudgetLevel, level);
        const c10::InferenceMode inference;
        for (const char* architecture : {"llama", "gemma3"}) {
            const auto model = tiny(architecture);
            QVERIFY(model);
            const Executor& executor = model->executor();
            const PrefillTask task = taskOf(executor.spec(), {.level = level});
            KvCache cache = readingCache(executor, task);
            QVERIFY(BlockPrefill(executor, cache, task).run({}));
            KvCache large = largeCache(executor, task);
            const auto read = readInTwoPasses(executor, large, task, {});
            QVERIFY2(read, test::why(read));
            const KvSnapshot a = cache.snapshot();
            const KvSnapshot b = large.snapshot();
            for (std::size_t layer = 0; layer < a.layers.size(); ++layer)
                QVERIFY(a.layers[layer].positions == b.layers[layer].positions);
        }
    }

private:
    static void cutsALayerLate() {
        QTest::addColumn<BudgetLevel>("level");
        QTest::newRow("pair") << BudgetLevel::kPair;
        QTest::newRow("pair-uniform") << BudgetLevel::kPairUniform;
    }
};

}  // namespace
}  // namespace epi

QTEST_GUILESS_MAIN(epi::TestReadingCache)
#include "tst_reading_cache.moc"
