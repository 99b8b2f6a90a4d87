#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "core/chat/conversation.h"
#include "core/recall/passage_units.h"
#include "core/recall/rank_fusion.h"

namespace epi {

/// What is packed, and what it costs.
struct PackingTask {
    std::span<const Turn> turns;
    std::span<const PassageUnit> units;
    std::span<const Ranked> ranking;  // of units, best first
    std::int64_t budget = 0;          // tokens, the lead's included
    /// Tokens of a text.
    std::function<std::int64_t(const std::string& text)> tokens;
    /// Units that need no quoting.
    std::function<bool(std::size_t unit)> isKnown;
};

struct PackedUnit {
    std::size_t unit = 0;
    double score = 0.0;  // of the window that brought it
    std::int64_t tokens = 0;
};

/// The units of the best windows that fit the budget, ascending: windows are taken in the order of the
/// ranking; one that does not fit any more is taken as its middle unit alone, or passed over.
std::vector<PackedUnit> packWindows(const PackingTask& task);

}  // namespace epi
