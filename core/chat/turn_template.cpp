#include "core/chat/turn_template.h"

#include <cstddef>
#include <utility>

namespace epi {
namespace {

/// Neighbouring template texts are one part.
void appendTemplate(std::string_view text, std::vector<PromptPart>& parts) {
    if (text.empty()) return;
    if (parts.empty() || parts.back().kind != PromptPart::Kind::kTemplate) {
        parts.push_back({PromptPart::Kind::kTemplate, {}});
    }
    parts.back().text += text;
}

void appendContent(std::string text, std::vector<PromptPart>& parts) {
    parts.push_back({PromptPart::Kind::kContent, std::move(text)});
}

}  // namespace

std::vector<PromptPart> TurnTemplate::render(std::span<const ChatMessage> messages,
                                             bool addGenerationPrompt) const {
    std::vector<PromptPart> parts;
    appendTemplate(style_.beginOfSequence, parts);
    const bool hasSystem = !messages.empty() && messages.front().role == Role::kSystem;
    const bool prependsSystem = hasSystem && !style_.hasSystemRole;
    if (!hasSystem) appendDefaultSystem(parts);
    if (hasSystem && style_.hasSystemRole) appendSystem(messages.front().text, parts);

    const std::span<const ChatMessage> turns = messages.subspan(hasSystem ? 1 : 0);
    for (std::size_t i = 0; i < turns.size(); ++i) {
        appendTemplate(openTurn(turns[i].role), parts);
        if (i == 0 && prependsSystem) {
            appendContent(messages.front().text, parts);
            appendTemplate("\n\n", parts);
        }
        appendContent(content(turns[i].text), parts);
        appendTemplate(closeTurn(turns[i].role), parts);
    }
    if (addGenerationPrompt) appendTemplate(openTurn(Role::kAssistant), parts);
    return parts;
}

std::vector<PromptPart> TurnTemplate::opening(std::string_view system) const {
    std::vector<PromptPart> parts;
    appendTemplate(style_.beginOfSequence, parts);
    if (system.empty()) {
        appendDefaultSystem(parts);
    } else {
        appendSystem(system, parts);
    }
    return parts;
}

std::string TurnTemplate::openTurn(Role role) const {
    return style_.beforeRole + style_.roleNames[static_cast<std::size_t>(role)] + style_.afterRole;
}

std::string TurnTemplate::closeTurn(Role /*role*/) const {
    return style_.afterText;
}

void TurnTemplate::appendDefaultSystem(std::vector<PromptPart>& parts) const {
    if (!style_.defaultSystem) return;
    appendTemplate(openTurn(Role::kSystem) + style_.systemPrefix + *style_.defaultSystem, parts);
    appendTemplate(closeTurn(Role::kSystem), parts);
}

void TurnTemplate::appendSystem(std::string_view text, std::vector<PromptPart>& parts) const {
    appendTemplate(openTurn(Role::kSystem) + style_.systemPrefix, parts);
    appendContent(content(text), parts);
    appendTemplate(closeTurn(Role::kSystem), parts);
}

std::string TurnTemplate::content(std::string_view text) const {
    if (!style_.trimsText) return std::string(text);
    constexpr std::string_view kSpaces = " \t\r\n\v\f";
    const std::size_t begin = text.find_first_not_of(kSpaces);
    if (begin == std::string_view::npos) return {};
    return std::string(text.substr(begin, text.find_last_not_of(kSpaces) - begin + 1));
}

}  // namespace epi
