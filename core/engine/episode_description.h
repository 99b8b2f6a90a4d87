#pragma once

#include <span>

#include "core/engine/conversation_memory.h"
#include "core/episode/episode_map.h"
#include "core/episode/segmenter.h"

namespace epi {

struct BuildContext;

/// What a memory says of an episode besides its cache: the turns of its segments, the texts that represent it
/// and, unless the episodes of the memory share a cache, the patched prompt made of them (EpiCache, section
/// 3.2). It has no name yet.
EpisodeMemory describeEpisode(const BuildContext& context,
                              const Conversation& conversation,
                              const BuiltMemory& memory,
                              Episode episode,
                              std::span<const Segment> segments);

/// Names the episodes by the words of their turns that tell them apart.
void nameEpisodes(const Conversation& conversation, BuiltMemory& memory);

}  // namespace epi
