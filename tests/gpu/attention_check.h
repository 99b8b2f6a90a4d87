#pragma once

#include <cuda_runtime_api.h>

#include "core/base/result.h"

namespace epi::cuda {

/// Compares attention and scores of block prefill with sums in double precision, over ragged heads whose
/// slack holds NaN. Prints a line per case; false when a difference is too large.
Result<bool> checkAttention(cudaStream_t stream);

/// Prints time and rate of both in the shape of llama-8b: 2,048 rows and a probe of 1,024 behind 4,096
/// entries.
Result<void> benchAttention(cudaStream_t stream);

}  // namespace epi::cuda
