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

std::string turnText(std::string_view text, std::string_view caption) {
    std::string joined(text);
    if (caption.empty()) return joined;
    if (!joined.empty()) joined += ' ';
    joined += "(shares an image: ";
    joined += caption;
    joined += ')';
    return joined;
}

}  // namespace epi
