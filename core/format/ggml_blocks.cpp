#include "core/format/ggml_blocks.h"

#include <array>
#include <bit>
#include <cassert>
#include <cstring>
#include <string>

#include "core/format/ggml_k_blocks.h"
#include "core/format/half.h"

namespace epi {
namespace {

static_assert(std::endian::native == std::endian::little, "the formats are read as they lie in the file");

constexpr std::array kLayouts{
    BlockLayout{TensorType::kF32, "F32", 1, 4},
    BlockLayout{TensorType::kF16, "F16", 1, 2},
    BlockLayout{TensorType::kQ4_0, "Q4_0", 32, 18},
    BlockLayout{TensorType::kQ4_1, "Q4_1", 32, 20},
    BlockLayout{TensorType::kQ5_0, "Q5_0", 32, 22},
    BlockLayout{TensorType::kQ5_1, "Q5_1", 32, 24},
    BlockLayout{TensorType::kQ8_0, "Q8_0", 32, 34},
    BlockLayout{TensorType::kQ2_K, "Q2_K", 256, 84},
    BlockLayout{TensorType::kQ3_K, "Q3_K", 256, 110},
    BlockLayout{TensorType::kQ4_K, "Q4_K", 256, 144},
    BlockLayout{TensorType::kQ5_K, "Q5_K", 256, 176},
    BlockLayout{TensorType::kQ6_K, "Q6_K", 256, 210},
    BlockLayout{TensorType::kBF16, "BF16", 1, 2},
};

struct ForeignType {
    std::uint32_t number;
    std::string_view name;
};

/// Types of the format that are not decoded here, so that an error can name them.
constexpr std::array kForeignTypes{
    ForeignType{9, "Q8_1"},    ForeignType{15, "Q8_K"},    ForeignType{16, "IQ2_XXS"},
    ForeignType{17, "IQ2_XS"}, ForeignType{18, "IQ3_XXS"}, ForeignType{19, "IQ1_S"},
    ForeignType{20, "IQ4_NL"}, ForeignType{21, "IQ3_S"},   ForeignType{22, "IQ2_S"},
    ForeignType{23, "IQ4_XS"}, ForeignType{24, "I8"},      ForeignType{25, "I16"},
    ForeignType{26, "I32"},    ForeignType{27, "I64"},     ForeignType{28, "F64"},
    ForeignType{29, "IQ1_M"},  ForeignType{34, "TQ1_0"},   ForeignType{35, "TQ2_0"},
    ForeignType{39, "MXFP4"},
};

constexpr std::size_t kHalf = 16;  // values that share one nibble position
constexpr std::size_t kBlock = 32;

void decodeFloats(const std::byte* source, std::span<float> values) {
    std::memcpy(values.data(), source, values.size_bytes());
}

void decodeHalves(const std::byte* source, std::span<float> values) {
    for (std::size_t i = 0; i < values.size(); ++i)
        values[i] = loadHalf(source + 2 * i);
}

void decodeBrainFloats(const std::byte* source, std::span<float> values) {
    for (std::size_t i = 0; i < values.size(); ++i) {
        std::uint16_t bits = 0;
        std::memcpy(&bits, source + 2 * i, sizeof bits);
        values[i] = std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16);
    }
}

/// Splits 16 bytes into 32 numbers of 4 bits: all low nibbles, then all high ones.
void unpackNibbles(const std::byte* packed, std::array<std::int32_t, kBlock>& numbers) {
    for (std::size_t i = 0; i < kHalf; ++i) {
        const auto byte = std::to_integer<std::int32_t>(packed[i]);
        numbers[i] = byte & 15;
        numbers[i + kHalf] = byte >> 4;
    }
}

/// Adds bit i of the 32-bit word at `packed` to number i as its fifth bit.
void addFifthBits(const std::byte* packed, std::array<std::int32_t, kBlock>& numbers) {
    for (std::size_t i = 0; i < kBlock; ++i) {
        const auto byte = std::to_integer<std::int32_t>(packed[i / 8]);
        numbers[i] |= ((byte >> (i % 8)) & 1) << 4;
    }
}

// Q4_0, Q5_0: scale, [fifth bits], nibbles; value = scale * (number - offset).
template <bool kHasFifthBits>
void decodeSymmetric(const std::byte* block, float* values) {
    constexpr std::int32_t kOffset = kHasFifthBits ? 16 : 8;
    const float scale = loadHalf(block);
    std::array<std::int32_t, kBlock> numbers{};
    unpackNibbles(block + (kHasFifthBits ? 6 : 2), numbers);
    if constexpr (kHasFifthBits) addFifthBits(block + 2, numbers);
    for (std::size_t i = 0; i < kBlock; ++i)
        values[i] = scale * static_cast<float>(numbers[i] - kOffset);
}

// Q4_1, Q5_1: scale, minimum, [fifth bits], nibbles; value = scale * number + minimum.
template <bool kHasFifthBits>
void decodeAffine(const std::byte* block, float* values) {
    const float scale = loadHalf(block);
    const float minimum = loadHalf(block + 2);
    std::array<std::int32_t, kBlock> numbers{};
    unpackNibbles(block + (kHasFifthBits ? 8 : 4), numbers);
    if constexpr (kHasFifthBits) addFifthBits(block + 4, numbers);
    for (std::size_t i = 0; i < kBlock; ++i) {
        values[i] = scale * static_cast<float>(numbers[i]) + minimum;
    }
}

// Q8_0: scale, signed bytes.
void decodeBytes(const std::byte* block, float* values) {
    const float scale = loadHalf(block);
    for (std::size_t i = 0; i < kBlock; ++i) {
        values[i] = scale * static_cast<float>(static_cast<std::int8_t>(block[2 + i]));
    }
}

template <auto kDecode>
void decodeBlocks(const BlockLayout& layout, std::span<const std::byte> blocks, float* values) {
    const auto stride = static_cast<std::size_t>(layout.bytesPerBlock);
    const std::byte* const end = blocks.data() + blocks.size();
    for (const std::byte* block = blocks.data(); block != end; block += stride) {
        kDecode(block, values);
        values += layout.valuesPerBlock;
    }
}

const BlockLayout* findLayout(std::uint32_t type) {
    for (const BlockLayout& layout : kLayouts) {
        if (static_cast<std::uint32_t>(layout.type) == type) return &layout;
    }
    return nullptr;
}

}  // namespace

