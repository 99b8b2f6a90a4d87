#include "core/format/ggml_k_blocks.h"

#include <array>
#include <cstdint>

#include "core/format/half.h"

namespace epi {
namespace {

constexpr std::size_t kValues = 256;
constexpr std::size_t kGroups16 = kValues / 16;
constexpr std::size_t kGroups32 = kValues / 32;

std::int32_t integer(std::byte byte) {
    return std::to_integer<std::int32_t>(byte);
}

struct ScaleAndMinimum {
    std::array<float, kGroups32> scale;
    std::array<float, kGroups32> minimum;
};

/// Q4_K and Q5_K: eight scales and eight minima of 6 bits in 12 bytes. Bytes 0-3 and 4-7 hold the first four
/// of each in their low 6 bits; bytes 8-11 hold the low 4 bits of the last four (scale low, minimum high
/// nibble), whose upper 2 bits fill the top of bytes 0-7.
ScaleAndMinimum unpackScalesAndMinima(const std::byte* block) {
    const float blockScale = loadHalf(block);
    const float blockMinimum = loadHalf(block + 2);
    const std::byte* const packed = block + 4;
    ScaleAndMinimum result{};
    for (std::size_t i = 0; i < 4; ++i) {
        const std::int32_t first = integer(packed[i]);
        const std::int32_t second = integer(packed[i + 4]);
        const std::int32_t third = integer(packed[i + 8]);
        result.scale[i] = blockScale * static_cast<float>(first & 63);
        result.minimum[i] = blockMinimum * static_cast<float>(second & 63);
        result.scale[i + 4] = blockScale * static_cast<float>((third & 15) | (first >> 6 << 4));
        result.minimum[i + 4] = blockMinimum * static_cast<float>((third >> 4) | (second >> 6 << 4));
    }
    return result;
}

/// Q3_K: sixteen signed scales of 6 bits in 12 bytes. The nibbles of bytes 0-7 hold the low 4 bits (low
/// nibbles first), bytes 8-11 the upper 2 bits of the scales i, i+4, i+8, i+12; 32 stands for zero.
std::array<float, kGroups16> unpackSignedScales(const std::byte* packed, float blockScale) {
    std::array<float, kGroups16> scale{};
    for (std::size_t i = 0; i < kGroups16; ++i) {
        const std::int32_t low = (integer(packed[i % 8]) >> (i / 8 * 4)) & 15;
        const std::int32_t high = (integer(packed[8 + i % 4]) >> (i / 4 * 2)) & 3;
        scale[i] = blockScale * static_cast<float>((low | (high << 4)) - 32);
    }
    return scale;
}

}  // namespace

// 16 bytes of scale (low nibble) and minimum (high nibble) per group of 16; 64 bytes of 2-bit numbers; scale
// of the scales; scale of the minima. A byte of the numbers serves four runs of 32 values, 2 bits each.
void decodeQ2K(const std::byte* block, float* values) {
    const float blockScale = loadHalf(block + 80);
    const float blockMinimum = loadHalf(block + 82);
    for (std::size_t group = 0; group < kGroups16; ++group) {
        const float scale = blockScale * static_cast<float>(integer(block[group]) & 15);
        const float minimum = blockMinimum * static_cast<float>(integer(block[group]) >> 4);
        const std::byte* const numbers = block + 16 + group / 8 * 32 + group % 2 * 16;
        const auto shift = static_cast<int>(group % 8 / 2 * 2);
        for (std::size_t i = 0; i < 16; ++i) {
            values[i] = scale * static_cast<float>((integer(numbers[i]) >> shift) & 3) - minimum;
        }
        values += 16;
    }
}

// 32 bytes of third bits, one bit per run of 32 values; 64 bytes of 2-bit numbers as in Q2_K; 12 bytes of
// scales; scale of the scales. A third bit that is not set subtracts 4.
void decodeQ3K(const std::byte* block, float* values) {
    const auto scales = unpackSignedScales(block + 96, loadHalf(block + 108));
    for (std::size_t group = 0; group < kGroups16; ++group) {
        const float scale = scales[group];
        const std::byte* const thirdBits = block + group % 2 * 16;
        const std::byte* const numbers = block + 32 + group / 8 * 32 + group % 2 * 16;
        const auto shift = static_cast<int>(group % 8 / 2 * 2);
        const auto run = static_cast<int>(group / 2);
        for (std::size_t i = 0; i < 16; ++i) {
            const std::int32_t low = (integer(numbers[i]) >> shift) & 3;
            const std::int32_t high = (integer(thirdBits[i]) >> run) & 1;
            values[i] = scale * static_cast<float>(low + 4 * high - 4);
        }
        values += 16;
    }
}

// Scale of the scales; scale of the minima; 12 bytes of scales and minima; 128 bytes of nibbles. 32 bytes
// serve two groups: the low nibbles the even one, the high nibbles the odd one.
void decodeQ4K(const std::byte* block, float* values) {
    const auto [scale, minimum] = unpackScalesAndMinima(block);
    for (std::size_t group = 0; group < kGroups32; group += 2) {
        const std::byte* const numbers = block + 16 + group * 16;
        for (std::size_t i = 0; i < 32; ++i) {
            const std::int32_t byte = integer(numbers[i]);
            values[i] = scale[group] * static_cast<float>(byte & 15) - minimum[group];
            values[i + 32] = scale[group + 1] * static_cast<float>(byte >> 4) - minimum[group + 1];
        }
        values += 64;
    }
}

// As Q4_K, with 32 bytes of fifth bits before the nibbles: bit g of byte i belongs to value i of group g.
void decodeQ5K(const std::byte* block, float* values) {
    const auto [scale, minimum] = unpackScalesAndMinima(block);
    const std::byte* const fifthBits = block + 16;
    for (std::size_t group = 0; group < kGroups32; group += 2) {
        const std::byte* const numbers = block + 48 + group * 16;
        const auto bit = static_cast<int>(group);
        for (std::size_t i = 0; i < 32; ++i) {
            const std::int32_t byte = integer(numbers[i]);
            const std::int32_t high = integer(fifthBits[i]) >> bit;
            const std::int32_t even = (byte & 15) | ((high & 1) << 4);
            const std::int32_t odd = (byte >> 4) | ((high & 2) << 3);
            values[i] = scale[group] * static_cast<float>(even) - minimum[group];
            values[i + 32] = scale[group + 1] * static_cast<float>(odd) - minimum[group + 1];
        }
        values += 64;
    }
}

// 128 bytes of low nibbles; 64 bytes of upper 2 bits; 16 signed scales; scale of the scales. In each half of
// the block, nibble bytes 0-31 serve the runs of 32 values 0 (low) and 2 (high), bytes 32-63 the runs 1 and
// 3, and a byte of the upper bits serves all four runs.
void decodeQ6K(const std::byte* block, float* values) {
    const float blockScale = loadHalf(block + 208);
    for (std::size_t group = 0; group < kGroups16; ++group) {
        const std::size_t half = group / 8;
        const std::size_t run = group % 8 / 2;
        const std::size_t start = group % 2 * 16;
        const float scale = blockScale * static_cast<float>(static_cast<std::int8_t>(block[192 + group]));
        const std::byte* const nibbles = block + half * 64 + run % 2 * 32 + start;
        const std::byte* const upperBits = block + 128 + half * 32 + start;
        const auto nibbleShift = static_cast<int>(run / 2 * 4);
        const auto upperShift = static_cast<int>(run * 2);
        for (std::size_t i = 0; i < 16; ++i) {
            const std::int32_t low = (integer(nibbles[i]) >> nibbleShift) & 15;
            const std::int32_t high = (integer(upperBits[i]) >> upperShift) & 3;
            values[i] = scale * static_cast<float>((low | (high << 4)) - 32);
        }
        values += 16;
    }
}

}  // namespace epi
