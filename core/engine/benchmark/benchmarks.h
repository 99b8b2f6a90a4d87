#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "core/base/result.h"
#include "core/engine/benchmark/bench_row.h"
#include "core/engine/benchmark/bench_subject.h"

/// What `epichat-cli bench` measures, each on the engine's own code. All of them return kOutOfMemory,
/// kCancelled and the errors of what they run.
namespace epi {

/// Replies of `tokens` tokens behind as many entries per head as said, one row for each.
Result<BenchRows> benchmarkDecode(const BenchRun& run,
                                  std::span<const std::int64_t> lengths,
                                  std::int32_t tokens);

/// A block that goes through the model with its patched prompt behind a full budget, and is evicted.
Result<BenchRows> benchmarkPrefill(const BenchRun& run);

/// The scores of one layer's entries by the patched prompt. Where the device has no kernel for them alone,
/// the attention they come with.
Result<BenchRows> benchmarkScore(const BenchRun& run);

/// Cutting a layer from budget and block to its budget: choosing on the CPU, copying on the device, and both
/// for all layers one after the other.
Result<BenchRows> benchmarkCompaction(const BenchRun& run);

/// What is cached at most while a history is read block by block, beside the same in two passes, each in a
/// cache that is allocated for it: two rows. details["bytes"], details["share_of_two_passes"].
Result<BenchRows> benchmarkPeak(const BenchRun& run);

/// A chat and its memory, in a folder that is removed with this.
class BenchMemory {
public:
    /// kIo when there is no room for a temporary folder.
    static Result<BenchMemory> create();
    BenchMemory(BenchMemory&&) noexcept;
    BenchMemory& operator=(BenchMemory&&) = delete;
    ~BenchMemory();

    struct State;  // bench_memory.h
    [[nodiscard]] State& state() { return *state_; }

private:
    explicit BenchMemory(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

/// A memory of episodes of a made-up history, by stage; `memory` holds it afterwards.
Result<BenchRows> benchmarkBuild(const BenchRun& run, BenchMemory& memory);

/// Reading the history of a built memory for all its episodes, each for itself as the method was published
/// and as a build does it: two rows. details["times_as_fast"], details["differing_entries"].
Result<BenchRows> benchmarkSharing(const BenchRun& run, BenchMemory& memory);

/// Opening an episode of a built memory that is on the device, in the computer's memory or in files, until
/// the first token may be computed.
Result<BenchRows> benchmarkSwitch(const BenchRun& run, BenchMemory& memory);

/// How much more of the device is in use after 1,000 tokens and 10 switches between episodes, half of which
/// are on the device. details["grown_bytes"].
Result<BenchRows> benchmarkGrowth(const BenchRun& run, BenchMemory& memory);

}  // namespace epi
