#pragma once

#include "cuda/kernels/launch.h"

namespace epi::cuda {

/// Launches `kernel` over (blocks, threads) with `sharedBytes` of dynamic shared memory. `clusterBlocks`
/// above 1: in clusters of so many blocks.
template <typename Args>
cudaError_t launchKernel(void (*kernel)(Args),
                         const Args& args,
                         int blocks,
                         int threads,
                         int sharedBytes,
                         const Launch& launch,
                         int clusterBlocks = 1) {
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
    cudaLaunchAttribute attributes[2]{};
    unsigned count = 0;
    if (launch.mayOverlap) {
        attributes[count].id = cudaLaunchAttributeProgrammaticStreamSerialization;
        attributes[count++].val.programmaticStreamSerializationAllowed = 1;
    }
    if (clusterBlocks > 1) {
        attributes[count].id = cudaLaunchAttributeClusterDimension;
        attributes[count++].val.clusterDim = {static_cast<unsigned>(clusterBlocks), 1, 1};
    }
    cudaLaunchConfig_t config{};
    config.gridDim = dim3(static_cast<unsigned>(blocks));
    config.blockDim = dim3(static_cast<unsigned>(threads));
    config.dynamicSmemBytes = static_cast<std::size_t>(sharedBytes);
    config.stream = launch.stream;
    config.attrs = attributes;
    config.numAttrs = count;
    return cudaLaunchKernelEx(&config, kernel, args);
}

}  // namespace epi::cuda
