#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "core/model/executor.h"
#include "core/policy/probe_eviction.h"

namespace epi {

/// What is read, block by block, and how it is kept within its budget.
struct PrefillTask {
    std::vector<TokenId> ids;  // chat prefix and history
    std::int64_t firstPosition = 0;
    std::int64_t block = 512;
    EvictionRule rule;
    std::vector<TokenId> prompt;  // patched prompt of the episode; empty: a score by it evicts nothing
    bool promptAtLastPosition = false;
    std::vector<TokenId> repeatRequest{};  // stands before a block that is repeated
    std::int64_t readTokens = 0;           // of `ids`, from the front, that the cache holds already
    bool reindexes = false;  // positions are counted anew before a block would pass the trained context
};

/// Reads a history under a memory budget (EpiCache stage 2): each block goes through the model together with
/// the probes of the score (the patched prompt, for one), and every layer is cut to its budget as soon as its
/// own scores are known. A block after which every layer is within its budget is read without them, which
/// changes nothing and costs less, unless entries keep the score of their own block. One thread.
class BlockPrefill {
public:
    BlockPrefill(const Executor& executor, KvCache& cache, PrefillTask task);

    [[nodiscard]] bool isDone() const { return next_ == static_cast<std::int64_t>(task_.ids.size()); }
    [[nodiscard]] std::int64_t readTokens() const { return next_; }
    /// Whether the next block is scored and evicted. Blocks before the first such one are read alike whatever
    /// the prompt is.
    [[nodiscard]] bool evictsNext() const;

    /// Counts positions anew when the next block needs that; `step` does it, too. Whether it was done.
    bool reindex();

    /// Keys and values of the next block in all layers.
    [[nodiscard]] std::int64_t nextBytes() const;

    /// What the next block adds to every layer, on the placement's device, without probes and without a trace
    /// in the cache, also after an error: passes whose caches hold the same have that in common. Requires: it
    /// needs no new count of positions.
    Result<ComputedRows> computeNext(const CancelToken& cancel);

    /// Reads one block, of which `computed` may say what it adds to every layer: then only the probes are
    /// run. After an error or a cancel the cache must be restored or thrown away.
    Result<void> step(const CancelToken& cancel,
                      const ProbeEviction::Observer& observe = {},
                      const ComputedRows* computed = nullptr);
    /// All blocks that are left.
    Result<void> run(const CancelToken& cancel);

    /// Rows that the probes of a score add to a forward of one block.
    static std::int64_t probeRows(const Score& score,
                                  std::int64_t block,
                                  std::int64_t promptTokens,
                                  std::int64_t repeatRequestTokens);
    /// Rows per head that every layer of a cache needs for such a prefill: its budget and one block; layers
    /// with a window need that window and one block.
    static std::vector<std::int64_t> rowsPerHead(const ModelSpec& spec,
                                                 std::span<const std::int32_t> layerBudgets,
                                                 std::int64_t block);

private:
    [[nodiscard]] std::int64_t nextRows() const;
    [[nodiscard]] std::span<const TokenId> nextBlock() const;

    const Executor& executor_;
    KvCache& cache_;
    PrefillTask task_;
    std::int64_t next_ = 0;
};

/// The same history as the trunk of a one-pass reading sees it (see MemoryPreset::trunk): cut by this score,
/// the same number of entries in every head, without prompts. kInvalidArgument for a score that needs one.
Result<PrefillTask> trunkOf(PrefillTask task, std::string_view score);

/// Cuts a cache to its budgets and windows where it stands, by a forward of the probes alone. A repeated
/// block has no rows then, and the recent window is the beginning of what is to be read next.
Result<void> evictInPlace(const Executor& executor,
                          KvCache& cache,
                          const PrefillTask& task,
                          const CancelToken& cancel);

}  // namespace epi
