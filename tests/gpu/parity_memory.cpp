// What a memory keeps: by exact and fast mode, and along the ways in which a history is read.
#include <algorithm>
#include <cstdio>
#include <iterator>
#include <span>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>
#include <ATen/ops/equal.h>
#include <c10/core/InferenceMode.h>

#include "core/engine/benchmark/kept_entries.h"
#include "core/engine/block_prefill.h"
#include "core/engine/model_tools.h"
#include "core/engine/reading_cache.h"
#include "core/kv/kv_cache.h"
#include "core/model/executor.h"
#include "tests/gpu/parity.h"

namespace epi {
namespace {

/// What a history leaves in a cache that it is read into.
Result<KvSnapshot> readInto(KvCache cache, const Executor& executor, const PrefillTask& task) {
    EPI_TRY(BlockPrefill(executor, cache, task).run({}));
    return cache.snapshot();
}

/// The same where the rows of every block are computed before the probes behind it.
Result<KvSnapshot> readAheadInto(KvCache cache, const Executor& executor, const PrefillTask& task) {
    BlockPrefill prefill(executor, cache, task);
    while (!prefill.isDone()) {
        EPI_TRY_ASSIGN(const ComputedRows computed, prefill.computeNext({}));
        EPI_TRY(prefill.step({}, {}, &computed));
    }
    return cache.snapshot();
}

bool isSame(const KvSnapshot& a, const KvSnapshot& b) {
    return std::ranges::equal(a.layers, b.layers, [](const auto& one, const auto& other) {
        return one.positions == other.positions && at::equal(one.keys, other.keys) &&
               at::equal(one.values, other.values);
    });
}

Result<bool> compareReading(const LanguageModel& model,
                            std::size_t count,
                            BudgetLevel level,
                            const char* score) {
    const c10::InferenceMode inference;
    const Executor& executor = model.executor();
    const ModelSpec& spec = executor.spec();
    PrefillTask task;
    task.ids = tokens(model, count, 5);
    task.block = 256;
    task.prompt = tokens(model, 150, 6);
    task.rule.level = level;
    EPI_TRY_ASSIGN(task.rule.score, Score::bind(score));
    // Layers that a block fits into between such as it does not.
    for (std::size_t layer = 0; layer < spec.layers.size(); ++layer)
        task.rule.layerBudgets.push_back(layer % 3 == 1 ? 600 : 300);
    const auto largeCache = [&] {
        return KvCache(
            spec, BlockPrefill::rowsPerHead(spec, task.rule.layerBudgets, task.block), executor.placement());
    };
    EPI_TRY_ASSIGN(const KvSnapshot large, readInto(largeCache(), executor, task));
    EPI_TRY_ASSIGN(const KvSnapshot again, readInto(largeCache(), executor, task));
    const ReadingRows rows = readingRows(executor, task.rule.layerBudgets, task.block);
    EPI_TRY_ASSIGN(const KvSnapshot found,
                   readInto(KvCache(spec, rows, executor.placement()), executor, task));
    const bool isEqual = isSame(found, large);
    const bool isRepeatable = isSame(again, large);
    std::printf("reading, %s, %s, areas: %d: %s%s\n",
                score,
                std::string(name(level)).c_str(),
                rows.areas,
                isEqual ? "equal" : "DIFFERENT",
                isRepeatable ? "" : ", but the same cache gives something else the next time, too");
    // Products of fewer rows may sum in another order.
    EPI_TRY_ASSIGN(const KvSnapshot ahead,
                   readAheadInto(KvCache(spec, rows, executor.placement()), executor, task));
    const std::int64_t different = differingEntries(ahead, large);
    std::printf("reading, blocks computed before their probes: %lld of %lld kept entries differ\n",
                static_cast<long long>(different),
                static_cast<long long>(large.entries()));
    const bool isFast = executor.placement().cacheType != at::kFloat;
    const double share = static_cast<double>(different) / static_cast<double>(large.entries());
    return (isEqual || !isRepeatable) && share <= (isFast ? kMaxFastDifference : kMaxKeptDifference);
}

}  // namespace

Result<bool> compareEviction(const Sides& sides, BudgetLevel level) {
    EvictionReplay replay{.ids = tokens(sides.expected, 1200, 2),
                          .prompt = tokens(sides.expected, 150, 3),
                          .prefixTokens = 8,
                          .budget = 256,
                          .block = 256,
                          .preset = "epicache",
                          .level = level,
                          .layerBudgets = {},
                          .question = {}};
    EPI_TRY_ASSIGN(const EvictionReplayReport expected, replayEviction(sides.expected, replay));
    EPI_TRY_ASSIGN(const EvictionReplayReport found, replayEviction(sides.found, replay));
    std::size_t kept = 0;
    std::size_t different = 0;
    const auto& last = expected.blocks.back().kept;
    for (std::size_t layer = 0; layer < last.size(); ++layer) {
        for (std::size_t head = 0; head < last[layer].size(); ++head) {
            const auto& a = last[layer][head];
            const auto& b = found.blocks.back().kept[layer][head];
            std::vector<std::int32_t> shared;
            std::set_intersection(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(shared));
            kept += a.size();
            different += a.size() - shared.size();
        }
    }
    const double share = static_cast<double>(different) / static_cast<double>(kept);
    std::printf(
        "eviction, %s: %zu of %zu kept entries differ\n", std::string(name(level)).c_str(), different, kept);
    return share < sides.maxDifference;
}

Result<bool> compareReadings(const LanguageModel& model, const Extent& extent) {
    bool isGood = true;
    for (const BudgetLevel level : {BudgetLevel::kPairUniform, BudgetLevel::kPair}) {
        for (const char* score : extent.scores) {
            EPI_TRY_ASSIGN(const bool isOneGood, compareReading(model, extent.readTokens, level, score));
            isGood = isGood && isOneGood;
        }
    }
    return isGood;
}

}  // namespace epi
