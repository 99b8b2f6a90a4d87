#pragma once

#include <span>
#include <string>
#include <vector>

#include "core/wire/messages.h"
#include "storage/records.h"

namespace epi {

/// What the engine is told of a conversation, as the window tells it.
SyncConversation syncOf(const ConversationRecord& conversation, std::span<const MessageRecord> messages);

/// The engine's name for a conversation.
std::string engineName(const ConversationRecord& conversation);

/// A memory's episodes as they are stored.
std::vector<EpisodeRecord> episodeRecords(std::int64_t conversationId, const MemoryBuilt& built);

}  // namespace epi
