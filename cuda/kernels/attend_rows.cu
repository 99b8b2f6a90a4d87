#include <cuda_bf16.h>

#include "cuda/kernels/prefill.h"
#include "cuda/kernels/warpgroup.cuh"
#include "cuda/kernels/warpgroup.h"

namespace epi::cuda {
namespace {

constexpr int kConsumers = 2;  // warpgroups that compute; one more fetches
constexpr int kThreads = (kConsumers + 1) * kWarpgroupThreads;
constexpr int kQueryRows = kConsumers * kWarpgroupRows;  // of a block
constexpr int kKeyRows = 128;                            // of a tile
constexpr int kStages = 2;
constexpr int kTileRowBytes = kKeyRows * kSwizzleRowBytes;  // of 64 columns of a tile
static_assert(kQueryRows == kKeyRows);

template <int kHeadDim>
struct Shared {
    static constexpr int kTileBytes = kHeadDim / kSwizzleColumns * kTileRowBytes;
    static constexpr int kBarriers = 1 + 4 * kStages;
    static constexpr int kBytes =
        (1 + 2 * kStages) * kTileBytes + kBarriers * 8 + 1024;  // to align the tiles
};

struct Maps {
    CUtensorMap appendedQuery;
    CUtensorMap probeQuery;
    CUtensorMap keys;
    CUtensorMap values;
    CUtensorMap probeKeys;
    CUtensorMap probeValues;
};

#if EPI_HAS_WARPGROUPS

constexpr int kConsumerThreads = kConsumers * kWarpgroupThreads;

// Named barriers; 0 is that of all threads.
constexpr int kTurnBarrier = 1;  // and one more for the other consumer
constexpr int kTailBarrier = 3;

// Which tiles of keys a block goes through, in order. Of the cache the last ones first, since only these hide
// anything; then, for a probe, its own keys.
struct Walk {
    bool isProbe;
    int kvHead;
    int firstRow;      // of the block, in its head's sequence of rows times group
    int rows;          // of that sequence
    int start;         // of the head in the arena
    int length;        // entries of the head
    int firstVisible;  // entries that the block's first row sees
    int pastTiles;
    int tiles;

    __device__ Walk(const AttendRowsArgs& args) {
        const int appendedTiles = (args.appended * args.group + kQueryRows - 1) / kQueryRows;
        const int probeTiles = (args.probes * args.group + kQueryRows - 1) / kQueryRows;
        kvHead = static_cast<int>(blockIdx.x) % args.kvHeads;
        const int tile = static_cast<int>(blockIdx.x) / args.kvHeads;
        start = args.starts[kvHead];
        length = args.lengths[kvHead];
        isProbe = tile < probeTiles;  // the longest work first
        const int tokens = isProbe ? args.probes : args.appended;
        rows = tokens * args.group;
        firstRow = (isProbe ? probeTiles - 1 - tile : appendedTiles - 1 - (tile - probeTiles)) * kQueryRows;
        const int firstToken = firstRow / args.group;
        const int lastToken = min((firstRow + kQueryRows - 1) / args.group, tokens - 1);
        if (isProbe) {
            firstVisible = firstToken + 1;
            pastTiles = (length + kKeyRows - 1) / kKeyRows;
            tiles = pastTiles + (args.output != nullptr ? (lastToken + kKeyRows) / kKeyRows : 0);
        } else {
            firstVisible = length - tokens + firstToken + 1;
            pastTiles = (length - tokens + lastToken + kKeyRows) / kKeyRows;
            tiles = pastTiles;
        }
    }

    [[nodiscard]] __device__ bool isOwn(int step) const { return step >= pastTiles; }
    /// First key of a step's tile, in the head's entries or in the probe.
    [[nodiscard]] __device__ int key(int step) const {
        return (isOwn(step) ? step - pastTiles : pastTiles - 1 - step) * kKeyRows;
    }
    /// Whether some row of the block does not see all keys of the tile.
    [[nodiscard]] __device__ bool hides(int step) const {
        const int visible = isProbe && !isOwn(step) ? length : firstVisible;
        return key(step) + kKeyRows > visible;
    }
    /// Whether rows of the tile lie behind the head's entries: they hold anything.
    [[nodiscard]] __device__ bool hasTail(int step) const {
        return !isOwn(step) && key(step) + kKeyRows > length;
    }
};

template <int kHeadDim>
struct Storage {
    unsigned char* query;
    unsigned char* keys;
    unsigned char* values;
    std::uint64_t* queryFull;
    std::uint64_t* keyFull;
    std::uint64_t* keyFree;
    std::uint64_t* valueFull;
    std::uint64_t* valueFree;

