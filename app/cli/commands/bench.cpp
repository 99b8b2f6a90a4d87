#include <algorithm>
#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "app/cli/bench_table.h"
#include "app/cli/command_line.h"
#include "app/cli/model_path.h"
#include "core/base/paths.h"
#include "core/engine/benchmark/benchmarks.h"
#include "core/model/language_model.h"
#include "core/model/model_catalog.h"
#include "core/tensor/device_bench.h"
#include "core/tensor/device_memory.h"

namespace epi {
namespace {

constexpr std::array<std::string_view, 9> kRows{
    "decode", "prefill", "score", "compaction", "peak", "build", "sharing", "switch", "memory"};

struct BenchArguments {
    std::string shape;
    std::string embedder;
    std::vector<std::string> rows{kRows.begin(), kRows.end()};
    std::vector<std::string> weights{"bf16", "q8_0", "q4_0", "q4_K"};
    std::vector<std::int64_t> cache;  // empty: what suits the device
    std::int32_t tokens = 64;
    BenchSizes sizes;
    ModelArguments model;
};

/// One measurement from the first row to the last.
class Bench {
public:
    Bench(const BenchArguments& arguments, const CommandContext& context)
        : arguments_(arguments), context_(context) {}

    Result<void> run() {
        EPI_TRY(choose());
        const std::int64_t freeAtFirst = freeDeviceBytes();
        EPI_TRY_ASSIGN(ceilings_, measureBenchCeilings(choice_));
        const std::string device = isOnGpu_ ? deviceName() : std::string("CPU");
        context_.output.print({{"row", "ceilings"},
                               {"device", device},
                               {"shape", choice_.shape},
                               {"ceilings", ceilingsJson(ceilings_)}},
                              device + ": " + ceilingsText(ceilings_) + "\n" + benchTableHead());
        const bool hasShape = !choice_.shape.empty();
        if (wants("decode") && hasShape && isOnGpu_) EPI_TRY(decodeOnDevice());
        const bool wantsModel = std::ranges::any_of(arguments_.rows, [&](const std::string& row) {
            return row != "decode" || !hasShape || !isOnGpu_;
        });
        if (!wantsModel) return {};
        EPI_TRY_ASSIGN(const BenchSubject subject, loadBenchSubject(choice_, ceilings_, context_.cancel));
        if (!subject.model->info().decoderNotice.empty())
            context_.output.notice(subject.model->info().decoderNotice);
        const BenchRun run{.subject = subject, .sizes = sizes_, .cancel = context_.cancel};
        if (wants("decode") && !(hasShape && isOnGpu_))
            EPI_TRY(print(benchmarkDecode(run, cache_, arguments_.tokens)));
        if (wants("prefill")) EPI_TRY(print(benchmarkPrefill(run)));
        if (wants("score")) EPI_TRY(print(benchmarkScore(run)));
        if (wants("compaction")) EPI_TRY(print(benchmarkCompaction(run)));
        if (wants("peak")) EPI_TRY(print(benchmarkPeak(run)));
        return measureMemory(run, freeAtFirst);
    }

private:
    [[nodiscard]] bool wants(std::string_view row) const {
        return std::ranges::find(arguments_.rows, row) != arguments_.rows.end();
    }

    Result<void> choose() {
        choice_.shape = arguments_.shape;
        EPI_TRY_ASSIGN(choice_.device, deviceChoiceFromName(arguments_.model.device));
        EPI_TRY_ASSIGN(choice_.compute, computeModeFromName(arguments_.model.compute));
        if (choice_.shape.empty()) {
            EPI_TRY_ASSIGN(const ModelChoice model, chooseModel(arguments_.model, context_.output));
            choice_.modelFile = model.path;
        }
        // A shape needs no file at all; a real model goes with the real embedder where there is one.
        if (!arguments_.embedder.empty() || choice_.shape.empty()) {
            auto folder = findEmbedder(paths::models(), arguments_.embedder);
            if (folder) {
                choice_.embedder = *std::move(folder);
            } else if (!arguments_.embedder.empty()) {
                return std::move(folder).error();
            } else {
                context_.output.notice(folder.error().message + "; one with random weights is measured");
            }
        }
        const std::string reason = cudaUnavailableReason();
        isOnGpu_ = choice_.device != DeviceChoice::kCpu && reason.empty();
        if (choice_.device == DeviceChoice::kAuto && !reason.empty())
            context_.output.notice("measured on the CPU, because " + reason);
        EPI_TRY_ASSIGN(sizes_, sizesFor(arguments_.sizes, isOnGpu_));
        cache_ = arguments_.cache;
        if (cache_.empty())
            cache_ = isOnGpu_ ? std::vector<std::int64_t>{0, 4096, 16384, 100000}
                              : std::vector<std::int64_t>{0, 4096};
        return {};
    }

    Result<void> print(const Result<BenchRows>& rows) {
        if (!rows) return rows.error();
        for (const BenchRow& row : *rows)
            context_.output.print(benchRowJson(row), benchTableLine(row));
        return {};
    }

