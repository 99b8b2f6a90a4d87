#include "core/engine/memory_description.h"

#include <algorithm>

#include "core/engine/episode_files.h"
#include "core/kv/kv_cache.h"
#include "core/model/model_spec.h"

namespace epi {

MemoryBuilt describeMemory(const Conversation& conversation,
                           const MemoryPeak& peak,
                           std::int32_t trainedContext) {
    const BuiltMemory& memory = *conversation.memory;
    const bool isReindexed = std::ranges::any_of(memory.episodes, &EpisodeMemory::isReindexed);
    std::int64_t pinnedTokens = 0;
    for (const OriginRange& range : pinnedRanges(memory.resolved.options, conversation.history))
        pinnedTokens += range.end - range.first;
    MemoryBuilt built{.conversation = conversation.name,
                      .memory = memory.resolved.options,
                      .historyTokens = memory.builtTokens,
                      .episodes = {},
                      .layerBudgets = memory.layerBudgets,
                      .peakEntriesPerHead = peak.entriesPerHead,
                      .peakEntriesBound = peak.entriesBound,
                      .peakBytes = peak.bytes + peak.hostBytes,
                      .readTokens = memory.readTokens,
                      .pinnedTokens = pinnedTokens,
                      .pastTrainedContext = memory.builtTokens > trainedContext,
                      .seconds = memory.seconds,
                      .notices = {},
                      .positions = isReindexed ? "reindexed" : "kept",
                      .lastTurn = 0};
    if (memory.builtTurns > 0)
        built.lastTurn = conversation.text.turns[static_cast<std::size_t>(memory.builtTurns - 1)].id;
    for (std::size_t index = 0; index < memory.episodes.size(); ++index) {
        const EpisodeMemory& episode = memory.episodes[index];
        const std::int32_t cache = memory.cacheOf(static_cast<std::int32_t>(index));
        built.episodes.push_back({.index = static_cast<std::int32_t>(index),
                                  .segments = static_cast<std::int64_t>(episode.episode.segments.size()),
                                  .turnIds = episode.turnIds,
                                  .representatives = episode.representatives,
                                  .keptEntries = memory.episodes[static_cast<std::size_t>(cache)].keptEntries,
                                  .cacheKey = episodeKey(memory.key, cache),
                                  .name = episode.name});
    }
    return built;
}

Grouping groupingOf(const Conversation& conversation) {
    if (!conversation.memory || conversation.memory->resolved.isDense) return {};
    Grouping grouping{.memory = conversation.memory->key};
    for (const EpisodeMemory& episode : conversation.memory->episodes)
        grouping.turnIds.push_back(episode.turnIds);
    return grouping;
}

Trace traceOf(const Conversation& conversation,
              const ModelSpec& spec,
              const KvCache& cache,
              std::int32_t episode) {
    Trace trace{.conversation = conversation.name,
                .episode = episode,
                .historyTokens = static_cast<std::int64_t>(conversation.history.ids.size()),
                .layerBudgets = conversation.memory->layerBudgets,
                .keptPerHead = {},
                .retainedShare = {},
                .turns = {},
                .tiers = {},
                .expected = {},
                .residency = {}};
    std::vector<std::int64_t> keepers(conversation.history.ids.size(), 0);
    std::int64_t sets = 0;
    for (std::int32_t layer = 0; layer < cache.layerCount(); ++layer) {
        std::vector<std::int32_t>& kept = trace.keptPerHead.emplace_back();
        const LayerArena& arena = cache.layer(layer);
        for (std::int32_t head = 0; head < arena.shape().kvHeads; ++head) {
            const auto positions = arena.origins(head);
            kept.push_back(static_cast<std::int32_t>(positions.size()));
            if (spec.layers[static_cast<std::size_t>(layer)].attention.window) continue;
            ++sets;
            for (const std::int32_t position : positions) {
                if (static_cast<std::size_t>(position) < keepers.size())
                    ++keepers[static_cast<std::size_t>(position)];
            }
        }
    }
    for (const std::int64_t count : keepers) {
        trace.retainedShare.push_back(static_cast<std::uint8_t>(sets == 0 ? 0 : count * 255 / sets));
    }
    for (const TurnSpan& turn : conversation.history.turns) {
        trace.turns.push_back(
            {.turnId = turn.turnId, .firstToken = turn.firstTextToken, .byteEnds = turn.byteEnds});
    }
    return trace;
}

}  // namespace epi
