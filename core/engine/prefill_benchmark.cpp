#include "core/engine/prefill_benchmark.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <optional>

#include <ATen/ops/matmul.h>
#include <ATen/ops/randn.h>
#include <c10/core/InferenceMode.h>

#include "core/base/rng.h"
#include "core/engine/block_prefill.h"
#include "core/model/executor.h"
#include "core/tensor/device_memory.h"
#include "core/tensor/guard.h"

namespace epi {
namespace {

constexpr std::array kShapes{
    ModelShape{"llama-8b", 32, 4096, 32, 8, 128, 14336, 128256},
    ModelShape{"qwen-7b", 28, 3584, 28, 4, 128, 18944, 152064},
    ModelShape{"llama-1b", 16, 2048, 32, 8, 64, 8192, 128256},
    ModelShape{"smollm2-135m", 30, 576, 9, 3, 64, 1536, 49152},
};

Result<ModelShape> shapeById(std::string_view id) {
    std::string known;
    for (const ModelShape& shape : kShapes) {
        if (shape.id == id) return shape;
        known += (known.empty() ? "" : ", ") + std::string(shape.id);
    }
    return Error{ErrorCode::kInvalidArgument,
                 "unknown shape '" + std::string(id) + "', expected one of " + known};
}

ModelSpec specOf(const ModelShape& shape) {
    ModelSpec spec{.architecture = std::string(shape.id),
                   .vocabulary = shape.vocabulary,
                   .dimension = shape.dimension,
                   .trainedContext = 1 << 20,
                   .embedding = "embedding",
                   .outputNorm = {.weight = "norm"},
                   .output = {.weight = "output"}};
    for (std::int32_t index = 0; index < shape.layers; ++index) {
        const std::string at = "layer." + std::to_string(index) + ".";
        LayerSpec layer{.attention = {.inputNorm = {.weight = "norm"},
                                      .query = {.weight = at + "query"},
                                      .key = {.weight = at + "key"},
                                      .value = {.weight = at + "value"},
                                      .output = {.weight = at + "output"},
                                      .rotary = {.base = 500000.0, .dimensions = shape.headDim},
                                      .heads = shape.heads,
                                      .kvHeads = shape.kvHeads,
                                      .headDim = shape.headDim,
                                      .scale = 1.0 / std::sqrt(shape.headDim)},
                        .feedForward = {.inputNorm = {.weight = "norm"},
                                        .gate = {.weight = at + "gate"},
                                        .up = {.weight = at + "up"},
                                        .down = {.weight = at + "down"}}};
        spec.layers.push_back(std::move(layer));
    }
    return spec;
}

/// Operations of the linear layers and of attention when `rows` rows, `probes` of them a probe, go through
/// the model over `entries` cached entries per head.
double operations(const ModelShape& shape, double rows, double probes, double entries) {
    const double width = double{1} * shape.heads * shape.headDim;
    const double perRow =
        2.0 * shape.dimension * (2.0 * width + 2.0 * shape.kvHeads * shape.headDim + 3.0 * shape.feedForward);
    // Scores are one of attention's two products once more, for the probe's rows.
    const double attention = 4.0 * width * rows * entries + 2.0 * width * probes * entries;
    return shape.layers * (rows * perRow + attention);
}

double secondsSince(std::chrono::steady_clock::time_point start) {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

double measureMatmul(const Placement& placement) {
    const std::int64_t size = placement.device.is_cuda() ? 8192 : 1024;
    const at::Tensor a = at::randn({size, size}, placement.options());
    const at::Tensor b = at::randn({size, size}, placement.options());
    for (int warmUp = 0; warmUp < 3; ++warmUp)
        at::matmul(a, b);
    synchronizeDevice();
    constexpr int kProducts = 10;
    const auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < kProducts; ++i)
        at::matmul(a, b);
    synchronizeDevice();
    return 2.0 * std::pow(static_cast<double>(size), 3) * kProducts / secondsSince(start) / 1e12;
}

std::vector<TokenId> randomTokens(Rng& rng, std::int64_t count, std::int32_t vocabulary) {
    std::vector<TokenId> ids(static_cast<std::size_t>(count));
    for (TokenId& id : ids)
        id = static_cast<TokenId>(rng.below(static_cast<std::uint64_t>(vocabulary)));
    return ids;
}

double median(std::vector<double> values) {
    if (values.empty()) return 0.0;
    std::sort(values.begin(), values.end());
    return values[values.size() / 2];
}

Result<PrefillBenchmark> measure(const PrefillBenchmarkOptions& options,
                                 const ModelShape& shape,
                                 const PlacementChoice& chosen) {
    Placement placement = chosen.placement;
    placement.keepsBlocks = false;  // made-up weights have no blocks
    const ModelSpec spec = specOf(shape);
    PrefillBenchmark result{.device = chosen.deviceName, .matmulTeraflops = measureMatmul(placement)};
    const Executor executor(spec, Weights::random(spec, shape.feedForward, placement), placement);
    const std::vector<std::int32_t> budgets(spec.layers.size(), static_cast<std::int32_t>(options.budget));
    KvCache cache(spec, BlockPrefill::rowsPerHead(spec, budgets, options.block), placement);
    Rng rng(7);
    PrefillTask task;
    task.ids = randomTokens(rng, options.tokens, spec.vocabulary);
    task.block = options.block;
    task.rule.layerBudgets = budgets;
    task.rule.level = options.level;
    task.prompt = randomTokens(rng, options.prompt, spec.vocabulary);
    std::vector<double> blocks;
    takePeakDeviceBytes();
    for (std::int32_t episode = 0; episode < options.episodes; ++episode) {
        cache.clear();  // not truncated: heads of unequal length would keep unequal room
        BlockPrefill prefill(executor, cache, task);
        const auto start = std::chrono::steady_clock::now();
        while (!prefill.isDone()) {
            const auto blockStart = std::chrono::steady_clock::now();
            EPI_TRY(prefill.step(options.cancel));
            synchronizeDevice();
            if (prefill.readTokens() > options.budget + options.block && !prefill.isDone())
                blocks.push_back(secondsSince(blockStart));
        }
        result.secondsPerEpisode.push_back(secondsSince(start));
        result.seconds += result.secondsPerEpisode.back();
    }
    result.blockSeconds = median(blocks);
    if (result.blockSeconds > 0.0) {
        const auto block = static_cast<double>(options.block);
        const auto prompt = static_cast<double>(options.prompt);
        const double entries = static_cast<double>(options.budget) + block;
        result.blockTeraflops =
            operations(shape, block + prompt, prompt, entries) / result.blockSeconds / 1e12;
    }
    result.tokensPerSecond = static_cast<double>(options.tokens) * options.episodes / result.seconds;
    result.peakDeviceBytes = takePeakDeviceBytes();
    return result;
}

}  // namespace

Result<PrefillBenchmark> benchmarkPrefill(const PrefillBenchmarkOptions& options) {
    const c10::InferenceMode inference;
    if (options.tokens < 1 || options.budget < 1 || options.block < 1 || options.prompt < 1 ||
        options.episodes < 1) {
        return Error{ErrorCode::kInvalidArgument,
                     "tokens, budget, block, prompt and episodes must be positive"};
    }
    EPI_TRY_ASSIGN(const ModelShape shape, shapeById(options.shape));
    EPI_TRY_ASSIGN(const PlacementChoice chosen, choosePlacement(options.device, options.compute));
    return guarded("measuring", [&] { return measure(options, shape, chosen); });
}

}  // namespace epi
