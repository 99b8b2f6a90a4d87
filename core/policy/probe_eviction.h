#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "core/model/executor.h"
#include "core/policy/preset.h"
#include "core/policy/selection.h"

namespace epi {

/// How much every layer keeps, and what it must keep.
struct EvictionRule {
    std::vector<std::int32_t> layerBudgets;  // M_l per layer, mean entries per KV head
    BudgetLevel level = BudgetLevel::kPair;
    Pins pins;
    std::int64_t prefixTokens = 0;  // positions below it are the chat prefix
};

/// Evicts one layer after the other while a forward with a probe group runs: each layer is cut to its budget
/// as soon as its scores are there, so that at no time more than one layer is over budget (EpiCache section
/// 3, fused). Layers with a window keep what the next row can still see and have no budget. Lives for one
/// forward.
class ProbeEviction final : public LayerHook {
public:
    /// `nextPosition` is the position after the newest entry. `observe`, when set, sees each layer's
    /// selection.
    using Observer = std::function<void(std::int32_t layer, const Selection& selection)>;

    ProbeEviction(const ModelSpec& spec,
                  const EvictionRule& rule,
                  std::int64_t nextPosition,
                  Observer observe = {});

    Result<void> afterLayer(std::int32_t layer, LayerArena& arena, const at::Tensor& probeScores) override;

private:
    /// Recent is what lies close by position; prefix and sinks are where the history began.
    [[nodiscard]] bool isPinned(std::int32_t position, std::int32_t origin) const;

    const ModelSpec& spec_;
    const EvictionRule& rule_;
    std::int64_t nextPosition_;
    Observer observe_;
};

/// Cuts the layers with a window alone: what a block needs after which every other layer is within its
/// budget.
class WindowEviction final : public LayerHook {
public:
    explicit WindowEviction(const ModelSpec& spec) : spec_(spec) {}
    Result<void> afterLayer(std::int32_t layer, LayerArena& arena, const at::Tensor& probeScores) override;

private:
    const ModelSpec& spec_;
};

/// Whether `rows` more per head would leave a layer without window above its budget, so that it must be
/// scored.
bool exceedsBudget(const KvCache& cache, const ModelSpec& spec, const EvictionRule& rule, std::int64_t rows);

}  // namespace epi
