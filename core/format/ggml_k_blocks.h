#pragma once

#include <cstddef>

namespace epi {

// The K types: blocks of 256 values in groups of 16 or 32, whose scales are themselves small integers under
// one half-precision scale per block. Each function decodes one block of the type's bytesPerBlock bytes to
// 256 values.

void decodeQ2K(const std::byte* block, float* values);
void decodeQ3K(const std::byte* block, float* values);
void decodeQ4K(const std::byte* block, float* values);
void decodeQ5K(const std::byte* block, float* values);
void decodeQ6K(const std::byte* block, float* values);

}  // namespace epi
