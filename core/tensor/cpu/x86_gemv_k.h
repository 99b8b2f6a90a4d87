#pragma once

// The K formats: blocks of 256 values in groups of 16 or 32 with small integer scales. See x86_gemv.h.
#include "core/tensor/cpu/x86_gemv.h"

namespace epi::cpu {
namespace {

inline constexpr std::int64_t kValuesPerBlock = 256;
inline constexpr int kGroupsPerBlock = 8;

/// Eight scales and eight minima of 6 bits in 12 bytes (see decodeQ4K), as bytes in the two halves.
inline __m128i unpackScalesAndMinima(const std::byte* packed) {
    const std::uint32_t first = load32(packed);
    const std::uint32_t second = load32(packed + 4);
    const std::uint32_t third = load32(packed + 8);
    constexpr std::uint32_t kLow6 = 0x3f3f3f3fU;
    constexpr std::uint32_t kLow4 = 0x0f0f0f0fU;
    constexpr std::uint32_t kHigh2 = 0x30303030U;
    return _mm_setr_epi32(static_cast<int>(first & kLow6),
                          static_cast<int>((third & kLow4) | (first >> 2 & kHigh2)),
                          static_cast<int>(second & kLow6),
                          static_cast<int>((third >> 4 & kLow4) | (second >> 2 & kHigh2)));
}

// Q4_K and Q5_K: value = scale * number - minimum in groups of 32.
template <typename Isa, bool kHasFifthBits>
float multiplyRowQ45K(const std::byte* row, const BlockMatrix& matrix, const QuantizedRow& x) {
    constexpr std::int64_t kBytes = kHasFifthBits ? 176 : 144;
    constexpr std::int64_t kNumbers = kHasFifthBits ? 48 : 16;
    const __m256i low4 = _mm256_set1_epi8(15);
    __m256 even = _mm256_setzero_ps();
    __m256 odd = _mm256_setzero_ps();
    __m256 minima = _mm256_setzero_ps();
    alignas(32) float scales[kGroupsPerBlock];
    for (std::int64_t index = 0; index < matrix.columns / kValuesPerBlock; ++index) {
        const std::byte* block = row + index * kBytes;
        const __m128i packed = unpackScalesAndMinima(block + 4);
        const __m256 scale = _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(packed));
        const __m256 minimum = _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(_mm_srli_si128(packed, 8)));
        const __m256 blockScale = _mm256_set1_ps(halfAt(block));
        const __m256 blockMinimum = _mm256_set1_ps(halfAt(block + 2));
        const std::int64_t group = index * kGroupsPerBlock;
        _mm256_store_ps(scales,
                        _mm256_mul_ps(_mm256_mul_ps(scale, blockScale), _mm256_loadu_ps(x.scales + group)));
        minima =
            _mm256_fmadd_ps(_mm256_mul_ps(minimum, blockMinimum), _mm256_loadu_ps(x.sums + group), minima);
        __m256i fifth = _mm256_setzero_si256();
        if constexpr (kHasFifthBits) fifth = loadBytes(block + 16);
        for (int pair = 0; pair < kGroupsPerBlock / 2; ++pair) {
            const __m256i bytes = loadBytes(block + kNumbers + 32 * pair);
            __m256i low = _mm256_and_si256(bytes, low4);
            __m256i high = _mm256_and_si256(_mm256_srli_epi16(bytes, 4), low4);
            if constexpr (kHasFifthBits) {
                const __m256i bit = _mm256_set1_epi8(16);
                low = _mm256_or_si256(low, _mm256_and_si256(_mm256_slli_epi16(fifth, 4), bit));
                high = _mm256_or_si256(high, _mm256_and_si256(_mm256_slli_epi16(fifth, 3), bit));
                fifth = _mm256_srli_epi16(fifth, 2);
            }
            const std::int8_t* activations = x.values + (group + 2 * pair) * kGroup;
            const __m256i lowProducts = Isa::dot(low, loadBytes(activations));
            const __m256i highProducts = Isa::dot(high, loadBytes(activations + kGroup));
            even = _mm256_fmadd_ps(
                _mm256_cvtepi32_ps(lowProducts), _mm256_broadcast_ss(scales + 2 * pair), even);
            odd = _mm256_fmadd_ps(
                _mm256_cvtepi32_ps(highProducts), _mm256_broadcast_ss(scales + 2 * pair + 1), odd);
        }
    }
    return sumOf(_mm256_sub_ps(_mm256_add_ps(even, odd), minima));
}

