#pragma once

#include <cstdint>

#include <cuda_runtime_api.h>

namespace epi::cuda {

/// Copies rows between two buffers, for keys and values at once: row sourceRows[i] of each source becomes row
/// targetRows[i] of each target. Sources and targets must not overlap.
struct CopyRowsArgs {
    const void* sourceKeys;          // [any, rowBytes]
    const void* sourceValues;        // [any, rowBytes]
    void* targetKeys;                // [any, rowBytes]
    void* targetValues;              // [any, rowBytes]
    const std::int32_t* sourceRows;  // [rows], on the device; null: 0, 1, 2, ...
    const std::int32_t* targetRows;  // likewise
    std::int64_t rows;
    std::int64_t rowBytes;  // a multiple of 16
};

/// Asynchronous on `stream`. cudaErrorInvalidValue for a row size that is no multiple of 16.
[[nodiscard]] cudaError_t copyRows(const CopyRowsArgs& args, cudaStream_t stream);

}  // namespace epi::cuda
