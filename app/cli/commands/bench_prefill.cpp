#include <memory>
#include <string>

#include <nlohmann/json.hpp>

#include "app/cli/command_line.h"
#include "core/engine/prefill_benchmark.h"

namespace epi {
namespace {

std::string textOf(const PrefillBenchmark& figures) {
    char text[512];
    std::snprintf(
        text,
        sizeof text,
        "%s\n%.2f s in all, %.0f tokens/s\n%.1f ms per block, %.0f TFLOP/s; a large matrix product: "
        "%.0f TFLOP/s\n%.2f GB of GPU memory at most",
        figures.device.c_str(),
        figures.seconds,
        figures.tokensPerSecond,
        figures.blockSeconds * 1e3,
        figures.blockTeraflops,
        figures.matmulTeraflops,
        static_cast<double>(figures.peakDeviceBytes) / 1e9);
    return text;
}

Result<void> bench(const PrefillBenchmarkOptions& options, const CommandContext& context) {
    PrefillBenchmarkOptions run = options;
    run.cancel = context.cancel;
    EPI_TRY_ASSIGN(const PrefillBenchmark figures, benchmarkPrefill(run));
    context.output.print({{"shape", options.shape},
                          {"device", figures.device},
                          {"seconds", figures.seconds},
                          {"seconds_per_episode", figures.secondsPerEpisode},
                          {"tokens_per_second", figures.tokensPerSecond},
                          {"block_seconds", figures.blockSeconds},
                          {"block_teraflops", figures.blockTeraflops},
                          {"matmul_teraflops", figures.matmulTeraflops},
                          {"peak_device_bytes", figures.peakDeviceBytes}},
                         textOf(figures));
    return {};
}

}  // namespace
}  // namespace epi

EPI_COMMANDS(bench_prefill) {
    const auto options = std::make_shared<epi::PrefillBenchmarkOptions>();
    CLI::App& command = commandLine.add(
        {"bench-prefill", "Measure block prefill with eviction on made-up weights"},
        [options](const epi::CommandContext& context) { return epi::bench(*options, context); });
    command.add_option("--shape", options->shape, "llama-8b, qwen-7b, llama-1b or smollm2-135m")
        ->capture_default_str();
    command.add_option("--tokens", options->tokens, "Tokens of the history")->capture_default_str();
    command.add_option("--budget", options->budget, "Mean entries per layer and head")->capture_default_str();
    command.add_option("--block", options->block, "Tokens read at a time")->capture_default_str();
    command.add_option("--prompt", options->prompt, "Tokens of the patched prompt")->capture_default_str();
    command.add_option("--episodes", options->episodes, "How many times the history is read")
        ->capture_default_str();
}
