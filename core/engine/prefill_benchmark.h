#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/cancel_token.h"
#include "core/base/result.h"
#include "core/engine/options.h"

namespace epi {

/// The sizes of a model whose weights are made up, for measurements that need no file.
struct ModelShape {
    std::string_view id;
    std::int32_t layers = 0;
    std::int32_t dimension = 0;
    std::int32_t heads = 0;
    std::int32_t kvHeads = 0;
    std::int32_t headDim = 0;
    std::int32_t feedForward = 0;
    std::int32_t vocabulary = 0;
};

struct PrefillBenchmarkOptions {
    std::string shape = "llama-8b";
    std::int64_t tokens = 100000;  // of the history
    std::int64_t budget = 4096;
    std::int64_t block = 2048;
    std::int64_t prompt = 1024;  // tokens of the patched prompt
    std::int32_t episodes = 1;
    BudgetLevel level = BudgetLevel::kPair;
    DeviceChoice device = DeviceChoice::kAuto;
    ComputeMode compute = ComputeMode::kFast;
    CancelToken cancel;
};

struct PrefillBenchmark {
    std::string device;
    double seconds = 0.0;              // of all episodes
    double blockSeconds = 0.0;         // median of the blocks that evict
    double blockTeraflops = 0.0;       // linear layers and attention of such a block, per second / 1e12
    double tokensPerSecond = 0.0;      // history tokens, all episodes
    double matmulTeraflops = 0.0;      // an 8192^3 product in the same type, in the same run
    std::int64_t peakDeviceBytes = 0;  // 0 on a CPU
    std::vector<double> secondsPerEpisode;
};

/// Reads `tokens` made-up tokens once per episode, block by block with eviction, on random weights: what
/// building a memory costs on this machine. Random, since matrix products of zeros run faster than real ones.
/// kInvalidArgument for an unknown shape, kOutOfMemory.
Result<PrefillBenchmark> benchmarkPrefill(const PrefillBenchmarkOptions& options);

}  // namespace epi
