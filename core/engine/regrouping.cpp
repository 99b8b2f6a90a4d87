#include "core/engine/regrouping.h"

#include <algorithm>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/base/log.h"
#include "core/engine/episode_description.h"
#include "core/engine/episode_files.h"
#include "core/engine/episode_store.h"
#include "core/engine/memory_files.h"
#include "core/episode/regroup.h"
#include "core/episode/segmenter.h"
#include "core/model/text_embedder.h"

namespace epi {
namespace {

constexpr std::int64_t kTurnsBetween = 16;
constexpr std::size_t kSegmentsAtATime = 16;  // a question that comes meanwhile waits for these

std::int64_t turnCount(const Conversation& conversation) {
    return static_cast<std::int64_t>(conversation.text.turns.size());
}

/// Whether enough was said since the last look, and all caches can be told apart.
bool isDue(const BuildContext& context, const Conversation& conversation) {
    if (!conversation.memory || conversation.isPartial || context.embedder == nullptr) return false;
    const BuiltMemory& memory = *conversation.memory;
    const std::int64_t last = std::max(memory.groupedTurns(), conversation.segments.lookedAtTurns);
    if (memory.resolved.isDense || memory.episodes.size() < 3 ||
        turnCount(conversation) - last < kTurnsBetween) {
        return false;
    }
    return std::ranges::none_of(memory.episodes, [&](const EpisodeMemory& episode) {
        const bool isLost = episode.wholeIdentity == 0 || episode.boundaries.empty();
        return episode.isAdded || (isLost && !memory.sharesCache);
    });
}

/// Embeds some of the segments that were not embedded yet; false when there are none left.
Result<bool> embedSome(const BuildContext& context,
                       Conversation& conversation,
                       std::span<const Segment> segments) {
    EmbeddedSegments& known = conversation.segments;
    const auto same = static_cast<std::size_t>(
        std::ranges::mismatch(known.texts, segments, {}, {}, &Segment::text).in1 - known.texts.begin());
    known.texts.resize(same);
    known.embeddings.rows = static_cast<std::int64_t>(same);
    known.embeddings.values.resize(same * static_cast<std::size_t>(known.embeddings.columns));
    if (same == segments.size()) return false;
    std::vector<std::string> texts;
    for (const Segment& segment : segments.subspan(same, std::min(kSegmentsAtATime, segments.size() - same)))
        texts.push_back(segment.text);
    EPI_TRY_ASSIGN(const EmbeddingMatrix embedded, context.embedder->embed(texts, {}, context.cancel));
    known.embeddings.columns = embedded.columns;
    known.embeddings.rows += embedded.rows;
    known.embeddings.values.insert(
        known.embeddings.values.end(), embedded.values.begin(), embedded.values.end());
    known.texts.insert(known.texts.end(), texts.begin(), texts.end());
    return true;
}

/// Where the episodes are now.
EmbeddingMatrix centroidsOf(const BuiltMemory& memory, std::int64_t turns) {
    EmbeddingMatrix centroids;
    for (const EpisodeMemory& episode : memory.episodes) {
        const std::vector<float> mean =
            memory.sharesCache ? episode.episode.centroid : centroidAfter(episode, turns).mean;
        centroids.columns = static_cast<std::int64_t>(mean.size());
        centroids.values.insert(centroids.values.end(), mean.begin(), mean.end());
        ++centroids.rows;
    }
    return centroids;
}

/// The episodes of a memory after a step, whose caches are as before.
std::vector<EpisodeMemory> regrouped(const BuildContext& context,
                                     const Conversation& conversation,
                                     const Clustering& clustering,
                                     std::span<const Segment> segments) {
    const BuiltMemory& memory = *conversation.memory;
    std::vector<EpisodeMemory> episodes = memory.episodes;
    std::vector<Episode> grouped =
        episodesOf(conversation.segments.embeddings, clustering, memory.resolved.options.representatives);
    for (std::size_t index = 0; index < episodes.size(); ++index) {
        EpisodeMemory described =
            describeEpisode(context, conversation, memory, std::move(grouped[index]), segments);
        EpisodeMemory& episode = episodes[index];
        episode.episode = std::move(described.episode);
        episode.representatives = std::move(described.representatives);
        episode.turnIds = std::move(described.turnIds);
        episode.prompt = std::move(described.prompt);
        episode.groupedTurns = turnCount(conversation);
        episode.wholeCentroid = {.mean = episode.episode.centroid,
                                 .count = static_cast<std::int64_t>(episode.episode.segments.size())};
    }
    return episodes;
}

/// Gives the episode `to` the cache of `from`.
Result<void> copyCache(const BuildContext& context,
                       Conversation& conversation,
                       const KvSnapshot& snapshot,
                       std::int32_t to) {
    BuiltMemory& memory = *conversation.memory;
    const std::string key = episodeKey(memory.key, to);
    const auto saved = saveBuilt(episodeFiles(context.cacheFolder, key),
                                 snapshot,
                                 memory.resolved.options.codec,
                                 memory.episodes[static_cast<std::size_t>(to)]);
    if (context.built) context.built(key, snapshot, saved.has_value());
    return saved;
}

Result<void> apply(const BuildContext& context,
                   Conversation& conversation,
                   EpisodeStore& store,
                   MemoryPeak& peak,
                   const Regrouping& step,
                   std::span<const Segment> segments) {
    BuiltMemory& memory = *conversation.memory;
    std::optional<KvSnapshot> snapshot;
    if (!memory.sharesCache) {
        EPI_TRY_ASSIGN(const EpisodeStore::Opened opened,
                       store.open(context, conversation, step.split, peak));
        EPI_TRY(store.save(conversation, step.split));
        snapshot = opened.cache->snapshot();
    }
    memory.episodes = regrouped(context, conversation, step.clustering, segments);
    nameEpisodes(conversation, memory);
    if (snapshot) {
        EpisodeMemory& begun = memory.episodes[static_cast<std::size_t>(step.merged)];
        TurnBoundary boundary = memory.episodes[static_cast<std::size_t>(step.split)].boundaries.back();
        boundary.rows = 0;
        boundary.embedding.clear();
        begun.boundaries = {std::move(boundary)};
        begun.copiedAt = begun.groupedTurns;
        begun.wholeIdentity = 0;
        begun.isGrown = begun.isReindexed = begun.isWholeUnsaved = begun.areRowsUnsaved = false;
        store.discard(memory, step.merged);
    }
    // First what the caches are: one that was not replaced by then is told apart and read again.
    EPI_TRY(saveGroups(context.cacheFolder, memory, conversation.text.turns));
    if (!snapshot) return {};
    return copyCache(context, conversation, *snapshot, step.merged);
}

}  // namespace

Result<bool> regroupAhead(const BuildContext& context,
                          Conversation& conversation,
                          EpisodeStore& store,
                          MemoryPeak& peak) {
    if (!isDue(context, conversation)) return false;
    const BuiltMemory& memory = *conversation.memory;
    const std::vector<Segment> segments = segmentHistory(conversation.text.layout,
                                                         conversation.text.turns,
                                                         memory.resolved.options.segmentUtterances,
                                                         context.wording);
    EPI_TRY_ASSIGN(const bool hasEmbedded, embedSome(context, conversation, segments));
    if (hasEmbedded) return true;
    conversation.segments.lookedAtTurns = turnCount(conversation);
    const EmbeddingMatrix& embeddings = conversation.segments.embeddings;
    const EmbeddingMatrix centroids = centroidsOf(memory, turnCount(conversation));
    if (embeddings.rows == 0 || centroids.columns != embeddings.columns) return false;
    EPI_TRY_ASSIGN(const auto step,
                   regroup(embeddings, assignToNearest(embeddings, centroids), context.cancel));
    if (!step) return false;
    for (std::int32_t episode = 0; episode < static_cast<std::int32_t>(memory.episodes.size()); ++episode) {
        // An episode of nothing has no prompt and no name.
        if (std::ranges::find(step->clustering.labels, episode) == step->clustering.labels.end())
            return false;
    }
    EPI_TRY(apply(context, conversation, store, peak, *step, segments));
    logInformation("episode " + std::to_string(step->split) + " was split, episode " +
                   std::to_string(step->merged) + " is a part of it now and what it was belongs to episode " +
                   std::to_string(step->into));
    return true;
}

}  // namespace epi
