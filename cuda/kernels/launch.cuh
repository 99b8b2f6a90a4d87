#pragma once

#include "cuda/kernels/launch.h"

namespace epi::cuda {

/// Launches `kernel` over (blocks, threads) with `sharedBytes` of dynamic shared memory.
template <typename Args>
cudaError_t launchKernel(
    void (*kernel)(Args), const Args& args, int blocks, int threads, int sharedBytes, const Launch& launch) {
    cudaError_t error = cudaSuccess;
    if (sharedBytes > 48 * 1024) {
        error = cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, sharedBytes);
    }
    // Kernels that divide a multiprocessor's memory differently cannot be on it at the same time.
    if (error == cudaSuccess) {
        error = cudaFuncSetAttribute(
            kernel, cudaFuncAttributePreferredSharedMemoryCarveout, cudaSharedmemCarveoutMaxShared);
    }
    if (error != cudaSuccess) return error;
    cudaLaunchAttribute overlap{};
    overlap.id = cudaLaunchAttributeProgrammaticStreamSerialization;
    overlap.val.programmaticStreamSerializationAllowed = 1;
    cudaLaunchConfig_t config{};
    config.gridDim = dim3(static_cast<unsigned>(blocks));
    config.blockDim = dim3(static_cast<unsigned>(threads));
    config.dynamicSmemBytes = static_cast<std::size_t>(sharedBytes);
    config.stream = launch.stream;
    config.attrs = &overlap;
    config.numAttrs = launch.mayOverlap ? 1 : 0;
    return cudaLaunchKernelEx(&config, kernel, args);
}

}  // namespace epi::cuda
