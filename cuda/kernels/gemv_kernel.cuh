#pragma once

#include <cuda_bf16.h>

#include "cuda/kernels/gemv.cuh"
#include "cuda/kernels/row_dot.cuh"

namespace epi::cuda {

// A block owns a contiguous range of quads of rows. Their tiles, quad after quad, are dealt to its warps in
// equal contiguous shares, so that the work is even for any shape; where a quad is split between warps its
// parts meet in shared memory. Each warp keeps a ring of tiles in flight by bulk copies of its own and never
// waits for another warp between the first and the last tile.
//
// The ring is filled before the kernel waits for its predecessor: at 100 KB per multiprocessor that is about
// 3 us of memory traffic, which covers the predecessor's last stores, the wait and the norm. See kSlotBytes.

inline constexpr int kMixedFormats = -1;
inline constexpr int kNormGroups = kMaxNormColumns / (kGemvThreads * 8);  // groups of 8 values of a thread
inline constexpr int kActivationGroups = 4;

struct SharedActivations {
    std::byte* quants;  // columns 0-15 of all blocks, then 16-31 of all blocks: no bank is hit twice
    float2* scales;     // scale, and the two sums as int16
    uint4* values;      // bf16
    int blocks;

    __device__ ActivationBlock block(int index) const {
        const float2 scale = scales[index];
        const int sums = __float_as_int(scale.y);
        return {.low = reinterpret_cast<const int4*>(quants)[index],
                .high = reinterpret_cast<const int4*>(quants)[blocks + index],
                .scale = scale.x,
                .lowSum = static_cast<int>(static_cast<std::int16_t>(sums & 0xffff)),
                .highSum = sums >> 16};
    }
};

__device__ inline float warpSum(float value) {
#pragma unroll
    for (int offset = 16; offset > 0; offset /= 2)
        value += __shfl_xor_sync(0xffffffffU, value, offset);
    return value;
}

/// Sum over the block; `scratch` has a float per warp and is free again after the next barrier.
__device__ inline float blockSum(float value, float* scratch) {
    value = warpSum(value);
    if (threadIdx.x % 32 == 0) scratch[threadIdx.x / 32] = value;
    __syncthreads();
    float sum = 0.0F;
#pragma unroll
    for (int warp = 0; warp < kGemvWarps; ++warp)
        sum += scratch[warp];
    return sum;
}

__device__ inline std::uint32_t packBf16(float low, float high) {
    const __nv_bfloat162 pair = __floats2bfloat162_rn(low, high);
    return *reinterpret_cast<const std::uint32_t*>(&pair);
}

/// Puts columns 8 * group to 8 * group + 7 into shared memory. All lanes of the warp take part, four lanes
/// being a block of 32 columns.
template <bool kQuantised, bool kFloats>
__device__ void stageGroup(const SharedActivations& shared, int group, bool isInside, const float (&v)[8]) {
    if constexpr (kFloats) {
        if (isInside) {
            shared.values[group] = {
                packBf16(v[0], v[1]), packBf16(v[2], v[3]), packBf16(v[4], v[5]), packBf16(v[6], v[7])};
        }
    }
    if constexpr (kQuantised) {
        float largest = 0.0F;
#pragma unroll
        for (const float value : v)
            largest = fmaxf(largest, fabsf(value));
        largest = fmaxf(largest, __shfl_xor_sync(0xffffffffU, largest, 1));
        largest = fmaxf(largest, __shfl_xor_sync(0xffffffffU, largest, 2));
        const float inverse = largest > 0.0F ? 127.0F / largest : 0.0F;
        int sum = 0;
        std::uint32_t words[2] = {0, 0};
#pragma unroll
        for (int i = 0; i < 8; ++i) {
            const int number = __float2int_rn(v[i] * inverse);
            sum += number;
            words[i / 4] |= (static_cast<std::uint32_t>(number) & 255U) << (i % 4 * 8);
        }
        sum += __shfl_xor_sync(0xffffffffU, sum, 1);
        const int otherSum = __shfl_xor_sync(0xffffffffU, sum, 2);
        if (isInside) {
            const int block = group / 4;
            const int part = group % 4;
            auto* const plane =
                reinterpret_cast<uint2*>(shared.quants + (part / 2 * shared.blocks + block) * 16);
            plane[part % 2] = {words[0], words[1]};
            if (part == 0) {
                const std::uint32_t sums =
                    (static_cast<std::uint32_t>(sum) & 0xffffU) | static_cast<std::uint32_t>(otherSum) << 16;
                shared.scales[block] = {largest * (1.0F / 127.0F), __uint_as_float(sums)};
            }
        }
    }
}

struct EightFloats {
    float v[8];
};

/// Plain loads: an earlier kernel of the step wrote these.
__device__ inline void loadEight(const float* source, float (&v)[8]) {
    const float4 first = __ldcg(reinterpret_cast<const float4*>(source));
    const float4 second = __ldcg(reinterpret_cast<const float4*>(source) + 1);
    v[0] = first.x, v[1] = first.y, v[2] = first.z, v[3] = first.w;
    v[4] = second.x, v[5] = second.y, v[6] = second.z, v[7] = second.w;
}

__device__ inline void loadEightConstant(const float* source, float (&v)[8]) {
    const float4 first = __ldg(reinterpret_cast<const float4*>(source));
    const float4 second = __ldg(reinterpret_cast<const float4*>(source) + 1);
    v[0] = first.x, v[1] = first.y, v[2] = first.z, v[3] = first.w;
    v[4] = second.x, v[5] = second.y, v[6] = second.z, v[7] = second.w;
}

/// Waits for the previous kernel, norms the residual stream into shared memory.
template <bool kQuantised, bool kFloats>
__device__ void stageNormed(const GemvArgs& args, const SharedActivations& shared, float* scratch) {
    const int groups = args.columns / 8;
    float weight[kNormGroups][8];
    float x[kNormGroups][8];
#pragma unroll
    for (int i = 0; i < kNormGroups; ++i) {
        const int group = static_cast<int>(threadIdx.x) + i * kGemvThreads;
        if (group < groups) loadEightConstant(args.normWeight + group * 8, weight[i]);
    }
    waitForPreviousKernel();
#pragma unroll
    for (int i = 0; i < kNormGroups; ++i) {
        const int group = static_cast<int>(threadIdx.x) + i * kGemvThreads;
#pragma unroll
        for (float& value : x[i])
            value = 0.0F;
        if (group < groups) loadEight(args.residual + group * 8, x[i]);
    }
    if (args.branch != nullptr) {
        float squares = 0.0F;
        float y[kNormGroups][8];
#pragma unroll
        for (int i = 0; i < kNormGroups; ++i) {
            const int group = static_cast<int>(threadIdx.x) + i * kGemvThreads;
#pragma unroll
            for (float& value : y[i])
                value = 0.0F;
            if (group < groups) loadEight(args.branch + group * 8, y[i]);
#pragma unroll
            for (const float value : y[i])
                squares = fmaf(value, value, squares);
        }
        const float mean = blockSum(squares, scratch + kGemvWarps) / static_cast<float>(args.columns);
        const float scale = rsqrtf(mean + args.branchNormEpsilon);
#pragma unroll
        for (int i = 0; i < kNormGroups; ++i) {
            const int group = static_cast<int>(threadIdx.x) + i * kGemvThreads;
            if (group >= groups) continue;
            float branchWeight[8];
            loadEightConstant(args.branchNormWeight + group * 8, branchWeight);
#pragma unroll
            for (int j = 0; j < 8; ++j) {
                x[i][j] = fmaf(y[i][j] * scale, branchWeight[j], x[i][j]);
                if (blockIdx.x == 0) args.residualOut[group * 8 + j] = x[i][j];
            }
        }
    }
    float squares = 0.0F;
#pragma unroll
    for (const auto& group : x) {
#pragma unroll
        for (const float value : group)
            squares = fmaf(value, value, squares);
    }
    const float mean = blockSum(squares, scratch) / static_cast<float>(args.columns);
    const float scale = rsqrtf(mean + args.normEpsilon);
#pragma unroll
    for (int i = 0; i < kNormGroups; ++i) {
        const int group = static_cast<int>(threadIdx.x) + i * kGemvThreads;
        if (i * kGemvThreads >= groups) break;
        const bool isInside = group < groups;
#pragma unroll
        for (int j = 0; j < 8; ++j)
            x[i][j] = isInside ? x[i][j] * scale * weight[i][j] : 0.0F;
        stageGroup<kQuantised, kFloats>(shared, group, isInside, x[i]);
    }
}

/// Waits for the previous kernel, brings its bf16 result into shared memory.
template <bool kQuantised, bool kFloats>
__device__ void stageActivations(const GemvArgs& args, const SharedActivations& shared) {
    waitForPreviousKernel();
    const int groups = args.columns / 8;
    for (int first = 0; first < groups; first += kActivationGroups * kGemvThreads) {
        uint4 packed[kActivationGroups];
#pragma unroll
        for (int i = 0; i < kActivationGroups; ++i) {
            const int group = first + i * kGemvThreads + static_cast<int>(threadIdx.x);
            packed[i] = group < groups ? __ldcg(reinterpret_cast<const uint4*>(args.activations) + group)
                                       : uint4{0, 0, 0, 0};
        }
#pragma unroll
        for (int i = 0; i < kActivationGroups; ++i) {
            const int group = first + i * kGemvThreads + static_cast<int>(threadIdx.x);
            if (first + i * kGemvThreads >= groups) break;
            const float v[8] = {lowBf16(packed[i].x),
                                highBf16(packed[i].x),
                                lowBf16(packed[i].y),
                                highBf16(packed[i].y),
                                lowBf16(packed[i].z),
                                highBf16(packed[i].z),
                                lowBf16(packed[i].w),
                                highBf16(packed[i].w)};
            stageGroup<kQuantised, kFloats>(shared, group, group < groups, v);
        }
    }
}

/// One tile of kBf16 rows: every lane takes 8 columns in 256.
template <bool kIsShared, bool kIsFull>
__device__ inline void floatTileDot(const std::byte* const (&rows)[4],
                                    const uint4* x,
                                    int columns,
                                    float (&sums)[4]) {
    const int lane = static_cast<int>(threadIdx.x) % 32;
    const int groups = (kIsFull ? tileColumns(WeightFormat::kBf16) : columns) / 8;
#pragma unroll
    for (int first = 0; first < tileColumns(WeightFormat::kBf16) / 8; first += 32) {
        const int group = first + lane;
        if (!kIsFull && group >= groups) break;
        const uint4 packed = x[group];
        uint4 weights[4];
#pragma unroll
        for (int row = 0; row < 4; ++row)
            weights[row] = TileReader<kIsShared>{rows[row]}.load16(group * 16);
        const float v[8] = {lowBf16(packed.x),
                            highBf16(packed.x),
                            lowBf16(packed.y),
                            highBf16(packed.y),
                            lowBf16(packed.z),
                            highBf16(packed.z),
                            lowBf16(packed.w),
                            highBf16(packed.w)};
#pragma unroll
        for (int row = 0; row < 4; ++row)
            sums[row] = dotBf16(weights[row], v, sums[row]);
    }
}

/// One tile of quantised rows: every lane takes a block in 32. Full tiles have their planes at constant
/// offsets.
template <WeightFormat kFormat, bool kIsShared, bool kIsFull>
__device__ inline void blockTileDot(
    const std::byte* tile, const SharedActivations& x, int firstBlock, int columns, float (&sums)[4]) {
    const int lane = static_cast<int>(threadIdx.x) % 32;
    constexpr int kFullBlocks = tileColumns(kFormat) / kBlockColumns;
    const int blocks = kIsFull ? kFullBlocks : columns / kBlockColumns;
#pragma unroll
    for (int first = 0; first < kFullBlocks; first += 32) {
        const int block = first + lane;
        if (!kIsFull && block >= blocks) break;
        const ActivationBlock activations = x.block(firstBlock + block);
#pragma unroll
        for (int row = 0; row < 4; ++row) {
            const TileReader<kIsShared> reader{tile + row * tileBytes(kFormat, blocks * kBlockColumns)};
            sums[row] += blockDot<kFormat>(reader, blocks, block, activations);
        }
    }
}

/// One tile of the rows of a quad: adds this lane's part of the products to `sums`. Of quantised rows
/// `rows[0]` is the quad's tile.
template <int kFormat, bool kIsShared>
__device__ inline void tileDot(int format,
                               const std::byte* const (&rows)[4],
                               const SharedActivations& x,
                               int column,
                               int columns,
                               float (&sums)[4]) {
    if constexpr (kFormat == static_cast<int>(WeightFormat::kBf16)) {
        if (columns == tileColumns(WeightFormat::kBf16)) {
            floatTileDot<kIsShared, true>(rows, x.values + column / 8, columns, sums);
        } else {
            floatTileDot<kIsShared, false>(rows, x.values + column / 8, columns, sums);
        }
    } else if constexpr (kFormat != kMixedFormats) {
        constexpr auto kOne = static_cast<WeightFormat>(kFormat);
        if (columns == tileColumns(kOne)) {
            blockTileDot<kOne, kIsShared, true>(rows[0], x, column / kBlockColumns, columns, sums);
        } else {
            blockTileDot<kOne, kIsShared, false>(rows[0], x, column / kBlockColumns, columns, sums);
        }
    } else {
        // Mixed tiles are as wide as the widest; other formats have several of theirs in one.
        const auto as = [&]<WeightFormat kOne>() {
            constexpr int kWidth = tileColumns(kOne);
            constexpr int kBytes = tileBytes(kOne, kWidth);
            constexpr int kNext = kOne == WeightFormat::kBf16 ? kBytes : kBytes * 4;
            for (int part = 0; part * kWidth < columns; ++part) {
                const std::byte* const from[4] = {rows[0] + part * kNext,
                                                  rows[1] + part * kNext,
                                                  rows[2] + part * kNext,
                                                  rows[3] + part * kNext};
                tileDot<static_cast<int>(kOne), kIsShared>(
                    format, from, x, column + part * kWidth, min(kWidth, columns - part * kWidth), sums);
            }
        };
        switch (static_cast<WeightFormat>(format)) {
            case WeightFormat::kBf16:
                return as.template operator()<WeightFormat::kBf16>();
            case WeightFormat::kQ8_0:
                return as.template operator()<WeightFormat::kQ8_0>();
            case WeightFormat::kQ4_0:
                return as.template operator()<WeightFormat::kQ4_0>();
            case WeightFormat::kQ4_1:
                return as.template operator()<WeightFormat::kQ4_1>();
            case WeightFormat::kQ5_0:
                return as.template operator()<WeightFormat::kQ5_0>();
            case WeightFormat::kQ4_K:
                return as.template operator()<WeightFormat::kQ4_K>();
            case WeightFormat::kQ5_K:
                return as.template operator()<WeightFormat::kQ5_K>();
            case WeightFormat::kQ6_K:
                return as.template operator()<WeightFormat::kQ6_K>();
        }
    }
}

/// A tile in the list of a block's tiles.
struct TileCursor {
    int quad;    // of all sources
    int column;  // first column of the tile
    int format;
    unsigned missing;  // bit r: the quad has no row r
    std::int64_t rowBytes;
    const std::byte* first;   // the quad's tile; kBf16: that of row 0
    const std::byte* second;  // kBf16: that of row 2

