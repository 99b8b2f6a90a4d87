#pragma once

#include <cuda_runtime_api.h>

#include "cuda/interface/prefill.h"

namespace epi::cuda {

/// probeScores by the matrix unit of compute capability 9.0. Requires: that, and a head dimension of 64 or
/// 128.
[[nodiscard]] cudaError_t probeScoresByWarpgroups(const ProbeScoresArgs& args,
                                                  int multiprocessors,
                                                  cudaStream_t stream);

}  // namespace epi::cuda
