#include "core/policy/probe_eviction.h"

#include <algorithm>
#include <limits>
#include <numeric>
#include <string>
#include <utility>

namespace epi {
namespace {

/// Keeps the newest `window` entries: the next row sees one less, and itself.
void keepNewest(std::int32_t window, LayerArena& arena) {
    if (arena.longestHead() <= window) return;
    CompactionPlan plan;
    for (std::int32_t head = 0; head < arena.shape().kvHeads; ++head) {
        const auto length = static_cast<std::int32_t>(arena.length(head));
        const std::int32_t first = std::max(0, length - window);
        std::vector<std::int32_t>& keep = plan.keep.emplace_back(static_cast<std::size_t>(length - first));
        std::iota(keep.begin(), keep.end(), first);
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

std::vector<PinnedRange> ProbeEviction::pinnedOf(std::span<const std::int32_t> positions,
                                                 std::span<const std::int32_t> origins) const {
    const Pins& pins = rule_.pins;
    std::vector<PinnedRange> pinned;
    // Positions and origins ascend, so what is pinned are a few ranges of entries.
    const auto pin = [&](std::span<const std::int32_t> where, std::int64_t first, std::int64_t end) {
        const auto from = std::ranges::lower_bound(where, first) - where.begin();
        const auto to = std::ranges::lower_bound(where, end) - where.begin();
        if (from < to) pinned.push_back({.first = from, .end = to});
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
    auto selected = selector_.select(entries, {.budget = budget, .level = rule_.level, .headFloor = floor});
    if (!selected) return std::move(selected).error().with("layer " + std::to_string(layer));
    Selection& selection = selector_.selection();
    if (observe_) observe_(layer, selection);
    if (!computed.kept.empty()) arena.setScores(computed.kept);
    CompactionPlan plan{.keep = std::move(selection.keep)};
    arena.apply(plan);
    selection.keep = std::move(plan.keep);  // its memory serves the next layer
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
