#pragma once

#include "cuda/kernels/gemv.h"

namespace epi::cuda {

/// The better of two candidates; of equals the lower id, and NaN over everything.
__device__ inline Candidate betterOf(const Candidate& a, const Candidate& b) {
    if (isnan(a.logit)) return a;
    if (isnan(b.logit)) return b;
    return a.logit > b.logit || (a.logit == b.logit && a.id < b.id) ? a : b;
}

/// The best of a warp, in each of its threads.
__device__ inline Candidate warpBest(Candidate best) {
#pragma unroll
    for (int offset = 16; offset > 0; offset /= 2) {
        const Candidate other{.logit = __shfl_xor_sync(0xffffffffU, best.logit, offset),
                              .id = __shfl_xor_sync(0xffffffffU, best.id, offset)};
        best = betterOf(best, other);
    }
    return best;
}

/// The best of a block of `kWarps` warps, in each of its threads. `perWarp`, in shared memory, has a place
/// for each warp; a barrier has to pass before it is used again.
template <int kWarps>
__device__ Candidate blockBest(Candidate best, Candidate* perWarp) {
    best = warpBest(best);
    if (threadIdx.x % 32 == 0) perWarp[threadIdx.x / 32] = best;
    __syncthreads();
    best = perWarp[0];
    for (int warp = 1; warp < kWarps; ++warp)
        best = betterOf(best, perWarp[warp]);
    return best;
}

/// The best of the candidates that a thread of a block of `threads` looks at. They were written by an earlier
/// kernel of the step.
__device__ inline Candidate bestOfShare(const Candidate* candidates, int count, int threads) {
    Candidate best{.logit = -INFINITY, .id = 0x7fffffff};
    for (int i = static_cast<int>(threadIdx.x); i < count; i += threads) {
        const float2 packed = __ldcg(reinterpret_cast<const float2*>(candidates) + i);
        best = betterOf(best, {.logit = packed.x, .id = __float_as_int(packed.y)});
    }
    return best;
}

}  // namespace epi::cuda
