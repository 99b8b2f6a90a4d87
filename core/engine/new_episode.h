#pragma once

#include <span>
#include <string>

#include "core/engine/episode_builder.h"

namespace epi {

/// Adds an episode to a built memory for a question that resembles none of its episodes (EpiCache, stage 3b):
/// its centroid is the question's embedding, its cache holds the chat prefix alone, at the start of the
/// history, and goes on at the history's end; the question and its answer become its first turn. It is in a
/// file at once. Returns its index.
Result<std::int32_t> addEpisode(const BuildContext& context,
                                Conversation& conversation,
                                const std::string& question,
                                MemoryPeak& peak);

/// Reads such an episode of a memory, as when it was added. Its state is that of a built one afterwards.
Result<KvSnapshot> readAddedEpisode(const BuildContext& context,
                                    const Conversation& conversation,
                                    std::int32_t index,
                                    EpisodeMemory& episode,
                                    MemoryPeak& peak);

/// Finds the episodes on disk that were added to a memory, whose own are all there, as far as they were added
/// within this history.
void findAddedEpisodes(const BuildContext& context, const ConversationText& text, BuiltMemory& memory);

}  // namespace epi
