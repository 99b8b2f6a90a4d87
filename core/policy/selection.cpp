#include "core/policy/selection.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <functional>
#include <limits>
#include <string>

namespace epi {
namespace {

/// The order of a layer's entries as one number each, the larger the better: pinned ones, then those of a
/// head's floor, then the score, then the lower index. No two are equal, so that the cut is the same on every
/// machine, and a number is compared several times as fast as four fields.
using Rank = std::uint64_t;

constexpr int kIndexBits = 30;
constexpr std::uint64_t kLastIndex = (std::uint64_t{1} << kIndexBits) - 1;
constexpr Rank kPinned = Rank{1} << 63;
constexpr Rank kInFloor = Rank{1} << 62;

/// Unsigned numbers in the order of the finite floats; both zeros are one.
std::uint32_t ordered(float score) {
    constexpr std::uint32_t kSign = 0x8000'0000U;
    const auto bits = std::bit_cast<std::uint32_t>(score + 0.0F);
    return (bits & kSign) != 0 ? ~bits : bits | kSign;
}

Rank rankOf(float score, std::size_t index) {
    return Rank{ordered(score)} << kIndexBits | (kLastIndex - index);
}

/// The smallest rank among the best `count`. Narrows down to the ranks that agree with it in their first
/// bits, eleven at a time: three passes over fewer and fewer numbers, where a partial sort moves all of them
/// often.
Rank lowestOfBest(std::span<const Rank> ranks, std::size_t count) {
    if (count == 0) return std::numeric_limits<Rank>::max();
    if (count >= ranks.size()) return 0;
    constexpr int kDigitBits = 11;
    constexpr std::size_t kFew = 64;
    std::vector<Rank> scratch;
    std::span<const Rank> left = ranks;
    for (int shift = 64 - kDigitBits; left.size() > kFew && shift >= 0; shift -= kDigitBits) {
        const auto digitOf = [&](Rank rank) {
            return static_cast<std::size_t>(rank >> shift) & ((std::size_t{1} << kDigitBits) - 1);
        };
        std::array<std::uint32_t, std::size_t{1} << kDigitBits> counts{};
        for (const Rank rank : left)
            ++counts[digitOf(rank)];
        std::size_t digit = counts.size() - 1;
        for (; counts[digit] < count; --digit)
            count -= counts[digit];
        std::vector<Rank> same(counts[digit]);
        std::size_t filled = 0;
        for (const Rank rank : left) {
            if (digitOf(rank) == digit) same[filled++] = rank;
        }
        scratch = std::move(same);
        left = scratch;
    }
    scratch.assign(left.begin(), left.end());
    const auto border = scratch.begin() + static_cast<std::ptrdiff_t>(count - 1);
    std::nth_element(scratch.begin(), border, scratch.end(), std::greater{});
    return *border;
}

/// One group of entries whose scores are compared with each other: all heads, or one.
struct Group {
    std::size_t firstHead;
    std::size_t heads;
    std::size_t firstEntry;
    std::size_t entries;
};

/// Keeps the best `budget` of a group and records the scores at the cut.
Result<void> cut(const ScoredEntries& entries,
                 std::span<const Rank> ranks,
                 const Group& group,
                 std::int64_t budget,
                 Selection& selection) {
    const auto own = ranks.subspan(group.firstEntry, group.entries);
    const auto pinned = std::ranges::count_if(own, [](Rank rank) { return (rank & kPinned) != 0; });
    if (pinned > budget) {
        return Error{ErrorCode::kInvalidArgument,
                     "the budget of " + std::to_string(budget) + " entries is smaller than the " +
                         std::to_string(pinned) + " pinned ones"};
    }
    const Rank lowest = lowestOfBest(own, static_cast<std::size_t>(budget));
    // Without branches: whether an entry stays cannot be guessed.
    constexpr float kNone = std::numeric_limits<float>::infinity();
    float smallestKept = kNone;
    float largestDropped = -kNone;
    std::size_t first = group.firstEntry;
    for (std::size_t head = group.firstHead; head < group.firstHead + group.heads; ++head) {
        std::vector<std::int64_t>& keep = selection.keep[head];
        const auto length = static_cast<std::size_t>(entries.lengths[head]);
        keep.resize(length);
        std::size_t kept = 0;
        for (std::size_t entry = 0; entry < length; ++entry) {
            const Rank rank = ranks[first + entry];
            const float score = entries.scores[first + entry];
            const bool isKept = rank >= lowest;
            keep[kept] = static_cast<std::int64_t>(entry);
            kept += isKept ? 1 : 0;
            smallestKept = std::min(smallestKept, isKept && (rank & kPinned) == 0 ? score : kNone);
            largestDropped = std::max(largestDropped, isKept ? -kNone : score);
        }
        keep.resize(kept);
        first += length;
    }
    selection.thresholdKept.push_back(smallestKept == kNone ? -1.0F : smallestKept);
    selection.thresholdDropped.push_back(largestDropped == -kNone ? -1.0F : largestDropped);
    return {};
}

/// The ranks of all entries, those of each head's best `headFloor` (pinned ones counted) marked.
Result<std::vector<Rank>> rank(const ScoredEntries& entries, std::int64_t headFloor) {
    if (entries.scores.size() > kLastIndex) {
        return Error{ErrorCode::kInvalidArgument,
                     "a layer of " + std::to_string(entries.scores.size()) + " entries; at most " +
                         std::to_string(kLastIndex) + " can be compared"};
    }
    std::vector<Rank> ranks(entries.scores.size());
    std::size_t first = 0;
    for (std::size_t head = 0; head < entries.lengths.size(); ++head) {
        const auto length = static_cast<std::size_t>(entries.lengths[head]);
        for (std::size_t entry = 0; entry < length; ++entry) {
            const float score = entries.scores[first + entry];
            if (!std::isfinite(score)) {
                return Error{ErrorCode::kInternal,
                             "the score of entry " + std::to_string(entry) + " in head " +
                                 std::to_string(head) + " is not finite"};
            }
            const bool isPinned = !entries.pins.empty() && entries.pins[head][entry];
            ranks[first + entry] = rankOf(score, first + entry) | (isPinned ? kPinned : 0);
        }
        if (headFloor > 0) {
            const std::span<Rank> own = std::span(ranks).subspan(first, length);
            const Rank lowest = lowestOfBest(own, static_cast<std::size_t>(headFloor));
            for (Rank& each : own)
                each |= each >= lowest ? kInFloor : 0;
        }
        first += length;
    }
    return ranks;
}

}  // namespace

Result<Selection> selectEntries(const ScoredEntries& entries,
                                std::int64_t budget,
                                BudgetLevel level,
                                std::int64_t headFloor) {
    const std::size_t heads = entries.lengths.size();
    const bool isPair = level == BudgetLevel::kPair;
    EPI_TRY_ASSIGN(const std::vector<Rank> ranks, rank(entries, isPair ? std::min(headFloor, budget) : 0));
    Selection selection;
    selection.keep.resize(heads);
    if (isPair) {
        const Group all{.firstHead = 0, .heads = heads, .firstEntry = 0, .entries = ranks.size()};
        EPI_TRY(cut(entries, ranks, all, budget * static_cast<std::int64_t>(heads), selection));
        return selection;
    }
    std::size_t first = 0;
    for (std::size_t head = 0; head < heads; ++head) {
        const auto length = static_cast<std::size_t>(entries.lengths[head]);
        const Group one{.firstHead = head, .heads = 1, .firstEntry = first, .entries = length};
        EPI_TRY(cut(entries, ranks, one, budget, selection));
        first += length;
    }
    return selection;
}

}  // namespace epi
