#pragma once

// Puts the kernels of one set of instructions together. See x86_gemv.h for the rules of these files.
#include "core/tensor/cpu/x86_attention.h"
#include "core/tensor/cpu/x86_gemv.h"
#include "core/tensor/cpu/x86_gemv_k.h"

namespace epi::cpu {
namespace {

void quantize(const float* x, std::int64_t columns, const QuantizedRow& row) {
    const __m256 magnitude = _mm256_castsi256_ps(_mm256_set1_epi32(0x7fffffff));
    for (std::int64_t group = 0; group < columns / kGroup; ++group) {
        __m256 parts[4];
        __m256 lanes = _mm256_setzero_ps();
        for (int i = 0; i < 4; ++i) {
            parts[i] = _mm256_loadu_ps(x + group * kGroup + 8 * i);
            lanes = _mm256_max_ps(lanes, _mm256_and_ps(parts[i], magnitude));
        }
        __m128 four = _mm_max_ps(_mm256_castps256_ps128(lanes), _mm256_extractf128_ps(lanes, 1));
        four = _mm_max_ps(four, _mm_movehl_ps(four, four));
        const float largest = _mm_cvtss_f32(_mm_max_ss(four, _mm_movehdup_ps(four)));
        const float scale = largest / 127.0F;
        const __m256 inverse = _mm256_set1_ps(largest > 0.0F ? 127.0F / largest : 0.0F);
        __m256i numbers[4];
        for (int i = 0; i < 4; ++i)
            numbers[i] = _mm256_cvtps_epi32(_mm256_mul_ps(parts[i], inverse));
        // Packing works inside 128-bit halves; the permutation puts groups of four back in order.
        const __m256i words0 = _mm256_packs_epi32(numbers[0], numbers[1]);
        const __m256i words1 = _mm256_packs_epi32(numbers[2], numbers[3]);
        const __m256i bytes = _mm256_permutevar8x32_epi32(_mm256_packs_epi16(words0, words1),
                                                          _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(row.values + group * kGroup), bytes);
        const __m256i pairs = _mm256_maddubs_epi16(_mm256_set1_epi8(1), bytes);
        alignas(32) std::int32_t fours[8];
        _mm256_store_si256(reinterpret_cast<__m256i*>(fours), _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
        const std::int32_t first = fours[0] + fours[1] + fours[2] + fours[3];
        const std::int32_t second = fours[4] + fours[5] + fours[6] + fours[7];
        row.scales[group] = scale;
        row.sums[group] = scale * static_cast<float>(first + second);
        row.halfSums[2 * group] = static_cast<std::int16_t>(first);
        row.halfSums[2 * group + 1] = static_cast<std::int16_t>(second);
    }
}

void toHalf(const float* x, std::int64_t count, std::uint16_t* half) {
    for (std::int64_t i = 0; i < count; ++i) {
        half[i] = static_cast<std::uint16_t>(
            _mm_cvtsi128_si32(_mm_cvtps_ph(_mm_set_ss(x[i]), _MM_FROUND_TO_NEAREST_INT)));
    }
}

// Eight values of each float format at an address.
struct LoadF32 {
    static constexpr std::int64_t kBytes = 4;
    static __m256 eight(const std::byte* address) {
        return _mm256_loadu_ps(reinterpret_cast<const float*>(address));
    }
    static float one(const std::byte* address) { return __builtin_bit_cast(float, load32(address)); }
};
struct LoadF16 {
    static constexpr std::int64_t kBytes = 2;
    static __m256 eight(const std::byte* address) {
        return _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(address)));
    }
    static float one(const std::byte* address) { return halfAt(address); }
};
struct LoadBF16 {
    static constexpr std::int64_t kBytes = 2;
    static __m256 eight(const std::byte* address) {
        const __m128i halves = _mm_loadu_si128(reinterpret_cast<const __m128i*>(address));
        return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(halves), 16));
    }
    static float one(const std::byte* address) {
        return __builtin_bit_cast(float, static_cast<std::uint32_t>(load16(address)) << 16);
    }
};

