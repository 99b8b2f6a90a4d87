#pragma once

#include <cstddef>
#include <vector>

#include "core/recall/passage_candidate.h"
#include "core/recall/term_counts.h"

namespace epi {

/// Messages by how well the window of three around each (one before, one after) matches the words that were
/// counted: BM25 (Robertson and Zaragoza 2009, k1 = 1.2, b = 0.75) with the windows as documents, so that how
/// rare a word is means in this conversation; and besides the same with single messages as documents. The
/// best `limit` by their windows, best first, of equals the earlier; without those that match in nothing.
/// O(messages * words).
std::vector<PassageCandidate> rankByWords(const TermCounts& counts, std::size_t limit);

}  // namespace epi
