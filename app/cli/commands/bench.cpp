#include <algorithm>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "app/cli/command_line.h"
#include "app/cli/model_path.h"
#include "core/base/rng.h"
#include "core/engine/model_tools.h"
#include "core/model/language_model.h"
#include "core/tensor/device_bench.h"
#include "core/tensor/device_memory.h"

namespace epi {
namespace {

using nlohmann::json;

struct BenchOptions {
    std::string shape;
    std::vector<std::string> weights{"bf16", "q8_0", "q4_0", "q4_K"};
    std::vector<std::int64_t> cache{0, 4096};
    ModelArguments model;
    std::int32_t tokens = 64;
    std::int32_t repeats = 5;
};

std::string formatted(const char* format, double value) {
    char text[64];
    std::snprintf(text, sizeof text, format, value);
    return text;
}

json describe(const DeviceCeilings& ceilings) {
    return {{"copy_bytes_per_second", ceilings.copyRate},
            {"read_bytes_per_second", ceilings.readRate},
            {"matmul_flop_per_second", ceilings.matmulRate}};
}

/// One shape with random weights made on the GPU: tokens per second next to what reading the bytes takes.
Result<void> benchShape(const BenchOptions& options, const CommandContext& context) {
    if (const std::string reason = cudaUnavailableReason(); !reason.empty()) {
        return Error{ErrorCode::kUnsupported,
                     "shapes are measured on a GPU, and CUDA cannot be used: " + reason +
                         "; -m measures a model on the CPU"};
    }
    EPI_TRY_ASSIGN(const DeviceCeilings ceilings, measureDeviceCeilings());
    context.output.print({{"device", deviceName()}, {"ceilings", describe(ceilings)}},
                         deviceName() + ": copy " + formatted("%.2f", ceilings.copyRate / 1e12) +
                             " TB/s, read " + formatted("%.2f", ceilings.readRate / 1e12) +
                             " TB/s, bf16 product " + formatted("%.0f", ceilings.matmulRate / 1e12) +
                             " TFLOP/s\n");
    for (const std::string& weights : options.weights) {
        if (context.cancel.isCancelled())
            return Error{ErrorCode::kCancelled, "the measurement was cancelled"};
        EPI_TRY_ASSIGN(const std::vector<DeviceDecodeTiming> timings,
                       timeDeviceDecode({.shape = options.shape,
                                         .weights = weights,
                                         .cacheLengths = options.cache,
                                         .tokens = options.tokens,
                                         .repeats = options.repeats}));
        for (std::size_t i = 0; i < timings.size(); ++i) {
            const DeviceDecodeTiming& timing = timings[i];
            const double floor =
                static_cast<double>(timing.weightBytes + timing.cacheBytes) / ceilings.readRate;
            context.output.print({{"shape", options.shape},
                                  {"weights", weights},
                                  {"cache", options.cache[i]},
                                  {"tokens_per_second", 1.0 / timing.seconds},
                                  {"seconds_per_token", timing.seconds},
                                  {"fastest", timing.fastest},
                                  {"slowest", timing.slowest},
                                  {"weight_bytes", timing.weightBytes},
                                  {"cache_bytes", timing.cacheBytes},
                                  {"floor_tokens_per_second", 1.0 / floor},
                                  {"ratio_to_floor", floor / timing.seconds}},
                                 options.shape + " " + weights + ", cache " +
                                     std::to_string(options.cache[i]) + ": " +
                                     formatted("%.1f", 1.0 / timing.seconds) + " tokens/s, floor " +
                                     formatted("%.1f", 1.0 / floor) + ", " +
                                     formatted("%.1f", floor / timing.seconds * 100.0) + " %\n");
        }
    }
    return {};
}

/// A real model: a prompt of random tokens as long as the cache, then a reply of a fixed length.
Result<void> benchModel(const BenchOptions& options, const CommandContext& context) {
    EPI_TRY_ASSIGN(const auto model, loadModel(options.model, context.output, context.cancel));
    if (!model->info().isOnGpu) context.output.notice("measured on " + model->info().device);
    if (!model->info().decoderNotice.empty()) context.output.notice(model->info().decoderNotice);
    for (const std::int64_t length : options.cache) {
        GenerationRequest request{.prompt = {},
                                  .sampling = {},
                                  .stopAtEnd = false,
                                  .recordGaps = false,
                                  .onText = {},
                                  .cancel = context.cancel};
        Rng rng(static_cast<std::uint64_t>(length));
        while (static_cast<std::int64_t>(request.prompt.size()) < std::max<std::int64_t>(length, 1)) {
            request.prompt.push_back(
                static_cast<TokenId>(rng.below(static_cast<std::uint64_t>(model->info().vocabulary))));
        }
        request.sampling.maxTokens = options.tokens;
        std::vector<double> seconds;
        double promptSeconds = 0.0;
        for (std::int32_t repeat = 0; repeat < options.repeats; ++repeat) {
            EPI_TRY_ASSIGN(const Generation reply, generateOnce(*model, request));
            seconds.push_back(reply.decodeSeconds / static_cast<double>(reply.ids.size()));
            promptSeconds = reply.promptSeconds;
        }
        std::ranges::sort(seconds);
        const double median = seconds[seconds.size() / 2];
        context.output.print(
            {{"model", model->info().title},
             {"device", model->info().device},
             {"cache", length},
             {"tokens_per_second", 1.0 / median},
             {"fastest", seconds.front()},
             {"slowest", seconds.back()},
             {"prompt_tokens_per_second", static_cast<double>(request.prompt.size()) / promptSeconds},
             {"weight_bytes", model->info().weightBytes}},
            model->info().title + " on " + model->info().device + ", cache " + std::to_string(length) + ": " +
                formatted("%.1f", 1.0 / median) + " tokens/s, prompt " +
                formatted("%.0f", static_cast<double>(request.prompt.size()) / promptSeconds) +
                " tokens/s\n");
    }
    return {};
}

}  // namespace
}  // namespace epi

EPI_COMMANDS(bench) {
    const auto options = std::make_shared<epi::BenchOptions>();
    CLI::App& command = commandLine.add(
        {"bench", "Measure how fast replies are written"}, [options](const epi::CommandContext& context) {
            return options->shape.empty() ? epi::benchModel(*options, context)
                                          : epi::benchShape(*options, context);
        });
    command.add_option(
        "--shape",
        options->shape,
        "llama-8b, qwen-7b, llama-1b or smollm2-135m with random weights, on a GPU; without it a model");
    command.add_option("--weights", options->weights, "Types of the weights of a shape")->delimiter(',');
    command.add_option("--cache", options->cache, "Entries per head that are there before")
        ->delimiter(',')
        ->check(CLI::NonNegativeNumber);
    command.add_option("--tokens", options->tokens, "Tokens that are written each time")
        ->check(CLI::Range(1, 4096));
    command.add_option("--repeats", options->repeats, "Measurements, whose median counts")
        ->check(CLI::Range(1, 100));
    epi::addModelOptions(command, options->model);
}
