#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "core/chat/conversation.h"
#include "core/recall/passage_candidate.h"
#include "core/recall/passage_units.h"
#include "core/recall/rank_fusion.h"

namespace epi {

/// A question about a history, and what was found out about it.
struct PassageSearch {
    std::span<const Turn> turns;
    std::span<const PassageUnit> units;
    std::string_view question;
    std::span<const PassageCandidate> byWords;
    std::span<const double> byMeaning;  // [units], cosine of the window around each; empty: not compared
};

/// Units best first: by the windows around them, and by themselves.
struct PassageRankings {
    std::vector<Ranked> windows;
    std::vector<Ranked> units;
};

/// Joins words and meaning by reciprocal rank: windows by both of theirs, units by their own words and both
/// ranks of their window. A unit of the one speaker whom the question names counts more. Of a turn that was
/// cut into several units, the one with most of the question's words has the turn's rank by words.
PassageRankings rankPassages(const PassageSearch& search);

}  // namespace epi
