#include <string>

#include <c10/core/InferenceMode.h>

#include "core/engine/benchmark/benchmarks.h"
#include "core/engine/benchmark/kept_entries.h"
#include "core/engine/benchmark/made_up_text.h"
#include "core/engine/benchmark/two_passes.h"
#include "core/engine/block_prefill.h"
#include "core/engine/reading_cache.h"
#include "core/model/language_model.h"
#include "core/tensor/device_memory.h"
#include "core/tensor/guard.h"

namespace epi {
namespace {

/// A history of two blocks more than the budget, so that two are evicted.
PrefillTask taskOf(const ModelSpec& spec, const BenchSizes& sizes) {
    Rng random(7);
    PrefillTask task;
    const std::int64_t tokens = (sizes.budget / sizes.block + 2) * sizes.block;
    task.ids = madeUpTokens(random, tokens, spec.vocabulary);
    task.block = sizes.block;
    task.rule.layerBudgets.assign(spec.layers.size(), static_cast<std::int32_t>(sizes.budget));
    task.prompt = madeUpTokens(random, sizes.prompt, spec.vocabulary);
    return task;
}

/// One way to read it, in a cache of its own.
struct Reading {
    std::int64_t bytes = 0;        // of the cache, as allocated
    std::int64_t deviceBytes = 0;  // of everything on the GPU, at most
    KvSnapshot kept;
};

template <typename Read>
Result<Reading> measured(KvCache cache, const Read& read) {
    Reading reading{.bytes = cache.allocatedBytes()};
    synchronizeDevice();
    takePeakDeviceBytes();
    EPI_TRY(read(cache));
    synchronizeDevice();
    reading.deviceBytes = takePeakDeviceBytes();
    if (cache.allocatedBytes() != reading.bytes)
        return Error{ErrorCode::kInternal, "a cache grew while a history was read"};
    reading.kept = cache.snapshot();
    return reading;
}

BenchRow rowOf(const char* what, const Reading& reading, std::int64_t bytes) {
    BenchRow row{.row = "peak",
                 .what = what,
                 .rate = static_cast<double>(bytes),
                 .unit = "bytes",
                 .details = {{"bytes", bytes}, {"cache_bytes", reading.bytes}}};
    if (reading.deviceBytes > 0) row.details["device_bytes"] = reading.deviceBytes;
    return row;
}

Result<BenchRows> measure(const BenchRun& run) {
    const Executor& executor = run.subject.model->executor();
    const ModelSpec& spec = executor.spec();
    const PrefillTask task = taskOf(spec, run.sizes);
    const ReadingRows rows = readingRows(executor, task.rule.layerBudgets, task.block);
    const ReadingPeak peak = readingPeak(spec, rows, run.sizes.prompt, executor.placement().cacheType);
    EPI_TRY_ASSIGN(const Reading fused,
                   measured(KvCache(spec, rows, executor.placement()), [&](KvCache& cache) {
                       return BlockPrefill(executor, cache, task).run(run.cancel);
                   }));
    EPI_TRY_ASSIGN(
        const Reading twoPasses,
        measured(KvCache(spec,
                         BlockPrefill::rowsPerHead(spec, task.rule.layerBudgets, task.block),
                         executor.placement()),
                 [&](KvCache& cache) { return readInTwoPasses(executor, cache, task, run.cancel); }));
    const std::int64_t different = differingEntries(fused.kept, twoPasses.kept);
    BenchRow one = rowOf("cached at most, a layer cut as it is read", fused, fused.bytes + peak.probes);
    const double share = static_cast<double>(peak.fused) / static_cast<double>(peak.twoPasses);
    one.details["areas"] = rows.areas;
    one.details["share_of_two_passes"] = share;
    one.details["differing_entries"] = different;
    one.note = std::to_string(static_cast<int>(100.0 * share + 0.5)) + " % of two passes, " +
               std::to_string(different) + " of " + std::to_string(fused.kept.entries()) +
               " entries kept differ";
    // Beside the arenas: the prompt of one layer, and the copy that cutting one makes.
    BenchRow two = rowOf("cached at most, two passes", twoPasses, peak.twoPasses);
    two.details["released_bytes"] = peak.released;
    return BenchRows{std::move(one), std::move(two)};
}

}  // namespace

Result<BenchRows> benchmarkPeak(const BenchRun& run) {
    const c10::InferenceMode inference;
    return guarded("measuring what a build caches", [&] { return measure(run); });
}

}  // namespace epi
