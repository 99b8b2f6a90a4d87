#pragma once

#include <cstdint>

#include <cuda.h>
#include <cuda_runtime_api.h>

namespace epi::cuda {

/// Multiprocessors of the current device if it has the matrix unit of compute capability 9.0 and the kernels
/// were compiled for it (sm_90a); 0 otherwise. Asked once per process.
[[nodiscard]] int multiprocessorsWithWarpgroups();

/// Describes bf16 [rows, columns] on the device to the copy unit of compute capability 9.0: boxes of 64
/// columns and `boxRows` rows, in shared memory rows of 128 bytes whose 16-byte pieces are exchanged by the
/// row's last three bits. Without rows the map is left as it is: nothing may be copied by it. Requires:
/// columns a multiple of 64, `data` aligned to 16 bytes, boxRows at most 256. cudaErrorNotSupported where the
/// driver has no such maps.
[[nodiscard]] cudaError_t makeTensorMap(
    CUtensorMap& map, const void* data, std::int64_t rows, std::int64_t columns, std::int32_t boxRows);

}  // namespace epi::cuda
