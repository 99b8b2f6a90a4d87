#include <chrono>
#include <vector>

#include <ATen/ops/matmul.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/randn.h>
#include <c10/core/InferenceMode.h>

#include "core/engine/benchmark/bench_layer.h"
#include "core/engine/benchmark/benchmarks.h"
#include "core/engine/benchmark/stopwatch.h"
#include "core/engine/block_prefill.h"
#include "core/model/language_model.h"
#include "core/policy/preset.h"
#include "core/policy/probe_eviction.h"
#include "core/tensor/device_memory.h"
#include "core/tensor/guard.h"

namespace epi {
namespace {

using Clock = std::chrono::steady_clock;

/// Work that keeps a GPU busy for some milliseconds, so that what is queued behind it runs without gaps.
class BusyWork {
public:
    explicit BusyWork(const Placement& placement) {
        constexpr std::int64_t kSize = 8192;
        if (placement.device.is_cuda()) matrix_ = at::randn({kSize, kSize}, placement.options());
    }
    void queue() const {
        constexpr int kProducts = 3;
        for (int i = 0; matrix_.defined() && i < kProducts; ++i)
            at::matmul(matrix_, matrix_);
    }

private:
    at::Tensor matrix_;
};

Result<EvictionRule> ruleFor(const Executor& executor, const BenchSizes& sizes) {
    EPI_TRY_ASSIGN(const MemoryPreset preset, presetById("epicache"));
    EvictionRule rule{.layerBudgets = {},
                      .level = preset.level,
                      .pins = preset.pins,
                      .prefixTokens = 0,
                      .score = Score(),
                      .headFloor = preset.headFloor};
    rule.layerBudgets.assign(executor.spec().layers.size(), static_cast<std::int32_t>(sizes.budget));
    EPI_TRY(checkPins(executor.spec(), rule));
    return rule;
}

/// Keys and values that one layer keeps, read and written once.
std::int64_t movedBytes(const AttentionSpec& spec, const BenchSizes& sizes, const Placement& placement) {
    return std::int64_t{4} * sizes.budget * spec.kvHeads * spec.headDim *
           static_cast<std::int64_t>(c10::elementSize(placement.cacheType));
}

/// What cutting one layer takes.
struct Cuts {
    std::vector<double> plan;  // choosing, on the CPU
    std::vector<double> host;  // queueing the copies
    std::vector<double> copy;  // on the device
};

Result<Cuts> cutOneLayer(const BenchRun& run, const EvictionRule& rule) {
    const Executor& executor = run.subject.model->executor();
    EPI_TRY_ASSIGN(BenchLayer layer, BenchLayer::create(executor, run.sizes));
    EPI_TRY(layer.fill(run.sizes.budget));
    const BusyWork busy(executor.placement());
    Stopwatch watch(executor.placement().device);
    Cuts cuts;
    for (std::int32_t repeat = -1; repeat < run.sizes.repeats; ++repeat) {
        if (run.cancel.isCancelled()) return Error{ErrorCode::kCancelled, "the measurement was cancelled"};
        EPI_TRY(layer.fill(run.sizes.block));
        const at::Tensor scores = at::rand({layer.arena().totalLength()}, at::kFloat);
        double planSeconds = 0.0;
        auto start = Clock::now();
        ProbeEviction eviction(executor.spec(),
                               rule,
                               {.nextPosition = layer.nextPosition(), .blockTokens = run.sizes.block},
                               [&](std::int32_t, const Selection&) {
                                   planSeconds = secondsSince(start);
                                   busy.queue();
                                   watch.start();
                                   start = Clock::now();
                               });
        EPI_TRY(eviction.afterLayer(layer.index(), layer.arena(), std::span(&scores, 1)));
        const double hostSeconds = secondsSince(start);
        const double copySeconds = watch.stop();
        if (repeat < 0) continue;
        cuts.plan.push_back(planSeconds);
        cuts.host.push_back(hostSeconds);
        cuts.copy.push_back(copySeconds);
    }
    return cuts;
}

/// All layers of a block, one after the other, as block prefill has them but for the forward in between.
Result<Cuts> cutAllLayers(const BenchRun& run, const EvictionRule& rule) {
    const Executor& executor = run.subject.model->executor();
    const ModelSpec& spec = executor.spec();
    KvCache cache(
        spec, BlockPrefill::rowsPerHead(spec, rule.layerBudgets, run.sizes.block), executor.placement());
    const auto lengthen = [&](std::int64_t rows) -> Result<void> {
        for (std::int32_t layer = 0; layer < cache.layerCount(); ++layer) {
            const auto& window = spec.layers[static_cast<std::size_t>(layer)].attention.window;
            if (!window) EPI_TRY(cache.layer(layer).extend(rows, cache.nextPosition()));
        }
        cache.setNextPosition(cache.nextPosition() + rows);
        return {};
    };
    EPI_TRY(lengthen(run.sizes.budget));
    Cuts cuts;
    for (std::int32_t repeat = -1; repeat < run.sizes.repeats; ++repeat) {
        if (run.cancel.isCancelled()) return Error{ErrorCode::kCancelled, "the measurement was cancelled"};
        EPI_TRY(lengthen(run.sizes.block));
        std::vector<at::Tensor> scores;
        for (std::int32_t layer = 0; layer < cache.layerCount(); ++layer)
            scores.push_back(at::rand({cache.layer(layer).totalLength()}, at::kFloat));
        ProbeEviction eviction(
            spec, rule, {.nextPosition = cache.nextPosition(), .blockTokens = run.sizes.block});
        synchronizeDevice();
        const auto start = Clock::now();
        for (std::int32_t layer = 0; layer < cache.layerCount(); ++layer) {
            if (spec.layers[static_cast<std::size_t>(layer)].attention.window) continue;
            const at::Tensor& own = scores[static_cast<std::size_t>(layer)];
            EPI_TRY(eviction.afterLayer(layer, cache.layer(layer), std::span(&own, 1)));
        }
        const double hostSeconds = secondsSince(start);
        synchronizeDevice();
        if (repeat < 0) continue;
        cuts.host.push_back(hostSeconds);
        cuts.copy.push_back(secondsSince(start));
    }
    return cuts;
}

BenchRow copyRow(const BenchRun& run, const std::string& what, Spread seconds, double bytes) {
    return {.row = "compaction",
            .what = what,
            .seconds = seconds,
            .rate = bytes / seconds.median / 1e9,
            .unit = "GB/s",
            .floorSeconds = bytes / run.subject.ceilings.copyRate,
            .limit = "copying",
            .details = {{"bytes", bytes}}};
}

Result<BenchRows> measure(const BenchRun& run) {
    const Executor& executor = run.subject.model->executor();
    EPI_TRY_ASSIGN(const EvictionRule rule, ruleFor(executor, run.sizes));
    EPI_TRY_ASSIGN(Cuts one, cutOneLayer(run, rule));
    EPI_TRY_ASSIGN(Cuts all, cutAllLayers(run, rule));
    double total = 0.0;
    double largest = 0.0;
    for (const LayerSpec& layer : executor.spec().layers) {
        if (layer.attention.window) continue;
        const auto bytes = static_cast<double>(movedBytes(layer.attention, run.sizes, executor.placement()));
        total += bytes;
        if (largest == 0.0) largest = bytes;
    }
    const std::string sizes =
        std::to_string(run.sizes.budget + run.sizes.block) + " to " + std::to_string(run.sizes.budget);
    BenchRows rows;
    rows.push_back({.row = "compaction",
                    .what = "plan of one layer, " + sizes,
                    .seconds = spreadOf(std::move(one.plan)),
                    .note = "on the CPU"});
    BenchRow copy = copyRow(run, "copy of one layer, " + sizes, spreadOf(std::move(one.copy)), largest);
    copy.details["host_seconds"] = spreadOf(std::move(one.host)).median;
    rows.push_back(std::move(copy));
    BenchRow layers = copyRow(run, "plan and copy of all layers", spreadOf(std::move(all.copy)), total);
    layers.details["host_seconds"] = spreadOf(std::move(all.host)).median;
    layers.note = "the CPU " +
                  std::to_string(static_cast<int>(1e6 * layers.details["host_seconds"].get<double>())) +
                  " us of it";
    rows.push_back(std::move(layers));
    return rows;
}

}  // namespace

Result<BenchRows> benchmarkCompaction(const BenchRun& run) {
    const c10::InferenceMode inference;
    return guarded("measuring compaction", [&] { return measure(run); });
}

}  // namespace epi
