#include <cuda_bf16.h>

#include "cuda/kernels/prefill.h"
#include "cuda/kernels/probe_scores.h"
#include "cuda/kernels/warpgroup.h"

namespace epi::cuda {
namespace {

constexpr int kWarps = 4;
constexpr int kThreads = kWarps * 32;
constexpr int kTileRows = 64;  // query rows in shared memory at a time
constexpr int kPad = 8;        // bf16 values: rows start in different banks

template <int kHeadDim>
struct Tiling {
    static constexpr int kTilesPerWarp = kHeadDim > 128 ? 2 : 4;  // of 8 keys, held in registers
    static constexpr int kKeysPerWarp = 8 * kTilesPerWarp;
    static constexpr int kKeysPerBlock = kWarps * kKeysPerWarp;
    static constexpr int kSteps = kHeadDim / 16;
    static constexpr int kStride = kHeadDim + kPad;
    static constexpr int kStageValues = kTileRows * kStride;
    static constexpr int kSharedBytes = 2 * (kStageValues * static_cast<int>(sizeof(__nv_bfloat16)) +
                                             kTileRows * static_cast<int>(sizeof(float)));
};

#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 800

__device__ void copyAsync(void* shared, const void* global, bool isThere) {
    const auto address = static_cast<unsigned>(__cvta_generic_to_shared(shared));
    const int bytes = isThere ? 16 : 0;  // the rest of the 16 is zeroed
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(address), "l"(global), "r"(bytes));
}

__device__ void loadFragment(unsigned (&a)[4], const __nv_bfloat16* shared) {
    const auto address = static_cast<unsigned>(__cvta_generic_to_shared(shared));
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
                 : "=r"(a[0]), "=r"(a[1]), "=r"(a[2]), "=r"(a[3])
                 : "r"(address));
}

