#include "cuda/kernels/launch.cuh"
#include "cuda/kernels/next_token.h"
#include "cuda/kernels/pipeline.cuh"

namespace epi::cuda {
namespace {

constexpr int kThreads = 512;
constexpr int kWarps = kThreads / 32;

__device__ Candidate betterOf(const Candidate& a, const Candidate& b) {
    if (isnan(a.logit)) return a;
    if (isnan(b.logit)) return b;
    return a.logit > b.logit || (a.logit == b.logit && a.id < b.id) ? a : b;
}

__device__ Candidate warpBest(Candidate best) {
#pragma unroll
    for (int offset = 16; offset > 0; offset /= 2) {
        const Candidate other{.logit = __shfl_xor_sync(0xffffffffU, best.logit, offset),
                              .id = __shfl_xor_sync(0xffffffffU, best.id, offset)};
        best = betterOf(best, other);
    }
    return best;
}

/// The best candidate, in every thread.
__device__ Candidate blockBest(const NextTokenArgs& args) {
    __shared__ Candidate perWarp[kWarps];
    Candidate best{.logit = -INFINITY, .id = 0x7fffffff};
    for (int i = static_cast<int>(threadIdx.x); i < args.candidateCount; i += kThreads) {
        const float2 packed = __ldcg(reinterpret_cast<const float2*>(args.candidates) + i);
        best = betterOf(best, {.logit = packed.x, .id = __float_as_int(packed.y)});
    }
    best = warpBest(best);
    if (threadIdx.x % 32 == 0) perWarp[threadIdx.x / 32] = best;
    __syncthreads();
    best = perWarp[0];
    for (int warp = 1; warp < kWarps; ++warp)
        best = betterOf(best, perWarp[warp]);
    return best;
}

// One block: reads a candidate per block of the last matrix and one row of the embedding.
__global__ void __launch_bounds__(kThreads) next_token_kernel(const __grid_constant__ NextTokenArgs args) {
    releaseNextKernel();
    waitForPreviousKernel();
    const DecodeState before{.position = __ldcg(&args.state->position),
                             .step = __ldcg(&args.state->step),
                             .token = 0,
                             .reserved = 0};
    const bool isGiven = args.candidates == nullptr;
    int token = args.given;
    bool isFinite = true;
    if (!isGiven) {
        const Candidate best = blockBest(args);
        isFinite = !isnan(best.logit);
        token = isFinite ? best.id : 0;
    }
    __syncthreads();
    const int position = before.position + (isGiven ? 0 : 1);
    const int step = before.step + (isGiven ? 0 : 1);
    if (threadIdx.x == 0) {
        *args.state = {.position = position, .step = step, .token = token, .reserved = 0};
        if (!isGiven && args.ring != nullptr) {
            auto* const slot = args.ring + (before.step & args.ringMask);
            reinterpret_cast<volatile std::int32_t*>(slot)[1] = isFinite ? token : -1;
            __threadfence_system();
            reinterpret_cast<volatile std::int32_t*>(slot)[0] = step;
        }
    }
    const std::uint16_t* const row = args.embedding + static_cast<std::int64_t>(token) * args.columns;
    for (int i = static_cast<int>(threadIdx.x); i < args.columns; i += kThreads) {
        args.residual[i] =
            __uint_as_float(static_cast<std::uint32_t>(__ldg(row + i)) << 16) * args.embeddingScale;
    }
    for (int kind = 0; kind < args.rotaryCount; ++kind) {
        const RotaryKind& rotary = args.rotaries[kind];
        for (int i = static_cast<int>(threadIdx.x); i < rotary.half; i += kThreads) {
            // The product is rounded to fp32, as models are trained.
            const float angle = __fmul_rn(static_cast<float>(position), __ldg(rotary.frequencies + i));
            float2 turn;
            sincosf(angle, &turn.y, &turn.x);
            rotary.turns[i] = turn;
        }
    }
    for (int i = static_cast<int>(threadIdx.x); i < args.windowCount; i += kThreads) {
        const WindowedHead head = args.windows[i];
        int first = head.range->visible;
        const int length = head.range->length;
        // A row is seen when its position is above `position - window`.
        while (first < length + step) {
            const int at = first < length ? head.positions[first] : head.firstPosition + first - length;
            if (at > position - head.window) break;
            ++first;
        }
        head.range->visible = first;
    }
}

}  // namespace

cudaError_t nextToken(const NextTokenArgs& args, const Launch& launch) {
    return launchKernel(next_token_kernel, args, 1, kThreads, 0, launch);
}

}  // namespace epi::cuda
