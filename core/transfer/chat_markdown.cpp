#include "core/transfer/chat_markdown.h"

#include <algorithm>
#include <array>

#include "core/transfer/spoken_names.h"

namespace epi {
namespace {

constexpr std::string_view kMarkBegin = "<!-- EpiChat: ";
constexpr std::string_view kMarkEnd = " -->";
constexpr std::string_view kCommentBegin = " <!-- ";
constexpr std::string_view kSeparator = "; ";
constexpr std::array kRoles{Role::kUser, Role::kAssistant, Role::kSystem};

/// What would end a name or the comment that it is in, and the sign that stands for it.
struct Escape {
    char letter;
    std::string_view code;
};
constexpr std::array kEscapes{Escape{'%', "%25"}, Escape{';', "%3B"}, Escape{'>', "%3E"}};

std::string_view headingOf(Role role) {
    switch (role) {
        case Role::kUser:
            return kYouHeading;
        case Role::kAssistant:
            return kAssistantHeading;
        case Role::kSystem:
            break;
    }
    return kSystemHeading;
}

std::optional<Role> roleOfHeading(std::string_view heading) {
    const auto role = std::ranges::find(kRoles, heading, headingOf);
    return role == kRoles.end() ? std::nullopt : std::optional(*role);
}

std::string escaped(std::string_view name) {
    std::string safe;
    for (const char letter : name) {
        const auto escape = std::ranges::find(kEscapes, letter, &Escape::letter);
        if (escape == kEscapes.end()) {
            safe += letter;
        } else {
            safe += escape->code;
        }
    }
    return safe;
}

std::string unescaped(std::string_view safe) {
    std::string name;
    while (!safe.empty()) {
        const auto escape = std::ranges::find_if(
            kEscapes, [safe](const Escape& known) { return safe.starts_with(known.code); });
        name += escape == kEscapes.end() ? safe.front() : escape->letter;
        safe.remove_prefix(escape == kEscapes.end() ? 1 : escape->code.size());
    }
    return name;
}

std::string_view withoutBackslashes(std::string_view line) {
    line.remove_prefix(std::min(line.find_first_not_of('\\'), line.size()));
    return line;
}

}  // namespace

std::string lineOf(const MarkdownMark& mark) {
    std::string line(kMarkBegin);
    line += name(mark.layout);
    for (const std::string& speaker : mark.speakers) {
        line += kSeparator;
        line += escaped(speaker);
    }
    line += kMarkEnd;
    return line;
}

std::optional<MarkdownMark> markIn(std::string_view line) {
    if (!line.starts_with(kMarkBegin) || !line.ends_with(kMarkEnd)) return std::nullopt;
    line.remove_prefix(kMarkBegin.size());
    line.remove_suffix(std::min(kMarkEnd.size(), line.size()));
    const auto takeField = [&line] {
        const std::size_t end = std::min(line.find(kSeparator), line.size());
        const std::string_view field = line.substr(0, end);
        line.remove_prefix(std::min(end + kSeparator.size(), line.size()));
        return field;
    };
    const auto layout = historyLayoutFromName(takeField());
    if (!layout) return std::nullopt;
    MarkdownMark mark{.layout = *layout, .speakers = {}};
    while (!line.empty())
        mark.speakers.push_back(unescaped(takeField()));
    return mark;
}

std::string lineOf(const MarkdownSpeaker& speaker) {
    std::string line("## ");
    line += speaker.name.empty() ? headingOf(speaker.role) : std::string_view(speaker.name);
    const bool isMisread = speaker.role != Role::kUser || roleOfHeading(speaker.name).has_value() ||
                           speaker.name.ends_with(kMarkEnd);
    if (!speaker.name.empty() && isMisread) {
        line += kCommentBegin;
        line += name(speaker.role);
        line += kMarkEnd;
    }
    return line;
}

std::optional<MarkdownSpeaker> speakerIn(std::string_view line, const std::vector<std::string>& speakers) {
    if (!line.starts_with("## ")) return std::nullopt;
    std::string_view heading = line.substr(3);
    if (const auto role = roleOfHeading(heading)) return MarkdownSpeaker{*role, ""};
    Role role = Role::kUser;
    for (const Role known : kRoles) {
        const std::string comment =
            std::string(kCommentBegin) + std::string(name(known)) + std::string(kMarkEnd);
        if (!heading.ends_with(comment)) continue;
        heading.remove_suffix(comment.size());
        role = known;
        break;
    }
    if (std::ranges::find(speakers, heading) == speakers.end()) return std::nullopt;
    return MarkdownSpeaker{role, std::string(heading)};
}

bool needsBackslash(std::string_view line, const std::vector<std::string>& speakers) {
    line = withoutBackslashes(line);
    return line == kSessionMark || markIn(line).has_value() || speakerIn(line, speakers).has_value();
}

bool looksLikeMessageHeading(std::string_view line) {
    line = withoutBackslashes(line);
    return line.starts_with("## ") && roleFromSpokenName(line.substr(3)).has_value();
}

bool isCodeFence(std::string_view line) {
    return line.starts_with("```") || line.starts_with("~~~");
}

}  // namespace epi
