#include "core/policy/probe_eviction.h"

#include <algorithm>
#include <limits>
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

std::int64_t pinnedByUser(const EvictionRule& rule) {
    std::int64_t entries = 0;
    for (const OriginRange& range : rule.pinned)
        entries += range.end - range.first;
    return entries;
}

}  // namespace

std::int64_t pinnedEntries(const EvictionRule& rule) {
    const std::int64_t first =
        std::max<std::int64_t>(rule.pins.sinks, rule.pins.chatPrefix ? rule.prefixTokens : 0);
    return first + rule.pins.recent + pinnedByUser(rule);
}

Result<void> checkPins(const ModelSpec& spec, const EvictionRule& rule) {
    const std::int64_t pinned = pinnedEntries(rule);
    for (std::size_t layer = 0; layer < spec.layers.size(); ++layer) {
        if (spec.layers[layer].attention.window || rule.layerBudgets[layer] >= pinned) continue;
        return Error{ErrorCode::kInvalidArgument,
                     "the budget of " + std::to_string(rule.layerBudgets[layer]) + " entries of layer " +
                         std::to_string(layer) + " is smaller than the " + std::to_string(pinned) +
                         " that always stay: the template's " +
                         std::to_string(rule.pins.chatPrefix ? rule.prefixTokens : 0) +
                         " tokens, the first " + std::to_string(rule.pins.sinks) + ", the last " +
                         std::to_string(rule.pins.recent) + " and the " + std::to_string(pinnedByUser(rule)) +
                         " of pinned messages; a larger budget or fewer pins will do"};
    }
    return {};
}

ProbeEviction::ProbeEviction(const ModelSpec& spec,
                             const EvictionRule& rule,
                             EvictionPoint point,
                             Observer observe)
    : spec_(spec), rule_(rule), point_(std::move(point)), observe_(std::move(observe)) {}

std::vector<bool> ProbeEviction::pinnedOf(std::span<const std::int32_t> positions,
                                          std::span<const std::int32_t> origins) const {
    const Pins& pins = rule_.pins;
    std::vector<bool> pinned(positions.size(), false);
    // Positions and origins ascend, so what is pinned are a few ranges of entries.
    const auto pin = [&](std::span<const std::int32_t> where, std::int64_t first, std::int64_t end) {
        const auto from = std::ranges::lower_bound(where, first) - where.begin();
        const auto to = std::ranges::lower_bound(where, end) - where.begin();
        if (from < to) std::fill(pinned.begin() + from, pinned.begin() + to, true);
    };
    constexpr std::int64_t kLast = std::numeric_limits<std::int64_t>::max();
    pin(origins, 0, std::max<std::int64_t>(pins.sinks, pins.chatPrefix ? rule_.prefixTokens : 0));
    pin(positions, point_.nextPosition - pins.recent, kLast);
    for (const OriginRange& range : rule_.pinned)
        pin(origins, range.first, range.end);
    return pinned;
}

Result<void> ProbeEviction::afterLayer(std::int32_t layer,
                                       LayerArena& arena,
                                       std::span<const at::Tensor> probeScores) {
    const AttentionSpec& attention = spec_.layers[static_cast<std::size_t>(layer)].attention;
    if (attention.window) {
        keepNewest(*attention.window, arena);
        return {};
    }
    std::vector<at::Tensor> perProbe(rule_.score.probes().size());
    for (std::size_t group = 0; group < probeScores.size(); ++group)
        perProbe[point_.probes[group]] = probeScores[group];
    const Score::Computed computed = rule_.score.compute({.arena = arena,
                                                          .nextPosition = point_.nextPosition,
                                                          .blockTokens = point_.blockTokens,
                                                          .probeScores = perProbe,
                                                          .level = rule_.level});
    ScoredEntries entries;
    entries.scores = computed.scores;
    const bool hasPins = rule_.pins != Pins{} || !rule_.pinned.empty();
    for (std::int32_t head = 0; head < attention.kvHeads; ++head) {
        entries.lengths.push_back(arena.length(head));
        if (!hasPins) continue;
        entries.pins.push_back(pinnedOf(arena.positions(head), arena.origins(head)));
    }
    const std::int64_t budget = rule_.layerBudgets[static_cast<std::size_t>(layer)];
    const auto floor = static_cast<std::int64_t>(rule_.headFloor * static_cast<double>(budget));
    auto selected = selectEntries(entries, budget, rule_.level, floor);
    if (!selected) return std::move(selected).error().with("layer " + std::to_string(layer));
    if (observe_) observe_(layer, *selected);
    if (!computed.kept.empty()) arena.setScores(computed.kept);
    arena.apply({.keep = std::move(selected->keep)});
    return {};
}

Result<void> WindowEviction::afterLayer(std::int32_t layer,
                                        LayerArena& arena,
                                        std::span<const at::Tensor> /*probeScores*/) {
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
