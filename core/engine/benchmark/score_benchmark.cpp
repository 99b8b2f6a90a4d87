#include <algorithm>
#include <vector>

#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/zeros.h>
#include <c10/core/InferenceMode.h>

#include "core/engine/benchmark/bench_layer.h"
#include "core/engine/benchmark/benchmarks.h"
#include "core/engine/benchmark/stopwatch.h"
#include "core/model/language_model.h"
#include "core/tensor/attention.h"
#include "core/tensor/guard.h"
#include "core/tensor/prefill_ops.h"
#include "core/tensor/upload.h"

namespace epi {
namespace {

constexpr int kWarmUps = 2;

/// The scores of one layer, over and over: each layer that is scored is a launch of its own.
template <typename Launch>
Result<Spread> timeLaunches(const BenchRun& run, c10::Device device, const Launch& launch) {
    // Several in a row, since one is over before the next could be queued.
    const int launches = device.is_cuda() ? 16 : 1;
    Stopwatch watch(device);
    std::vector<double> seconds;
    for (std::int32_t repeat = -kWarmUps; repeat < run.sizes.repeats; ++repeat) {
        if (run.cancel.isCancelled()) return Error{ErrorCode::kCancelled, "the measurement was cancelled"};
        watch.start();
        for (int i = 0; i < launches; ++i)
            EPI_TRY(launch());
        const double elapsed = watch.stop() / launches;
        if (repeat >= 0) seconds.push_back(elapsed);
    }
    return spreadOf(std::move(seconds));
}

/// The kernel of block prefill on the GPU.
Result<BenchRow> measureKernel(const BenchRun& run, const EpiPrefillOps& ops, const BenchLayer& layer) {
    const AttentionSpec& spec = layer.spec();
    const LayerArena& arena = layer.arena();
    const std::int64_t entries = arena.length(0);
    const std::int64_t group = spec.heads / spec.kvHeads;
    const std::int64_t rows = spec.kvHeads * run.sizes.prompt;
    const at::TensorOptions options = arena.keys().options();
    const at::Tensor query = at::randn({rows, group, spec.headDim}, options);
    const at::Tensor logSum = at::zeros({group, rows}, options.dtype(at::kFloat));
    const at::Tensor scores = at::empty({arena.totalLength()}, options.dtype(at::kFloat));
    std::vector<std::int32_t> starts;
    std::vector<std::int32_t> offsets;
    for (std::int32_t head = 0; head < spec.kvHeads; ++head) {
        starts.push_back(static_cast<std::int32_t>(arena.start(head)));
        offsets.push_back(static_cast<std::int32_t>(head * entries));
    }
    const std::vector<std::int32_t> lengths(starts.size(), static_cast<std::int32_t>(entries));
    const auto table = [&](const std::vector<std::int32_t>& values) {
        return toDevice(std::span<const std::int32_t>(values), arena.keys().device());
    };
    const at::Tensor startTable = table(starts);
    const at::Tensor lengthTable = table(lengths);
    const at::Tensor offsetTable = table(offsets);
    const cuda::ProbeScoresArgs args{.query = query.const_data_ptr(),
                                     .keys = arena.keys().const_data_ptr(),
                                     .starts = startTable.const_data_ptr<std::int32_t>(),
                                     .lengths = lengthTable.const_data_ptr<std::int32_t>(),
                                     .offsets = offsetTable.const_data_ptr<std::int32_t>(),
                                     .logSum = logSum.const_data_ptr<float>(),
                                     .scores = scores.mutable_data_ptr<float>(),
                                     .arenaRows = arena.keys().size(0),
                                     .entries = static_cast<std::int32_t>(arena.totalLength()),
                                     .longest = static_cast<std::int32_t>(entries),
                                     .probeRows = static_cast<std::int32_t>(run.sizes.prompt),
                                     .kvHeads = spec.kvHeads,
                                     .group = static_cast<std::int32_t>(group),
                                     .headDim = spec.headDim,
                                     .scale = static_cast<float>(spec.scale)};
    EPI_TRY_ASSIGN(const Spread seconds, timeLaunches(run, arena.keys().device(), [&]() -> Result<void> {
                       if (ops.probeScores(args)) return {};
                       return Error{ErrorCode::kInternal, "the GPU refused the probe score kernel"};
                   }));
    const double operations = 2.0 * static_cast<double>(rows * group * spec.headDim * entries);
    const auto bytes =
        static_cast<std::int64_t>(query.nbytes() + logSum.nbytes() + scores.nbytes()) + layer.keyBytes();
    const BenchCeilings& ceilings = run.subject.ceilings;
    const double multiplying = operations / ceilings.matmulRate;
    const double reading = static_cast<double>(bytes) / ceilings.readRate;
    return BenchRow{
        .row = "score",
        .what = "one layer, " + std::to_string(run.sizes.prompt) + " rows over " + std::to_string(entries),
        .seconds = seconds,
        .rate = operations / seconds.median / 1e12,
        .unit = "TFLOP/s",
        .floorSeconds = std::max(multiplying, reading),
        .limit = multiplying > reading ? "multiplying" : "reading",
        .details = {{"kernel", true},
                    {"operations", operations},
                    {"bytes", bytes},
                    {"bytes_per_second", static_cast<double>(bytes) / seconds.median}}};
}

/// Where there is no kernel for scores alone.
Result<BenchRow> measureWithAttention(const BenchRun& run,
                                      const Executor& executor,
                                      const BenchLayer& layer) {
    const AttentionSpec& spec = layer.spec();
    const std::int64_t entries = layer.arena().length(0);
    const std::int64_t prompt = run.sizes.prompt;
    const at::TensorOptions options = executor.placement().options();
    const ProbeRows rows{.query = at::randn({prompt, spec.heads, spec.headDim}, options),
                         .keys = at::randn({spec.kvHeads, prompt, spec.headDim}, options),
                         .values = at::randn({spec.kvHeads, prompt, spec.headDim}, options),
                         .firstPosition = entries};
    EPI_TRY_ASSIGN(const Spread seconds,
                   timeLaunches(run, executor.placement().device, [&]() -> Result<void> {
                       if (attendProbe(layer.arena(), spec, rows).scores.defined()) return {};
                       return Error{ErrorCode::kInternal, "the probe gave no scores"};
                   }));
    const auto width = static_cast<double>(spec.heads) * spec.headDim;
    const double operations =
        4.0 * width * static_cast<double>(prompt) * static_cast<double>(entries + prompt / 2);
    const std::int64_t bytes = 2 * layer.keyBytes();
    return BenchRow{.row = "score",
                    .what = "one layer with its attention, " + std::to_string(prompt) + " rows over " +
                            std::to_string(entries),
                    .seconds = seconds,
                    .rate = operations / seconds.median / 1e12,
                    .unit = "TFLOP/s",
                    .floorSeconds = operations / run.subject.ceilings.matmulRate,
                    .limit = "multiplying",
                    .details = {{"kernel", false},
                                {"operations", operations},
                                {"bytes", bytes},
                                {"bytes_per_second", static_cast<double>(bytes) / seconds.median}},
                    .note = "no kernel for scores alone here"};
}

}  // namespace

Result<BenchRows> benchmarkScore(const BenchRun& run) {
    const c10::InferenceMode inference;
    return guarded("measuring scores", [&]() -> Result<BenchRows> {
        const Executor& executor = run.subject.model->executor();
        EPI_TRY_ASSIGN(BenchLayer layer, BenchLayer::create(executor, run.sizes));
        EPI_TRY(layer.fill(run.sizes.budget + run.sizes.block));
        const EpiPrefillOps* const ops = prefillOps();
        EPI_TRY_ASSIGN(BenchRow row,
                       executor.runsFused() && ops != nullptr ? measureKernel(run, *ops, layer)
                                                              : measureWithAttention(run, executor, layer));
        return BenchRows{std::move(row)};
    });
}

}  // namespace epi
