#pragma once

#include "cuda/kernels/decode_attention_tile.cuh"

// From what the warps of a head's blocks have to the output of the head.
namespace epi::cuda::decode {

/// A warp's own: its second tile until that is in registers, then its part of the outputs.
template <int kHeadDim>
union WarpShared {
    NextTile<kHeadDim> next;
    float output[kMaxGroup][kHeadDim];
};

/// Dynamic shared memory of a block.
template <int kHeadDim>
struct Shared {
    WarpShared<kHeadDim> warps[kWarps];
    std::uint16_t query[kMaxGroup][kHeadDim];
    std::uint16_t key[kHeadDim];    // the new token's
    std::uint16_t value[kHeadDim];  // the new token's
    float newScore[kMaxGroup];
    float largest[kWarps][kMaxGroup];
    float weight[kWarps][kMaxGroup];
    float scratch[kWarps][kHeadDim];
};

/// Sums over entries: of values for one dimension, and of weights, both with the weight 1 for the largest
/// score.
struct Sums {
    float output;
    float weight;
    float largest;
};

/// What the warps of this block have of query head g for dimension d.
template <int kHeadDim>
__device__ inline Sums sumOfWarps(const Shared<kHeadDim>& shared, int g, int d) {
    Sums sums{.output = 0.0F, .weight = 0.0F, .largest = -INFINITY};
#pragma unroll
    for (int w = 0; w < kWarps; ++w)
        sums.largest = fmaxf(sums.largest, shared.largest[w][g]);
    if (sums.largest == -INFINITY) return sums;
#pragma unroll
    for (int w = 0; w < kWarps; ++w) {
        const float factor = exp2f(shared.largest[w][g] - sums.largest);
        sums.weight = fmaf(shared.weight[w][g], factor, sums.weight);
        sums.output = fmaf(shared.warps[w].output[g][d], factor, sums.output);
    }
    return sums;
}

/// Appends the new token's entry to the cache.
template <int kHeadDim>
__device__ inline void appendEntry(const DecodeAttentionArgs& args,
                                   const Shared<kHeadDim>& shared,
                                   std::int64_t row) {
    for (int d = static_cast<int>(threadIdx.x); d < kHeadDim; d += kThreads) {
        args.keys[row * kHeadDim + d] = shared.key[d];
        args.values[row * kHeadDim + d] = shared.value[d];
    }
}

/// Writes the output of a head from what this block's warps have and the new entry.
template <int kHeadDim>
__device__ inline void writeHead(const DecodeAttentionArgs& args, const Shared<kHeadDim>& shared, int head) {
    const int group = args.heads / args.kvHeads;
    for (int i = static_cast<int>(threadIdx.x); i < group * kHeadDim; i += kThreads) {
        const int g = i / kHeadDim;
        const int d = i % kHeadDim;
        const Sums sums = sumOfWarps<kHeadDim>(shared, g, d);
        const float largest = fmaxf(sums.largest, shared.newScore[g]);
        const float factor = exp2f(sums.largest - largest);
        const float newFactor = exp2f(shared.newScore[g] - largest);
        const float sum = fmaf(sums.output, factor, floatOf(shared.value[d]) * newFactor);
        const float weight = fmaf(sums.weight, factor, newFactor);
        args.output[(head * group + g) * kHeadDim + d] = __bfloat16_as_ushort(__float2bfloat16(sum / weight));
    }
}

/// Leaves this block's part of the head for the block that arrives last.
template <int kHeadDim>
__device__ inline void writePartial(const Shared<kHeadDim>& shared, int group, float* partial) {
    constexpr int kStride = kHeadDim + kPartialTail;
    for (int i = static_cast<int>(threadIdx.x); i < group * kHeadDim; i += kThreads) {
        const int g = i / kHeadDim;
        const int d = i % kHeadDim;
        const Sums sums = sumOfWarps<kHeadDim>(shared, g, d);
        __stcg(partial + g * kStride + d, sums.output);
        if (d != 0) continue;
        __stcg(partial + g * kStride + kHeadDim, sums.largest);
        __stcg(partial + g * kStride + kHeadDim + 1, sums.weight);
    }
}

/// Whether this block is the last of a head's `splits` to get here; what the others wrote before is visible
/// to it then. The ticket is 0 again afterwards. The barriers order a block's accesses before and behind
/// those of the thread that takes the ticket.
__device__ inline bool arrivesLast(std::int32_t* ticket, int splits) {
    __shared__ bool isLast;
    __syncthreads();
    if (threadIdx.x == 0) {
#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 700
        std::uint32_t before = 0;
        asm volatile("atom.acq_rel.gpu.global.inc.u32 %0, [%1], %2;"
                     : "=r"(before)
                     : "l"(ticket), "r"(splits - 1)
                     : "memory");
        isLast = before == static_cast<std::uint32_t>(splits - 1);
#endif
    }
    __syncthreads();
    return isLast;
}

/// Four dimensions of one query head while a lane joins the parts of several blocks.
struct Joined {
    float4 output{0.0F, 0.0F, 0.0F, 0.0F};
    float weight = 0.0F;
    float largest = -INFINITY;

