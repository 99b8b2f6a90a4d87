#pragma once

#include <cstddef>

#include "cuda/kernels/launch.h"

namespace epi::cuda {

/// Reads `bytes` (a multiple of 16) once and writes one number per block to `sums` [2 * multiprocessors]: the
/// ceiling of everything that streams weights.
[[nodiscard]] cudaError_t readOnce(
    const void* data, std::size_t bytes, unsigned* sums, const DeviceTraits& traits, const Launch& launch);

}  // namespace epi::cuda