__device__ void multiply(float (&c)[4], const unsigned (&a)[4], const unsigned (&b)[2]) {
    asm volatile(
        "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, "
        "{%0, %1, %2, %3};"
        : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}

#endif

// blockIdx.y is the KV head, blockIdx.x a tile of its keys (128, or 64 for 256-wide heads). A warp holds its
// 32 (16) keys as matrix fragments in registers for the whole kernel; the query rows stream through shared
// memory in two stages of 64, shared by the four warps. Traffic: the keys once, the queries once per key
// tile, from L2. With 32 keys per warp a fragment that ldmatrix brings feeds four products, so shared memory
// keeps up with the matrix units.
template <int kHeadDim>
__global__ void __launch_bounds__(kThreads) probe_scores_kernel(ProbeScoresArgs args) {
#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 800
    using T = Tiling<kHeadDim>;
    extern __shared__ __align__(16) unsigned char shared[];
    auto* queries = reinterpret_cast<__nv_bfloat16*>(shared);                 // [2][kTileRows][kStride]
    auto* logSums = reinterpret_cast<float*>(queries + 2 * T::kStageValues);  // [2][kTileRows]

    const int kvHead = static_cast<int>(blockIdx.y);
    const int length = args.lengths[kvHead];
    const int firstKey = static_cast<int>(blockIdx.x) * T::kKeysPerBlock;
    if (firstKey >= length) return;
    const int lane = static_cast<int>(threadIdx.x) % 32;
    const int warpKey = firstKey + static_cast<int>(threadIdx.x) / 32 * T::kKeysPerWarp;

    unsigned keys[T::kSteps][T::kTilesPerWarp][2];
#pragma unroll
    for (int tile = 0; tile < T::kTilesPerWarp; ++tile) {
        const int key = min(warpKey + 8 * tile + lane / 4, length - 1);
        const auto* row = static_cast<const __nv_bfloat16*>(args.keys) +
                          (static_cast<std::int64_t>(args.starts[kvHead]) + key) * kHeadDim;
#pragma unroll
        for (int step = 0; step < T::kSteps; ++step) {
            const int column = 16 * step + 2 * (lane % 4);
            keys[step][tile][0] = *reinterpret_cast<const unsigned*>(row + column);
            keys[step][tile][1] = *reinterpret_cast<const unsigned*>(row + column + 8);
        }
    }

    const int rows = args.probeRows * args.group;
    const int tiles = (rows + kTileRows - 1) / kTileRows;
    const auto* headQueries =
        static_cast<const __nv_bfloat16*>(args.query) + static_cast<std::int64_t>(kvHead) * rows * kHeadDim;
    const auto load = [&](int tile) {
        __nv_bfloat16* stage = queries + (tile % 2) * T::kStageValues;
        constexpr int kPieces = kHeadDim / 8;
        for (int i = static_cast<int>(threadIdx.x); i < kTileRows * kPieces; i += kThreads) {
            const int row = tile * kTileRows + i / kPieces;
            const bool isThere = row < rows;
            copyAsync(stage + i / kPieces * T::kStride + i % kPieces * 8,
                      headQueries + static_cast<std::int64_t>(isThere ? row : 0) * kHeadDim + i % kPieces * 8,
                      isThere);
        }
        if (static_cast<int>(threadIdx.x) < kTileRows) {
            const int row = tile * kTileRows + static_cast<int>(threadIdx.x);
            const std::int64_t sequence =
                static_cast<std::int64_t>(kvHead) * args.probeRows + row / args.group;
            const std::int64_t at =
                static_cast<std::int64_t>(row % args.group) * args.kvHeads * args.probeRows + sequence;
            // A row that is not there must win no maximum.
            logSums[(tile % 2) * kTileRows + static_cast<int>(threadIdx.x)] =
                row < rows ? args.logSum[at] : INFINITY;
        }
        asm volatile("cp.async.commit_group;");
    };

    float best[T::kTilesPerWarp][2];
#pragma unroll
    for (int tile = 0; tile < T::kTilesPerWarp; ++tile)
        best[tile][0] = best[tile][1] = -INFINITY;

    load(0);
    for (int tile = 0; tile < tiles; ++tile) {
        if (tile + 1 < tiles) {
            load(tile + 1);
            asm volatile("cp.async.wait_group 1;");
        } else {
            asm volatile("cp.async.wait_group 0;");
        }
        __syncthreads();
        const __nv_bfloat16* stage = queries + (tile % 2) * T::kStageValues;
        const float* sums = logSums + (tile % 2) * kTileRows;
#pragma unroll
        for (int slice = 0; slice < kTileRows; slice += 16) {
            float products[T::kTilesPerWarp][4] = {};
#pragma unroll
            for (int step = 0; step < T::kSteps; ++step) {
                unsigned a[4];
                loadFragment(a, stage + (slice + lane % 16) * T::kStride + 16 * step + lane / 16 * 8);
#pragma unroll
                for (int i = 0; i < T::kTilesPerWarp; ++i)
                    multiply(products[i], a, keys[step][i]);
            }
            const float upper = sums[slice + lane / 4];
            const float lower = sums[slice + lane / 4 + 8];
#pragma unroll
            for (int i = 0; i < T::kTilesPerWarp; ++i) {
#pragma unroll
                for (int column = 0; column < 2; ++column) {
                    best[i][column] = fmaxf(best[i][column], products[i][column] * args.scale - upper);
                    best[i][column] = fmaxf(best[i][column], products[i][column + 2] * args.scale - lower);
                }
            }
        }
        __syncthreads();  // the stage may be overwritten now
    }

    // The eight lanes with the same lane % 4 hold the same keys, of other rows.
#pragma unroll
    for (int i = 0; i < T::kTilesPerWarp; ++i) {
#pragma unroll
        for (int column = 0; column < 2; ++column) {
            float value = best[i][column];
#pragma unroll
            for (int offset = 4; offset < 32; offset *= 2)
                value = fmaxf(value, __shfl_xor_sync(0xffffffffU, value, offset));
            const int key = warpKey + 8 * i + 2 * (lane % 4) + column;
            if (lane < 4 && key < length) args.scores[args.offsets[kvHead] + key] = expf(value);
        }
    }
#endif
}

template <int kHeadDim>
cudaError_t launch(const ProbeScoresArgs& args, cudaStream_t stream) {
    using T = Tiling<kHeadDim>;
    if (const cudaError_t error = cudaFuncSetAttribute(
            probe_scores_kernel<kHeadDim>, cudaFuncAttributeMaxDynamicSharedMemorySize, T::kSharedBytes);
        error != cudaSuccess) {
        return error;
    }
    const dim3 grid(static_cast<unsigned>((args.longest + T::kKeysPerBlock - 1) / T::kKeysPerBlock),
                    static_cast<unsigned>(args.kvHeads));
    probe_scores_kernel<kHeadDim><<<grid, kThreads, T::kSharedBytes, stream>>>(args);
    return cudaGetLastError();
}

}  // namespace

cudaError_t probeScores(const ProbeScoresArgs& args, cudaStream_t stream) {
    if (args.longest == 0 || args.probeRows == 0) return cudaSuccess;
    if (args.arenaRows < args.longest || args.entries < args.longest) return cudaErrorInvalidValue;
    const int multiprocessors = multiprocessorsWithWarpgroups();
    if (multiprocessors > 0 && (args.headDim == 64 || args.headDim == 128))
        return probeScoresByWarpgroups(args, multiprocessors, stream);
    switch (args.headDim) {
        case 64:
            return launch<64>(args, stream);
        case 96:
            return launch<96>(args, stream);
        case 128:
            return launch<128>(args, stream);
        case 256:
            return launch<256>(args, stream);
        default:
            return cudaErrorInvalidValue;
    }
}

}  // namespace epi::cuda
