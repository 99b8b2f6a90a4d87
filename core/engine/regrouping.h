#pragma once

#include "core/base/result.h"
#include "core/engine/conversation_memory.h"
#include "core/engine/episode_builder.h"

namespace epi {

class EpisodeStore;

/// A piece of the look whether the episodes of a conversation's memory still fit its history, which has grown
/// since they were grouped: every 16 turns the new segments are embedded, few at a time, and where splitting
/// one episode and merging two others lowers the inertia (see regroup), that is done (EpiCache, stage 3b).
/// Nothing is read again: the new episode begins with a copy of the cache of the one it was part of, the
/// merged one keeps the cache of the larger; each cuts by its new prompt from then on. Prompts, names and
/// centroids of all follow the segments there are now. A file beside the memory's index says so, and holds as
/// long as the history begins like this; after an edit before it the episodes are those of the build.
/// Whether there was something to do. Not for memories with episodes that were begun for a question: their
/// number is in the user's hands.
Result<bool> regroupAhead(const BuildContext& context,
                          Conversation& conversation,
                          EpisodeStore& store,
                          MemoryPeak& peak);

}  // namespace epi
