#include "core/policy/score_keys.h"

#include <bit>

#include "core/tensor/cpu/vectorised.h"

namespace epi {
namespace {

constexpr std::int32_t kMagnitude = 0x7fffffff;
constexpr std::int32_t kInfinity = 0x7f800000;

EPI_VECTORISED std::int32_t convert(const float* scores, std::size_t count, ScoreKey* keys) {
    std::int32_t largestMagnitude = 0;
    for (std::size_t i = 0; i < count; ++i) {
        const auto bits = std::bit_cast<std::int32_t>(scores[i] + 0.0F);  // -0 + 0 is +0
        const std::int32_t magnitude = bits & kMagnitude;
        largestMagnitude = magnitude > largestMagnitude ? magnitude : largestMagnitude;
        keys[i] = bits < 0 ? bits ^ kMagnitude : bits;
    }
    return largestMagnitude;
}

EPI_VECTORISED std::int32_t countReaching(const ScoreKey* keys, std::int32_t count, ScoreKey least) {
    std::int32_t found = 0;
    for (std::int32_t i = 0; i < count; ++i)
        found += keys[i] >= least ? 1 : 0;
    return found;
}

EPI_VECTORISED AtBorder findAtBorder(const ScoreKey* keys,
                                     const ScoreKey* values,
                                     std::size_t count,
                                     ScoreKey least) {
    ScoreKey smallest = kHighestKey;
    ScoreKey largest = kLowestKey;
    for (std::size_t i = 0; i < count; ++i) {
        // All ones where it is kept: a choice that the compiler can neither turn into a branch nor leave to
        // one lane at a time.
        const ScoreKey mask = -static_cast<ScoreKey>(keys[i] >= least);
        const ScoreKey kept = (values[i] & mask) | (kHighestKey & ~mask);
        const ScoreKey dropped = (values[i] & ~mask) | (kLowestKey & mask);
        smallest = kept < smallest ? kept : smallest;
        largest = dropped > largest ? dropped : largest;
    }
    return {.smallestKept = smallest, .largestDropped = largest};
}

}  // namespace

bool toKeys(std::span<const float> scores, std::span<ScoreKey> keys) {
    return convert(scores.data(), scores.size(), keys.data()) < kInfinity;
}

float scoreOf(ScoreKey key) {
    return std::bit_cast<float>(key < 0 ? key ^ kMagnitude : key);
}

std::size_t countFrom(std::span<const ScoreKey> keys, ScoreKey least) {
    return static_cast<std::size_t>(
        countReaching(keys.data(), static_cast<std::int32_t>(keys.size()), least));
}

std::size_t listFrom(std::span<const ScoreKey> keys, ScoreKey least, std::int32_t first, std::int32_t* list) {
    // Without branches: whether an entry stays cannot be guessed.
    std::size_t listed = 0;
    for (const ScoreKey key : keys) {
        list[listed] = first++;
        listed += key >= least ? 1 : 0;
    }
    return listed;
}

Border borderOf(std::span<const ScoreKey> keys, std::size_t count) {
    if (count >= keys.size()) return {.least = kLowestKey, .tieEnd = keys.size()};
    if (count == 0) return {.least = kHighestKey, .tieEnd = 0};
    // By halving: at least `count` keys reach `low`, fewer reach what is above `high`. Counting goes at the
    // pace of reading, so that twenty rounds of it take less than sorting keys into groups once.
    std::int64_t low = kLowestKey;
    std::int64_t high = kHighestKey;
    while (low < high) {
        const std::int64_t middle = low + (high - low + 1) / 2;
        const std::size_t found = countFrom(keys, static_cast<ScoreKey>(middle));
        if (found == count) return {.least = static_cast<ScoreKey>(middle), .tieEnd = keys.size()};
        if (found > count) {
            low = middle;
        } else {
            high = middle - 1;
        }
    }
    const auto least = static_cast<ScoreKey>(low);
    std::size_t equal = count - countFrom(keys, least + 1);
    std::size_t tieEnd = 0;
    for (; equal > 0; ++tieEnd)
        equal -= keys[tieEnd] == least ? 1 : 0;
    return {.least = least, .tieEnd = tieEnd};
}

AtBorder atBorder(std::span<const ScoreKey> keys, std::span<const ScoreKey> values, ScoreKey least) {
    return findAtBorder(keys.data(), values.data(), keys.size(), least);
}

}  // namespace epi
