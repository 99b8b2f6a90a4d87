#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/base/result.h"
#include "core/engine/options.h"

namespace epi {

/// The scored entries of one layer.
struct ScoredEntries {
    std::vector<std::int64_t> lengths;    // [kvHead]
    std::span<const float> scores;        // [sum of lengths], head-major
    std::vector<std::vector<bool>> pins;  // [kvHead][entry], true: must stay; empty: no pins at all
};

/// What stays of one layer.
struct Selection {
    std::vector<std::vector<std::int64_t>> keep;  // [kvHead], ascending entry indices
    /// Smallest score kept and largest score dropped, among entries that are not pinned: one for the layer
    /// with kPair, one per head with kPairUniform; -1 where nothing was kept by score, or nothing was
    /// dropped.
    std::vector<float> thresholdKept;
    std::vector<float> thresholdDropped;
};

/// Keeps the highest scores within a budget (EpiCache section 3.3): with kPair the best budget * kvHeads
/// entries of all heads together, their scores compared raw; with kPairUniform the best `budget` of each
/// head. Pinned entries stay first and count. Everything stays while it fits. Ties: lower head, then lower
/// entry. Deterministic. With `headFloor` the best that many entries of each head stay even where others are
/// better (AdaKV, arXiv 2407.11550), as far as the budget goes. kInvalidArgument when the pins alone exceed
/// the budget, kInternal when a score is not finite.
Result<Selection> selectEntries(const ScoredEntries& entries,
                                std::int64_t budget,
                                BudgetLevel level,
                                std::int64_t headFloor = 0);

}  // namespace epi
