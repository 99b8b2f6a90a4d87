#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace epi {

// Texts for MATCH. Every word stands between quotes as FTS5 wants it, so no text of a user, a message or a
// file is ever an operator, a column name or a broken query.

/// Messages with any of the words; phrase i of the query is word i. At most kMaxPhrases words count. Empty
/// when there is none.
std::string matchAny(std::span<const std::string> words);

/// Messages with all words of what is being typed, each at least in its beginning. Words end at white space;
/// at most kMaxPhrases count. Empty when there is none.
std::string matchTyped(std::string_view typed);

}  // namespace epi
