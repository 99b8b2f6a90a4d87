#pragma once

#include <cstddef>
#include <cstdint>

#include <cuda_fp16.h>

#include "cuda/kernels/pipeline.cuh"
#include "cuda/kernels/weight_rows.h"

// Dot products of a tile of a weight row with activations in shared memory, a block of 32 columns per lane.
// Quantised weights meet activations of 8 bits with one scale per 32 (GGML's q8 scheme): four products per
// instruction, summed exactly as integers, and the offset or minimum of a weight costs one multiplication
// with the block's sum.
namespace epi::cuda {

/// Activations of one block. `low` are columns 0-15, `high` columns 16-31.
struct ActivationBlock {
    int4 low;
    int4 high;
    float scale;
    int lowSum;
    int highSum;
};

/// A tile that a bulk copy brought to shared memory, or one read from global memory.
template <bool kIsShared>
struct TileReader {
    const std::byte* data;

    __device__ uint4 load16(int offset) const {
        if constexpr (kIsShared) return *reinterpret_cast<const uint4*>(data + offset);
        return loadConstant(data + offset);
    }
    template <typename T>
    __device__ T load(int offset) const {
        if constexpr (kIsShared) return *reinterpret_cast<const T*>(data + offset);
        return __ldg(reinterpret_cast<const T*>(data + offset));
    }
};

__device__ inline float halfAt(std::uint16_t bits) {
    return __half2float(__ushort_as_half(bits));
}

__device__ inline float2 halvesAt(std::uint32_t bits) {
    return {halfAt(static_cast<std::uint16_t>(bits)), halfAt(static_cast<std::uint16_t>(bits >> 16))};
}

/// Moves bit or bits `from` of every byte to bit 4. The mask then keeps them.
__device__ inline std::uint32_t toBit4(std::uint32_t word, int from) {
    return from <= 4 ? word << (4 - from) : word >> (from - 4);
}

/// Four products of unsigned weights and signed activations.
__device__ inline int unsignedDot(std::uint32_t weights, int activations, int sum) {
    asm("dp4a.u32.s32 %0, %1, %2, %0;" : "+r"(sum) : "r"(weights), "r"(activations));
    return sum;
}

/// Products of a block of nibbles: the low ones are columns 0-15, the high ones columns 16-31. High nibbles
/// are multiplied where they lie, which is 16 times too much, and divided at the end, which is exact.
__device__ inline int nibbleProducts(const uint4& packed, const ActivationBlock& x) {
    constexpr std::uint32_t kLow = 0x0f0f0f0fU;
    constexpr std::uint32_t kHigh = 0xf0f0f0f0U;
    int low = unsignedDot(packed.x & kLow, x.low.x, 0);
    int high = unsignedDot(packed.x & kHigh, x.high.x, 0);
    low = unsignedDot(packed.y & kLow, x.low.y, low);
    high = unsignedDot(packed.y & kHigh, x.high.y, high);
    low = unsignedDot(packed.z & kLow, x.low.z, low);
    high = unsignedDot(packed.z & kHigh, x.high.z, high);
    low = unsignedDot(packed.w & kLow, x.low.w, low);
    high = unsignedDot(packed.w & kHigh, x.high.w, high);
    return low + (high >> 4);
}

/// Words 0-3 are columns 0-15, words 4-7 columns 16-31, four to a word.
__device__ inline void addProducts(const std::uint32_t (&low)[4],
                                   const std::uint32_t (&high)[4],
                                   const ActivationBlock& x,
                                   int& lowProduct,
                                   int& highProduct) {
    lowProduct = __dp4a(static_cast<int>(low[0]), x.low.x, lowProduct);
    highProduct = __dp4a(static_cast<int>(high[0]), x.high.x, highProduct);
    lowProduct = __dp4a(static_cast<int>(low[1]), x.low.y, lowProduct);
    highProduct = __dp4a(static_cast<int>(high[1]), x.high.y, highProduct);
    lowProduct = __dp4a(static_cast<int>(low[2]), x.low.z, lowProduct);
    highProduct = __dp4a(static_cast<int>(high[2]), x.high.z, highProduct);
    lowProduct = __dp4a(static_cast<int>(low[3]), x.low.w, lowProduct);
    highProduct = __dp4a(static_cast<int>(high[3]), x.high.w, highProduct);
}

/// What scale and minimum a block of a q4_K or q5_K tile has; header as weight_rows.h describes it.
template <typename Reader>
__device__ float2 scaleAndMinimum(const Reader& tile, int headers, int block) {
    const int header = headers + block / 8 * 16;
    const float2 super = halvesAt(tile.template load<std::uint32_t>(header));
    const std::uint32_t first = tile.template load<std::uint8_t>(header + 4 + block % 8);
    const std::uint32_t second =
        tile.template load<std::uint8_t>(header + 12 + block % 8 / 2) >> (block % 2 * 4);
    return {super.x * static_cast<float>(first & 63U),
            super.y * static_cast<float>((first >> 6) | ((second & 15U) << 2))};
}

/// Block `block` of a tile with `blocks` blocks.
template <WeightFormat kFormat, typename Reader>
__device__ inline float blockDot(const Reader& tile, int blocks, int block, const ActivationBlock& x) {
    constexpr std::uint32_t kNibbles = 0x0f0f0f0fU;
    const uint4 packed = tile.load16(block * 16);
    int lowProduct = 0;
    int highProduct = 0;

    if constexpr (kFormat == WeightFormat::kQ8_0) {
        const uint4 second = tile.load16((blocks + block) * 16);
        const std::uint32_t low[4] = {packed.x, packed.y, packed.z, packed.w};
        const std::uint32_t high[4] = {second.x, second.y, second.z, second.w};
        addProducts(low, high, x, lowProduct, highProduct);
        const float scale = halfAt(tile.template load<std::uint16_t>(blocks * 32 + block * 2));
        return scale * x.scale * static_cast<float>(lowProduct + highProduct);
    } else if constexpr (kFormat == WeightFormat::kQ4_0 || kFormat == WeightFormat::kQ4_1 ||
                         kFormat == WeightFormat::kQ4_K) {
        const int product = nibbleProducts(packed, x);
        const int sum = x.lowSum + x.highSum;
        if constexpr (kFormat == WeightFormat::kQ4_0) {
            const float scale = halfAt(tile.template load<std::uint16_t>(blocks * 16 + block * 2));
            return scale * x.scale * static_cast<float>(product - 8 * sum);
        } else if constexpr (kFormat == WeightFormat::kQ4_1) {
            const float2 scale = halvesAt(tile.template load<std::uint32_t>(blocks * 16 + block * 4));
            return x.scale * (scale.x * static_cast<float>(product) + scale.y * static_cast<float>(sum));
        } else {
            const float2 scale = scaleAndMinimum(tile, blocks * 16, block);
            return x.scale * (scale.x * static_cast<float>(product) - scale.y * static_cast<float>(sum));
        }
    } else {
        std::uint32_t low[4] = {
            packed.x & kNibbles, packed.y & kNibbles, packed.z & kNibbles, packed.w & kNibbles};
        std::uint32_t high[4] = {(packed.x >> 4) & kNibbles,
                                 (packed.y >> 4) & kNibbles,
                                 (packed.z >> 4) & kNibbles,
                                 (packed.w >> 4) & kNibbles};
        if constexpr (kFormat == WeightFormat::kQ5_0 || kFormat == WeightFormat::kQ5_K) {
            // Bit w of byte b is the fifth bit of byte b of word w.
            const auto fifth = tile.template load<std::uint32_t>(blocks * 16 + block * 4);
#pragma unroll
            for (int word = 0; word < 4; ++word) {
                low[word] |= toBit4(fifth, word) & 0x10101010U;
                high[word] |= toBit4(fifth, word + 4) & 0x10101010U;
            }
        }
        if constexpr (kFormat == WeightFormat::kQ6_K) {
            // Bits 2w, 2w+1 of byte b are the upper bits of byte b of word w; a word each for low and high.
            const auto upper = tile.template load<uint2>(blocks * 16 + block * 8);
#pragma unroll
            for (int word = 0; word < 4; ++word) {
                low[word] |= toBit4(upper.x, word * 2) & 0x30303030U;
                high[word] |= toBit4(upper.y, word * 2) & 0x30303030U;
            }
        }
        addProducts(low, high, x, lowProduct, highProduct);
        const int sum = x.lowSum + x.highSum;
        if constexpr (kFormat == WeightFormat::kQ5_0) {
            const float scale = halfAt(tile.template load<std::uint16_t>(blocks * 20 + block * 2));
            return scale * x.scale * static_cast<float>(lowProduct + highProduct - 16 * sum);
        } else if constexpr (kFormat == WeightFormat::kQ5_K) {
            const float2 scale = scaleAndMinimum(tile, blocks * 20, block);
            return x.scale * (scale.x * static_cast<float>(lowProduct + highProduct) -
                              scale.y * static_cast<float>(sum));
        } else {
            static_assert(kFormat == WeightFormat::kQ6_K);
            const auto scales = tile.template load<std::uint16_t>(blocks * 24 + block * 2);
            const float super = halfAt(tile.template load<std::uint16_t>(blocks * 26 + block / 8 * 2));
            const auto lowScale = static_cast<std::int8_t>(scales & 255U);
            const auto highScale = static_cast<std::int8_t>(scales >> 8);
            const int product =
                lowScale * (lowProduct - 32 * x.lowSum) + highScale * (highProduct - 32 * x.highSum);
            return super * x.scale * static_cast<float>(product);
        }
    }
}

__device__ inline float lowBf16(std::uint32_t pair) {
    return __uint_as_float(pair << 16);
}
__device__ inline float highBf16(std::uint32_t pair) {
    return __uint_as_float(pair & 0xffff0000U);
}

/// Eight bf16 weights times eight activations.
__device__ inline float dotBf16(const uint4& weights, const float (&x)[8], float sum) {
    sum = fmaf(lowBf16(weights.x), x[0], sum);
    sum = fmaf(highBf16(weights.x), x[1], sum);
    sum = fmaf(lowBf16(weights.y), x[2], sum);
    sum = fmaf(highBf16(weights.y), x[3], sum);
    sum = fmaf(lowBf16(weights.z), x[4], sum);
    sum = fmaf(highBf16(weights.z), x[5], sum);
    sum = fmaf(lowBf16(weights.w), x[6], sum);
    return fmaf(highBf16(weights.w), x[7], sum);
}

}  // namespace epi::cuda