    /// A row of kBf16. Rows that are not there repeat row 0; nobody looks at their products.
    __device__ const std::byte* row(int index) const {
        if ((missing >> index & 1U) != 0) return first;
        return (index < 2 ? first : second) + (index % 2 != 0 ? rowBytes : 0);
    }
};

template <int kFormat>
struct TileWalk {
    const GemvArgs& args;

    static constexpr int kWidth =
        tileColumns(kFormat == kMixedFormats ? WeightFormat::kQ4_0 : static_cast<WeightFormat>(kFormat));

    __device__ int tilesPerQuad() const { return (args.columns + kWidth - 1) / kWidth; }
    __device__ int width(const TileCursor& cursor) const { return min(kWidth, args.columns - cursor.column); }
    __device__ int bytes(const TileCursor& cursor) const {
        if constexpr (kFormat == kMixedFormats)
            return static_cast<int>(rowBytes(formatOf(cursor), width(cursor)));
        return tileBytes(formatOf(cursor), width(cursor));
    }
    __device__ static WeightFormat formatOf(const TileCursor& cursor) {
        return static_cast<WeightFormat>(kFormat == kMixedFormats ? cursor.format : kFormat);
    }
    __device__ static bool isInterleaved(const TileCursor& cursor) {
        return formatOf(cursor) != WeightFormat::kBf16;
    }
    /// From a full tile to the next.
    __device__ static int fullBytes(const TileCursor& cursor) {
        return static_cast<int>(rowBytes(formatOf(cursor), kWidth)) * (isInterleaved(cursor) ? 4 : 1);
    }

