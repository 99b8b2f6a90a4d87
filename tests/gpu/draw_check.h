#pragma once

#include <cuda_runtime_api.h>

#include "core/base/result.h"

namespace epi::cuda {

/// Compares the tokens that the GPU draws with those that the CPU's Sampler draws from the same logits: the
/// kernel by itself, over many logits and options, and replies of a small random model. There is no
/// tolerance. Prints what was compared; false when a token is another one.
Result<bool> checkDraws(cudaStream_t stream);

/// Prints what a draw from 151,936 logits takes, by options.
Result<void> measureDraws(cudaStream_t stream);

}  // namespace epi::cuda
