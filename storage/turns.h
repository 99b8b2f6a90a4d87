#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/chat/conversation.h"
#include "storage/records.h"

namespace epi {

/// What the next message of a conversation does to the turns that the engine is told. A reply without text,
/// or one that is still being written, is left out, and its question with it: else two would follow each
/// other.
enum class TurnStep { kTold, kLeftOut, kTakesQuestionBack };

/// The last turn that is told so far.
struct LastTurn {
    std::int64_t id = 0;      // 0: there is none
    bool isQuestion = false;  // of the user, not of a speaker
};

bool isReply(const MessageRecord& message);
bool isQuestion(const Turn& turn);
TurnStep turnStep(const MessageRecord& message, const LastTurn& last);
Turn turnOf(const MessageRecord& message);

/// All turns that the engine is told of these messages.
std::vector<Turn> turnsOf(std::span<const MessageRecord> messages);

}  // namespace epi
