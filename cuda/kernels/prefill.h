#pragma once

#include <cuda_runtime_api.h>

#include "cuda/interface/prefill.h"

/// Launchers of block prefill. Each is asynchronous on `stream` and needs compute capability 8.0.
namespace epi::cuda {

/// cudaErrorInvalidValue for a width outside its range.
[[nodiscard]] cudaError_t normRows(const NormRowsArgs& args, cudaStream_t stream);

/// cudaErrorInvalidValue for a count that is no multiple of 8.
[[nodiscard]] cudaError_t gatedActivation(const GatedActivationArgs& args, cudaStream_t stream);

/// cudaErrorInvalidValue for a head dimension it cannot take.
[[nodiscard]] cudaError_t rotateAppend(const RotateAppendArgs& args, cudaStream_t stream);

/// cudaErrorInvalidValue for a head dimension that is no multiple of 8.
[[nodiscard]] cudaError_t joinAttention(const JoinAttentionArgs& args, cudaStream_t stream);

/// Needs compute capability 9.0. cudaErrorInvalidValue for a head dimension other than 64 and 128, or fewer
/// arena rows than are appended.
[[nodiscard]] cudaError_t attendRows(const AttendRowsArgs& args, cudaStream_t stream);

/// cudaErrorInvalidValue for a head dimension other than 64, 96, 128 and 256, or where `arenaRows` or
/// `entries` are fewer than the longest head has.
[[nodiscard]] cudaError_t probeScores(const ProbeScoresArgs& args, cudaStream_t stream);

}  // namespace epi::cuda
