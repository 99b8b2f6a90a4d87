#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/chat/conversation.h"

namespace epi {

// How the Markdown exporter and importer agree on who speaks: a second-level heading per message. A line of a
// message's own text that would be read as anything but text gets a backslash in front.
inline constexpr std::string_view kYouHeading = "You";
inline constexpr std::string_view kAssistantHeading = "Assistant";
inline constexpr std::string_view kSystemHeading = "System";

/// Before a session, whose name follows in italics, and before what belongs to none.
inline constexpr std::string_view kSessionMark = "<!-- session -->";

/// What a comment before each chat says: that EpiChat wrote it, and which headings begin messages.
struct MarkdownMark {
    HistoryLayout layout = HistoryLayout::kChat;
    std::vector<std::string> speakers;
};

/// Who says a message.
struct MarkdownSpeaker {
    Role role = Role::kUser;
    std::string name;  // empty: the heading names the role
};

/// "<!-- EpiChat: narrated; Nora; Ilan -->".
std::string lineOf(const MarkdownMark& mark);
std::optional<MarkdownMark> markIn(std::string_view line);

/// "## Nora"; where a name alone would be misread, its role follows in a comment.
std::string lineOf(const MarkdownSpeaker& speaker);
std::optional<MarkdownSpeaker> speakerIn(std::string_view line, const std::vector<std::string>& speakers);

/// Whether, backslashes before it aside, a line in a chat that EpiChat wrote is not a message's text.
bool needsBackslash(std::string_view line, const std::vector<std::string>& speakers);

/// Whether, backslashes before it aside, the line is a heading that begins a message in other Markdown.
bool looksLikeMessageHeading(std::string_view line);

/// Whether a block of code begins or ends here.
bool isCodeFence(std::string_view line);

}  // namespace epi