    __device__ explicit Storage(unsigned char* raw) {
        constexpr int kTile = Shared<kHeadDim>::kTileBytes;
        query = raw + (1024 - sharedAddress(raw) % 1024) % 1024;
        keys = query + kTile;
        values = keys + kStages * kTile;
        queryFull = reinterpret_cast<std::uint64_t*>(values + kStages * kTile);
        keyFull = queryFull + 1;
        keyFree = keyFull + kStages;
        valueFull = keyFree + kStages;
        valueFree = valueFull + kStages;
    }
    [[nodiscard]] __device__ unsigned char* keyTile(int step) const {
        return keys + step % kStages * Shared<kHeadDim>::kTileBytes;
    }
    [[nodiscard]] __device__ unsigned char* valueTile(int step) const {
        return values + step % kStages * Shared<kHeadDim>::kTileBytes;
    }
};

__device__ inline std::uint32_t parity(int step) {
    return static_cast<std::uint32_t>(step / kStages) & 1U;
}

/// All rows of a tile, 64 columns at a time.
template <int kHeadDim>
__device__ void copyTile(unsigned char* target, const CUtensorMap& map, int row, std::uint64_t* full) {
    expectBytes(full, Shared<kHeadDim>::kTileBytes);
#pragma unroll
    for (int column = 0; column < kHeadDim; column += kSwizzleColumns)
        copyBox(target + column / kSwizzleColumns * kTileRowBytes, map, column, row, full);
}

template <int kHeadDim>
__device__ void fetch(const AttendRowsArgs& args,
                      const Maps& maps,
                      const Walk& walk,
                      const Storage<kHeadDim>& shared) {
    copyTile<kHeadDim>(shared.query,
                       walk.isProbe ? maps.probeQuery : maps.appendedQuery,
                       walk.kvHead * walk.rows + walk.firstRow,
                       shared.queryFull);
    for (int step = 0; step < walk.tiles; ++step) {
        const bool isOwn = walk.isOwn(step);
        const int row = walk.key(step) + (isOwn ? walk.kvHead * args.probes : walk.start);
        const int stage = step % kStages;
        if (step >= kStages) waitForPhase(shared.keyFree + stage, parity(step - kStages));
        copyTile<kHeadDim>(
            shared.keyTile(step), isOwn ? maps.probeKeys : maps.keys, row, shared.keyFull + stage);
        if (step >= kStages) waitForPhase(shared.valueFree + stage, parity(step - kStages));
        copyTile<kHeadDim>(
            shared.valueTile(step), isOwn ? maps.probeValues : maps.values, row, shared.valueFull + stage);
    }
}

__device__ inline float exponential2(float x) {
    float y;
    asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
    return y;
}

__device__ inline std::uint32_t packPair(float low, float high) {
    const __nv_bfloat162 pair = __floats2bfloat162_rn(low, high);
    return reinterpret_cast<const std::uint32_t&>(pair);
}

/// The four lanes that share a row.
__device__ inline float maxOfRow(float x) {
    x = fmaxf(x, __shfl_xor_sync(0xffffffffU, x, 1));
    return fmaxf(x, __shfl_xor_sync(0xffffffffU, x, 2));
}
__device__ inline float sumOfRow(float x) {
    x += __shfl_xor_sync(0xffffffffU, x, 1);
    return x + __shfl_xor_sync(0xffffffffU, x, 2);
}

/// A warpgroup's 64 query rows: two rows per thread, `upper` and eight further down.
template <int kHeadDim>
class Consumer {
public:
    __device__ Consumer(const AttendRowsArgs& args, const Walk& walk, const Storage<kHeadDim>& shared)
        : args_(args),
          walk_(walk),
          shared_(shared),
          index_(static_cast<int>(threadIdx.x) / kWarpgroupThreads - 1),
          thread_(static_cast<int>(threadIdx.x) % kWarpgroupThreads),
          lane_(thread_ % 32),
          row_(index_ * kWarpgroupRows + thread_ / 32 * 16 + lane_ / 4) {}

