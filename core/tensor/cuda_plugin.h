#pragma once

#include <cstdint>

#include "cuda/interface/prefill.h"

/// The border between the engine and libepi_cuda.so, which links LibTorch's CUDA half and the project's
/// kernels. Opened with dlopen(RTLD_NOW | RTLD_GLOBAL); from then on tensors on CUDA devices work in the
/// engine.
extern "C" {

inline constexpr std::int32_t kEpiCudaAbiVersion = 2;

/// Rows of keys and values to copy between device buffers that do not overlap: row sourceRows[i] becomes row
/// targetRows[i]. All pointers are on the device.
struct EpiCopyRows {
    const void* sourceKeys;          // [any, rowBytes]
    const void* sourceValues;        // [any, rowBytes]
    void* targetKeys;                // [any, rowBytes]
    void* targetValues;              // [any, rowBytes]
    const std::int64_t* sourceRows;  // [rows]
    const std::int64_t* targetRows;  // [rows]
    std::int64_t rows;
    std::int64_t rowBytes;
};

/// The fused row operations of block prefill, each one launch on LibTorch's current stream; false when it
/// failed.
struct EpiPrefillOps {
    bool (*normRows)(const epi::cuda::NormRowsArgs& args);
    bool (*gatedActivation)(const epi::cuda::GatedActivationArgs& args);
    bool (*rotateAppend)(const epi::cuda::RotateAppendArgs& args);
    bool (*joinAttention)(const epi::cuda::JoinAttentionArgs& args);
    bool (*probeScores)(const epi::cuda::ProbeScoresArgs& args);
};

struct EpiCudaOps {
    std::int32_t abiVersion;
    std::int32_t deviceCount;
    char deviceName[256];  // of device 0
    std::int64_t totalBytes;
    /// Bytes free on device 0; -1 when the driver does not say.
    std::int64_t (*freeBytes)();
    /// Largest number of bytes that LibTorch's allocator held since the last call, and starts anew.
    std::int64_t (*takePeakBytes)();
    /// Waits until all work on device 0 is done.
    void (*synchronize)();
    /// One launch on LibTorch's current stream; false when it failed. Null when the plug-in was built without
    /// a CUDA compiler, or for rows that are no multiple of 16 bytes: LibTorch's own operations do it then.
    bool (*copyRows)(const EpiCopyRows* rows);
    /// Null when the plug-in was built without a CUDA compiler, or for a GPU before compute capability 8.0.
    const EpiPrefillOps* prefill;
};

/// Fills `ops`. Returns null, or a static sentence that says why CUDA cannot be used.
using EpiCudaOpen = const char* (*)(std::int32_t abiVersion, EpiCudaOps* ops);
}

namespace epi {

/// Name of the entry point, of type EpiCudaOpen.
inline constexpr const char* kCudaEntryPoint = "epi_cuda_open";

}  // namespace epi
