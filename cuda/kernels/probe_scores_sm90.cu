#include <algorithm>

#include "cuda/kernels/probe_scores.h"
#include "cuda/kernels/warpgroup.cuh"
#include "cuda/kernels/warpgroup.h"

namespace epi::cuda {
namespace {

constexpr int kConsumers = 2;  // warpgroups that compute; one more fetches
constexpr int kThreads = (kConsumers + 1) * kWarpgroupThreads;
constexpr int kTilesOfKeys = 2;  // of a consumer, which computes one while it looks at the other
constexpr int kKeyRows = kConsumers * kTilesOfKeys * kWarpgroupRows;  // of a block
constexpr int kQueryRows = 128;                                       // of a stage
constexpr int kStages = 3;
constexpr int kMaxParts = 8;   // of the query rows, unless they are more than these blocks can hold sums of
constexpr int kMaxTiles = 64;  // of query rows that one block sees

template <int kHeadDim>
struct Shared {
    static constexpr int kColumns = kHeadDim / kSwizzleColumns;
    static constexpr int kKeyBytes = kColumns * kKeyRows * kSwizzleRowBytes;
    static constexpr int kQueryBytes = kColumns * kQueryRows * kSwizzleRowBytes;  // of a stage
    static constexpr int kLogSumBytes = kMaxTiles * kQueryRows * 4;
    static constexpr int kBytes =
        kKeyBytes + kStages * kQueryBytes + kLogSumBytes + (1 + 2 * kStages) * 8 + 1024;  // to align tiles
};

#if EPI_HAS_WARPGROUPS

template <int kHeadDim>
struct Storage {
    unsigned char* keys;
    unsigned char* queries;
    float* logSums;
    std::uint64_t* keysFull;
    std::uint64_t* full;
    std::uint64_t* free;

    __device__ explicit Storage(unsigned char* raw) {
        keys = raw + (1024 - sharedAddress(raw) % 1024) % 1024;
        queries = keys + Shared<kHeadDim>::kKeyBytes;
        logSums = reinterpret_cast<float*>(queries + kStages * Shared<kHeadDim>::kQueryBytes);
        keysFull = reinterpret_cast<std::uint64_t*>(logSums + kMaxTiles * kQueryRows);
        full = keysFull + 1;
        free = full + kStages;
    }
};

/// A block's keys and its part of the query rows.
struct Share {
    int kvHead;
    int firstKey;
    int firstTile;
    int tiles;

    __device__ Share(const ProbeScoresArgs& args, int parts) {
        kvHead = static_cast<int>(blockIdx.y);
        firstKey = static_cast<int>(blockIdx.x) / parts * kKeyRows;
        const int all = (args.probeRows * args.group + kQueryRows - 1) / kQueryRows;
        const int part = static_cast<int>(blockIdx.x) % parts;
        firstTile = all * part / parts;
        tiles = all * (part + 1) / parts - firstTile;
    }
};

__device__ inline std::uint32_t parity(int step) {
    return static_cast<std::uint32_t>(step / kStages) & 1U;
}

template <int kHeadDim>
__device__ void fetch(const ProbeScoresArgs& args,
                      const CUtensorMap& keyMap,
                      const CUtensorMap& queryMap,
                      const Share& share,
                      const Storage<kHeadDim>& shared) {
    using S = Shared<kHeadDim>;
    expectBytes(shared.keysFull, S::kKeyBytes);
    for (int column = 0; column < S::kColumns; ++column) {
        copyBox(shared.keys + column * kKeyRows * kSwizzleRowBytes,
                keyMap,
                column * kSwizzleColumns,
                args.starts[share.kvHead] + share.firstKey,
                shared.keysFull);
    }
    const int rows = args.probeRows * args.group;
    for (int step = 0; step < share.tiles; ++step) {
        const int stage = step % kStages;
        if (step >= kStages) waitForPhase(shared.free + stage, parity(step - kStages));
        const int firstRow = (share.firstTile + step) * kQueryRows;
        expectBytes(shared.full + stage, S::kQueryBytes);
        for (int column = 0; column < S::kColumns; ++column) {
            copyBox(shared.queries + stage * S::kQueryBytes + column * kQueryRows * kSwizzleRowBytes,
                    queryMap,
                    column * kSwizzleColumns,
                    share.kvHead * rows + firstRow,
                    shared.full + stage);
        }
    }
}

/// The log-sums of all query rows that the block sees. All threads.
template <int kHeadDim>
__device__ void loadLogSums(const ProbeScoresArgs& args,
                            const Share& share,
                            const Storage<kHeadDim>& shared) {
    const int rows = args.probeRows * args.group;
    for (int i = static_cast<int>(threadIdx.x); i < share.tiles * kQueryRows; i += kThreads) {
        const int row = share.firstTile * kQueryRows + i;
        const std::int64_t at = static_cast<std::int64_t>(row % args.group) * args.kvHeads * args.probeRows +
                                static_cast<std::int64_t>(share.kvHead) * args.probeRows + row / args.group;
        // A row that is not there must win no maximum.
        shared.logSums[i] = row < rows ? args.logSum[at] : INFINITY;
    }
}

template <int kHeadDim>
class Consumer {
public:
    __device__ Consumer(const ProbeScoresArgs& args, const Share& share, const Storage<kHeadDim>& shared)
        : args_(args),
          share_(share),
          shared_(shared),
          lane_(static_cast<int>(threadIdx.x) % 32),
          firstRow_((static_cast<int>(threadIdx.x) / kWarpgroupThreads - 1) * kTilesOfKeys * kWarpgroupRows) {
    }

