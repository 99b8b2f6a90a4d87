#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "core/base/result.h"

namespace epi {

// NOLINTBEGIN(readability-identifier-naming): the format's own names
/// Element types of GGUF tensors, with GGML's numbers.
enum class TensorType : std::uint32_t {
    kF32 = 0,
    kF16 = 1,
    kQ4_0 = 2,
    kQ4_1 = 3,
    kQ5_0 = 6,
    kQ5_1 = 7,
    kQ8_0 = 8,
    kQ2_K = 10,
    kQ3_K = 11,
    kQ4_K = 12,
    kQ5_K = 13,
    kQ6_K = 14,
    kBF16 = 30,
};
// NOLINTEND(readability-identifier-naming)

/// Name and layout of a type: `bytesPerBlock` bytes hold `valuesPerBlock` consecutive values of a row.
struct BlockLayout {
    TensorType type;
    std::string_view name;
    std::int64_t valuesPerBlock;
    std::int64_t bytesPerBlock;
};

/// kUnsupported for a number that is not in TensorType.
Result<BlockLayout> blockLayout(std::uint32_t type);

/// Decodes whole blocks to fp32.
/// Requires: values.size() is a multiple of valuesPerBlock and blocks.size() is exactly its bytes.
void dequantize(TensorType type, std::span<const std::byte> blocks, std::span<float> values);

}  // namespace epi