    __device__ void run() {
        if (index_ == 1) arriveAt(kTurnBarrier, kConsumerThreads);  // the first turn is the other's
        waitForPhase(shared_.queryFull, 0);
        float logits[kLogits];
        std::uint32_t weights[kKeyRows / 16][4];
        if (walk_.tiles > 0) {
            takeTurn();
            multiplyKeys(0, logits);
            passTurn(0);
            waitForProducts<0>();
            pin(logits);
            release(shared_.keyFree, 0);
            float factors[2];
            soften(0, logits, factors);
            toWeights(logits, weights);
        }
        for (int step = 1; step < walk_.tiles; ++step) {
            clearTail(step - 1);
            takeTurn();
            multiplyKeys(step, logits);
            multiplyValues(step - 1, weights);
            passTurn(step);
            waitForProducts<1>();
            pin(logits);
            release(shared_.keyFree, step);
            float factors[2];
            soften(step, logits, factors);
            waitForProducts<0>();
            pin(output_);
            release(shared_.valueFree, step - 1);
#pragma unroll
            for (int i = 0; i < kOutputs; ++i)
                output_[i] *= factors[i / 2 % 2];
            toWeights(logits, weights);
        }
        if (walk_.tiles > 0) {
            clearTail(walk_.tiles - 1);
            multiplyValues(walk_.tiles - 1, weights);
            waitForProducts<0>();
            pin(output_);
        }
        if (walk_.isProbe && walk_.tiles == walk_.pastTiles) writePastLogSum();
        if (args_.output != nullptr) write();
    }

private:
    static constexpr int kLogits = kKeyRows / 2;   // per thread
    static constexpr int kOutputs = kHeadDim / 2;  // per thread

    // One consumer's products run while the other computes exponentials.
    __device__ void takeTurn() const {
        meetAt(kTurnBarrier + index_, kConsumerThreads);
    }
    __device__ void passTurn(int step) const {
        const bool isNobodyWaiting = index_ == 1 && step + 1 == walk_.tiles;
        if (!isNobodyWaiting) arriveAt(kTurnBarrier + 1 - index_, kConsumerThreads);
    }

    __device__ void release(std::uint64_t* barriers, int step) const {
        if (lane_ == 0) arrive(barriers + step % kStages);
    }

    /// Orders the products of the queries with a tile of keys.
    __device__ void multiplyKeys(int step, float (&logits)[kLogits]) const {
        waitForPhase(shared_.keyFull + step % kStages, parity(step));
        const std::uint64_t query = describeTile(shared_.query + index_ * kWarpgroupRows * kSwizzleRowBytes);
        const std::uint64_t keys = describeTile(shared_.keyTile(step));
        pin(logits);
        beginProducts();
#pragma unroll
        for (int column = 0; column < kHeadDim; column += 16) {
            // Sixteen values are 32 bytes further along a row, 64 the next columns of rows.
            const std::uint64_t offset =
                column / kSwizzleColumns * kTileRowBytes / 16 + column % kSwizzleColumns * 2 / 16;
            multiplyRows(logits, query + offset, keys + offset, column > 0);
        }
        commitProducts();
    }

    /// Orders the products of the weights with a tile of values.
    __device__ void multiplyValues(int step, const std::uint32_t (&weights)[kKeyRows / 16][4]) {
        waitForPhase(shared_.valueFull + step % kStages, parity(step));
        const std::uint64_t values = describeTile(shared_.valueTile(step), kTileRowBytes);
        pin(output_);
        beginProducts();
#pragma unroll
        for (int part = 0; part < kKeyRows / 16; ++part)
            multiplyColumns(output_, weights[part], values + part * 16 * kSwizzleRowBytes / 16);
        commitProducts();
    }

    /// Entries of a tile that lie behind the head's hold anything, and their weight of zero does not make
    /// nothing of it.
    __device__ void clearTail(int step) const {
        if (!walk_.hasTail(step)) return;
        waitForPhase(shared_.valueFull + step % kStages, parity(step));
        const int there = walk_.length - walk_.key(step);
        auto* const tile = reinterpret_cast<uint4*>(shared_.valueTile(step));
        constexpr int kPieces = kSwizzleRowBytes / 16;
        for (int i = there * kPieces + index_ * kWarpgroupThreads + thread_; i < kKeyRows * kPieces;
             i += kConsumerThreads) {
#pragma unroll
            for (int columns = 0; columns < kHeadDim / kSwizzleColumns; ++columns)
                tile[columns * kTileRowBytes / 16 + i] = uint4{};
        }
        asm volatile("fence.proxy.async.shared::cta;" ::: "memory");
        meetAt(kTailBarrier, kConsumerThreads);
    }

    /// Keys before this one are seen by the thread's row.
    [[nodiscard]] __device__ int visible(int step, int row) const {
        if (walk_.isProbe && !walk_.isOwn(step)) return walk_.length;
        const int token = (walk_.firstRow + row) / args_.group;
        return walk_.isProbe ? token + 1 : walk_.length - args_.appended + token + 1;
    }

