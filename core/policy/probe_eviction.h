#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "core/model/executor.h"
#include "core/policy/preset.h"
#include "core/policy/score.h"
#include "core/policy/selection.h"

namespace epi {

/// Positions [first, end) at which a history was read.
struct OriginRange {
    std::int64_t first = 0;
    std::int64_t end = 0;
};

/// How much every layer keeps, what it must keep, and what decides about the rest.
struct EvictionRule {
    std::vector<std::int32_t> layerBudgets;  // M_l per layer, mean entries per KV head
    BudgetLevel level = BudgetLevel::kPair;
    Pins pins;
    std::int64_t prefixTokens = 0;  // positions below it are the chat prefix
    Score score{};
    double headFloor = 0.0;             // share of M_l that every head keeps at least, with kPair
    std::vector<OriginRange> pinned{};  // by the user: ascending, apart from each other
};

/// Entries per head that are pinned at most.
std::int64_t pinnedEntries(const EvictionRule& rule);

/// kInvalidArgument when a layer without window has a smaller budget than is pinned, before anything is read.
Result<void> checkPins(const ModelSpec& spec, const EvictionRule& rule);

/// What a forward leaves behind it.
struct EvictionPoint {
    std::int64_t nextPosition = 0;  // after the newest entry
    std::int64_t blockTokens = 0;   // that were read since the last eviction
    /// Which of the score's probes ran, in the order of the forward's groups; the others had no rows.
    std::vector<std::size_t> probes{0};
};

/// Evicts one layer after the other while a forward with probe groups runs: each layer is cut to its budget
/// as soon as its scores are there, so that at no time more than one layer is over budget (EpiCache section
/// 3, fused). Layers with a window keep what the next row can still see and have no budget. Lives for one
/// forward.
class ProbeEviction final : public LayerHook {
public:
    /// Sees each layer's selection.
    using Observer = std::function<void(std::int32_t layer, const Selection& selection)>;

    ProbeEviction(const ModelSpec& spec,
                  const EvictionRule& rule,
                  EvictionPoint point,
                  Observer observe = {});

    Result<void> afterLayer(std::int32_t layer,
                            LayerArena& arena,
                            std::span<const at::Tensor> probeScores) override;

private:
    /// Which entries of a head are pinned. Recent is what lies close by position; all else is where the
    /// history was read.
    [[nodiscard]] std::vector<PinnedRange> pinnedOf(std::span<const std::int32_t> positions,
                                                    std::span<const std::int32_t> origins) const;

    const ModelSpec& spec_;
    const EvictionRule& rule_;
    EvictionPoint point_;
    Observer observe_;
    EntrySelector selector_;
};

/// Cuts the layers with a window alone: what a block needs after which every other layer is within its
/// budget.
class WindowEviction final : public LayerHook {
public:
    explicit WindowEviction(const ModelSpec& spec) : spec_(spec) {}
    Result<void> afterLayer(std::int32_t layer,
                            LayerArena& arena,
                            std::span<const at::Tensor> probeScores) override;

private:
    const ModelSpec& spec_;
};

/// Whether `rows` more per head would leave a layer without window above its budget, so that it must be
/// scored.
bool exceedsBudget(const KvCache& cache, const ModelSpec& spec, const EvictionRule& rule, std::int64_t rows);

}  // namespace epi
