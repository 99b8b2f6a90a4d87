#include "core/policy/selection.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>
#include <utility>

namespace epi {
namespace {

constexpr std::size_t kMostEntries = (std::size_t{1} << 30) - 1;

constexpr ScoreKey kPinned = kHighestKey;
constexpr ScoreKey kInFloor = kHighestKey - 1;  // above every finite score, too

Error notFinite(const ScoredEntries& entries) {
    const auto bad =
        std::ranges::find_if_not(entries.scores, [](float score) { return std::isfinite(score); });
    std::int64_t entry = bad - entries.scores.begin();
    std::size_t head = 0;
    for (; entry >= entries.lengths[head]; ++head)
        entry -= entries.lengths[head];
    return Error{ErrorCode::kInternal,
                 "the score of entry " + std::to_string(entry) + " in head " + std::to_string(head) +
                     " is not finite"};
}

}  // namespace

Result<void> EntrySelector::readKeys(const ScoredEntries& entries) {
    if (entries.scores.size() > kMostEntries) {
        return Error{ErrorCode::kInvalidArgument,
                     "a layer of " + std::to_string(entries.scores.size()) + " entries; at most " +
                         std::to_string(kMostEntries) + " can be compared"};
    }
    keys_.resize(entries.scores.size());
    if (!toKeys(entries.scores, keys_)) return notFinite(entries);
    markPins(entries);
    order_ = keys_;
    return {};
}

void EntrySelector::markPins(const ScoredEntries& entries) {
    pinned_.assign(entries.lengths.size(), 0);
    std::size_t first = 0;
    for (std::size_t head = 0; head < entries.pins.size(); ++head) {
        for (const PinnedRange& range : entries.pins[head]) {
            for (std::int64_t entry = range.first; entry < range.end; ++entry) {
                ScoreKey& key = keys_[first + static_cast<std::size_t>(entry)];
                pinned_[head] += key != kPinned ? 1 : 0;
                key = kPinned;
            }
        }
        first += static_cast<std::size_t>(entries.lengths[head]);
    }
}

/// Puts each head's best `headFloor` entries, pinned ones counted, above all others.
void EntrySelector::markFloors(const ScoredEntries& entries, std::size_t headFloor, std::size_t budget) {
    floorKeys_ = keys_;
    std::size_t first = 0;
    for (std::size_t head = 0; head < entries.lengths.size(); ++head) {
        const std::span own =
            std::span(floorKeys_).subspan(first, static_cast<std::size_t>(entries.lengths[head]));
        first += own.size();
        if (pinned_[head] >= headFloor) continue;
        const Border border = borderOf(own, headFloor);
        for (std::size_t entry = 0; entry < own.size(); ++entry) {
            const bool isIn =
                own[entry] > border.least || (own[entry] == border.least && entry < border.tieEnd);
            if (isIn && own[entry] != kPinned) own[entry] = kInFloor;
        }
    }
    order_ = floorKeys_;
    // Where pins leave too little for the floors, these compete by score, and nothing else stays.
    if (countFrom(floorKeys_, kInFloor) <= budget) return;
    for (std::size_t entry = 0; entry < keys_.size(); ++entry)
        floorKeys_[entry] = floorKeys_[entry] < kInFloor ? kLowestKey : keys_[entry];
}

/// Keeps the best `budget` of a group and records the scores at the cut.
Result<void> EntrySelector::cut(const ScoredEntries& entries, const Group& group, std::int64_t budget) {
    if (std::cmp_greater(group.pinned, budget)) {
        return Error{ErrorCode::kInvalidArgument,
                     "the budget of " + std::to_string(budget) + " entries is smaller than the " +
                         std::to_string(group.pinned) + " pinned ones"};
    }
    const Border border =
        borderOf(order_.subspan(group.firstEntry, group.entries), static_cast<std::size_t>(budget));
    const std::size_t tieEnd = group.firstEntry + border.tieEnd;
    AtBorder found;
    std::size_t first = group.firstEntry;
    for (std::size_t head = group.firstHead; head < group.firstHead + group.heads; ++head) {
        const std::size_t end = first + static_cast<std::size_t>(entries.lengths[head]);
        const std::size_t split = std::clamp(tieEnd, first, end);
        std::vector<std::int32_t>& keep = selection_.keep[head];
        keep.resize(end - first);
        std::size_t kept = 0;
        const auto choose = [&](std::size_t from, std::size_t to, ScoreKey least) {
            if (from == to) return;
            const auto own = order_.subspan(from, to - from);
            kept += listFrom(own, least, static_cast<std::int32_t>(from - first), keep.data() + kept);
            const AtBorder here = atBorder(own, std::span(keys_).subspan(from, to - from), least);
            found.smallestKept = std::min(found.smallestKept, here.smallestKept);
            found.largestDropped = std::max(found.largestDropped, here.largestDropped);
        };
        choose(first, split, border.least);
        choose(split, end, border.least == kHighestKey ? kHighestKey : border.least + 1);
        keep.resize(kept);
        first = end;
    }
    selection_.thresholdKept.push_back(found.smallestKept == kHighestKey ? -1.0F
                                                                         : scoreOf(found.smallestKept));
    selection_.thresholdDropped.push_back(found.largestDropped == kLowestKey ? -1.0F
                                                                             : scoreOf(found.largestDropped));
    return {};
}

Result<void> EntrySelector::select(const ScoredEntries& entries, const SelectionRule& rule) {
    const std::size_t heads = entries.lengths.size();
    EPI_TRY(readKeys(entries));
    selection_.keep.resize(heads);
    selection_.thresholdKept.clear();
    selection_.thresholdDropped.clear();
    if (rule.level == BudgetLevel::kPair) {
        const std::int64_t budget = rule.budget * static_cast<std::int64_t>(heads);
        const std::int64_t headFloor = std::min(rule.headFloor, rule.budget);
        if (headFloor > 0)
            markFloors(entries, static_cast<std::size_t>(headFloor), static_cast<std::size_t>(budget));
        const Group all{.firstHead = 0,
                        .heads = heads,
                        .firstEntry = 0,
                        .entries = keys_.size(),
                        .pinned = std::accumulate(pinned_.begin(), pinned_.end(), std::size_t{0})};
        return cut(entries, all, budget);
    }
    std::size_t first = 0;
    for (std::size_t head = 0; head < heads; ++head) {
        const auto length = static_cast<std::size_t>(entries.lengths[head]);
        const Group one{
            .firstHead = head, .heads = 1, .firstEntry = first, .entries = length, .pinned = pinned_[head]};
        EPI_TRY(cut(entries, one, rule.budget));
        first += length;
    }
    return {};
}

Result<Selection> selectEntries(const ScoredEntries& entries,
                                std::int64_t budget,
                                BudgetLevel level,
                                std::int64_t headFloor) {
    EntrySelector selector;
    EPI_TRY(selector.select(entries, {.budget = budget, .level = level, .headFloor = headFloor}));
    return std::move(selector.selection());
}

}  // namespace epi
