#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string_view>

#include "core/engine/block_prefill.h"
#include "core/engine/episode_builder.h"
#include "core/tensor/spare_blocks.h"

namespace epi {

/// Reads a history into the caches of episodes, one block prefill each (EpiCache, stage 2). The passes of all
/// episodes are the same until the first block that is evicted, so that part is read once and copied; and so
/// is what this block adds, behind which each runs its own prompt. What a cancel cuts off goes on from the
/// last finished block, also after a restart. One thread.
class EpisodeReader {
public:
    EpisodeReader(const BuildContext& context, const Conversation& conversation, const BuiltMemory& memory);

    /// Takes the cache of an episode that is read.
    using Finished = std::function<Result<void>(std::int32_t episode, KvSnapshot snapshot)>;

    /// Reads the history of the memory into each of these episodes, in order, and calls `beforeLastBlock` of
    /// each. kCancelled keeps what was read.
    Result<void> read(std::span<const std::int32_t> episodes,
                      MemoryPeak& peak,
                      const Finished& finished,
                      const std::function<void()>& beforeLastBlock = {});

    /// Run through the model since construction.
    [[nodiscard]] std::int64_t readTokens() const { return readTokens_; }

private:
    using Clock = std::chrono::steady_clock;
    struct Pass;

    /// What all passes have in common.
    struct Shared {
        KvSnapshot cache;  // before the first block that is evicted
        std::int64_t tokens = 0;
        std::optional<ComputedRows> next;  // what that block adds; none: each pass runs it
        [[nodiscard]] std::int64_t nextBytes() const;
    };

    struct Start {
        std::int64_t tokens = 0;  // read already
        bool isCommon = true;     // nothing was evicted yet: all passes have this part in common
    };

    /// Fills the cache with what there is: nothing, the part that all have in common, or what a cancelled
    /// build left.
    Result<Start> begin(std::int32_t episode, KvCache& cache);
    Result<void> readCommon(Pass& pass);
    /// Keeps what the passes that follow have in common with this one.
    Result<void> share(Pass& pass);
    Result<void> readRest(Pass& pass, const std::function<void()>& beforeLastBlock);
    /// One block; after an error the cache is as before it, on a CPU or where nothing was dropped.
    Result<void> step(Pass& pass, bool evicts);
    void keepParts(const Pass& pass) const;
    [[nodiscard]] std::int64_t historyTokens() const { return static_cast<std::int64_t>(history_.size()); }
    /// A copy in ordinary memory, page-locked beside a GPU.
    [[nodiscard]] KvSnapshot takeCopy(const KvCache& cache);
    /// A copy for the other passes: on the device where it has room for it, else in ordinary memory.
    [[nodiscard]] KvSnapshot copyShared(const KvCache& cache) const;
    /// Whether these bytes fit the device beside what a pass takes from now on.
    [[nodiscard]] bool fitsDevice(std::int64_t bytes) const;
    /// Counts what is held while a pass goes on: beside the cache and its scratch (`alone`), what is shared,
    /// what a cancel goes back to, and the copy before, which is being written.
    void count(const KvCache& cache, std::int64_t alone, MemoryPeak& peak) const;
    /// Of what the passes have in common, in ordinary memory and on the device.
    [[nodiscard]] std::int64_t sharedHostBytes() const;
    [[nodiscard]] std::int64_t sharedDeviceBytes() const;
    void report(const Pass& pass) const;
    /// Tells a stage that began at `start`.
    void tell(std::string_view stage, Clock::time_point start, std::int64_t tokens) const;
    /// Tells what a pass has read since the last stage that was told.
    void tellRead(std::string_view stage, Pass& pass) const;

    const BuildContext& context_;
    const Conversation& conversation_;
    const BuiltMemory& memory_;
    std::span<const TokenId> history_;
    bool hasWindows_;
    /// Memory for the copy of the episode that is read is locked meanwhile.
    SpareBlocks spares_;
    std::int64_t expectedBytes_;     // of a finished cache's copy
    std::optional<Shared> shared_;   // as long as more than one pass needs it
    std::int64_t writtenBytes_ = 0;  // of the copy before, its file's content included
    std::int64_t readTokens_ = 0;
};

}  // namespace epi
