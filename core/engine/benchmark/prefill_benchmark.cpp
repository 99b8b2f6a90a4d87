#include <algorithm>
#include <chrono>
#include <vector>

#include <c10/core/InferenceMode.h>

#include "core/engine/benchmark/benchmarks.h"
#include "core/engine/benchmark/made_up_text.h"
#include "core/engine/benchmark/operation_counts.h"
#include "core/engine/benchmark/stopwatch.h"
#include "core/engine/block_prefill.h"
#include "core/engine/reading_cache.h"
#include "core/model/executor.h"
#include "core/model/language_model.h"
#include "core/tensor/device_memory.h"
#include "core/tensor/guard.h"

namespace epi {
namespace {

constexpr std::int64_t kMeasuredBlocks = 8;

Result<BenchRows> measure(const BenchRun& run) {
    const Executor& executor = run.subject.model->executor();
    const ModelSpec& spec = executor.spec();
    const BenchSizes& sizes = run.sizes;
    const std::vector<std::int32_t> budgets(spec.layers.size(), static_cast<std::int32_t>(sizes.budget));
    KvCache cache(spec, readingRows(executor, budgets, sizes.block), executor.placement());
    Rng random(7);
    PrefillTask task;
    // One evicting block more than is measured: the first one makes buffers.
    const std::int64_t full = (sizes.budget / sizes.block + 1 + kMeasuredBlocks) * sizes.block;
    task.ids = madeUpTokens(random, std::min(full, sizes.history), spec.vocabulary);
    task.block = sizes.block;
    task.rule.layerBudgets = budgets;
    task.prompt = madeUpTokens(random, sizes.prompt, spec.vocabulary);
    BlockPrefill prefill(executor, cache, std::move(task));
    std::vector<double> blocks;
    bool isWarm = false;
    std::int64_t read = 0;
    const auto start = std::chrono::steady_clock::now();
    while (!prefill.isDone()) {
        const bool evicts = prefill.evictsNext();
        const auto blockStart = std::chrono::steady_clock::now();
        EPI_TRY(prefill.step(run.cancel));
        synchronizeDevice();
        const double seconds = secondsSince(blockStart);
        const bool isWhole = prefill.readTokens() - read == sizes.block;
        read = prefill.readTokens();
        if (evicts && isWarm && isWhole) blocks.push_back(seconds);
        isWarm = isWarm || evicts;
    }
    const double total = secondsSince(start);
    if (blocks.empty())
        return Error{ErrorCode::kInvalidArgument, "the history has no second block that is evicted"};
    const auto rows = static_cast<double>(sizes.block + sizes.prompt);
    const double operations = forwardOperations(executor,
                                                {.rows = rows,
                                                 .probes = static_cast<double>(sizes.prompt),
                                                 .entries = static_cast<double>(sizes.budget + sizes.block)});
    BenchRow row{.row = "prefill",
                 .what = "block of " + std::to_string(sizes.block) + " + " + std::to_string(sizes.prompt) +
                         " behind " + std::to_string(sizes.budget),
                 .seconds = spreadOf(std::move(blocks)),
                 .unit = "TFLOP/s",
                 .floorSeconds = operations / run.subject.ceilings.matmulRate,
                 .limit = "multiplying",
                 .details = {{"block", sizes.block},
                             {"prompt", sizes.prompt},
                             {"budget", sizes.budget},
                             {"operations", operations},
                             {"tokens", read},
                             {"tokens_per_second", static_cast<double>(read) / total}}};
    row.rate = operations / row.seconds.median / 1e12;
    return BenchRows{std::move(row)};
}

}  // namespace

Result<BenchRows> benchmarkPrefill(const BenchRun& run) {
    const c10::InferenceMode inference;
    return guarded("measuring block prefill", [&] { return measure(run); });
}

}  // namespace epi
