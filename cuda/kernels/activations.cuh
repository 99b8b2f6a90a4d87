#pragma once

#include <cuda_bf16.h>

#include "cuda/kernels/gemv.h"
#include "cuda/kernels/pipeline.cuh"
#include "cuda/kernels/row_dot.cuh"

// The input of a product as a block of threads keeps it in shared memory: as 8-bit numbers with a scale per
// 32 columns for quantised weights, as bf16 for bf16 ones, as both where a product has both.
namespace epi::cuda {

/// Groups of 8 values that a thread asks for before it uses the first: of 14,336 columns all of them, since
/// every further round trip to the L2 cache is time in which no product runs.
inline constexpr int kActivationGroups = 7;

struct SharedActivations {
    std::byte* quants;  // columns 0-15 of all blocks, then 16-31 of all blocks: no bank is hit twice
    float2* scales;     // scale, and the two sums as int16
    uint4* values;      // bf16
    int blocks;

    /// The parts of `memory` for this many columns, one behind the other; moves `memory` behind them.
    __device__ static SharedActivations at(std::byte*& memory,
                                           int columns,
                                           bool isQuantised,
                                           bool hasFloats) {
        SharedActivations result{};
        result.blocks = columns / kBlockColumns;
        if (isQuantised) {
            result.quants = memory;
            result.scales = reinterpret_cast<float2*>(memory + result.blocks * kBlockColumns);
            memory += activationBytes(columns, true, false);
        }
        if (hasFloats) {
            result.values = reinterpret_cast<uint4*>(memory);
            memory += activationBytes(columns, false, true);
        }
        return result;
    }