    __device__ void scaleTo(float newLargest) {
        const float factor = exp2f(largest - newLargest);
        output = {output.x * factor, output.y * factor, output.z * factor, output.w * factor};
        weight *= factor;
        largest = newLargest;
    }
    __device__ void add(const float4& part, float partLargest, float partWeight) {
        const float factor = exp2f(partLargest - largest);
        output.x = fmaf(part.x, factor, output.x);
        output.y = fmaf(part.y, factor, output.y);
        output.z = fmaf(part.z, factor, output.z);
        output.w = fmaf(part.w, factor, output.w);
        weight = fmaf(partWeight, factor, weight);
    }
};

/// Puts the blocks' parts of a head where the warps of this block have their own: each warp joins every
/// eighth of them. Then sumOfWarps is what all blocks have.
template <int kHeadDim>
__device__ void joinSplits(const float* partials, Shared<kHeadDim>& shared, int group, int splits) {
    constexpr int kStride = kHeadDim + kPartialTail;
    // What a lane has on its way at a time: so many splits, and of each so many fours of dimensions.
    constexpr int kSplits = kHeadDim <= 64 ? 4 : 2;
    constexpr int kFours = kHeadDim <= 64 ? 2 : 4;
    const int warp = static_cast<int>(threadIdx.x) / 32;
    const int lane = static_cast<int>(threadIdx.x) % 32;
#pragma unroll 1
    for (int four = lane; four < group * kHeadDim / 4; four += kFours * 32) {
        const auto head = [&](int j) {
            return (four + j * 32) * 4 / kHeadDim;
        };
        const auto dimension = [&](int j) {
            return (four + j * 32) * 4 % kHeadDim;
        };
        Joined joined[kFours];
        for (int first = warp; first < splits; first += kSplits * kWarps) {
            float4 parts[kSplits][kFours];
            float2 scores[kSplits][kFours];
#pragma unroll
            for (int i = 0; i < kSplits; ++i) {
                const int split = first + i * kWarps;
#pragma unroll
                for (int j = 0; j < kFours; ++j) {
                    const bool isThere = split < splits && head(j) < group;
                    const float* const from = partials + (split * group + head(j)) * kStride;
                    parts[i][j] = isThere ? __ldcg(reinterpret_cast<const float4*>(from + dimension(j)))
                                          : float4{0.0F, 0.0F, 0.0F, 0.0F};
                    scores[i][j] = isThere ? __ldcg(reinterpret_cast<const float2*>(from + kHeadDim))
                                           : float2{-INFINITY, 0.0F};
                }
            }
#pragma unroll
            for (int j = 0; j < kFours; ++j) {
                if (head(j) >= group) break;
                float largest = joined[j].largest;
#pragma unroll
                for (int i = 0; i < kSplits; ++i)
                    largest = fmaxf(largest, scores[i][j].x);
                joined[j].scaleTo(largest);
#pragma unroll
                for (int i = 0; i < kSplits; ++i)
                    joined[j].add(parts[i][j], scores[i][j].x, scores[i][j].y);
            }
        }
#pragma unroll
        for (int j = 0; j < kFours; ++j) {
            if (head(j) >= group) break;
            *reinterpret_cast<float4*>(&shared.warps[warp].output[head(j)][dimension(j)]) = joined[j].output;
            if (dimension(j) != 0) continue;
            shared.largest[warp][head(j)] = joined[j].largest;
            shared.weight[warp][head(j)] = joined[j].weight;
        }
    }
    __syncthreads();
}

}  // namespace epi::cuda::decode
