#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/base/result.h"
#include "core/engine/options.h"
#include "core/policy/score_keys.h"

namespace epi {

/// Entries [first, end) of a head.
struct PinnedRange {
    std::int64_t first = 0;
    std::int64_t end = 0;
};

/// The scored entries of one layer.
struct ScoredEntries {
    std::vector<std::int64_t> lengths;           // [kvHead]
    std::span<const float> scores;               // [sum of lengths], head-major
    std::vector<std::vector<PinnedRange>> pins;  // [kvHead]: must stay; may overlap; empty: no pins at all
};

/// What stays of one layer.
struct Selection {
    std::vector<std::vector<std::int32_t>> keep;  // [kvHead], ascending entry indices
    /// Smallest score kept and largest score dropped, among entries that are not pinned: one for the layer
    /// with kPair, one per head with kPairUniform; -1 where nothing was kept by score, or nothing was
    /// dropped.
    std::vector<float> thresholdKept;
    std::vector<float> thresholdDropped;
};

/// How much of a layer stays.
struct SelectionRule {
    std::int64_t budget = 0;  // mean entries per KV head
    BudgetLevel level = BudgetLevel::kPair;
    std::int64_t headFloor = 0;  // with kPair: entries that each head keeps at least
};

/// Selects in one layer after the other, in the same memory. One thread.
class EntrySelector {
public:
    EntrySelector() = default;
    EntrySelector(const EntrySelector&) = delete;  // what it looks at is its own
    EntrySelector& operator=(const EntrySelector&) = delete;

    /// Keeps the highest scores within a budget (EpiCache section 3.3): with kPair the best budget * kvHeads
    /// entries of all heads together, their scores compared raw; with kPairUniform the best `budget` of each
    /// head. Pinned entries stay first and count. Everything stays while it fits. Ties: lower head, then
    /// lower entry. Deterministic. With `headFloor` the best that many entries of each head stay even where
    /// others are better (AdaKV, arXiv 2407.11550), as far as the budget goes. kInvalidArgument when the pins
    /// alone exceed the budget, kInternal when a score is not finite.
    Result<void> select(const ScoredEntries& entries, const SelectionRule& rule);

    /// Of the last `select`; the next one uses its memory again.
    [[nodiscard]] Selection& selection() { return selection_; }

private:
    /// One group of entries whose scores are compared with each other: all heads, or one.
    struct Group {
        std::size_t firstHead;
        std::size_t heads;
        std::size_t firstEntry;
        std::size_t entries;
        std::size_t pinned;
    };

    Result<void> readKeys(const ScoredEntries& entries);
    void markPins(const ScoredEntries& entries);
    void markFloors(const ScoredEntries& entries, std::size_t headFloor, std::size_t budget);
    Result<void> cut(const ScoredEntries& entries, const Group& group, std::int64_t budget);

    std::vector<ScoreKey> keys_;       // [sum of lengths]: of the scores; pinned entries have the highest
    std::vector<ScoreKey> floorKeys_;  // the same with what is in a head's floor above other scores
    std::span<const ScoreKey> order_;  // the one of them that entries are chosen by
    std::vector<std::size_t> pinned_;  // [kvHead]
    Selection selection_;
};

/// The same for one layer alone.
Result<Selection> selectEntries(const ScoredEntries& entries,
                                std::int64_t budget,
                                BudgetLevel level,
                                std::int64_t headFloor = 0);

}  // namespace epi
