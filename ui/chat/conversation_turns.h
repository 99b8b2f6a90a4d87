#pragma once

#include <vector>

#include "core/wire/messages.h"
#include "storage/records.h"

namespace epi {

/// What the engine is told of a conversation: every message but those of exchanges without an answer, which
/// would leave two questions in a row. A caption becomes part of its turn's text.
std::vector<Turn> turnsOf(const std::vector<MessageRecord>& messages);

/// The engine's name for a conversation.
std::string engineName(std::int64_t conversationId);

SyncConversation syncOf(const ConversationRecord& conversation, const std::vector<MessageRecord>& messages);

}  // namespace epi
