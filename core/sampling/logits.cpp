#include "core/sampling/logits.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>

#include "core/tensor/cpu/exponential.h"
#include "core/tensor/cpu/vectorised.h"

namespace epi {
namespace {

constexpr std::size_t kBlock = 512;

/// The largest of a block, NaN when one of them is not finite. By comparing integers, which unlike fp32 may
/// be done in any order: those of the bits, with all but the sign turned over below zero, are in fp32's
/// order.
EPI_VECTORISED float largestOf(const float* logits, std::size_t count) {
    constexpr std::int32_t kMagnitude = 0x7fffffff;
    constexpr std::int32_t kInfinity = 0x7f800000;
    std::int32_t largest = std::numeric_limits<std::int32_t>::min();
    std::int32_t largestMagnitude = 0;
    for (std::size_t i = 0; i < count; ++i) {
        const auto bits = std::bit_cast<std::int32_t>(logits[i]);
        const std::int32_t magnitude = bits & kMagnitude;
        const std::int32_t ordered = bits < 0 ? bits ^ kMagnitude : bits;
        largestMagnitude = magnitude > largestMagnitude ? magnitude : largestMagnitude;
        largest = ordered > largest ? ordered : largest;
    }
    if (largestMagnitude >= kInfinity) return std::numeric_limits<float>::quiet_NaN();
    return std::bit_cast<float>(largest < 0 ? largest ^ kMagnitude : largest);
}

EPI_VECTORISED bool hasFrom(const float* logits, std::size_t count, float least) {
    int found = 0;
    for (std::size_t i = 0; i < count; ++i)
        found |= logits[i] >= least ? 1 : 0;
    return found != 0;
}

EPI_VECTORISED std::uint64_t weighBlock(
    const float* logits, std::size_t count, float best, float perLogit, std::uint64_t* masses) {
    // Between this number and its double, neighbouring doubles are one unit of mass apart: adding it rounds,
    // and what the low bits hold is the mass.
    constexpr double kRound = 0x1.0p52 / static_cast<double>(kWholeMass);
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < count; ++i) {
        const double rounded = static_cast<double>(cpu::exponential((logits[i] - best) * perLogit)) + kRound;
        masses[i] = std::bit_cast<std::uint64_t>(rounded) - std::bit_cast<std::uint64_t>(kRound);
        sum += masses[i];
    }
    return sum;
}

}  // namespace

std::optional<TokenId> bestToken(std::span<const float> logits) {
    float best = -std::numeric_limits<float>::infinity();
    std::size_t blockOfBest = 0;
    for (std::size_t first = 0; first < logits.size(); first += kBlock) {
        const float largest = largestOf(logits.data() + first, std::min(kBlock, logits.size() - first));
        if (std::isnan(largest)) return std::nullopt;
        if (largest > best) {
            best = largest;
            blockOfBest = first;
        }
    }
    if (logits.empty()) return std::nullopt;
    const auto found =
        std::find(logits.begin() + static_cast<std::ptrdiff_t>(blockOfBest), logits.end(), best);
    return static_cast<TokenId>(found - logits.begin());
}

void tokensFrom(std::span<const float> logits, double least, std::vector<TokenId>& ids) {
    ids.clear();
    // The smallest float that is not below `least`.
    auto limit = static_cast<float>(least);
    if (static_cast<double>(limit) < least)
        limit = std::nextafter(limit, std::numeric_limits<float>::infinity());
    for (std::size_t first = 0; first < logits.size(); first += kBlock) {
        const std::size_t last = std::min(first + kBlock, logits.size());
        if (!hasFrom(logits.data() + first, last - first, limit)) continue;
        for (std::size_t index = first; index < last; ++index) {
            if (logits[index] >= limit) ids.push_back(static_cast<TokenId>(index));
        }
    }
}

std::uint64_t weigh(std::span<const float> logits,
                    float best,
                    double temperature,
                    std::span<std::uint64_t> masses) {
    // Finite, so that the best token's distance of nothing stays nothing.
    const auto perLogit = static_cast<float>(
        std::min(1.0 / temperature, static_cast<double>(std::numeric_limits<float>::max())));
    std::uint64_t total = 0;
    for (std::size_t first = 0; first < logits.size(); first += kBlock) {
        total += weighBlock(logits.data() + first,
                            std::min(kBlock, logits.size() - first),
                            best,
                            perLogit,
                            masses.data() + first);
    }
    return total;
}

}  // namespace epi
