#pragma once

#include <cstddef>
#include <cstdint>

#include <cuda_runtime_api.h>

#ifdef __CUDACC__
#define EPI_HOST_DEVICE __host__ __device__
#else
#define EPI_HOST_DEVICE
#endif

namespace epi::cuda {

// NOLINTBEGIN(readability-identifier-naming): GGML's names
/// How the rows of a weight matrix lie on the device. kBf16 is row-major; the others are quads of rows: the
/// first tile of each of the four rows, the second of each, and so on, so that one bulk copy fetches a tile
/// of all four.
enum class WeightFormat : std::int32_t { kBf16, kQ8_0, kQ4_0, kQ4_1, kQ5_0, kQ4_K, kQ5_K, kQ6_K };
// NOLINTEND(readability-identifier-naming)

inline constexpr int kWeightFormats = 8;
inline constexpr int kBlockColumns = 32;   // one lane's share: columns that have a scale in common
inline constexpr int kSuperColumns = 256;  // columns of a K format that share the scales of the scales

/// Columns whose bytes lie together. GGUF's blocks are 18 to 210 bytes long, so nothing in them is aligned. A
/// tile holds the same bits in planes: for its n blocks of 32 columns, and s = ceil(n / 8),
///   low      n x 16 bytes: byte i holds the low nibbles of the columns i (bits 0-3) and i + 16 (bits 4-7);
///            q8_0: n x 16 bytes of the first 16 columns of each block, then n x 16 of the others
///   high     q5_0, q5_K: n x 4 bytes, q6_K: n x 8 bytes, the bits above the nibbles, placed so that a shift
///            and a mask put them in front of four nibbles at once (see kernels/row_dot.cuh)
///   scales   q8_0, q4_0, q5_0: n x half; q4_1: n x half2 (scale, minimum);
///            q4_K, q5_K: s x 16 bytes: half2 (scale, minimum), 8 bytes (6 bits of a scale, 2 low bits of a
///            minimum), 8 nibbles (4 high bits of a minimum);
///            q6_K: n x 2 int8, then s x half
/// and is padded to 16 bytes. So bits per weight are the file's, loads are 16 bytes wide, and a tile can be
/// fetched by one bulk copy.
EPI_HOST_DEVICE constexpr int tileColumns(WeightFormat format) {
    switch (format) {
        case WeightFormat::kBf16:
            return 512;
        case WeightFormat::kQ4_0:
        case WeightFormat::kQ4_1:
        case WeightFormat::kQ4_K:
            return 2048;
        default:
            return 1024;
    }
}

/// Bytes of a tile with this many columns, a multiple of 32 (kBf16: of 8).
EPI_HOST_DEVICE constexpr int tileBytes(WeightFormat format, int columns) {
    const int blocks = columns / kBlockColumns;
    const int superBlocks = (blocks + 7) / 8;
    int bytes = 0;
    switch (format) {
        case WeightFormat::kBf16:
            return columns * 2;
        case WeightFormat::kQ8_0:
            bytes = blocks * 34;
            break;
        case WeightFormat::kQ4_0:
            bytes = blocks * 18;
            break;
        case WeightFormat::kQ4_1:
            bytes = blocks * 20;
            break;
        case WeightFormat::kQ5_0:
            bytes = blocks * 22;
            break;
        case WeightFormat::kQ4_K:
            bytes = blocks * 16 + superBlocks * 16;
            break;
        case WeightFormat::kQ5_K:
            bytes = blocks * 20 + superBlocks * 16;
            break;
        case WeightFormat::kQ6_K:
            bytes = blocks * 26 + superBlocks * 2;
            break;
    }
    return (bytes + 15) / 16 * 16;
}

/// Bytes of a row, or of several tiles of one: full tiles, then one with the columns that are left.
EPI_HOST_DEVICE constexpr std::int64_t rowBytes(WeightFormat format, int columns) {
    const int perTile = tileColumns(format);
    return std::int64_t{columns / perTile} * tileBytes(format, perTile) +
           (columns % perTile != 0 ? tileBytes(format, columns % perTile) : 0);
}

/// Whether rows of this many columns can be held in the format.
EPI_HOST_DEVICE constexpr bool canHold(WeightFormat format, int columns) {
    if (format == WeightFormat::kBf16) return columns % 8 == 0;
    const bool isSuper =
        format == WeightFormat::kQ4_K || format == WeightFormat::kQ5_K || format == WeightFormat::kQ6_K;
    return columns % (isSuper ? kSuperColumns : kBlockColumns) == 0;
}

/// Bytes of one block of GGUF's layout, and the columns in it; not for kBf16.
EPI_HOST_DEVICE constexpr int ggufBlockBytes(WeightFormat format) {
    switch (format) {
        case WeightFormat::kBf16:
            return 2;
        case WeightFormat::kQ8_0:
            return 34;
        case WeightFormat::kQ4_0:
            return 18;
        case WeightFormat::kQ4_1:
            return 20;
        case WeightFormat::kQ5_0:
            return 22;
        case WeightFormat::kQ4_K:
            return 144;
        case WeightFormat::kQ5_K:
            return 176;
        case WeightFormat::kQ6_K:
            return 210;
    }
    return 0;
}
EPI_HOST_DEVICE constexpr int ggufBlockColumns(WeightFormat format) {
    if (format == WeightFormat::kBf16) return 1;
    return format == WeightFormat::kQ4_K || format == WeightFormat::kQ5_K || format == WeightFormat::kQ6_K
               ? kSuperColumns
               : kBlockColumns;
}

/// A weight matrix on the device. Two matrices whose rows are multiplied pairwise (gate and up) share their
/// quads where they are not kBf16: rows 2q and 2q + 1 of each make quad q, and both name the same data.
struct WeightRows {
    const std::byte* data = nullptr;
    WeightFormat format = WeightFormat::kBf16;
    int rows = 0;
    int columns = 0;
};

/// Bytes of a matrix with this many rows, or of two that share their quads with as many together.
EPI_HOST_DEVICE constexpr std::int64_t matrixBytes(WeightFormat format, std::int64_t rows, int columns) {
    return (format == WeightFormat::kBf16 ? rows : (rows + 3) / 4 * 4) * rowBytes(format, columns);
}

/// Which rows of the quads a matrix fills: all, or those of the first or the second of two.
enum class QuadShare : std::int32_t { kWhole, kFirst, kSecond };

struct RepackArgs {
    const std::byte* blocks;  // GGUF blocks of `rows` rows, row-major, on the device
    std::byte* tiles;         // matrixBytes
    WeightFormat format;      // not kBf16
    std::int64_t rows;
    int columns;
    QuadShare share;
};
/// Rearranges GGUF blocks into tiles. cudaErrorInvalidValue where canHold says no.
[[nodiscard]] cudaError_t repack(const RepackArgs& args, cudaStream_t stream);

struct RandomBlocksArgs {
    std::byte* blocks;
    WeightFormat format;
    std::int64_t count;  // blocks; kBf16: values
    float scale;         // weights are about this large
    std::uint64_t seed;
};
/// Fills GGUF blocks with random weights, for benchmarks: all bits random but for sane scales.
[[nodiscard]] cudaError_t randomBlocks(const RandomBlocksArgs& args, cudaStream_t stream);

}  // namespace epi::cuda
