#pragma once

#include "cuda/kernels/activations.cuh"

// Tiles of weights: where each lies, and what it adds to the products of its four rows.
namespace epi::cuda {

inline constexpr int kMixedFormats = -1;

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
    int fullBytes;     // of one row of a full tile, and of the last one of a row
    int lastBytes;
    std::int64_t rowBytes;
    const std::byte* first;   // the quad's tile; kBf16: that of row 0
    const std::byte* second;  // kBf16: that of row 2

    /// A row of kBf16. Rows that are not there repeat row 0; nobody looks at their products.
    __device__ const std::byte* row(int index) const {
        if ((missing >> index & 1U) != 0) return first;
        return (index < 2 ? first : second) + (index % 2 != 0 ? rowBytes : 0);
    }
};

/// The tiles of a product, quad after quad. kMixedFormats: sources of any formats, whose tiles are as the
/// launcher set them.
template <int kFormat>
struct TileWalk {
    const GemvArgs& args;

    __device__ int fullWidth() const {
        if constexpr (kFormat == kMixedFormats) return args.tileWidth;
        return tileColumns(static_cast<WeightFormat>(kFormat));
    }
    __device__ int tilesPerQuad() const { return (args.columns + fullWidth() - 1) / fullWidth(); }
    __device__ int width(const TileCursor& cursor) const {
        return min(fullWidth(), args.columns - cursor.column);
    }
    /// Of one row.
    __device__ int bytes(const TileCursor& cursor) const {
        if constexpr (kFormat == kMixedFormats) {
            return cursor.column + fullWidth() > args.columns ? cursor.lastBytes : cursor.fullBytes;
        }
        return tileBytes(formatOf(cursor), width(cursor));
    }
    __device__ static WeightFormat formatOf(const TileCursor& cursor) {
        return static_cast<WeightFormat>(kFormat == kMixedFormats ? cursor.format : kFormat);
    }
    __device__ static bool isInterleaved(const TileCursor& cursor) {
        return formatOf(cursor) != WeightFormat::kBf16;
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
                          .fullBytes = rows.fullBytes,
                          .lastBytes = rows.lastBytes,
                          .rowBytes = rows.rowBytes,
                          .first = nullptr,
                          .second = nullptr};
        const std::int64_t offset =
            inSource * rows.stride + std::int64_t{column / fullWidth()} * next(cursor);
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
        if (cursor.column + fullWidth() >= args.columns) {
            cursor = at(cursor.quad + 1, 0);
            return;
        }
        cursor.column += fullWidth();
        cursor.first += next(cursor);
        cursor.second += next(cursor);
    }

private:
    /// From a full tile to the next.
    __device__ int next(const TileCursor& cursor) const {
        const int row =
            kFormat == kMixedFormats ? cursor.fullBytes : tileBytes(formatOf(cursor), fullWidth());
        return row * (isInterleaved(cursor) ? 4 : 1);
    }
};

#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 900
/// Orders a tile of all four rows into shared memory. One thread.
template <int kFormat>
__device__ inline void orderTile(const TileWalk<kFormat>& walk,
                                 const TileCursor& cursor,
                                 std::byte* target,
                                 std::uint64_t* barrier) {
    const auto bytes = static_cast<std::uint32_t>(walk.bytes(cursor));
    expectBytes(barrier, bytes * 4);
    if (walk.isInterleaved(cursor)) {
        copyBulk(target, cursor.first, bytes * 4, barrier);
        return;
    }
#pragma unroll
    for (int row = 0; row < 4; ++row)
        copyBulk(target + row * bytes, cursor.row(row), bytes, barrier);
}
#endif

/// The quads that are one block's: as many of each kind of work for every block as there can be.
struct QuadRange {
    int first = 0;
    int count = 0;

    __device__ explicit QuadRange(const GemvArgs& args) {
        unsigned all = 0;
#pragma unroll
        for (int source = 0; source < 3; ++source)
            all += source < args.sourceCount ? static_cast<unsigned>(args.sources[source].quads) : 0U;
        first = static_cast<int>(all * blockIdx.x / gridDim.x);
        count = static_cast<int>(all * (blockIdx.x + 1) / gridDim.x) - first;
    }
};

/// Adds the lanes' parts of the products of four rows; lanes 8 * row to 8 * row + 7 return that of a row.
/// Four sums in six exchanges: each of the first two halves the rows that a lane looks at.
__device__ inline float sumOfLanes(const float (&products)[4]) {
    const int lane = static_cast<int>(threadIdx.x) % 32;
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
    return part;
}

}  // namespace epi::cuda
