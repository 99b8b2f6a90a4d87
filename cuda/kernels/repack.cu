#include <algorithm>

#include <cuda_fp16.h>

#include "cuda/kernels/weight_rows.h"

namespace epi::cuda {
namespace {

constexpr int kThreads = 256;

/// The 32 numbers of one block before they are placed in planes: quants as they are multiplied (unsigned but
/// for q8_0), and where its scales come from.
struct Block {
    std::uint8_t numbers[kBlockColumns];
};

__device__ int byteAt(const std::byte* bytes, int index) {
    return static_cast<int>(bytes[index]);
}

/// Reads block `part` of 32 columns of a GGUF block; the layouts are those of core/format/ggml_blocks.cpp.
__device__ Block readBlock(WeightFormat format, const std::byte* gguf, int part) {
    Block block{};
    for (int i = 0; i < kBlockColumns; ++i) {
        int number = 0;
        switch (format) {
            case WeightFormat::kQ8_0:
                number = byteAt(gguf, 2 + i);
                break;
            case WeightFormat::kQ4_0:
                number = (byteAt(gguf, 2 + i % 16) >> (i / 16 * 4)) & 15;
                break;
            case WeightFormat::kQ4_1:
                number = (byteAt(gguf, 4 + i % 16) >> (i / 16 * 4)) & 15;
                break;
            case WeightFormat::kQ5_0:
                number = ((byteAt(gguf, 6 + i % 16) >> (i / 16 * 4)) & 15) |
                         (((byteAt(gguf, 2 + i / 8) >> (i % 8)) & 1) << 4);
                break;
            case WeightFormat::kQ4_K:
                number = (byteAt(gguf, 16 + part / 2 * 32 + i) >> (part % 2 * 4)) & 15;
                break;
            case WeightFormat::kQ5_K:
                number = ((byteAt(gguf, 48 + part / 2 * 32 + i) >> (part % 2 * 4)) & 15) |
                         (((byteAt(gguf, 16 + i) >> part) & 1) << 4);
                break;
            case WeightFormat::kQ6_K:
                number = ((byteAt(gguf, part / 4 * 64 + part % 2 * 32 + i) >> (part % 4 / 2 * 4)) & 15) |
                         (((byteAt(gguf, 128 + part / 4 * 32 + i) >> (part % 4 * 2)) & 3) << 4);
                break;
            case WeightFormat::kBf16:
                break;
        }
        block.numbers[i] = static_cast<std::uint8_t>(number);
    }
    return block;
}

__device__ void writeNibbles(const Block& block, std::byte* target) {
    for (int i = 0; i < 16; ++i) {
        target[i] = static_cast<std::byte>((block.numbers[i] & 15) | (block.numbers[i + 16] & 15) << 4);
    }
}

/// Fifth bits: bit w of byte b is that of column 4 w + b.
__device__ void writeFifthBits(const Block& block, std::byte* target) {
    for (int byte = 0; byte < 4; ++byte) {
        int bits = 0;
        for (int word = 0; word < 8; ++word)
            bits |= (block.numbers[word * 4 + byte] >> 4 & 1) << word;
        target[byte] = static_cast<std::byte>(bits);
    }
}

/// Upper bits of 6: bits 2w, 2w+1 of byte b are those of column 4 w + b; a word for each half of the block.
__device__ void writeUpperBits(const Block& block, std::byte* target) {
    for (int byte = 0; byte < 8; ++byte) {
        int bits = 0;
        for (int word = 0; word < 4; ++word) {
            bits |= (block.numbers[byte / 4 * 16 + word * 4 + byte % 4] >> 4 & 3) << (word * 2);
        }
        target[byte] = static_cast<std::byte>(bits);
    }
}

__device__ void copyBytes(std::byte* target, const std::byte* source, int count) {
    for (int i = 0; i < count; ++i)
        target[i] = source[i];
}

/// q4_K, q5_K: the scale and minimum of group `part` from the 12 packed bytes, into the header of a tile.
__device__ void writeKScales(const std::byte* gguf, int part, std::byte* header) {
    const std::byte* const packed = gguf + 4;
    int scale = 0;
    int minimum = 0;
    if (part < 4) {
        scale = byteAt(packed, part) & 63;
        minimum = byteAt(packed, part + 4) & 63;
    } else {
        scale = (byteAt(packed, part + 4) & 15) | (byteAt(packed, part - 4) >> 6 << 4);
        minimum = (byteAt(packed, part + 4) >> 4) | (byteAt(packed, part) >> 6 << 4);
    }
    header[4 + part] = static_cast<std::byte>(scale | (minimum & 3) << 6);
    // Two groups share a byte of the upper bits; the even one writes both.
    if (part % 2 == 0) {
        const int next = part + 1;
        const int nextMinimum = next < 4 ? byteAt(packed, next + 4) & 63
                                         : (byteAt(packed, next + 4) >> 4) | (byteAt(packed, next) >> 6 << 4);
        header[12 + part / 2] = static_cast<std::byte>(minimum >> 2 | nextMinimum >> 2 << 4);
    }
    if (part == 0) copyBytes(header, gguf, 4);
}

// One thread per block of 32 columns: reads and writes every byte once, at load, where speed matters little.
__global__ void repack_kernel(RepackArgs args) {
    const int blocksPerRow = args.columns / kBlockColumns;
    const std::int64_t index = static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
    if (index >= args.rows * blocksPerRow) return;
    const std::int64_t row = index / blocksPerRow;
    const int column = static_cast<int>(index % blocksPerRow) * kBlockColumns;
    const int ggufColumns = ggufBlockColumns(args.format);
    const std::byte* const gguf = args.blocks + (row * (args.columns / ggufColumns) + column / ggufColumns) *
                                                    ggufBlockBytes(args.format);
    const int part = column % ggufColumns / kBlockColumns;

    const int perTile = tileColumns(args.format);
    const int tile = column / perTile;
    const int tileWidth = min(perTile, args.columns - tile * perTile);
    const int blocks = tileWidth / kBlockColumns;
    const int block = column % perTile / kBlockColumns;
    const bool isWhole = args.share == QuadShare::kWhole;
    const std::int64_t quad = isWhole ? row / 4 : row / 2;
    const auto inQuad =
        static_cast<int>(isWhole ? row % 4 : row % 2 + (args.share == QuadShare::kSecond ? 2 : 0));
    std::byte* const target = args.tiles + quad * 4 * rowBytes(args.format, args.columns) +
                              std::int64_t{tile} * 4 * tileBytes(args.format, perTile) +
                              std::int64_t{inQuad} * tileBytes(args.format, tileWidth);

    const Block numbers = readBlock(args.format, gguf, part);
    switch (args.format) {
        case WeightFormat::kQ8_0:
            copyBytes(target + block * 16, gguf + 2, 16);
            copyBytes(target + (blocks + block) * 16, gguf + 18, 16);
            copyBytes(target + blocks * 32 + block * 2, gguf, 2);
            break;
        case WeightFormat::kQ4_0:
            writeNibbles(numbers, target + block * 16);
            copyBytes(target + blocks * 16 + block * 2, gguf, 2);
            break;
        case WeightFormat::kQ4_1:
            writeNibbles(numbers, target + block * 16);
            copyBytes(target + blocks * 16 + block * 4, gguf, 4);
            break;
        case WeightFormat::kQ5_0:
            writeNibbles(numbers, target + block * 16);
            writeFifthBits(numbers, target + blocks * 16 + block * 4);
            copyBytes(target + blocks * 20 + block * 2, gguf, 2);
            break;
        case WeightFormat::kQ4_K:
            writeNibbles(numbers, target + block * 16);
            writeKScales(gguf, part, target + blocks * 16 + block / 8 * 16);
            break;
        case WeightFormat::kQ5_K:
            writeNibbles(numbers, target + block * 16);
            writeFifthBits(numbers, target + blocks * 16 + block * 4);
            writeKScales(gguf, part, target + blocks * 20 + block / 8 * 16);
            break;
        case WeightFormat::kQ6_K:
            writeNibbles(numbers, target + block * 16);
            writeUpperBits(numbers, target + blocks * 16 + block * 8);
            copyBytes(target + blocks * 24 + block * 2, gguf + 192 + part * 2, 2);
            if (part == 0) copyBytes(target + blocks * 26 + block / 8 * 2, gguf + 208, 2);
            break;
        case WeightFormat::kBf16:
            break;
    }
}

__device__ std::uint64_t mix(std::uint64_t x) {
    x += 0x9e3779b97f4a7c15ULL;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
    return x ^ (x >> 31);
}

__device__ void writeHalf(std::byte* target, float value) {
    const std::uint16_t bits = __half_as_ushort(__float2half(value));
    target[0] = static_cast<std::byte>(bits & 255);
    target[1] = static_cast<std::byte>(bits >> 8);
}

// One thread per block (kBf16: per value); writes every byte once.
__global__ void random_blocks_kernel(RandomBlocksArgs args) {
    const std::int64_t index = static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
    if (index >= args.count) return;
    const int bytes = ggufBlockBytes(args.format);
    std::byte* const block = args.blocks + index * bytes;
    std::uint64_t state = args.seed * 0x100000001b3ULL + static_cast<std::uint64_t>(index) * 64;
    if (args.format == WeightFormat::kBf16) {
        const float value = (static_cast<float>(mix(state) >> 40) * 0x1p-23F - 1.0F) * 2.0F * args.scale;
        const std::uint32_t bits = __float_as_uint(value);
        block[0] = static_cast<std::byte>(bits >> 16 & 255);
        block[1] = static_cast<std::byte>(bits >> 24);
        return;
    }
    for (int i = 0; i < bytes; ++i) {
        if (i % 8 == 0) ++state;
        block[i] = static_cast<std::byte>(mix(state) >> (i % 8 * 8) & 255);
    }
    switch (args.format) {
        case WeightFormat::kQ8_0:
            writeHalf(block, args.scale / 64.0F);
            break;
        case WeightFormat::kQ4_0:
            writeHalf(block, args.scale / 4.0F);
            break;
        case WeightFormat::kQ4_1:
            writeHalf(block, args.scale / 4.0F);
            writeHalf(block + 2, -2.0F * args.scale);
            break;
        case WeightFormat::kQ5_0:
            writeHalf(block, args.scale / 8.0F);
            break;
        case WeightFormat::kQ4_K:
            writeHalf(block, args.scale / (4.0F * 32.0F));
            writeHalf(block + 2, 2.0F * args.scale / 32.0F);
            break;
        case WeightFormat::kQ5_K:
            writeHalf(block, args.scale / (8.0F * 32.0F));
            writeHalf(block + 2, 2.0F * args.scale / 32.0F);
            break;
        case WeightFormat::kQ6_K:
            // Small scales of the scales, so that theirs is no subnormal half.
            for (int i = 192; i < 208; ++i)
                block[i] = static_cast<std::byte>((static_cast<int>(block[i]) & 15) - 8);
            writeHalf(block + 208, args.scale / (4.0F * 16.0F));
            break;
        case WeightFormat::kBf16:
            break;
    }
}

}  // namespace

cudaError_t repack(const RepackArgs& args, cudaStream_t stream) {
    if (args.format == WeightFormat::kBf16 || !canHold(args.format, args.columns)) {
        return cudaErrorInvalidValue;
    }
    const std::int64_t blocks = args.rows * (args.columns / kBlockColumns);
    if (blocks == 0) return cudaSuccess;
    repack_kernel<<<static_cast<unsigned>((blocks + kThreads - 1) / kThreads), kThreads, 0, stream>>>(args);
    return cudaGetLastError();
}

cudaError_t randomBlocks(const RandomBlocksArgs& args, cudaStream_t stream) {
    if (args.count == 0) return cudaSuccess;
    random_blocks_kernel<<<static_cast<unsigned>((args.count + kThreads - 1) / kThreads),
                           kThreads,
                           0,
                           stream>>>(args);
    return cudaGetLastError();
}

}  // namespace epi::cuda
