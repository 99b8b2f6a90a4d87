#include "core/chat/conversation.h"

namespace epi {

std::string_view name(HistoryLayout layout) {
    return layout == HistoryLayout::kChat ? "chat" : "narrated";
}

Result<HistoryLayout> historyLayoutFromName(std::string_view text) {
    for (const HistoryLayout layout : {HistoryLayout::kChat, HistoryLayout::kNarrated}) {
        if (name(layout) == text) return layout;
    }
    return Error{ErrorCode::kInvalidArgument, "unknown history layout '" + std::string(text) + "'"};
}

}  // namespace epi