Result<BlockLayout> blockLayout(std::uint32_t type) {
    if (const BlockLayout* layout = findLayout(type)) return *layout;
    std::string message = "tensor type " + std::to_string(type);
    for (const ForeignType& foreign : kForeignTypes) {
        if (foreign.number == type) message += " (" + std::string(foreign.name) + ")";
    }
    message += " is not supported; supported are";
    for (const BlockLayout& layout : kLayouts)
        message += " " + std::string(layout.name);
    return Error{ErrorCode::kUnsupported, std::move(message)};
}

void dequantize(TensorType type, std::span<const std::byte> blocks, std::span<float> values) {
    const BlockLayout* layout = findLayout(static_cast<std::uint32_t>(type));
    assert(layout != nullptr);
    assert(values.size() % static_cast<std::size_t>(layout->valuesPerBlock) == 0);
    assert(values.size() / static_cast<std::size_t>(layout->valuesPerBlock) *
               static_cast<std::size_t>(layout->bytesPerBlock) ==
           blocks.size());
    if (values.empty()) return;
    switch (type) {
        case TensorType::kF32:
            return decodeFloats(blocks.data(), values);
        case TensorType::kF16:
            return decodeHalves(blocks.data(), values);
        case TensorType::kBF16:
            return decodeBrainFloats(blocks.data(), values);
        case TensorType::kQ4_0:
            return decodeBlocks<decodeSymmetric<false>>(*layout, blocks, values.data());
        case TensorType::kQ4_1:
            return decodeBlocks<decodeAffine<false>>(*layout, blocks, values.data());
        case TensorType::kQ5_0:
            return decodeBlocks<decodeSymmetric<true>>(*layout, blocks, values.data());
        case TensorType::kQ5_1:
            return decodeBlocks<decodeAffine<true>>(*layout, blocks, values.data());
        case TensorType::kQ8_0:
            return decodeBlocks<decodeBytes>(*layout, blocks, values.data());
        case TensorType::kQ2_K:
            return decodeBlocks<decodeQ2K>(*layout, blocks, values.data());
        case TensorType::kQ3_K:
            return decodeBlocks<decodeQ3K>(*layout, blocks, values.data());
        case TensorType::kQ4_K:
            return decodeBlocks<decodeQ4K>(*layout, blocks, values.data());
        case TensorType::kQ5_K:
            return decodeBlocks<decodeQ5K>(*layout, blocks, values.data());
        case TensorType::kQ6_K:
            return decodeBlocks<decodeQ6K>(*layout, blocks, values.data());
    }
}

}  // namespace epi
