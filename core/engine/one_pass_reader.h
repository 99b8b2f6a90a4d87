#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "core/engine/block_prefill.h"
#include "core/engine/episode_builder.h"
#include "core/tensor/spare_blocks.h"

namespace epi {

/// Reads a history into the caches of several episodes in one pass: a variant of EpiCache, for presets with a
/// trunk. A trunk cache, cut by a score that needs no prompt, is read block by block. What a block adds to it
/// is what it adds to the cache of every episode, behind which that episode's prompt alone is run and scores
/// what stays. So a history is computed once instead of once per episode, and entries were computed behind
/// what the trunk held instead of what their episode did. What a cancel cuts off goes on from the last
/// finished block, also after a restart. One thread.
class OnePassReader {
public:
    OnePassReader(const BuildContext& context, const Conversation& conversation, const BuiltMemory& memory);

    /// Takes the cache of an episode.
    using Finished = std::function<Result<void>(std::int32_t episode, KvSnapshot snapshot)>;

    /// Reads the history of the memory into each of these episodes, all of which have a cache on the device
    /// meanwhile, and so has the trunk. kCancelled keeps what was read, kOutOfMemory tells how many caches
    /// there were to be.
    Result<void> read(std::span<const std::int32_t> episodes, MemoryPeak& peak, const Finished& finished);

    /// Run through the model since construction.
    [[nodiscard]] std::int64_t readTokens() const { return readTokens_; }

private:
    struct Walk;

    [[nodiscard]] Result<std::vector<KvCache>> makeCaches(std::size_t count, MemoryPeak& peak) const;
    /// Fills the caches with what a cancelled build left of all of them; its tokens, 0 without.
    Result<std::int64_t> begin(Walk& walk) const;
    Result<void> step(Walk& walk);
    /// The rows of the next block, then each episode's prompt behind them, and the trunk's cut.
    Result<void> readBlock(Walk& walk, std::vector<KvSnapshot>& before);
    void keepParts(const Walk& walk) const;
    /// Locks memory for the copies of the episodes while the history is read.
    void lockAhead(Walk& walk);
    /// A copy in ordinary memory, page-locked beside a GPU.
    [[nodiscard]] KvSnapshot takeCopy(const KvCache& cache, Walk& walk);
    [[nodiscard]] PrefillTask taskOf(std::int64_t tokens) const;
    [[nodiscard]] bool isOnCpu() const;

    const BuildContext& context_;
    const Conversation& conversation_;
    const BuiltMemory& memory_;
    std::span<const TokenId> history_;
    SpareBlocks spares_;
    std::int64_t copyBytes_;  // of an episode, as far as it is known before
    std::int64_t readTokens_ = 0;
};

}  // namespace epi
