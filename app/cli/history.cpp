#include "app/cli/history.h"

#include <string>

#include "storage/turns.h"

namespace epi {

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