    __device__ ActivationBlock block(int index) const {
        const float2 scale = scales[index];
        const int sums = __float_as_int(scale.y);
        return {.low = reinterpret_cast<const int4*>(quants)[index],
                .high = reinterpret_cast<const int4*>(quants)[blocks + index],
                .scale = scale.x,
                .lowSum = static_cast<int>(static_cast<std::int16_t>(sums & 0xffff)),
                .highSum = sums >> 16};
    }
};

__device__ inline float warpSum(float value) {
#pragma unroll
    for (int offset = 16; offset > 0; offset /= 2)
        value += __shfl_xor_sync(0xffffffffU, value, offset);
    return value;
}

/// Sum over the block; `scratch` has a float per warp and is free again after the next barrier.
template <int kWarps>
__device__ inline float blockSum(float value, float* scratch) {
    value = warpSum(value);
    if (threadIdx.x % 32 == 0) scratch[threadIdx.x / 32] = value;
    __syncthreads();
    float sum = 0.0F;
#pragma unroll
    for (int warp = 0; warp < kWarps; ++warp)
        sum += scratch[warp];
    return sum;
}

__device__ inline std::uint32_t packBf16(float low, float high) {
    const __nv_bfloat162 pair = __floats2bfloat162_rn(low, high);
    return *reinterpret_cast<const std::uint32_t*>(&pair);
}

/// Puts columns 8 * group to 8 * group + 7 into shared memory. All lanes of the warp take part, four lanes
/// being a block of 32 columns.
template <bool kQuantised, bool kFloats>
__device__ void stageGroup(const SharedActivations& shared, int group, bool isInside, const float (&v)[8]) {
    if constexpr (kFloats) {
        if (isInside) {
            shared.values[group] = {
                packBf16(v[0], v[1]), packBf16(v[2], v[3]), packBf16(v[4], v[5]), packBf16(v[6], v[7])};
        }
    }
    if constexpr (kQuantised) {
        float largest = 0.0F;
#pragma unroll
        for (const float value : v)
            largest = fmaxf(largest, fabsf(value));
        largest = fmaxf(largest, __shfl_xor_sync(0xffffffffU, largest, 1));
        largest = fmaxf(largest, __shfl_xor_sync(0xffffffffU, largest, 2));
        const float inverse = largest > 0.0F ? 127.0F / largest : 0.0F;
        int sum = 0;
        std::uint32_t words[2] = {0, 0};
#pragma unroll
        for (int i = 0; i < 8; ++i) {
            const int number = __float2int_rn(v[i] * inverse);
            sum += number;
            words[i / 4] |= (static_cast<std::uint32_t>(number) & 255U) << (i % 4 * 8);
        }
        sum += __shfl_xor_sync(0xffffffffU, sum, 1);
        const int otherSum = __shfl_xor_sync(0xffffffffU, sum, 2);
        if (isInside) {
            const int block = group / 4;
            const int part = group % 4;
            auto* const plane =
                reinterpret_cast<uint2*>(shared.quants + (part / 2 * shared.blocks + block) * 16);
            plane[part % 2] = {words[0], words[1]};
            if (part == 0) {
                const std::uint32_t sums =
                    (static_cast<std::uint32_t>(sum) & 0xffffU) | static_cast<std::uint32_t>(otherSum) << 16;
                shared.scales[block] = {largest * (1.0F / 127.0F), __uint_as_float(sums)};
            }
        }
    }
}

struct EightFloats {
    float v[8];
};

/// Plain loads: an earlier kernel of the step wrote these.
__device__ inline void loadEight(const float* source, float (&v)[8]) {
    const float4 first = __ldcg(reinterpret_cast<const float4*>(source));
    const float4 second = __ldcg(reinterpret_cast<const float4*>(source) + 1);
    v[0] = first.x, v[1] = first.y, v[2] = first.z, v[3] = first.w;
    v[4] = second.x, v[5] = second.y, v[6] = second.z, v[7] = second.w;
}

__device__ inline void loadEightConstant(const float* source, float (&v)[8]) {
    const float4 first = __ldg(reinterpret_cast<const float4*>(source));
    const float4 second = __ldg(reinterpret_cast<const float4*>(source) + 1);
    v[0] = first.x, v[1] = first.y, v[2] = first.z, v[3] = first.w;
    v[4] = second.x, v[5] = second.y, v[6] = second.z, v[7] = second.w;
}

/// Norms the residual stream into shared memory. `wait` returns when the residual may be read; what stands
/// before it reads only weights. `scratch` has two floats per warp.
template <bool kQuantised, bool kFloats, int kWarps, typename Wait>
__device__ void stageNormed(const GemvArgs& args,
                            const SharedActivations& shared,
                            float* scratch,
                            const Wait& wait) {
    constexpr int kThreads = kWarps * 32;
    constexpr int kNormGroups = (kMaxNormColumns / 8 + kThreads - 1) / kThreads;  // of 8 values of a thread
    const int groups = args.columns / 8;
    float weight[kNormGroups][8];
    float x[kNormGroups][8];
#pragma unroll
    for (int i = 0; i < kNormGroups; ++i) {
        const int group = static_cast<int>(threadIdx.x) + i * kThreads;
        if (group < groups) loadEightConstant(args.normWeight + group * 8, weight[i]);
    }
    wait();
#pragma unroll
    for (int i = 0; i < kNormGroups; ++i) {
        const int group = static_cast<int>(threadIdx.x) + i * kThreads;
#pragma unroll
        for (float& value : x[i])
            value = 0.0F;
        if (group < groups) loadEight(args.residual + group * 8, x[i]);
    }
    if (args.branch != nullptr) {
        float squares = 0.0F;
        float y[kNormGroups][8];
#pragma unroll
        for (int i = 0; i < kNormGroups; ++i) {
            const int group = static_cast<int>(threadIdx.x) + i * kThreads;
#pragma unroll
            for (float& value : y[i])
                value = 0.0F;
            if (group < groups) loadEight(args.branch + group * 8, y[i]);
#pragma unroll
            for (const float value : y[i])
                squares = fmaf(value, value, squares);
        }
        const float mean = blockSum<kWarps>(squares, scratch + kWarps) / static_cast<float>(args.columns);
        const float scale = rsqrtf(mean + args.branchNormEpsilon);
#pragma unroll
        for (int i = 0; i < kNormGroups; ++i) {
            const int group = static_cast<int>(threadIdx.x) + i * kThreads;
            if (group >= groups) continue;
            float branchWeight[8];
            loadEightConstant(args.branchNormWeight + group * 8, branchWeight);
#pragma unroll
            for (int j = 0; j < 8; ++j) {
                x[i][j] = fmaf(y[i][j] * scale, branchWeight[j], x[i][j]);
                if (blockIdx.x == 0) args.residualOut[group * 8 + j] = x[i][j];
            }
        }
    }
    float squares = 0.0F;
#pragma unroll
    for (const auto& group : x) {
#pragma unroll
        for (const float value : group)
            squares = fmaf(value, value, squares);
    }
    const float mean = blockSum<kWarps>(squares, scratch) / static_cast<float>(args.columns);
    const float scale = rsqrtf(mean + args.normEpsilon);
#pragma unroll
    for (int i = 0; i < kNormGroups; ++i) {
        const int group = static_cast<int>(threadIdx.x) + i * kThreads;
        if (i * kThreads >= groups) break;
        const bool isInside = group < groups;
#pragma unroll
        for (int j = 0; j < 8; ++j)
            x[i][j] = isInside ? x[i][j] * scale * weight[i][j] : 0.0F;
        stageGroup<kQuantised, kFloats>(shared, group, isInside, x[i]);
    }
}

/// Brings bf16 activations into shared memory once `wait` has returned.
template <bool kQuantised, bool kFloats, int kWarps, typename Wait>
__device__ void stageActivations(const GemvArgs& args, const SharedActivations& shared, const Wait& wait) {
    constexpr int kThreads = kWarps * 32;
    wait();
    const int groups = args.columns / 8;
    for (int first = 0; first < groups; first += kActivationGroups * kThreads) {
        uint4 packed[kActivationGroups];
#pragma unroll
        for (int i = 0; i < kActivationGroups; ++i) {
            const int group = first + i * kThreads + static_cast<int>(threadIdx.x);
            packed[i] = group < groups ? __ldcg(reinterpret_cast<const uint4*>(args.activations) + group)
                                       : uint4{0, 0, 0, 0};
        }
#pragma unroll
        for (int i = 0; i < kActivationGroups; ++i) {
            const int group = first + i * kThreads + static_cast<int>(threadIdx.x);
            if (first + i * kThreads >= groups) break;
            const float v[8] = {lowBf16(packed[i].x),
                                highBf16(packed[i].x),
                                lowBf16(packed[i].y),
                                highBf16(packed[i].y),
                                lowBf16(packed[i].z),
                                highBf16(packed[i].z),
                                lowBf16(packed[i].w),
                                highBf16(packed[i].w)};
            stageGroup<kQuantised, kFloats>(shared, group, group < groups, v);
        }
    }
}

}  // namespace epi::cuda
