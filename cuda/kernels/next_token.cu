#include "cuda/kernels/candidate.cuh"
#include "cuda/kernels/launch.cuh"
#include "cuda/kernels/next_token.h"
#include "cuda/kernels/pipeline.cuh"

namespace epi::cuda {
namespace {

constexpr int kThreads = 512;
constexpr int kWarps = kThreads / 32;

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
        __shared__ Candidate perWarp[kWarps];
        const Candidate best =
            blockBest<kWarps>(bestOfShare(args.candidates, args.candidateCount, kThreads), perWarp);
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
