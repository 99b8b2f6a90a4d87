#pragma once

#include <string_view>

namespace epi {

// How the Markdown exporter and importer agree on who speaks: a second-level heading per message. A line of a
// message's own text that looks like one gets a backslash in front.
inline constexpr std::string_view kYouHeading = "You";
inline constexpr std::string_view kAssistantHeading = "Assistant";
inline constexpr std::string_view kSystemHeading = "System";

/// Whether, backslashes before it aside, the line is a heading that begins a message.
bool looksLikeMessageHeading(std::string_view line);

/// Whether a block of code begins or ends here.
bool isCodeFence(std::string_view line);

}  // namespace epi
