#include "core/episode/patched_prompt.h"

#include <string_view>
#include <utility>

namespace epi {
namespace {

constexpr std::string_view kRequest =
    "Recall the part of the conversation above that deals with one topic, and quote what is worth "
    "remembering: "
    "who said it, what happened and when, facts about people and places, plans, promises, decisions, wishes "
    "and feelings, and how those who are mentioned are related.";

}  // namespace

std::vector<PromptPart> patchedPrompt(HistoryLayout layout,
                                      const ChatTemplate& chatTemplate,
                                      std::span<const std::string> representativeTexts) {
    using Kind = PromptPart::Kind;
    std::vector<PromptPart> parts;
    if (layout == HistoryLayout::kNarrated) {
        parts.push_back({Kind::kContent, "\n\n" + std::string(kRequest)});
    } else {
        parts.push_back({Kind::kTemplate, chatTemplate.openTurn(Role::kUser)});
        parts.push_back({Kind::kContent, std::string(kRequest)});
    }
    parts.push_back(
        {Kind::kTemplate, chatTemplate.closeTurn(Role::kUser) + chatTemplate.openTurn(Role::kAssistant)});
    std::string segments;
    for (const std::string& text : representativeTexts)
        segments += text + "\n";
    parts.push_back({Kind::kContent, std::move(segments)});
    return parts;
}

}  // namespace epi