    /// The next step of the softmax (of base 2): logits become weights, and what was summed up so far is to
    /// be multiplied by `factors`.
    __device__ void soften(int step, float (&logits)[kLogits], float (&factors)[2]) {
        if (step == walk_.pastTiles) writePastLogSum();
        if (walk_.hides(step)) hide(step, logits);
        const float scale = args_.scale * 1.44269504F;
#pragma unroll
        for (int half = 0; half < 2; ++half) {
            float best = largest_[half];
#pragma unroll
            for (int i = 0; i < kLogits / 4; ++i)
                best = fmaxf(best, fmaxf(logits[4 * i + 2 * half], logits[4 * i + 2 * half + 1]));
            best = maxOfRow(best);
            // A row that has seen nothing yet keeps its sum of nothing.
            const float shift = best == -INFINITY ? 0.0F : best * scale;
            factors[half] = exponential2(largest_[half] * scale - shift);
            largest_[half] = best;
            float sum = sum_[half] * factors[half];
#pragma unroll
            for (int i = 0; i < kLogits / 4; ++i) {
#pragma unroll
                for (int column = 0; column < 2; ++column) {
                    float& logit = logits[4 * i + 2 * half + column];
                    logit = exponential2(logit * scale - shift);
                    sum += logit;
                }
            }
            sum_[half] = sum;
        }
    }

    __device__ void hide(int step, float (&logits)[kLogits]) const {
#pragma unroll
        for (int half = 0; half < 2; ++half) {
            const int limit = visible(step, row_ + 8 * half) - walk_.key(step) - 2 * (lane_ % 4);
#pragma unroll
            for (int i = 0; i < kLogits / 4; ++i) {
#pragma unroll
                for (int column = 0; column < 2; ++column) {
                    if (8 * i + column >= limit) logits[4 * i + 2 * half + column] = -INFINITY;
                }
            }
        }
    }

    /// As the first operand of a product wants them.
    __device__ static void toWeights(const float (&logits)[kLogits],
                                     std::uint32_t (&weights)[kKeyRows / 16][4]) {
#pragma unroll
        for (int part = 0; part < kKeyRows / 16; ++part) {
#pragma unroll
            for (int i = 0; i < 4; ++i)
                weights[part][i] = packPair(logits[8 * part + 2 * i], logits[8 * part + 2 * i + 1]);
        }
    }

    __device__ void writePastLogSum() const {
        const int perHead = args_.probes;
#pragma unroll
        for (int half = 0; half < 2; ++half) {
            const float sum = sumOfRow(sum_[half]);
            const int row = walk_.firstRow + row_ + 8 * half;
            if (lane_ % 4 != 0 || row >= walk_.rows) continue;
            const int token = row / args_.group;
            args_.pastLogSum[static_cast<std::int64_t>(row % args_.group) * args_.kvHeads * perHead +
                             walk_.kvHead * perHead + token] =
                sum > 0.0F ? largest_[half] * args_.scale + logf(sum) : -INFINITY;
        }
    }

    /// Through the shared memory of the query, whose rows are this warp's own, to whole rows of the output.
    __device__ void write() {
        unsigned char* const warpRows =
            shared_.query + (index_ * kWarpgroupRows + thread_ / 32 * 16) * kSwizzleRowBytes;
#pragma unroll
        for (int half = 0; half < 2; ++half) {
            const float sum = sumOfRow(sum_[half]);
            const float inverse = sum > 0.0F ? 1.0F / sum : 0.0F;
            const int row = lane_ / 4 + 8 * half;
#pragma unroll
            for (int i = 0; i < kHeadDim / 8; ++i) {
                unsigned char* const columns = warpRows + i / 8 * kTileRowBytes + row * kSwizzleRowBytes;
                *reinterpret_cast<std::uint32_t*>(columns + ((i % 8) ^ (row % 8)) * 16 + lane_ % 4 * 4) =
                    packPair(output_[4 * i + 2 * half] * inverse, output_[4 * i + 2 * half + 1] * inverse);
            }
        }
        __syncwarp();
        constexpr int kPieces = kHeadDim / 8;  // of 16 bytes, in a row
        const int firstToken = walk_.isProbe ? args_.appended : 0;
        auto* const output = static_cast<uint4*>(args_.output);
#pragma unroll
        for (int i = lane_; i < 16 * kPieces; i += 32) {
            const int row = i / kPieces;
            const int piece = i % kPieces;
            const int sequenceRow = walk_.firstRow + index_ * kWarpgroupRows + thread_ / 32 * 16 + row;
            if (sequenceRow >= walk_.rows) continue;
            const std::int64_t token = firstToken + sequenceRow / args_.group;
            const int head = walk_.kvHead * args_.group + sequenceRow % args_.group;
            output[(token * args_.kvHeads * args_.group + head) * kPieces + piece] =
                *reinterpret_cast<const uint4*>(warpRows + piece / 8 * kTileRowBytes +
                                                row * kSwizzleRowBytes + ((piece % 8) ^ (row % 8)) * 16);
        }
    }

