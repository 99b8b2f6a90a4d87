#pragma once

// Attention of one row, on 256-bit registers. See x86_gemv.h for the rules of these files.
#include "core/tensor/cpu/exponential.h"
#include "core/tensor/cpu/x86_gemv.h"

namespace epi::cpu {
namespace {

/// Entries that are decoded to fp32 at a time: their keys or values stay in the first-level cache.
inline std::int64_t tileEntries(std::int64_t headDim) {
    constexpr std::int64_t kTileFloats = 4096;
    const std::int64_t entries = kTileFloats / headDim;
    return entries < 8 ? 8 : entries / 8 * 8;
}

inline void decodeHalves(const std::uint16_t* halves, std::int64_t count, float* values) {
    std::int64_t i = 0;
    for (; i + 8 <= count; i += 8) {
        const auto* source = reinterpret_cast<const __m128i*>(halves + i);
        _mm256_storeu_ps(values + i, _mm256_cvtph_ps(_mm_loadu_si128(source)));
    }
    for (; i < count; ++i)
        values[i] = _mm_cvtss_f32(_mm_cvtph_ps(_mm_cvtsi32_si128(halves[i])));
}

/// Sums of four registers, one per lane.
inline __m128 sumsOf(__m256 a, __m256 b, __m256 c, __m256 d) {
    const __m256 pairs = _mm256_hadd_ps(_mm256_hadd_ps(a, b), _mm256_hadd_ps(c, d));
    return _mm_add_ps(_mm256_castps256_ps128(pairs), _mm256_extractf128_ps(pairs, 1));
}

/// scores[head][entry] of kHeads query heads and all entries of a tile.
template <int kHeads>
void scoreTile(const float* queries,
               const float* keys,
               std::int64_t entries,
               std::int64_t headDim,
               float* scores,
               std::int64_t scoreStride) {
    const std::int64_t whole = headDim / 8 * 8;
    for (std::int64_t entry = 0; entry < entries; entry += 4) {
        // The last step may look at up to three entries that are not there: the tile has room for them, and
        // nobody reads their scores.
        const float* key = keys + entry * headDim;
        __m256 sums[kHeads][4];
        for (int head = 0; head < kHeads; ++head) {
            for (int i = 0; i < 4; ++i)
                sums[head][i] = _mm256_setzero_ps();
        }
        for (std::int64_t d = 0; d < whole; d += 8) {
            __m256 query[kHeads];
            for (int head = 0; head < kHeads; ++head)
                query[head] = _mm256_loadu_ps(queries + head * headDim + d);
            for (int i = 0; i < 4; ++i) {
                const __m256 part = _mm256_loadu_ps(key + i * headDim + d);
                for (int head = 0; head < kHeads; ++head)
                    sums[head][i] = _mm256_fmadd_ps(query[head], part, sums[head][i]);
            }
        }
        for (int head = 0; head < kHeads; ++head) {
            float* score = scores + head * scoreStride + entry;
            _mm_storeu_ps(score, sumsOf(sums[head][0], sums[head][1], sums[head][2], sums[head][3]));
            for (int i = 0; i < 4; ++i) {
                for (std::int64_t d = whole; d < headDim; ++d)
                    score[i] += queries[head * headDim + d] * key[i * headDim + d];
            }
        }
    }
}

/// outputs[head] += sum over the tile's entries of weight * value, kWidth registers of the head at a time.
template <int kHeads, int kWidth>
void addValues(const float* weights,
               std::int64_t weightStride,
               const float* values,
               std::int64_t entries,
               std::int64_t headDim,
               float* outputs) {
    __m256 sums[kHeads][kWidth];
    for (int head = 0; head < kHeads; ++head) {
        for (int i = 0; i < kWidth; ++i)
            sums[head][i] = _mm256_loadu_ps(outputs + head * headDim + 8 * i);
    }
    for (std::int64_t entry = 0; entry < entries; ++entry) {
        __m256 value[kWidth];
        for (int i = 0; i < kWidth; ++i)
            value[i] = _mm256_loadu_ps(values + entry * headDim + 8 * i);
        for (int head = 0; head < kHeads; ++head) {
            const __m256 weight = _mm256_broadcast_ss(weights + head * weightStride + entry);
            for (int i = 0; i < kWidth; ++i)
                sums[head][i] = _mm256_fmadd_ps(weight, value[i], sums[head][i]);
        }
    }
    for (int head = 0; head < kHeads; ++head) {
        for (int i = 0; i < kWidth; ++i)
            _mm256_storeu_ps(outputs + head * headDim + 8 * i, sums[head][i]);
    }
}

template <int kHeads>
void addTile(const float* weights,
             std::int64_t weightStride,
             const float* values,
             std::int64_t entries,
             std::int64_t headDim,
             float* outputs) {
    std::int64_t d = 0;
    for (; d + 32 <= headDim; d += 32)
        addValues<kHeads, 4>(weights, weightStride, values + d, entries, headDim, outputs + d);
    for (; d + 8 <= headDim; d += 8)
        addValues<kHeads, 1>(weights, weightStride, values + d, entries, headDim, outputs + d);
    for (; d < headDim; ++d) {
        for (int head = 0; head < kHeads; ++head) {
            for (std::int64_t entry = 0; entry < entries; ++entry)
                outputs[head * headDim + d] +=
                    weights[head * weightStride + entry] * values[entry * headDim + d];
        }
    }
}

/// Calls visit with a number of heads that is known to the compiler, and the first of them.
template <typename Visit>
inline void inHeads(std::int64_t group, const Visit& visit) {
    std::int64_t head = 0;
    for (; group - head >= 3 && group - head != 4; head += 3)
        visit.template operator()<3>(head);
    for (; group - head >= 2; head += 2)
        visit.template operator()<2>(head);
    if (head < group) visit.template operator()<1>(head);
}

inline constexpr float kLowestScore = -3.0e38F;

/// Turns a head's scores of one tile into weights, on the scale of the largest score so far. Up to seven
/// scores behind the last are overwritten.
inline void softmaxTile(const AttentionSlice& slice, std::int64_t head, float* scores, std::int64_t entries) {
    const std::int64_t padded = (entries + 7) / 8 * 8;
    for (std::int64_t entry = entries; entry < padded; ++entry)
        scores[entry] = kLowestScore;
    __m256 lanes = _mm256_loadu_ps(scores);
    for (std::int64_t entry = 8; entry < padded; entry += 8)
        lanes = _mm256_max_ps(lanes, _mm256_loadu_ps(scores + entry));
    __m128 largest = _mm_max_ps(_mm256_castps256_ps128(lanes), _mm256_extractf128_ps(lanes, 1));
    largest = _mm_max_ps(largest, _mm_movehl_ps(largest, largest));
    const float maximum = _mm_cvtss_f32(_mm_max_ss(largest, _mm_movehdup_ps(largest)));
    if (maximum > slice.maxima[head]) {
        const float factor = exponential(slice.maxima[head] - maximum);
        slice.sums[head] *= factor;
        for (std::int64_t d = 0; d < slice.headDim; ++d)
            slice.outputs[head * slice.headDim + d] *= factor;
        slice.maxima[head] = maximum;
    }
    const float reference = slice.maxima[head];
    for (std::int64_t entry = 0; entry < padded; ++entry)
        scores[entry] = exponential(scores[entry] - reference);
    lanes = _mm256_loadu_ps(scores);
    for (std::int64_t entry = 8; entry < padded; entry += 8)
        lanes = _mm256_add_ps(lanes, _mm256_loadu_ps(scores + entry));
    slice.sums[head] += sumOf(lanes);
}

void attend(const AttentionSlice& slice) {
    const std::int64_t headDim = slice.headDim;
    const std::int64_t tile = tileEntries(headDim);
    float* decoded = slice.scratch;
    float* scores = slice.scratch + tile * headDim;
    for (std::int64_t head = 0; head < slice.group; ++head) {
        slice.maxima[head] = kLowestScore;
        slice.sums[head] = 0.0F;
    }
    for (std::int64_t i = 0; i < slice.group * headDim; ++i)
        slice.outputs[i] = 0.0F;
    for (std::int64_t first = 0; first < slice.entries; first += tile) {
        const std::int64_t entries = slice.entries - first < tile ? slice.entries - first : tile;
        decodeHalves(slice.keys + first * headDim, entries * headDim, decoded);
        inHeads(slice.group, [&]<int kHeads>(std::int64_t head) {
            scoreTile<kHeads>(
                slice.queries + head * headDim, decoded, entries, headDim, scores + head * tile, tile);
        });
        for (std::int64_t head = 0; head < slice.group; ++head)
            softmaxTile(slice, head, scores + head * tile, entries);
        decodeHalves(slice.values + first * headDim, entries * headDim, decoded);
        inHeads(slice.group, [&]<int kHeads>(std::int64_t head) {
            addTile<kHeads>(
                scores + head * tile, tile, decoded, entries, headDim, slice.outputs + head * headDim);
        });
    }
}

}  // namespace
}  // namespace epi::cpu
