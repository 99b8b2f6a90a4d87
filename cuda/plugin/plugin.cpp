// libepi_cuda.so: the only place where LibTorch's CUDA half and the project's kernels meet.
#include <cstdio>

#include <c10/cuda/CUDACachingAllocator.h>
#include <c10/cuda/CUDAFunctions.h>
#include <c10/cuda/CUDAStream.h>
#include <cuda_runtime_api.h>

#include "core/tensor/cuda_plugin.h"
#ifdef EPI_CUDA_KERNELS
#include "cuda/kernels/copy_rows.h"
#include "cuda/plugin/decoder.h"
#include "cuda/plugin/prefill_ops.h"
#endif

namespace {

std::int64_t freeBytes() {
    std::size_t free = 0;
    std::size_t total = 0;
    return cudaMemGetInfo(&free, &total) == cudaSuccess ? static_cast<std::int64_t>(free) : -1;
}

std::int64_t takePeakBytes() {
    constexpr auto kAll = static_cast<std::size_t>(c10::CachingAllocator::StatType::AGGREGATE);
    const auto stats = c10::cuda::CUDACachingAllocator::getDeviceStats(0);
    c10::cuda::CUDACachingAllocator::resetPeakStats(0);
    return stats.allocated_bytes[kAll].peak;
}

void synchronize() {
    c10::cuda::device_synchronize();
}

bool lockPages(void* memory, std::int64_t bytes) {
    if (cudaHostRegister(memory, static_cast<std::size_t>(bytes), cudaHostRegisterDefault) == cudaSuccess)
        return true;
    static_cast<void>(cudaGetLastError());  // memory that stays as it is is no reason to stop
    return false;
}

void unlockPages(void* memory) {
    if (cudaHostUnregister(memory) != cudaSuccess) static_cast<void>(cudaGetLastError());
}

#ifdef EPI_CUDA_KERNELS
bool copyRows(const EpiCopyRows* rows) {
    const epi::cuda::CopyRowsArgs args{.sourceKeys = rows->sourceKeys,
                                       .sourceValues = rows->sourceValues,
                                       .targetKeys = rows->targetKeys,
                                       .targetValues = rows->targetValues,
                                       .sourceRows = rows->sourceRows,
                                       .targetRows = rows->targetRows,
                                       .rows = rows->rows,
                                       .rowBytes = rows->rowBytes};
    return epi::cuda::copyRows(args, c10::cuda::getCurrentCUDAStream()) == cudaSuccess;
}
#endif

}  // namespace

extern "C" __attribute__((visibility("default"))) const char* epi_cuda_open(std::int32_t abiVersion,
                                                                            EpiCudaOps* ops) {
    if (abiVersion != kEpiCudaAbiVersion) return "the CUDA plug-in belongs to another version of the engine";
    int count = 0;
    if (const cudaError_t error = cudaGetDeviceCount(&count); error != cudaSuccess)
        return cudaGetErrorString(error);
    if (count == 0) return "no NVIDIA GPU was found";
    cudaDeviceProp properties{};
    if (const cudaError_t error = cudaGetDeviceProperties(&properties, 0); error != cudaSuccess) {
        return cudaGetErrorString(error);
    }
    *ops = EpiCudaOps{};
    ops->abiVersion = kEpiCudaAbiVersion;
    ops->deviceCount = count;
    std::snprintf(ops->deviceName, sizeof ops->deviceName, "%s", properties.name);
    ops->totalBytes = static_cast<std::int64_t>(properties.totalGlobalMem);
    ops->freeBytes = freeBytes;
    ops->takePeakBytes = takePeakBytes;
    ops->synchronize = synchronize;
    ops->lockPages = lockPages;
    ops->unlockPages = unlockPages;
#ifdef EPI_CUDA_KERNELS
    ops->copyRows = copyRows;
    ops->decoder = &epi::cuda::decoderOps();
    ops->bench = &epi::cuda::benchOps();
    if (properties.major >= 8) ops->prefill = epi::cuda::prefillOps();
#endif
    return nullptr;
}
