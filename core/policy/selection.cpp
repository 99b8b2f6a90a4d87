#include "core/policy/selection.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>
#include <string>

namespace epi {
namespace {

struct Candidate {
    float score;
    std::int32_t head;
    std::int64_t entry;
    bool isPinned;
    bool isInFloor = false;
};

/// Best first; a strict order, so that the cut is the same on every machine.
bool isBetter(const Candidate& a, const Candidate& b) {
    if (a.isPinned != b.isPinned) return a.isPinned;
    if (a.isInFloor != b.isInFloor) return a.isInFloor;
    if (a.score != b.score) return a.score > b.score;
    if (a.head != b.head) return a.head < b.head;
    return a.entry < b.entry;
}

/// Cuts `candidates` to the best `budget`, records thresholds, adds what stays to `selection`.
Result<void> cut(std::vector<Candidate>& candidates, std::int64_t budget, Selection& selection) {
    const auto pinned = std::count_if(
        candidates.begin(), candidates.end(), [](const Candidate& candidate) { return candidate.isPinned; });
    if (pinned > budget) {
        return Error{ErrorCode::kInvalidArgument,
                     "the budget of " + std::to_string(budget) + " entries is smaller than the " +
                         std::to_string(pinned) + " pinned ones"};
    }
    const auto kept = std::min(candidates.size(), static_cast<std::size_t>(budget));
    const auto border = candidates.begin() + static_cast<std::ptrdiff_t>(kept);
    if (border != candidates.end()) std::nth_element(candidates.begin(), border, candidates.end(), isBetter);

    std::optional<float> smallestKept;
    for (auto candidate = candidates.begin(); candidate != border; ++candidate) {
        selection.keep[static_cast<std::size_t>(candidate->head)].push_back(candidate->entry);
        if (candidate->isPinned) continue;
        smallestKept = std::min(smallestKept.value_or(candidate->score), candidate->score);
    }
    std::optional<float> largestDropped;
    for (auto candidate = border; candidate != candidates.end(); ++candidate) {
        largestDropped = std::max(largestDropped.value_or(candidate->score), candidate->score);
    }
    selection.thresholdKept.push_back(smallestKept.value_or(-1.0F));
    selection.thresholdDropped.push_back(largestDropped.value_or(-1.0F));
    return {};
}

/// Marks the best `floor` of one head's candidates, pinned ones counted.
void markFloor(std::span<Candidate> head, std::int64_t floor) {
    const auto count = std::min(head.size(), static_cast<std::size_t>(floor));
    std::vector<std::size_t> order(head.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::ranges::nth_element(order, order.begin() + static_cast<std::ptrdiff_t>(count), [&](auto a, auto b) {
        return isBetter(head[a], head[b]);
    });
    for (std::size_t i = 0; i < count; ++i)
        head[order[i]].isInFloor = true;
}

}  // namespace

Result<Selection> selectEntries(const ScoredEntries& entries,
                                std::int64_t budget,
                                BudgetLevel level,
                                std::int64_t headFloor) {
    const auto heads = entries.lengths.size();
    Selection selection;
    selection.keep.resize(heads);
    std::vector<Candidate> candidates;
    std::size_t first = 0;
    for (std::size_t head = 0; head < heads; ++head) {
        const auto length = static_cast<std::size_t>(entries.lengths[head]);
        for (std::size_t entry = 0; entry < length; ++entry) {
            const float score = entries.scores[first + entry];
            if (!std::isfinite(score)) {
                return Error{ErrorCode::kInternal,
                             "the score of entry " + std::to_string(entry) + " in head " +
                                 std::to_string(head) + " is not finite"};
            }
            candidates.push_back({.score = score,
                                  .head = static_cast<std::int32_t>(head),
                                  .entry = static_cast<std::int64_t>(entry),
                                  .isPinned = !entries.pins.empty() && entries.pins[head][entry]});
        }
        first += length;
        if (level == BudgetLevel::kPair && headFloor > 0)
            markFloor(std::span(candidates).last(length), std::min(headFloor, budget));
        if (level == BudgetLevel::kPairUniform) {
            EPI_TRY(cut(candidates, budget, selection));
            candidates.clear();
        }
    }
    if (level == BudgetLevel::kPair) {
        EPI_TRY(cut(candidates, budget * static_cast<std::int64_t>(heads), selection));
    }
    for (std::vector<std::int64_t>& keep : selection.keep)
        std::sort(keep.begin(), keep.end());
    return selection;
}

}  // namespace epi
