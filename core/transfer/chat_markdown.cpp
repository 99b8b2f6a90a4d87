#include "core/transfer/chat_markdown.h"

#include <algorithm>

#include "core/transfer/spoken_names.h"

namespace epi {

bool looksLikeMessageHeading(std::string_view line) {
    line.remove_prefix(std::min(line.find_first_not_of('\\'), line.size()));
    return line.starts_with("## ") && roleFromSpokenName(line.substr(3)).has_value();
}

bool isCodeFence(std::string_view line) {
    return line.starts_with("```") || line.starts_with("~~~");
}

}  // namespace epi
