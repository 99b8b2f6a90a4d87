#include "core/chat/chat_template.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <memory>
#include <optional>
#include <utility>

#include "core/chat/turn_template.h"
#include "core/text/unicode.h"

namespace epi {
namespace {

constexpr std::array<std::string_view, 3> kRoleNames{"system", "user", "assistant"};

/// One character of a Jinja string literal, which writes a line end as itself or as "\n".
struct JinjaCharacter {
    char value = 0;
    std::size_t length = 0;  // in the source; 0 at its end
};

JinjaCharacter readJinjaCharacter(std::string_view source, std::size_t position) {
    if (position >= source.size()) return {};
    if (source[position] != '\\' || position + 1 >= source.size()) return {source[position], 1};
    const char escaped = source[position + 1];
    if (escaped == 'n') return {'\n', 2};
    if (escaped == 't') return {'\t', 2};
    return {escaped, 2};
}

/// The text that the template's source itself puts between `open` + line end and `close`; nothing when a
/// message's text goes there, that is, when the literal ends before `close`.
std::optional<std::string> findLiteralTurn(std::string_view source,
                                           std::string_view open,
                                           std::string_view close) {
    for (std::size_t at = source.find(open); at != std::string_view::npos; at = source.find(open, at + 1)) {
        const char quote = at > 0 ? source[at - 1] : '\0';
        const bool isQuoted = quote == '\'' || quote == '"';
        std::size_t position = at + open.size();
        const JinjaCharacter lineEnd = readJinjaCharacter(source, position);
        if (lineEnd.value != '\n') continue;
        position += lineEnd.length;
        std::string text;
        while (position < source.size() && !source.substr(position).starts_with(close)) {
            if (isQuoted && source[position] == quote) break;
            if (source[position] == '{') break;
            const JinjaCharacter next = readJinjaCharacter(source, position);
            text += next.value;
            position += next.length;
        }
        if (source.substr(std::min(position, source.size())).starts_with(close)) return text;
    }
    return std::nullopt;
}

TurnStyle chatml(std::string_view source) {
    TurnStyle style;
    style.id = "chatml";
    style.beforeRole = "<|im_start|>";
    style.roleNames = {"system", "user", "assistant"};
    style.afterRole = "\n";
    style.afterText = "<|im_end|>\n";
    style.defaultSystem = findLiteralTurn(source, "<|im_start|>system", "<|im_end|>");
    return style;
}

TurnStyle llama3(std::string_view source) {
    TurnStyle style;
    style.id = "llama3";
    style.beginOfSequence = "<|begin_of_text|>";
    style.beforeRole = "<|start_header_id|>";
    style.roleNames = {"system", "user", "assistant"};
    style.afterRole = "<|end_header_id|>\n\n";
    style.afterText = "<|eot_id|>";
    style.trimsText = true;
    // From 3.1 on every prompt has a system turn that begins with two dates; without a clock these are the
    // template's own.
    if (source.find("Cutting Knowledge Date: December 2023") != std::string_view::npos) {
        style.systemPrefix = "Cutting Knowledge Date: December 2023\nToday Date: 26 Jul 2024\n\n";
        style.defaultSystem = "";
    }
    return style;
}

TurnStyle gemma() {
    TurnStyle style;
    style.id = "gemma";
    style.beginOfSequence = "<bos>";
    style.beforeRole = "<start_of_turn>";
    style.roleNames = {"user", "user", "model"};
    style.afterRole = "\n";
    style.afterText = "<end_of_turn>\n";
    style.hasSystemRole = false;
    style.trimsText = true;
    return style;
}

TurnStyle plain() {
    TurnStyle style;
    style.id = "plain";
    style.roleNames = {"System", "User", "Assistant"};
    style.afterRole = ":\n";
    style.afterText = "\n\n";
    return style;
}

std::shared_ptr<const ChatTemplate> makeTemplate(TurnStyle style) {
    return std::make_shared<const TurnTemplate>(std::move(style));
}

std::string_view firstLine(std::string_view text) {
    text.remove_prefix(std::min(text.find_first_not_of("\r\n"), text.size()));
    return text.substr(0, text.find_first_of("\r\n"));
}

}  // namespace

std::string_view name(Role role) {
    return kRoleNames[static_cast<std::size_t>(role)];
}

Result<Role> roleFromName(std::string_view text) {
    for (const Role role : {Role::kSystem, Role::kUser, Role::kAssistant}) {
        if (name(role) == text) return role;
    }
    return Error{ErrorCode::kInvalidArgument, "unknown role '" + quotable(text) + "'"};
}

Result<std::shared_ptr<const ChatTemplate>> recogniseChatTemplate(std::string_view templateText) {
    const auto has = [&](std::string_view marker) {
        return templateText.find(marker) != std::string_view::npos;
    };
    if (has("<|im_start|>") && has("<|im_end|>")) return makeTemplate(chatml(templateText));
    if (has("<|start_header_id|>") && has("<|eot_id|>")) return makeTemplate(llama3(templateText));
    if (has("<start_of_turn>") && has("<end_of_turn>")) return makeTemplate(gemma());
    return Error{ErrorCode::kUnsupported,
                 "unknown chat template that begins with '" + quotable(firstLine(templateText)) + "'"};
}

std::shared_ptr<const ChatTemplate> plainChatTemplate() {
    return makeTemplate(plain());
}

std::string joinParts(std::span<const PromptPart> parts) {
    std::string text;
    for (const PromptPart& part : parts)
        text += part.text;
    return text;
}

std::vector<TokenId> encodeParts(const Tokenizer& tokenizer, std::span<const PromptPart> parts) {
    std::vector<TokenId> ids;
    std::string section;
    const auto endSection = [&] {
        const std::vector<TokenId> sectionIds = tokenizer.encode(section, ControlTokens::kAsText);
        ids.insert(ids.end(), sectionIds.begin(), sectionIds.end());
        section.clear();
    };
    for (const PromptPart& part : parts) {
        std::string_view rest = part.text;
        if (part.kind == PromptPart::Kind::kTemplate) {
            std::size_t consumed = 0;
            for (const ControlTokenMatch& match : tokenizer.findControlTokens(part.text)) {
                section += rest.substr(0, match.offset - consumed);
                endSection();
                ids.push_back(match.id);
                rest.remove_prefix(match.offset - consumed + match.length);
                consumed = match.offset + match.length;
            }
        }
        section += rest;
    }
    endSection();
    return ids;
}

}  // namespace epi
