#include "ui/chat/conversation_turns.h"

namespace epi {

std::vector<Turn> turnsOf(const std::vector<MessageRecord>& messages) {
    std::vector<Turn> turns;
    for (const MessageRecord& message : messages) {
        const bool isReply = message.role == Role::kAssistant && message.speaker.empty();
        if (isReply && message.text.empty()) {
            const bool followsQuestion = !turns.empty() && turns.back().role == Role::kUser;
            if (followsQuestion && message.parentId == turns.back().id) turns.pop_back();
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

std::string engineName(std::int64_t conversationId) {
    return std::to_string(conversationId);
}

SyncConversation syncOf(const ConversationRecord& conversation, const std::vector<MessageRecord>& messages) {
    return {.conversation = engineName(conversation.id),
            .layout = conversation.layout,
            .systemPrompt = conversation.systemPrompt,
            .speakers = conversation.speakers,
            .firstTurn = 0,
            .turns = turnsOf(messages)};
}

}  // namespace epi
