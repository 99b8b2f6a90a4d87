#pragma once

#include <optional>
#include <string_view>

#include "core/chat/chat_template.h"

namespace epi {

/// Who speaks by a name that programs and people write before messages: "You", "user", "ChatGPT", "AI" …;
/// nothing for other names. Case and spaces around it do not matter.
std::optional<Role> roleFromSpokenName(std::string_view name);

/// `text` without white space at its ends.
std::string_view trimmed(std::string_view text);

/// Takes the first line off `text`, without its line end ("\n" or "\r\n").
std::string_view takeLine(std::string_view& text);

}  // namespace epi
