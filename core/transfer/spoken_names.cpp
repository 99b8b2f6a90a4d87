#include "core/transfer/spoken_names.h"

#include <algorithm>
#include <array>
#include <string>

namespace epi {
namespace {

using namespace std::string_view_literals;

constexpr std::array kUserNames{"you"sv, "user"sv, "human"sv, "me"sv, "prompt"sv};
constexpr std::array kAssistantNames{
    "assistant"sv, "ai"sv, "bot"sv, "chatgpt"sv, "gpt"sv, "claude"sv, "model"sv, "response"sv, "epichat"sv};

}  // namespace

std::optional<Role> roleFromSpokenName(std::string_view name) {
    std::string lower(trimmed(name));
    std::ranges::transform(lower, lower.begin(), [](char letter) {
        return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
    });
    if (std::ranges::find(kUserNames, lower) != kUserNames.end()) return Role::kUser;
    if (std::ranges::find(kAssistantNames, lower) != kAssistantNames.end()) return Role::kAssistant;
    if (lower == "system") return Role::kSystem;
    return std::nullopt;
}

std::string_view trimmed(std::string_view text) {
    constexpr std::string_view kSpace = " \t\r\n";
    const std::size_t first = text.find_first_not_of(kSpace);
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

std::string_view takeLine(std::string_view& text) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    return line;
}

}  // namespace epi
