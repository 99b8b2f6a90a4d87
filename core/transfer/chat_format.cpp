#include "core/transfer/chat_format.h"

#include <array>

namespace epi {

#define X(stem) extern const ChatFormat kChatFormat_##stem;
#include "formats.inc"
#undef X

namespace {

constexpr std::array kFormats{
#define X(stem) &kChatFormat_##stem,
#include "formats.inc"
#undef X
};

}  // namespace

std::span<const ChatFormat* const> allChatFormats() {
    return kFormats;
}

std::string_view name(LeftOut reason) {
    switch (reason) {
        case LeftOut::kSystemTurn:
            return "system_turn";
        case LeftOut::kToolTurn:
            return "tool_turn";
        case LeftOut::kReasoning:
            return "reasoning";
        case LeftOut::kAttachment:
            return "attachment";
        case LeftOut::kHiddenTurn:
            return "hidden_turn";
        case LeftOut::kFailedTurn:
            return "failed_turn";
        case LeftOut::kEmptyTurn:
            return "empty_turn";
        case LeftOut::kUnknownPart:
            return "unknown_part";
        case LeftOut::kUnlinkedTurn:
            return "unlinked_turn";
    }
    return "";
}

}  // namespace epi
