#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "storage/search_records.h"

namespace epi {

/// A piece of a text that shows where a search matched.
struct Excerpt {
    std::string text;
    std::vector<TextRange> matches;  // in the excerpt
    bool isCutAtFront = false;
    bool isCutAtBack = false;
};

/// At most `maxBytes` of `text` from a few words before the first match on, cut between words where there is
/// white space near, else between characters. `matches` are ascending; what lies outside the text or the
/// excerpt is left out.
Excerpt excerptOf(std::string_view text, std::span<const TextRange> matches, std::size_t maxBytes = 240);

}  // namespace epi
