#pragma once

#include <cstdint>

namespace epi::cpu {
namespace {

/// e^x within 2e-7 of it; 0 below -87.3, e^88 above 88. Without a branch, so that loops over it are
/// vectorised; in an unnamed namespace, so that each file has its own for its instructions. A NaN stays one.
inline float exponential(float x) {
    // e^x = 2^n * e^r with |r| <= ln(2) / 2; adding 1.5 * 2^23 rounds to an integer in the low bits.
    constexpr float kRound = 12582912.0F;
    constexpr float kLowest = -87.3F;
    const float clamped = x > 88.0F ? 88.0F : (x < kLowest ? kLowest : x);
    const float shifted = clamped * 1.44269504F + kRound;
    const float n = shifted - kRound;
    const float r = (clamped - n * 0.693359375F) + n * 2.12194440e-4F;
    float p = 1.9875691500e-4F;
    p = p * r + 1.3981999507e-3F;
    p = p * r + 8.3334519073e-3F;
    p = p * r + 4.1665795894e-2F;
    p = p * r + 1.6666665459e-1F;
    p = p * r + 5.0000001201e-1F;
    p = p * (r * r) + r + 1.0F;
    const std::uint32_t power = (__builtin_bit_cast(std::uint32_t, shifted) << 23) + 0x3f800000U;
    const float result = p * __builtin_bit_cast(float, power);
    return x < kLowest ? 0.0F : result;
}

}  // namespace
}  // namespace epi::cpu
