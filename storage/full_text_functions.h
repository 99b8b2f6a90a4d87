#pragma once

#include "core/base/result.h"

struct sqlite3;

namespace epi {

/// A query may have this many phrases; more are never built.
inline constexpr int kMaxPhrases = 64;

/// Adds to a connection what FTS5 knows about a matching row and gives no function for:
/// `epi_phrase_counts(table)`: how often each phrase of the query occurs, int32[phrases];
/// `epi_match_ranges(table)`: where in which column each match is, (column, first byte, end byte) as int32
/// triples in the order of the text. Both are blobs in the byte order of this machine.
Result<void> addFullTextFunctions(sqlite3* connection);

}  // namespace epi
