#include "core/policy/probe_eviction.h"

#include <string>

namespace epi {
namespace {

/// Keeps the newest `window` entries: the next row sees one less, and itself.
void keepNewest(std::int32_t window, LayerArena& arena) {
    if (arena.longestHead() <= window) return;
    CompactionPlan plan;
    for (std::int32_t head = 0; head < arena.shape().kvHeads; ++head) {
        std::vector<std::int64_t>& keep = plan.keep.emplace_back();
        for (std::int64_t entry = std::max<std::int64_t>(0, arena.length(head) - window);
             entry < arena.length(head);
             ++entry) {
            keep.push_back(entry);
        }
    }
    arena.apply(plan);
}

}  // namespace

ProbeEviction::ProbeEviction(const ModelSpec& spec,
                             const EvictionRule& rule,
                             std::int64_t nextPosition,
                             Observer observe)
    : spec_(spec), rule_(rule), nextPosition_(nextPosition), observe_(std::move(observe)) {}

bool ProbeEviction::isPinned(std::int32_t position, std::int32_t origin) const {
    const Pins& pins = rule_.pins;
    return (pins.chatPrefix && origin < rule_.prefixTokens) || origin < pins.sinks ||
           position >= nextPosition_ - pins.recent;
}

Result<void> ProbeEviction::afterLayer(std::int32_t layer, LayerArena& arena, const at::Tensor& probeScores) {
    const AttentionSpec& attention = spec_.layers[static_cast<std::size_t>(layer)].attention;
    if (attention.window) {
        keepNewest(*attention.window, arena);
        return {};
    }
    const at::Tensor scores = probeScores.to(at::kCPU, at::kFloat).contiguous();
    ScoredEntries entries;
    entries.scores = {scores.const_data_ptr<float>(), static_cast<std::size_t>(scores.numel())};
    const bool hasPins = rule_.pins != Pins{};
    for (std::int32_t head = 0; head < attention.kvHeads; ++head) {
        entries.lengths.push_back(arena.length(head));
        if (!hasPins) continue;
        std::vector<bool>& pinned = entries.pins.emplace_back();
        const auto positions = arena.positions(head);
        const auto origins = arena.origins(head);
        for (std::size_t entry = 0; entry < positions.size(); ++entry)
            pinned.push_back(isPinned(positions[entry], origins[entry]));
    }
    const std::int64_t budget = rule_.layerBudgets[static_cast<std::size_t>(layer)];
    auto selected = selectEntries(entries, budget, rule_.level);
    if (!selected) return std::move(selected).error().with("layer " + std::to_string(layer));
    if (observe_) observe_(layer, *selected);
    arena.apply({.keep = std::move(selected->keep)});
    return {};
}

Result<void> WindowEviction::afterLayer(std::int32_t layer,
                                        LayerArena& arena,
                                        const at::Tensor& /*probeScores*/) {
    const auto& window = spec_.layers[static_cast<std::size_t>(layer)].attention.window;
    if (window) keepNewest(*window, arena);
    return {};
}

bool exceedsBudget(const KvCache& cache, const ModelSpec& spec, const EvictionRule& rule, std::int64_t rows) {
    for (std::int32_t index = 0; index < cache.layerCount(); ++index) {
        const AttentionSpec& attention = spec.layers[static_cast<std::size_t>(index)].attention;
        if (attention.window) continue;
        const LayerArena& arena = cache.layer(index);
        const std::int64_t budget = rule.layerBudgets[static_cast<std::size_t>(index)];
        const bool isOver = rule.level == BudgetLevel::kPair
                                ? arena.totalLength() + rows * attention.kvHeads > budget * attention.kvHeads
                                : arena.longestHead() + rows > budget;
        if (isOver) return true;
    }
    return false;
}

}  // namespace epi