    __device__ TileCursor at(int quad, int column) const {
        int source = 0;
        int inSource = quad;
        while (source + 1 < args.sourceCount && inSource >= args.sources[source].quads)
            inSource -= args.sources[source++].quads;
        const RowQuads& rows = args.sources[source];
        TileCursor cursor{.quad = quad,
                          .column = column,
                          .format = static_cast<int>(rows.format),
                          .missing = 0,
                          .rowBytes = rows.rowBytes,
                          .first = nullptr,
                          .second = nullptr};
        const std::int64_t offset =
            inSource * rows.stride + std::int64_t{column / kWidth} * fullBytes(cursor);
        cursor.first = rows.first + offset;
        cursor.second = rows.second + offset;
        if (!isInterleaved(cursor) && inSource >= rows.quads - 1) {
            for (int row = 1; row < 4; ++row) {
                const int index = rows.isPaired ? inSource * 2 + row % 2 : inSource * 4 + row;
                if (index >= rows.rows) cursor.missing |= 1U << row;
            }
        }
        return cursor;
    }
    __device__ void advance(TileCursor& cursor) const {
        if (cursor.column + kWidth >= args.columns) {
            cursor = at(cursor.quad + 1, 0);
            return;
        }
        cursor.column += kWidth;
        cursor.first += fullBytes(cursor);
        cursor.second += fullBytes(cursor);
    }
};

__device__ inline float gateValue(GateActivation kind, float x) {
    if (kind == GateActivation::kSilu) return x / (1.0F + __expf(-x));
    const float inner = 0.7978845608028654F * (x + 0.044715F * x * x * x);
    return 0.5F * x * (1.0F + tanhf(inner));
}

/// The better of two candidates; of equals the lower id, and NaN over everything.
__device__ inline Candidate betterOf(const Candidate& a, const Candidate& b) {
    if (isnan(a.logit)) return a;
    if (isnan(b.logit)) return b;
    return a.logit > b.logit || (a.logit == b.logit && a.id < b.id) ? a : b;
}

__device__ inline Candidate warpBest(Candidate best) {
#pragma unroll
    for (int offset = 16; offset > 0; offset /= 2) {
        const Candidate other{.logit = __shfl_xor_sync(0xffffffffU, best.logit, offset),
                              .id = __shfl_xor_sync(0xffffffffU, best.id, offset)};
        best = betterOf(best, other);
    }
    return best;
}

/// Applies the output of one row; returns its logit where that is what it is.
__device__ inline Candidate finishRow(const GemvArgs& args, int row, float product) {
    if (args.output == GemvOutput::kStore) {
        args.out[row] = product + (args.bias != nullptr ? args.bias[row] : 0.0F);
    } else if (args.output == GemvOutput::kAddTo) {
        args.out[row] += product;
    } else {
        args.out[row] = product;
        return {.logit = isfinite(product) ? product : NAN, .id = row};
    }
    return {.logit = -INFINITY, .id = 0};
}

/// Dynamic shared memory: barriers, rings, activations, sums.
__device__ inline int barrierBytes(int stages) {
    return (kGemvWarps * stages * 8 + 127) / 128 * 128;
}

template <int kFormat>
__global__ void __launch_bounds__(kGemvThreads, 2) gemv_kernel(const __grid_constant__ GemvArgs args) {
    constexpr bool kFloats = kFormat == kMixedFormats || kFormat == static_cast<int>(WeightFormat::kBf16);
    constexpr bool kQuantised = kFormat != static_cast<int>(WeightFormat::kBf16);
    extern __shared__ __align__(128) std::byte shared[];
    __shared__ float scratch[2 * kGemvWarps];
    const int warp = static_cast<int>(threadIdx.x) / 32;
    const int lane = static_cast<int>(threadIdx.x) % 32;

    int allQuads = 0;
#pragma unroll
    for (int source = 0; source < 3; ++source)
        allQuads += source < args.sourceCount ? args.sources[source].quads : 0;
    const auto quadAt = [&](int block) {
        return static_cast<int>(std::int64_t{allQuads} * block / static_cast<int>(gridDim.x));
    };
    const int firstQuad = quadAt(static_cast<int>(blockIdx.x));
    const int quads = quadAt(static_cast<int>(blockIdx.x) + 1) - firstQuad;
    const TileWalk<kFormat> walk{args};
    const int tilesPerQuad = walk.tilesPerQuad();
    const int tiles = quads * tilesPerQuad;
    const int firstTile = tiles * warp / kGemvWarps;
    const int lastTile = tiles * (warp + 1) / kGemvWarps;
    TileCursor cursor =
        walk.at(firstQuad + firstTile / tilesPerQuad, firstTile % tilesPerQuad * TileWalk<kFormat>::kWidth);

    std::byte* free = shared + barrierBytes(args.stages);
    [[maybe_unused]] std::byte* const ring = free + warp * args.stages * args.stageBytes;
    free += kGemvWarps * args.stages * args.stageBytes;
    SharedActivations x{};
    x.blocks = args.columns / kBlockColumns;
    if constexpr (kQuantised) {
        x.quants = free;
        x.scales = reinterpret_cast<float2*>(free + x.blocks * kBlockColumns);
        free += x.blocks * (kBlockColumns + static_cast<int>(sizeof(float2)));
        free += (16 - x.blocks * 8 % 16) % 16;
    }
    if constexpr (kFloats) {
        x.values = reinterpret_cast<uint4*>(free);
        free += args.columns * 2;
    }
    auto* const sums = reinterpret_cast<float*>(free);  // [quads + warps][4], see below

    releaseNextKernel();
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 900
    auto* const barriers = reinterpret_cast<std::uint64_t*>(shared) + warp * args.stages;
    TileCursor ahead = cursor;
    const auto order = [&](int stage) {
        const auto bytes = static_cast<std::uint32_t>(walk.bytes(ahead));
        std::byte* const target = ring + stage * args.stageBytes;
        expectBytes(barriers + stage, bytes * 4);
        if (walk.isInterleaved(ahead)) {
            copyBulk(target, ahead.first, bytes * 4, barriers + stage);
        } else {
#pragma unroll
            for (int row = 0; row < 4; ++row)
                copyBulk(target + row * bytes, ahead.row(row), bytes, barriers + stage);
        }
        walk.advance(ahead);
    };
    if (lane == 0) {
        for (int stage = 0; stage < args.stages; ++stage)
            initBarrier(barriers + stage);
        fenceBarriers();
        for (int stage = 0; stage < min(args.stages, lastTile - firstTile); ++stage)
            order(stage);
    }
    __syncwarp();
#endif

    if (args.residual != nullptr) {
        stageNormed<kQuantised, kFloats>(args, x, scratch);
    } else {
        stageActivations<kQuantised, kFloats>(args, x);
    }
    __syncthreads();

    float products[4] = {};
    [[maybe_unused]] int stage = 0;
    [[maybe_unused]] std::uint32_t parity = 0;
    for (int index = firstTile; index < lastTile; ++index) {
        const int quad = cursor.quad;
        const int columns = walk.width(cursor);
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 900
        constexpr bool kIsShared = true;
        const int bytes = walk.bytes(cursor);
        const std::byte* const tile = ring + stage * args.stageBytes;
        const std::byte* const rows[4] = {tile, tile + bytes, tile + bytes * 2, tile + bytes * 3};
        waitForPhase(barriers + stage, parity);
#else
        constexpr bool kIsShared = false;
        const std::byte* const rows[4] = {cursor.row(0), cursor.row(1), cursor.row(2), cursor.row(3)};
#endif
        tileDot<kFormat, kIsShared>(cursor.format, rows, x, cursor.column, columns, products);
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 900
        __syncwarp();
        if (lane == 0 && index + args.stages < lastTile) order(stage);
        if (++stage == args.stages) {
            stage = 0;
            parity ^= 1U;
        }
#endif
        walk.advance(cursor);
        if (cursor.quad == quad && index + 1 < lastTile) continue;
        // Four sums in six exchanges: each of the first two halves the rows that a lane looks at.
        const bool isUpper = lane >= 16;
        float low = isUpper ? products[2] : products[0];
        float high = isUpper ? products[3] : products[1];
        low += __shfl_xor_sync(0xffffffffU, isUpper ? products[0] : products[2], 16);
        high += __shfl_xor_sync(0xffffffffU, isUpper ? products[1] : products[3], 16);
        const bool isOdd = lane % 16 >= 8;
        float part = isOdd ? high : low;
        part += __shfl_xor_sync(0xffffffffU, isOdd ? low : high, 8);
#pragma unroll
        for (int offset = 4; offset > 0; offset /= 2)
            part += __shfl_xor_sync(0xffffffffU, part, offset);
        // From one part to the next either the quad or the warp grows: their sum names a place of its own.
        if (lane % 8 == 0) sums[(quad - firstQuad + warp) * 4 + lane / 8] = part;
#pragma unroll
        for (float& product : products)
            product = 0.0F;
    }
    __syncthreads();

    const auto total = [&](int quad, int row) {
        float sum = 0.0F;
#pragma unroll
        for (int w = 0; w < kGemvWarps; ++w) {
            const int from = tiles * w / kGemvWarps;
            const int to = tiles * (w + 1) / kGemvWarps;
            const bool takesPart = from < to && from < (quad + 1) * tilesPerQuad && to > quad * tilesPerQuad;
            if (takesPart) sum += sums[(quad + w) * 4 + row];
        }
        return sum;
    };
    if (args.output == GemvOutput::kGate) {
        for (int i = static_cast<int>(threadIdx.x); i < quads * 2; i += kGemvThreads) {
            const float value = gateValue(args.gate, total(i / 2, i % 2)) * total(i / 2, i % 2 + 2);
            const int row = firstQuad * 2 + i;
            if (row < args.rows) args.gated[row] = __bfloat16_as_ushort(__float2bfloat16(value));
        }
        return;
    }
    Candidate best{.logit = -INFINITY, .id = 0};
    for (int i = static_cast<int>(threadIdx.x); i < quads * 4; i += kGemvThreads) {
        const int row = firstQuad * 4 + i;
        if (row < args.rows) best = betterOf(best, finishRow(args, row, total(i / 4, i % 4)));
    }
    if (args.output != GemvOutput::kLogits) return;
    best = warpBest(best);
    __shared__ Candidate candidates[kGemvWarps];
    if (lane == 0) candidates[warp] = best;
    __syncthreads();
    if (threadIdx.x != 0) return;
    for (int w = 1; w < kGemvWarps; ++w)
        best = betterOf(best, candidates[w]);
    args.candidates[blockIdx.x] = best;
}

}  // namespace epi::cuda
