#include "core/episode/patched_prompt.h"

#include <string>
#include <utility>

namespace epi {
namespace {

/// A request that the user makes, up to and with the opening of the assistant's turn.
std::vector<PromptPart> requestParts(HistoryLayout layout,
                                     const ChatTemplate& chatTemplate,
                                     const std::string& request) {
    using Kind = PromptPart::Kind;
    std::vector<PromptPart> parts;
    if (layout == HistoryLayout::kNarrated) {
        parts.push_back({Kind::kContent, "\n\n" + request});
    } else {
        parts.push_back({Kind::kTemplate, chatTemplate.openTurn(Role::kUser)});
        parts.push_back({Kind::kContent, request});
    }
    parts.push_back(
        {Kind::kTemplate, chatTemplate.closeTurn(Role::kUser) + chatTemplate.openTurn(Role::kAssistant)});
    return parts;
}

}  // namespace

std::vector<PromptPart> patchedPrompt(HistoryLayout layout,
                                      const ChatTemplate& chatTemplate,
                                      std::span<const std::string> representativeTexts,
                                      const Wording& wording) {
    std::vector<PromptPart> parts = requestParts(layout, chatTemplate, wording.memoryRequest);
    std::string segments;
    for (const std::string& text : representativeTexts)
        segments += text + "\n";
    parts.push_back({PromptPart::Kind::kContent, std::move(segments)});
    return parts;
}

std::vector<PromptPart> repeatPrompt(HistoryLayout layout,
                                     const ChatTemplate& chatTemplate,
                                     const Wording& wording) {
    return requestParts(layout, chatTemplate, wording.repeatRequest);
}

}  // namespace epi