    __device__ void run() {
        waitForPhase(shared_.keysFull, 0);
        float products[kTilesOfKeys][kQueryRows / 2];
        for (int step = 0; step < share_.tiles; ++step) {
            waitForPhase(shared_.full + step % kStages, parity(step));
            multiply(step, 0, products[0]);
            multiply(step, 1, products[1]);
            waitForProducts<1>();
            pin(products[0]);
            look(step, products[0], best_[0]);
            waitForProducts<0>();
            pin(products[1]);
            look(step, products[1], best_[1]);
            __syncwarp();
            if (lane_ == 0) arrive(shared_.free + step % kStages);
        }
        write();
    }

private:
    __device__ void multiply(int step, int tile, float (&products)[kQueryRows / 2]) const {
        const std::uint64_t keys =
            describeTile(shared_.keys + (firstRow_ + tile * kWarpgroupRows) * kSwizzleRowBytes);
        const std::uint64_t queries =
            describeTile(shared_.queries + step % kStages * Shared<kHeadDim>::kQueryBytes);
        pin(products);
        beginProducts();
#pragma unroll
        for (int column = 0; column < kHeadDim; column += 16) {
            const std::uint64_t along = column % kSwizzleColumns * 2 / 16;
            const std::uint64_t columns = column / kSwizzleColumns * kSwizzleRowBytes / 16;
            multiplyRows(products,
                         keys + columns * kKeyRows + along,
                         queries + columns * kQueryRows + along,
                         column > 0);
        }
        commitProducts();
    }

    __device__ void look(int step, const float (&products)[kQueryRows / 2], float (&best)[2]) const {
        const float* const logSums = shared_.logSums + step * kQueryRows + 2 * (lane_ % 4);
#pragma unroll
        for (int i = 0; i < kQueryRows / 8; ++i) {
            const float2 sums = *reinterpret_cast<const float2*>(logSums + 8 * i);
#pragma unroll
            for (int half = 0; half < 2; ++half) {
                const float left = products[4 * i + 2 * half] * args_.scale - sums.x;
                const float right = products[4 * i + 2 * half + 1] * args_.scale - sums.y;
                best[half] = fmaxf(best[half], fmaxf(left, right));
            }
        }
    }

    /// Scores are not negative, and for such numbers fp32's order is that of their bits.
    __device__ void write() const {
        const int length = args_.lengths[share_.kvHead];
        const int warp = static_cast<int>(threadIdx.x) % kWarpgroupThreads / 32;
#pragma unroll
        for (int tile = 0; tile < kTilesOfKeys; ++tile) {
#pragma unroll
            for (int half = 0; half < 2; ++half) {
                float value = best_[tile][half];
                value = fmaxf(value, __shfl_xor_sync(0xffffffffU, value, 1));
                value = fmaxf(value, __shfl_xor_sync(0xffffffffU, value, 2));
                const int key =
                    share_.firstKey + firstRow_ + tile * kWarpgroupRows + warp * 16 + lane_ / 4 + 8 * half;
                if (lane_ % 4 != 0 || key >= length) continue;
                auto* const score = reinterpret_cast<int*>(args_.scores + args_.offsets[share_.kvHead] + key);
                atomicMax(score, __float_as_int(expf(value)));
            }
        }
    }