/// Bytes 2 * run (first half) and 2 * run + 1 (second half) of 16 scales as 16-bit numbers.
template <int kRun>
inline __m256i scalesOfRun(__m128i scales) {
    constexpr long long kFirst = 0x0101010101010101LL * (2 * kRun);
    constexpr long long kSecond = 0x0101010101010101LL * (2 * kRun + 1);
    return _mm256_cvtepi8_epi16(_mm_shuffle_epi8(scales, _mm_set_epi64x(kSecond, kFirst)));
}

/// Products of one run of 32 numbers below 64, each half times its scale.
template <int kRun>
inline __m256 runProducts(__m256i numbers, __m128i scales, const std::int8_t* x) {
    const __m256i pairs = _mm256_maddubs_epi16(numbers, loadBytes(x + kRun * kGroup));
    return _mm256_cvtepi32_ps(_mm256_madd_epi16(pairs, scalesOfRun<kRun>(scales)));
}

// Q6_K: value = scale * (number - 32) in groups of 16 with signed scales.
inline float multiplyRowQ6K(const std::byte* row, const BlockMatrix& matrix, const QuantizedRow& x) {
    constexpr std::int64_t kBytes = 210;
    constexpr float kZero = 32.0F;
    const __m256i low4 = _mm256_set1_epi8(15);
    const __m256i upper2 = _mm256_set1_epi8(48);
    __m256 sums[2] = {_mm256_setzero_ps(), _mm256_setzero_ps()};
    __m256 zeros = _mm256_setzero_ps();
    alignas(32) float scale[kGroupsPerBlock];
    for (std::int64_t index = 0; index < matrix.columns / kValuesPerBlock; ++index) {
        const std::byte* block = row + index * kBytes;
        const __m128i scales = _mm_loadu_si128(reinterpret_cast<const __m128i*>(block + 192));
        const std::int64_t group = index * kGroupsPerBlock;
        const __m256 scaled =
            _mm256_mul_ps(_mm256_set1_ps(halfAt(block + 208)), _mm256_loadu_ps(x.scales + group));
        _mm256_store_ps(scale, scaled);
        const __m256i halfSums = loadBytes(x.halfSums + 2 * group);
        zeros = _mm256_fmadd_ps(
            _mm256_cvtepi32_ps(_mm256_madd_epi16(_mm256_cvtepi8_epi16(scales), halfSums)), scaled, zeros);
        const auto runs = [&]<int kHalf>() {
            const __m256i first = loadBytes(block + 64 * kHalf);
            const __m256i second = loadBytes(block + 64 * kHalf + 32);
            const __m256i upper = loadBytes(block + 128 + 32 * kHalf);
            const auto join = [&](__m256i low, __m256i shifted) {
                return _mm256_or_si256(_mm256_and_si256(low, low4), _mm256_and_si256(shifted, upper2));
            };
            const __m256i run0 = join(first, _mm256_slli_epi16(upper, 4));
            const __m256i run1 = join(second, _mm256_slli_epi16(upper, 2));
            const __m256i run2 = join(_mm256_srli_epi16(first, 4), upper);
            const __m256i run3 = join(_mm256_srli_epi16(second, 4), _mm256_srli_epi16(upper, 2));
            constexpr int kRun = 4 * kHalf;
            const std::int8_t* values = x.values + group * kGroup;
            const auto add = [&](__m256 products, int run) {
                sums[run % 2] = _mm256_fmadd_ps(products, _mm256_broadcast_ss(scale + run), sums[run % 2]);
            };
            add(runProducts<kRun>(run0, scales, values), kRun);
            add(runProducts<kRun + 1>(run1, scales, values), kRun + 1);
            add(runProducts<kRun + 2>(run2, scales, values), kRun + 2);
            add(runProducts<kRun + 3>(run3, scales, values), kRun + 3);
        };
        runs.template operator()<0>();
        runs.template operator()<1>();
    }
    return sumOf(_mm256_fnmadd_ps(_mm256_set1_ps(kZero), zeros, _mm256_add_ps(sums[0], sums[1])));
}

}  // namespace
}  // namespace epi::cpu