    /// The decode kernels on random weights of each format.
    Result<void> decodeOnDevice() {
        for (const std::string& weights : arguments_.weights) {
            if (context_.cancel.isCancelled())
                return Error{ErrorCode::kCancelled, "the measurement was cancelled"};
            EPI_TRY_ASSIGN(const std::vector<DeviceDecodeTiming> timings,
                           timeDeviceDecode({.shape = choice_.shape,
                                             .weights = weights,
                                             .cacheLengths = cache_,
                                             .tokens = arguments_.tokens,
                                             .repeats = sizes_.repeats}));
            BenchRows rows;
            for (std::size_t i = 0; i < timings.size(); ++i) {
                const DeviceDecodeTiming& timing = timings[i];
                const double floor =
                    static_cast<double>(timing.weightBytes + timing.cacheBytes) / ceilings_.readRate;
                rows.push_back({.row = "decode",
                                .what = weights + ", cache " + std::to_string(cache_[i]),
                                .seconds = {.median = timing.seconds,
                                            .fastest = timing.fastest,
                                            .slowest = timing.slowest},
                                .rate = 1.0 / timing.seconds,
                                .unit = "tokens/s",
                                .floorSeconds = floor,
                                .limit = "reading",
                                .details = {{"cache", cache_[i]},
                                            {"weights", weights},
                                            {"tokens", arguments_.tokens},
                                            {"weight_bytes", timing.weightBytes},
                                            {"cache_bytes", timing.cacheBytes}}});
            }
            EPI_TRY(print(rows));
        }
        return {};
    }

    /// The rows that need a built memory.
    Result<void> measureMemory(const BenchRun& run, std::int64_t freeAtFirst) {
        if (!wants("build") && !wants("sharing") && !wants("switch") && !wants("memory")) return {};
        EPI_TRY_ASSIGN(BenchMemory memory, BenchMemory::create());
        takePeakDeviceBytes();
        const Result<BenchRows> built = benchmarkBuild(run, memory);
        if (!built) return built.error();
        const std::int64_t peak = takePeakDeviceBytes();
        if (wants("build")) EPI_TRY(print(built));
        if (wants("sharing")) EPI_TRY(print(benchmarkSharing(run, memory)));
        if (wants("switch")) EPI_TRY(print(benchmarkSwitch(run, memory)));
        if (!wants("memory")) return {};
        EPI_TRY_ASSIGN(const BenchRows growth, benchmarkGrowth(run, memory));
        EPI_TRY(print(BenchRows{
            bytesRow("tensors while building, at most", "peak_bytes", peak),
            bytesRow("taken from the device in the end", "taken_bytes", freeAtFirst - freeDeviceBytes())}));
        EPI_TRY(print(growth));
        const auto grown = growth.front().details["grown_bytes"].get<std::int64_t>();
        if (grown <= 0) return {};
        return Error{ErrorCode::kInternal,
                     "the memory in use on the device grew by " + std::to_string(grown) + " bytes over " +
                         growth.front().what.substr(sizeof("growth over ") - 1)};
    }

    static BenchRow bytesRow(const char* what, const char* key, std::int64_t bytes) {
        return {.row = "memory",
                .what = what,
                .seconds = {},
                .rate = static_cast<double>(bytes),
                .unit = "bytes",
                .details = {{key, bytes}}};
    }

    const BenchArguments& arguments_;
    const CommandContext& context_;
    BenchChoice choice_;
    BenchSizes sizes_;
    BenchCeilings ceilings_;
    std::vector<std::int64_t> cache_;
    bool isOnGpu_ = false;
};

}  // namespace
}  // namespace epi

EPI_COMMANDS(bench) {
    const auto arguments = std::make_shared<epi::BenchArguments>();
    CLI::App& command = commandLine.add(
        {"bench", "Measure replies, block prefill, memories and switches beside what the machine could do"},
        [arguments](const epi::CommandContext& context) { return epi::Bench(*arguments, context).run(); });
    command.add_option(
        "--shape",
        arguments->shape,
        "llama-8b, qwen-7b, llama-1b, smollm2-135m or tiny, with random weights; without it a model");
    command.add_option("--rows", arguments->rows, "What is measured")
        ->delimiter(',')
        ->check(CLI::IsMember(std::vector<std::string>(epi::kRows.begin(), epi::kRows.end())))
        ->capture_default_str();
    command
        .add_option("--weights", arguments->weights, "Types of the weights of a shape on a GPU, for replies")
        ->delimiter(',')
        ->capture_default_str();
    command
        .add_option("--cache",
                    arguments->cache,
                    "Entries per head before a reply; default 0,4096,16384,100000, on a CPU 0,4096")
        ->delimiter(',')
        ->check(CLI::Range(0, 1 << 24));
    command.add_option("--tokens", arguments->tokens, "Tokens of a reply")
        ->check(CLI::Range(1, 4096))
        ->capture_default_str();
    command.add_option("--repeats", arguments->sizes.repeats, "Measurements, whose median counts")
        ->check(CLI::Range(1, 100))
        ->capture_default_str();
    command
        .add_option(
            "--history", arguments->sizes.history, "Tokens of the history; default 100000, on a CPU 4096")
        ->check(CLI::PositiveNumber);
    command
        .add_option("--budget",
                    arguments->sizes.budget,
                    "Mean entries per layer and head; default 4096, on a CPU 512")
        ->check(CLI::PositiveNumber);
    command
        .add_option("--block", arguments->sizes.block, "Tokens read at a time; default 2048, on a CPU 256")
        ->check(CLI::PositiveNumber);
    command
        .add_option(
            "--prompt", arguments->sizes.prompt, "Tokens of a patched prompt; default 1024, on a CPU 128")
        ->check(CLI::Range(16, 1 << 16));
    command.add_option("--episodes", arguments->sizes.episodes, "Episodes of the memory")
        ->check(CLI::Range(1, 12))
        ->capture_default_str();
    command.add_flag("--one-pass",
                     arguments->sizes.isOnePass,
                     "Build with the preset epicache-onepass instead of epicache");
    command.add_option("--embedder",
                       arguments->embedder,
                       "Folder or id of a sentence embedder; with a shape one with random weights");
    epi::addModelOptions(command, arguments->model);
}
