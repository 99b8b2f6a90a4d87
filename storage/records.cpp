#include "storage/records.h"

#include <array>

namespace epi {

std::string_view name(MessageState state) {
    switch (state) {
        case MessageState::kComplete:
            return "complete";
        case MessageState::kStreaming:
            return "streaming";
        case MessageState::kStopped:
            return "stopped";
        case MessageState::kCutOff:
            return "cut_off";
        case MessageState::kFailed:
            return "failed";
    }
    return "";
}

Result<MessageState> messageStateFromName(std::string_view text) {
    for (const MessageState state : {MessageState::kComplete,
                                     MessageState::kStreaming,
                                     MessageState::kStopped,
                                     MessageState::kCutOff,
                                     MessageState::kFailed}) {
        if (name(state) == text) return state;
    }
    return Error{ErrorCode::kCorruptData, "unknown message state '" + std::string(text) + "'"};
}

}  // namespace epi
