#pragma once

#include <cuda_runtime_api.h>

namespace epi::cuda {

/// What a launcher has to know about the GPU. From `deviceTraits`.
struct DeviceTraits {
    int multiprocessors = 0;
    int sharedBytesPerBlock = 0;  // at most, for a kernel that asks for it
    bool hasBulkCopies = false;   // the kernels' code for it is of compute capability 9.0 or later
};

/// Traits of the current device. cudaErrorNotSupported below compute capability 8.0, whose matrix units know
/// no bf16.
[[nodiscard]] cudaError_t deviceTraits(DeviceTraits& traits);

/// Shared memory of a block of the decode step, at most and at least: two blocks fit a multiprocessor of
/// compute capability 9.0 (228 KB, of which each block costs 1 KB more), three do not. Every kernel of the
/// step has one block per multiprocessor that waits for its predecessor before it ends, so the next kernel's
/// blocks find exactly one free place on each. Without this two of them could share a multiprocessor while
/// another has none.
inline constexpr int kSlotBytes = 112 * 1024;
inline constexpr int kLeastSlotBytes = 77 * 1024;

/// Where and how a kernel of the decode step is launched.
struct Launch {
    cudaStream_t stream = nullptr;
    /// May start before the kernel that precedes it in the stream has ended (programmatic dependent launch).
    bool mayOverlap = false;
};

}  // namespace epi::cuda
