#include "cuda/kernels/bf16_pieces.cuh"
#include "cuda/kernels/prefill.h"

namespace epi::cuda {
namespace {

constexpr int kWarps = 8;
using Pairing = RotateAppendArgs::Pairing;

__device__ float2 load(const __nv_bfloat16* at) {
    return __bfloat1622float2(*reinterpret_cast<const __nv_bfloat162*>(at));
}

__device__ void store(__nv_bfloat16* at, float2 values) {
    *reinterpret_cast<__nv_bfloat162*>(at) = __floats2bfloat162_rn(values.x, values.y);
}

__device__ float2 scaled(float2 values, const float* norm, int index, float scale) {
    if (norm == nullptr) return values;
    // Rounded as a norm of its own would leave it.
    const __nv_bfloat162 rounded =
        __floats2bfloat162_rn(values.x * scale * norm[index], values.y * scale * norm[index + 1]);
    return __bfloat1622float2(rounded);
}

/// One warp: norm (where there is one) and rotation of one head.
__device__ void rotateHead(const RotateAppendArgs& args,
                           const __nv_bfloat16* source,
                           __nv_bfloat16* target,
                           const float* norm,
                           float epsilon,
                           std::int64_t row) {
    const int lane = static_cast<int>(threadIdx.x) % 32;
    const int half = args.dimensions / 2;
    float scale = 1.0F;
    if (norm != nullptr) {
        float squares = 0.0F;
        for (int i = 2 * lane; i < args.headDim; i += 64) {
            const float2 two = load(source + i);
            squares += two.x * two.x + two.y * two.y;
        }
        scale = rsqrtf(warpSum(squares) / static_cast<float>(args.headDim) + epsilon);
    }
    const float* cosines = args.cosines + row * half;
    const float* sines = args.sines + row * half;
    if (args.pairing == Pairing::kHalves) {
        for (int i = 2 * lane; i < half; i += 64) {
            const float2 first = scaled(load(source + i), norm, i, scale);
            const float2 second = scaled(load(source + half + i), norm, half + i, scale);
            const float2 c{cosines[i], cosines[i + 1]};
            const float2 s{sines[i], sines[i + 1]};
            store(target + i, {first.x * c.x - second.x * s.x, first.y * c.y - second.y * s.y});
            store(target + half + i, {second.x * c.x + first.x * s.x, second.y * c.y + first.y * s.y});
        }
    } else {
        for (int i = lane; i < half; i += 32) {
            const float2 two = scaled(load(source + 2 * i), norm, 2 * i, scale);
            const float c = cosines[i];
            const float s = sines[i];
            store(target + 2 * i, {two.x * c - two.y * s, two.y * c + two.x * s});
        }
    }
    for (int i = args.dimensions + 2 * lane; i < args.headDim; i += 64)
        store(target + i, scaled(load(source + i), norm, i, scale));
}

__device__ void copyHead(const RotateAppendArgs& args, const __nv_bfloat16* source, __nv_bfloat16* target) {
    for (int i = 2 * (static_cast<int>(threadIdx.x) % 32); i < args.headDim; i += 64) {
        *reinterpret_cast<__nv_bfloat162*>(target + i) = *reinterpret_cast<const __nv_bfloat162*>(source + i);
    }
}

// One warp per head of a row: query heads first, then keys, then values; blockIdx.x is the row. Each byte is
// read and written once, 128 bytes at a time and warp.
__global__ void __launch_bounds__(kWarps * 32) rotate_append_kernel(RotateAppendArgs args) {
    const std::int64_t row = blockIdx.x;
    const int head = static_cast<int>(blockIdx.y) * kWarps + static_cast<int>(threadIdx.x) / 32;
    if (head >= args.heads + 2 * args.kvHeads) return;
    const std::int64_t dim = args.headDim;
    const bool isProbe = row >= args.appended;
    const std::int64_t own = isProbe ? row - args.appended : row;
    const std::int64_t count = isProbe ? args.probes : args.appended;
    if (head < args.heads) {
        const int group = args.heads / args.kvHeads;
        auto* base = static_cast<__nv_bfloat16*>(isProbe ? args.probeQuery : args.appendedQuery);
        __nv_bfloat16* target = base + (((head / group) * count + own) * group + head % group) * dim;
        const auto* source = static_cast<const __nv_bfloat16*>(args.query) + (row * args.heads + head) * dim;
        rotateHead(args, source, target, args.queryNorm, args.queryEpsilon, row);
        return;
    }
    const bool isKey = head < args.heads + args.kvHeads;
    const int kvHead = (head - args.heads) % args.kvHeads;
    auto* target = static_cast<__nv_bfloat16*>(isProbe ? (isKey ? args.probeKeys : args.probeValues)
                                                       : (isKey ? args.arenaKeys : args.arenaValues));
    target += (isProbe ? kvHead * count + own : args.target[kvHead] + own) * dim;
    const auto* source = static_cast<const __nv_bfloat16*>(isKey ? args.key : args.value) +
                         (row * args.kvHeads + kvHead) * dim;
    if (isKey) {
        rotateHead(args, source, target, args.keyNorm, args.keyEpsilon, row);
    } else {
        copyHead(args, source, target);
    }
}

}  // namespace

cudaError_t rotateAppend(const RotateAppendArgs& args, cudaStream_t stream) {
    if (args.headDim % 2 != 0 || args.dimensions % 4 != 0 || args.dimensions > args.headDim)
        return cudaErrorInvalidValue;
    const int rows = args.appended + args.probes;
    if (rows == 0) return cudaSuccess;
    const int heads = args.heads + 2 * args.kvHeads;
    const dim3 grid(static_cast<unsigned>(rows), static_cast<unsigned>((heads + kWarps - 1) / kWarps));
    rotate_append_kernel<<<grid, kWarps * 32, 0, stream>>>(args);
    return cudaGetLastError();
}

}  // namespace epi::cuda
