#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "core/chat/conversation.h"
#include "core/chat/wording.h"
#include "core/recall/passage_ranking.h"
#include "core/recall/passage_units.h"

namespace epi {

/// What is packed, and what it costs.
struct PackingTask {
    std::span<const Turn> turns;
    std::span<const PassageUnit> units;
    const PassageRankings& rankings;
    std::span<const std::size_t> pinned;  // units that come before all others, as far as they fit
    std::int64_t budget = 0;              // tokens, the lead's included
    std::int64_t pinnedBudget = 0;        // of the pinned units, where it is more
    const Wording& wording;
    /// Tokens of a text.
    std::function<std::int64_t(const std::string& text)> tokens;
    /// Units that need no quoting; empty: none.
    std::function<bool(const PassageUnit& unit)> isKnown;
};

struct PackedUnit {
    std::size_t unit = 0;
    double score = 0.0;  // in the ranking that brought it
    std::int64_t tokens = 0;
};

/// The units that fit the budget, ascending, pinned ones before others. Half of it goes to the best windows,
/// since an answer often stands beside what matches; the rest to the best single units, since questions that
/// ask for several things want more places than windows have room for. A window that does not fit is taken as
/// its middle unit alone, or passed over.
std::vector<PackedUnit> packPassages(const PackingTask& task);

}  // namespace epi