    const AttendRowsArgs& args_;
    const Walk& walk_;
    const Storage<kHeadDim>& shared_;
    const int index_;   // of the warpgroup among the consumers
    const int thread_;  // in the warpgroup
    const int lane_;
    const int row_;  // of the block, the thread's upper one
    float largest_[2] = {-INFINITY, -INFINITY};
    float sum_[2] = {};  // of the thread's own columns
    float output_[kOutputs] = {};
};

#endif

// A block computes 128 rows of one KV head: one warp orders tiles of keys and values from memory, two
// warpgroups of 64 rows each take turns at the matrix unit, so that one's exponentials are computed beside
// the other's products, and each orders the next tile's products before the softmax of the last. Per tile of
// 128 keys and 128 values wide: 8.4 MFLOP in 2,048 cycles of the matrix unit, 16,384 exponentials in 1,024.
template <int kHeadDim>
__global__ void __launch_bounds__(kThreads, 1)
    attend_rows_kernel(const __grid_constant__ AttendRowsArgs args, const __grid_constant__ Maps maps) {
#if EPI_HAS_WARPGROUPS
    extern __shared__ unsigned char raw[];
    const Storage<kHeadDim> shared(raw);
    const Walk walk(args);
    if (threadIdx.x == 0) {
        initBarrier(shared.queryFull, 1);
        for (int stage = 0; stage < kStages; ++stage) {
            initBarrier(shared.keyFull + stage, 1);
            initBarrier(shared.valueFull + stage, 1);
            initBarrier(shared.keyFree + stage, kConsumerThreads / 32);
            initBarrier(shared.valueFree + stage, kConsumerThreads / 32);
        }
        fenceBarriers();
    }
    __syncthreads();
    if (threadIdx.x < kWarpgroupThreads) {
        giveRegisters<24>();
        if (threadIdx.x == 0) fetch(args, maps, walk, shared);
    } else {
        takeRegisters<240>();
        Consumer<kHeadDim>(args, walk, shared).run();
    }
#endif
}

template <int kHeadDim>
cudaError_t launch(const AttendRowsArgs& args, cudaStream_t stream) {
    Maps maps{};
    const std::int64_t appendedRows = std::int64_t{args.kvHeads} * args.appended * args.group;
    const std::int64_t probeRows = std::int64_t{args.kvHeads} * args.probes;
    const struct {
        CUtensorMap& map;
        const void* data;
        std::int64_t rows;
    } tensors[] = {{maps.appendedQuery, args.appendedQuery, appendedRows},
                   {maps.probeQuery, args.probeQuery, probeRows * args.group},
                   {maps.keys, args.keys, args.arenaRows},
                   {maps.values, args.values, args.arenaRows},
                   {maps.probeKeys, args.probeKeys, probeRows},
                   {maps.probeValues, args.probeValues, probeRows}};
    for (const auto& tensor : tensors) {
        const cudaError_t error = makeTensorMap(tensor.map, tensor.data, tensor.rows, kHeadDim, kKeyRows);
        if (error != cudaSuccess) return error;
    }
    constexpr int kBytes = Shared<kHeadDim>::kBytes;
    if (const cudaError_t error = cudaFuncSetAttribute(
            attend_rows_kernel<kHeadDim>, cudaFuncAttributeMaxDynamicSharedMemorySize, kBytes);
        error != cudaSuccess)
        return error;
    const auto tiles = [&](int tokens) {
        return tokens * args.group / kQueryRows + (tokens * args.group % kQueryRows > 0 ? 1 : 0);
    };
    const int appended = args.output != nullptr ? tiles(args.appended) : 0;
    const auto blocks = static_cast<unsigned>((appended + tiles(args.probes)) * args.kvHeads);
    attend_rows_kernel<kHeadDim><<<blocks, kThreads, kBytes, stream>>>(args, maps);
    return cudaGetLastError();
}

}  // namespace

cudaError_t attendRows(const AttendRowsArgs& args, cudaStream_t stream) {
    if (args.probes == 0 && (args.appended == 0 || args.output == nullptr)) return cudaSuccess;
    if (args.arenaRows < args.appended) return cudaErrorInvalidValue;
    switch (args.headDim) {
        case 64:
            return launch<64>(args, stream);
        case 128:
            return launch<128>(args, stream);
        default:
            return cudaErrorInvalidValue;
    }
}

}  // namespace epi::cuda
