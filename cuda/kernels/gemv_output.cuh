#pragma once

#include "cuda/kernels/candidate.cuh"
#include "cuda/kernels/weight_tiles.cuh"

// What becomes of the products of a block.
namespace epi::cuda {

__device__ inline float gateValue(GateActivation kind, float x) {
    if (kind == GateActivation::kSilu) return x / (1.0F + __expf(-x));
    const float inner = 0.7978845608028654F * (x + 0.044715F * x * x * x);
    return 0.5F * x * (1.0F + tanhf(inner));
}

/// The residual that a block's products are added to, a row per thread: asked for as soon as it may be read,
/// not when the products are there. Not through the L1 cache: inside one kernel it may hold what other blocks
/// have overwritten.
__device__ inline float residualOf(const GemvArgs& args, const QuadRange& quads) {
    const int row = quads.first * 4 + static_cast<int>(threadIdx.x);
    const bool isOwn = static_cast<int>(threadIdx.x) < quads.count * 4 && row < args.rows;
    return args.output == GemvOutput::kAddTo && isOwn ? __ldcg(args.out + row) : 0.0F;
}

/// Applies the output of one row; returns its logit where that is what it is.
__device__ inline Candidate finishRow(const GemvArgs& args, int row, float product, float residual) {
    if (args.output == GemvOutput::kStore) {
        args.out[row] = product + (args.bias != nullptr ? args.bias[row] : 0.0F);
    } else if (args.output == GemvOutput::kAddTo) {
        __stcg(args.out + row, residual + product);
    } else {
        args.out[row] = product;
        return {.logit = isfinite(product) ? product : NAN, .id = row};
    }
    return {.logit = -INFINITY, .id = 0};
}

/// Applies the output to the block's rows. `total(quad, row)` is a product of the block's quad `quad`;
/// `residual` is that of residualOf, `candidates` has one place per warp.
template <int kWarps, typename Total>
__device__ void finishRows(
    const GemvArgs& args, const QuadRange& quads, const Total& total, float residual, Candidate* candidates) {
    constexpr int kThreads = kWarps * 32;
    const int warp = static_cast<int>(threadIdx.x) / 32;
    if (args.output == GemvOutput::kGate) {
        for (int i = static_cast<int>(threadIdx.x); i < quads.count * 2; i += kThreads) {
            const float value = gateValue(args.gate, total(i / 2, i % 2)) * total(i / 2, i % 2 + 2);
            const int row = quads.first * 2 + i;
            if (row < args.rows) args.gated[row] = __bfloat16_as_ushort(__float2bfloat16(value));
        }
        return;
    }
    Candidate best{.logit = -INFINITY, .id = 0};
    for (int i = static_cast<int>(threadIdx.x); i < quads.count * 4; i += kThreads) {
        const int row = quads.first * 4 + i;
        if (row >= args.rows) break;
        if (i >= kThreads && args.output == GemvOutput::kAddTo) residual = __ldcg(args.out + row);
        best = betterOf(best, finishRow(args, row, total(i / 4, i % 4), residual));
    }
    if (args.output != GemvOutput::kLogits) return;
    best = warpBest(best);
    if (threadIdx.x % 32 == 0) candidates[warp] = best;
    __syncthreads();
    if (threadIdx.x != 0) return;
    for (int other = 1; other < kWarps; ++other)
        best = betterOf(best, candidates[other]);
    args.candidates[blockIdx.x] = best;
}

}  // namespace epi::cuda
