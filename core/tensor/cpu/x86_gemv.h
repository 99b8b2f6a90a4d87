#pragma once

// Matrix times vector on 256-bit registers, for the files that are compiled for a set of instructions. All is
// in an unnamed namespace and nothing of the standard library with a body is used: an inline function
// compiled here for new instructions must never become the one that the rest of the program calls.
#include "core/tensor/cpu/kernels.h"

#include <immintrin.h>

namespace epi::cpu {
namespace {

inline std::uint32_t load32(const std::byte* address) {
    std::uint32_t bits = 0;
    __builtin_memcpy(&bits, address, sizeof bits);
    return bits;
}

inline std::uint16_t load16(const std::byte* address) {
    std::uint16_t bits = 0;
    __builtin_memcpy(&bits, address, sizeof bits);
    return bits;
}

inline float halfAt(const std::byte* address) {
    return _mm_cvtss_f32(_mm_cvtph_ps(_mm_cvtsi32_si128(load16(address))));
}

inline __m256i loadBytes(const void* address) {
    return _mm256_loadu_si256(static_cast<const __m256i*>(address));
}

inline float sumOf(__m256 lanes) {
    __m128 sum = _mm_add_ps(_mm256_castps256_ps128(lanes), _mm256_extractf128_ps(lanes, 1));
    sum = _mm_add_ps(sum, _mm_movehl_ps(sum, sum));
    return _mm_cvtss_f32(_mm_add_ss(sum, _mm_movehdup_ps(sum)));
}

/// 16 bytes to 32 numbers of 4 bits: low nibbles, then high ones.
inline __m256i nibbles(const std::byte* packed) {
    const __m256i twice =
        _mm256_broadcastsi128_si256(_mm_loadu_si128(reinterpret_cast<const __m128i*>(packed)));
    const __m256i shifted = _mm256_srlv_epi64(twice, _mm256_setr_epi64x(0, 0, 4, 4));
    return _mm256_and_si256(shifted, _mm256_set1_epi8(15));
}

/// 16 in byte i where bit i of the word is set.
inline __m256i fifthBits(std::uint32_t word) {
    const __m256i spread = _mm256_shuffle_epi8(
        _mm256_set1_epi32(static_cast<int>(word)),
        _mm256_setr_epi64x(0x0000000000000000, 0x0101010101010101, 0x0202020202020202, 0x0303030303030303));
    const __m256i bit = _mm256_set1_epi64x(static_cast<long long>(0x8040201008040201ULL));
    const __m256i isSet = _mm256_cmpeq_epi8(_mm256_and_si256(spread, bit), bit);
    return _mm256_and_si256(isSet, _mm256_set1_epi8(16));
}

// Formats of 32 values under one scale. `numbers` are unsigned; a value is scale * number + minimum, where
// symmetric formats have the minimum -kZero * scale.
struct FormatQ4_0 {
    static constexpr std::int64_t kBytes = 18;
    static constexpr float kZero = 8.0F;
    static constexpr bool kHasMinimum = false;
    static __m256i numbers(const std::byte* block) { return nibbles(block + 2); }
};
struct FormatQ4_1 {
    static constexpr std::int64_t kBytes = 20;
    static constexpr float kZero = 0.0F;
    static constexpr bool kHasMinimum = true;
    static __m256i numbers(const std::byte* block) { return nibbles(block + 4); }
};
struct FormatQ5_0 {
    static constexpr std::int64_t kBytes = 22;
    static constexpr float kZero = 16.0F;
    static constexpr bool kHasMinimum = false;
    static __m256i numbers(const std::byte* block) {
        return _mm256_or_si256(nibbles(block + 6), fifthBits(load32(block + 2)));
    }
};
struct FormatQ5_1 {
    static constexpr std::int64_t kBytes = 24;
    static constexpr float kZero = 0.0F;
    static constexpr bool kHasMinimum = true;
    static __m256i numbers(const std::byte* block) {
        return _mm256_or_si256(nibbles(block + 8), fifthBits(load32(block + 4)));
    }
};

/// Asks for the same block of the rows that come after the next ones. Four rows side by side are four short
/// streams, which the hardware's own prefetcher does not follow.
template <int kRows>
inline void prefetchRowsAhead(const std::byte* block, std::int64_t rowBytes) {
    if constexpr (kRows > 1) {
        for (int r = 0; r < kRows; ++r)
            _mm_prefetch(block + (2 * kRows + r) * rowBytes, _MM_HINT_T0);
    }
}

/// The scales of up to four rows at the same block, one per 32-bit lane; lanes without a row are 0.
template <int kRows>
inline __m128 scalesOf(const std::byte* block, std::int64_t rowBytes) {
    __m128i halves = _mm_cvtsi32_si128(load16(block));
    if constexpr (kRows == 4) {
        halves = _mm_insert_epi16(halves, load16(block + rowBytes), 1);
        halves = _mm_insert_epi16(halves, load16(block + 2 * rowBytes), 2);
        halves = _mm_insert_epi16(halves, load16(block + 3 * rowBytes), 3);
    }
    return _mm_cvtph_ps(halves);
}

/// Scales (even lanes) and minima (odd lanes) of up to four rows.
template <int kRows>
inline __m256 scalesAndMinimaOf(const std::byte* block, std::int64_t rowBytes) {
    __m128i halves = _mm_cvtsi32_si128(static_cast<int>(load32(block)));
    if constexpr (kRows == 4) {
        halves = _mm_insert_epi32(halves, static_cast<int>(load32(block + rowBytes)), 1);
        halves = _mm_insert_epi32(halves, static_cast<int>(load32(block + 2 * rowBytes)), 2);
        halves = _mm_insert_epi32(halves, static_cast<int>(load32(block + 3 * rowBytes)), 3);
    }
    return _mm256_cvtph_ps(halves);
}

template <typename Isa, typename Format, int kRows>
void multiplyRows32(const std::byte* row, const BlockMatrix& matrix, const QuantizedRow& x, float* y) {
    const std::int64_t rowBytes = matrix.rowBytes;
    __m256 sums[kRows];
    for (int r = 0; r < kRows; ++r)
        sums[r] = _mm256_setzero_ps();
    __m256 minima = _mm256_setzero_ps();
    alignas(32) float scales[8];
    for (std::int64_t group = 0; group < matrix.columns / kGroup; ++group) {
        const std::byte* block = row + group * Format::kBytes;
        prefetchRowsAhead<kRows>(block, rowBytes);
        const __m256i activations = loadBytes(x.values + group * kGroup);
        constexpr int kStep = Format::kHasMinimum ? 2 : 1;
        if constexpr (Format::kHasMinimum) {
            const __m256 both = scalesAndMinimaOf<kRows>(block, rowBytes);
            _mm256_store_ps(scales, _mm256_mul_ps(both, _mm256_broadcast_ss(x.scales + group)));
            minima = _mm256_fmadd_ps(both, _mm256_broadcast_ss(x.sums + group), minima);
        } else {
            const __m128 four = scalesOf<kRows>(block, rowBytes);
            _mm_store_ps(scales, _mm_mul_ps(four, _mm_broadcast_ss(x.scales + group)));
            minima =
                _mm256_fmadd_ps(_mm256_castps128_ps256(four), _mm256_broadcast_ss(x.sums + group), minima);
        }
        for (int r = 0; r < kRows; ++r) {
            const __m256i products = Isa::dot(Format::numbers(block + r * rowBytes), activations);
            sums[r] = _mm256_fmadd_ps(
                _mm256_cvtepi32_ps(products), _mm256_broadcast_ss(scales + r * kStep), sums[r]);
        }
    }
    alignas(32) float minimum[8];
    _mm256_store_ps(minimum, minima);
    for (int r = 0; r < kRows; ++r) {
        y[r] = sumOf(sums[r]) + (Format::kHasMinimum ? minimum[2 * r + 1] : -Format::kZero * minimum[r]);
    }
}

template <typename Isa, int kRows>
void multiplyRowsQ8_0(const std::byte* row, const BlockMatrix& matrix, const QuantizedRow& x, float* y) {
    constexpr std::int64_t kBytes = 34;
    __m256 sums[kRows];
    for (int r = 0; r < kRows; ++r)
        sums[r] = _mm256_setzero_ps();
    alignas(16) float scales[4];
    for (std::int64_t group = 0; group < matrix.columns / kGroup; ++group) {
        const std::byte* block = row + group * kBytes;
        prefetchRowsAhead<kRows>(block, matrix.rowBytes);
        const __m256i activations = loadBytes(x.values + group * kGroup);
        _mm_store_ps(scales,
                     _mm_mul_ps(scalesOf<kRows>(block, matrix.rowBytes), _mm_broadcast_ss(x.scales + group)));
        for (int r = 0; r < kRows; ++r) {
            const __m256i numbers = loadBytes(block + r * matrix.rowBytes + 2);
            // The instruction multiplies unsigned with signed bytes: the sign moves to the other factor.
            const __m256i products =
                Isa::dot(_mm256_abs_epi8(numbers), _mm256_sign_epi8(activations, numbers));
            sums[r] = _mm256_fmadd_ps(_mm256_cvtepi32_ps(products), _mm256_broadcast_ss(scales + r), sums[r]);
        }
    }
    for (int r = 0; r < kRows; ++r)
        y[r] = sumOf(sums[r]);
}

}  // namespace
}  // namespace epi::cpu