    const ProbeScoresArgs& args_;
    const Share& share_;
    const Storage<kHeadDim>& shared_;
    const int lane_;
    const int firstRow_;  // of the block's keys, the warpgroup's first
    float best_[kTilesOfKeys][2] = {{-INFINITY, -INFINITY}, {-INFINITY, -INFINITY}};
};

#endif

// A block keeps 256 keys of one KV head in shared memory and sees its part of the query rows go by, 128 at a
// time: keys are the rows of the product, so that a key's maximum stays in one thread's registers. A
// warpgroup has two tiles of 64 keys, one of which the matrix unit multiplies while it looks at the products
// of the other.
template <int kHeadDim>
__global__ void __launch_bounds__(kThreads, 1)
    probe_scores_sm90_kernel(const __grid_constant__ ProbeScoresArgs args,
                             const __grid_constant__ CUtensorMap keys,
                             const __grid_constant__ CUtensorMap queries,
                             int parts) {
#if EPI_HAS_WARPGROUPS
    extern __shared__ unsigned char raw[];
    const Share share(args, parts);
    if (share.firstKey >= args.lengths[share.kvHead] || share.tiles == 0) return;
    const Storage<kHeadDim> shared(raw);
    if (threadIdx.x == 0) {
        initBarrier(shared.keysFull, 1);
        for (int stage = 0; stage < kStages; ++stage) {
            initBarrier(shared.full + stage, 1);
            initBarrier(shared.free + stage, kConsumers * kWarpgroupThreads / 32);
        }
        fenceBarriers();
    }
    loadLogSums(args, share, shared);
    __syncthreads();
    if (threadIdx.x < kWarpgroupThreads) {
        giveRegisters<24>();
        if (threadIdx.x == 0) fetch(args, keys, queries, share, shared);
    } else {
        takeRegisters<240>();
        Consumer<kHeadDim>(args, share, shared).run();
    }
#endif
}

/// Into how many parts the query rows go, so that the last blocks leave few multiprocessors without work.
int chooseParts(int blocks, int queryTiles, int multiprocessors) {
    const int least = (queryTiles + kMaxTiles - 1) / kMaxTiles;
    int best = least;
    double bestTime = 0.0;
    for (int parts = least; parts <= std::max(least, std::min(kMaxParts, queryTiles)); ++parts) {
        const int waves = (blocks * parts + multiprocessors - 1) / multiprocessors;
        constexpr double kStart = 1.0;  // of a block, in tiles
        const double time = waves * ((queryTiles + parts - 1) / parts + kStart);
        if (parts == least || time < bestTime) {
            best = parts;
            bestTime = time;
        }
    }
    return best;
}

template <int kHeadDim>
cudaError_t launch(const ProbeScoresArgs& args, int multiprocessors, cudaStream_t stream) {
    CUtensorMap keys{};
    CUtensorMap queries{};
    const std::int64_t rows = std::int64_t{args.probeRows} * args.group;
    cudaError_t error = makeTensorMap(keys, args.keys, args.arenaRows, kHeadDim, kKeyRows);
    if (error == cudaSuccess)
        error = makeTensorMap(queries, args.query, args.kvHeads * rows, kHeadDim, kQueryRows);
    constexpr int kBytes = Shared<kHeadDim>::kBytes;
    if (error == cudaSuccess) {
        error = cudaFuncSetAttribute(
            probe_scores_sm90_kernel<kHeadDim>, cudaFuncAttributeMaxDynamicSharedMemorySize, kBytes);
    }
    if (error == cudaSuccess) {
        error =
            cudaMemsetAsync(args.scores, 0, static_cast<std::size_t>(args.entries) * sizeof(float), stream);
    }
    if (error != cudaSuccess) return error;
    const int blocks = (args.longest + kKeyRows - 1) / kKeyRows;
    const int parts = chooseParts(
        blocks * args.kvHeads, static_cast<int>((rows + kQueryRows - 1) / kQueryRows), multiprocessors);
    const dim3 grid(static_cast<unsigned>(blocks * parts), static_cast<unsigned>(args.kvHeads));
    probe_scores_sm90_kernel<kHeadDim><<<grid, kThreads, kBytes, stream>>>(args, keys, queries, parts);
    return cudaGetLastError();
}

}  // namespace

cudaError_t probeScoresByWarpgroups(const ProbeScoresArgs& args, int multiprocessors, cudaStream_t stream) {
    return args.headDim == 64 ? launch<64>(args, multiprocessors, stream)
                              : launch<128>(args, multiprocessors, stream);
}

}  // namespace epi::cuda
