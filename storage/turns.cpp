#include "storage/turns.h"

namespace epi {

bool isReply(const MessageRecord& message) {
    return message.role == Role::kAssistant && message.speaker.empty();
}

bool isQuestion(const Turn& turn) {
    return turn.role == Role::kUser && turn.speaker.empty();
}

TurnStep turnStep(const MessageRecord& message, const LastTurn& last) {
    const bool isTold = !message.text.empty() && message.state != MessageState::kStreaming;
    if (!isReply(message) || isTold) return TurnStep::kTold;
    const bool answersLast = last.isQuestion && message.parentId == last.id;
    return answersLast ? TurnStep::kTakesQuestionBack : TurnStep::kLeftOut;
}

Turn turnOf(const MessageRecord& message) {
    return {.id = message.id,
            .role = message.role,
            .speaker = message.speaker,
            .text = turnText(message.text, message.caption),
            .session = message.session};
}

std::vector<Turn> turnsOf(std::span<const MessageRecord> messages) {
    std::vector<Turn> turns;
    for (const MessageRecord& message : messages) {
        LastTurn last;
        if (!turns.empty()) last = {.id = turns.back().id, .isQuestion = isQuestion(turns.back())};
        switch (turnStep(message, last)) {
            case TurnStep::kTold:
                turns.push_back(turnOf(message));
                break;
            case TurnStep::kTakesQuestionBack:
                turns.pop_back();
                break;
            case TurnStep::kLeftOut:
                break;
        }
    }
    return turns;
}

}  // namespace epi
