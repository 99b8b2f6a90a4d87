#pragma once

#include "cuda/kernels/decode_attention_tile.cuh"

// The heads of the new token: query, key and value as the projections left them.
namespace epi::cuda::decode {

inline constexpr float kLog2E = 1.4426950408889634F;

/// The rotation of a head's dimensions as the lanes of a warp share them. An earlier step wrote it, so it may
/// be read before the wait.
template <int kHeadDim>
struct Turns {
    float2 at[kHeadDim / 32];

    __device__ explicit Turns(const DecodeAttentionArgs& args) {
        const int lane = static_cast<int>(threadIdx.x) % 32;
#pragma unroll
        for (int i = 0; i < kHeadDim / 32; ++i) {
            const int dimension = i * 32 + lane;
            const int half = args.rotaryDimensions / 2;
            const int pair = args.rotatesNeighbours ? dimension / 2 : dimension % half;
            at[i] = dimension < args.rotaryDimensions ? __ldcg(args.rotary + pair) : float2{1.0F, 0.0F};
        }
    }
};

/// Norms and rotates one head of a projection with one warp, multiplies by `scale`, writes bf16. `turns` is
/// null for values.
template <int kHeadDim>
__device__ inline void prepareHead(const DecodeAttentionArgs& args,
                                   const float* source,
                                   const float* norm,
                                   const Turns<kHeadDim>* turns,
                                   float scale,
                                   float* scratch,
                                   std::uint16_t* target) {
    const int lane = static_cast<int>(threadIdx.x) % 32;
    float squares = 0.0F;
    float own[kHeadDim / 32];
    const int half = args.rotaryDimensions / 2;
#pragma unroll
    for (int i = 0; i < kHeadDim / 32; ++i) {
        own[i] = __ldcg(source + i * 32 + lane);
        squares = fmaf(own[i], own[i], squares);
    }
    if (norm != nullptr) {
        const float factor = rsqrtf(warpSum(squares) / static_cast<float>(kHeadDim) + args.normEpsilon);
#pragma unroll
        for (int i = 0; i < kHeadDim / 32; ++i)
            own[i] *= factor * __ldg(norm + i * 32 + lane);
    }
#pragma unroll
    for (int i = 0; i < kHeadDim / 32; ++i)
        scratch[i * 32 + lane] = own[i];
    __syncwarp();
#pragma unroll
    for (int i = 0; i < kHeadDim / 32; ++i) {
        const int at = i * 32 + lane;
        float value = own[i];
        if (turns != nullptr && at < args.rotaryDimensions) {
            const bool isSecond = args.rotatesNeighbours ? at % 2 != 0 : at >= half;
            const int other = args.rotatesNeighbours ? at ^ 1 : (isSecond ? at - half : at + half);
            const float2 turn = turns->at[i];
            value = value * turn.x + scratch[other] * (isSecond ? turn.y : -turn.y);
        }
        target[at] = __bfloat16_as_ushort(__float2bfloat16(value * scale));
    }
    __syncwarp();
}

/// Prepares the query heads of a KV head's group, the new key and the new value, a warp each: bf16, the
/// queries scaled for scores in powers of two. `scratch` is the warp's own. To be followed by a barrier.
template <int kHeadDim>
__device__ void prepareHeads(const DecodeAttentionArgs& args,
                             int kvHead,
                             int group,
                             const Turns<kHeadDim>& turns,
                             float* scratch,
                             std::uint16_t (&query)[kMaxGroup][kHeadDim],
                             std::uint16_t* key,
                             std::uint16_t* value) {
    const float* const keys = args.projections + args.heads * kHeadDim;
    const float* const values = keys + args.kvHeads * kHeadDim;
    for (int task = static_cast<int>(threadIdx.x) / 32; task < group + 2; task += kWarps) {
        if (task < group) {
            prepareHead<kHeadDim>(args,
                                  args.projections + (kvHead * group + task) * kHeadDim,
                                  args.queryNorm,
                                  &turns,
                                  args.scale * kLog2E,
                                  scratch,
                                  query[task]);
        } else if (task == group) {
            prepareHead<kHeadDim>(args, keys + kvHead * kHeadDim, args.keyNorm, &turns, 1.0F, scratch, key);
        } else {
            prepareHead<kHeadDim>(args, values + kvHead * kHeadDim, nullptr, nullptr, 1.0F, scratch, value);
        }
    }
}

}  // namespace epi::cuda::decode
