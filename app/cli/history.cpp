#include "app/cli/history.h"

#include <string>

namespace epi {
namespace {

bool isUnusable(const MessageRecord& message) {
    const bool isReply = message.role == Role::kAssistant && message.speaker.empty();
    return message.state == MessageState::kStreaming || message.state == MessageState::kFailed ||
           (isReply && message.text.empty());
}

std::vector<Turn> turnsOf(std::span<const MessageRecord> messages) {
    std::vector<Turn> turns;
    for (const MessageRecord& message : messages) {
        if (isUnusable(message)) {
            // The question goes with its reply, else two questions would follow each other.
            if (!turns.empty() && message.parentId == turns.back().id && turns.back().role == Role::kUser &&
                turns.back().speaker.empty()) {
                turns.pop_back();
            }
            continue;
        }
        turns.push_back({.id = message.id,
                         .role = message.role,
                         .speaker = message.speaker,
                         .text = turnText(message.text, message.caption),
                         .session = message.session});
    }
    return turns;
}

}  // namespace

std::string engineName(const ConversationRecord& conversation) {
    return std::to_string(conversation.id);
}

SyncConversation syncOf(const ConversationRecord& conversation, std::span<const MessageRecord> messages) {
    return {.conversation = engineName(conversation),
            .layout = conversation.layout,
            .systemPrompt = conversation.systemPrompt,
            .speakers = conversation.speakers,
            .firstTurn = 0,
            .turns = turnsOf(messages),
            .uid = conversation.uid};
}

std::vector<EpisodeRecord> episodeRecords(std::int64_t conversationId, const MemoryBuilt& built) {
    std::vector<EpisodeRecord> records;
    for (const EpisodeSummary& episode : built.episodes) {
        records.push_back({.conversationId = conversationId,
                           .index = episode.index,
                           .segments = episode.segments,
                           .turnIds = episode.turnIds,
                           .representatives = episode.representatives,
                           .keptEntries = episode.keptEntries,
                           .cacheKey = episode.cacheKey,
                           .name = episode.name});
    }
    return records;
}

}  // namespace epi