template <typename Load>
float multiplyRowFloat(const std::byte* row, std::int64_t columns, const float* x) {
    __m256 sums[4] = {_mm256_setzero_ps(), _mm256_setzero_ps(), _mm256_setzero_ps(), _mm256_setzero_ps()};
    std::int64_t i = 0;
    for (; i + 32 <= columns; i += 32) {
        for (int part = 0; part < 4; ++part) {
            const std::int64_t at = i + 8 * part;
            sums[part] =
                _mm256_fmadd_ps(Load::eight(row + at * Load::kBytes), _mm256_loadu_ps(x + at), sums[part]);
        }
    }
    float rest = 0.0F;
    for (; i < columns; ++i)
        rest += Load::one(row + i * Load::kBytes) * x[i];
    return rest + sumOf(_mm256_add_ps(_mm256_add_ps(sums[0], sums[1]), _mm256_add_ps(sums[2], sums[3])));
}

float multiplyDecodedRow(const float* row, std::int64_t columns, const float* x) {
    return multiplyRowFloat<LoadF32>(reinterpret_cast<const std::byte*>(row), columns, x);
}

/// Four rows at a time where there are four, so that they share the loads of the activations.
template <typename FourRows, typename OneRow>
inline void inRows(const BlockMatrix& matrix,
                   const RowRange& rows,
                   float* y,
                   const FourRows& fourRows,
                   const OneRow& oneRow) {
    std::int64_t i = 0;
    for (; i + 4 <= rows.count; i += 4)
        fourRows(matrix.blocks + (rows.first + i) * matrix.rowBytes, y + i);
    for (; i < rows.count; ++i)
        oneRow(matrix.blocks + (rows.first + i) * matrix.rowBytes, y + i);
}

template <typename Isa, typename Format>
inline void multiply32(const BlockMatrix& matrix, const QuantizedRow& x, const RowRange& rows, float* y) {
    inRows(
        matrix,
        rows,
        y,
        [&](const std::byte* row, float* out) { multiplyRows32<Isa, Format, 4>(row, matrix, x, out); },
        [&](const std::byte* row, float* out) { multiplyRows32<Isa, Format, 1>(row, matrix, x, out); });
}

template <typename Row>
inline void rowByRow(const BlockMatrix& matrix, const RowRange& rows, float* y, const Row& row) {
    for (std::int64_t i = 0; i < rows.count; ++i)
        y[i] = row(matrix.blocks + (rows.first + i) * matrix.rowBytes);
}

template <typename Isa>
void multiply(const BlockMatrix& matrix, const ActivationRow& x, const RowRange& rows, float* y) {
    const QuantizedRow& q = x.quantized;
    const auto floatRows = [&]<typename Load>() {
        rowByRow(matrix, rows, y, [&](const std::byte* row) {
            return multiplyRowFloat<Load>(row, matrix.columns, x.values);
        });
    };
    switch (matrix.type) {
        case TensorType::kQ4_0:
            return multiply32<Isa, FormatQ4_0>(matrix, q, rows, y);
        case TensorType::kQ4_1:
            return multiply32<Isa, FormatQ4_1>(matrix, q, rows, y);
        case TensorType::kQ5_0:
            return multiply32<Isa, FormatQ5_0>(matrix, q, rows, y);
        case TensorType::kQ5_1:
            return multiply32<Isa, FormatQ5_1>(matrix, q, rows, y);
        case TensorType::kQ8_0:
            return inRows(
                matrix,
                rows,
                y,
                [&](const std::byte* row, float* out) { multiplyRowsQ8_0<Isa, 4>(row, matrix, q, out); },
                [&](const std::byte* row, float* out) { multiplyRowsQ8_0<Isa, 1>(row, matrix, q, out); });
        case TensorType::kQ4_K:
            return rowByRow(matrix, rows, y, [&](const std::byte* row) {
                return multiplyRowQ45K<Isa, false>(row, matrix, q);
            });
        case TensorType::kQ5_K:
            return rowByRow(matrix, rows, y, [&](const std::byte* row) {
                return multiplyRowQ45K<Isa, true>(row, matrix, q);
            });
        case TensorType::kQ6_K:
            return rowByRow(
                matrix, rows, y, [&](const std::byte* row) { return multiplyRowQ6K(row, matrix, q); });
        case TensorType::kF32:
            return floatRows.template operator()<LoadF32>();
        case TensorType::kF16:
            return floatRows.template operator()<LoadF16>();
        case TensorType::kBF16:
            return floatRows.template operator()<LoadBF16>();
        default:
            return multiplyDecodedRows(matrix, x.values, rows, y, multiplyDecodedRow);
    }
}

}  // namespace
}  // namespace epi::cpu
