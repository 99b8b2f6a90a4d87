#include <algorithm>

#include "cuda/kernels/gemv.cuh"
#include "cuda/kernels/gemv.h"
#include "cuda/kernels/launch.cuh"

namespace epi::cuda {
namespace {

constexpr int kMaxStages = 6;

}  // namespace

RowQuads quadsOf(const WeightRows& matrix) {
    const std::int64_t bytes = rowBytes(matrix.format, matrix.columns);
    return {.first = matrix.data,
            .second = matrix.data + bytes * 2,
            .rowBytes = bytes,
            .stride = bytes * 4,
            .quads = (matrix.rows + 3) / 4,
            .rows = matrix.rows,
            .isPaired = false,
            .format = matrix.format};
}

RowQuads quadsOf(const WeightRows& first, const WeightRows& second) {
    const std::int64_t bytes = rowBytes(first.format, first.columns);
    return {.first = first.data,
            .second = second.data,
            .rowBytes = bytes,
            .stride = bytes * (first.format == WeightFormat::kBf16 ? 2 : 4),
            .quads = (first.rows + 1) / 2,
            .rows = first.rows,
            .isPaired = true,
            .format = first.format};
}

cudaError_t deviceTraits(DeviceTraits& traits) {
    int device = 0;
    cudaDeviceProp properties{};
    if (const cudaError_t error = cudaGetDevice(&device); error != cudaSuccess) return error;
    if (const cudaError_t error = cudaGetDeviceProperties(&properties, device); error != cudaSuccess) {
        return error;
    }
    if (properties.major < 8) return cudaErrorNotSupported;
    // A newer GPU may run older code, compiled from PTX when it was loaded, that has no bulk copies.
    cudaFuncAttributes attributes{};
    if (const cudaError_t error = cudaFuncGetAttributes(&attributes, gemvKernelBf16());
        error != cudaSuccess) {
        return error;
    }
    traits.multiprocessors = properties.multiProcessorCount;
    traits.sharedBytesPerBlock = static_cast<int>(properties.sharedMemPerBlockOptin);
    traits.hasBulkCopies = attributes.binaryVersion >= 90 && attributes.ptxVersion >= 90;
    return cudaSuccess;
}

cudaError_t gemv(const GemvArgs& args, const DeviceTraits& traits, const Launch& launch, int slotBytes) {
    GemvArgs filled = args;
    bool isMixed = false;
    int quads = 0;
    for (int source = 0; source < args.sourceCount; ++source) {
        const WeightFormat format = args.sources[source].format;
        if (!canHold(format, args.columns)) return cudaErrorInvalidValue;
        isMixed = isMixed || format != args.sources[0].format;
        quads += args.sources[source].quads;
    }
    if (args.residual != nullptr && args.columns > kMaxNormColumns) return cudaErrorInvalidValue;
    const WeightFormat format = args.sources[0].format;
    const bool hasFloats = isMixed || format == WeightFormat::kBf16;
    const bool hasQuants = isMixed || format != WeightFormat::kBf16;
    const int width = std::min(args.columns, tileColumns(isMixed ? WeightFormat::kQ4_0 : format));
    for (int source = 0; source < args.sourceCount; ++source) {
        filled.stageBytes =
            std::max(filled.stageBytes, 4 * static_cast<int>(rowBytes(args.sources[source].format, width)));
    }

    const int blocks = traits.multiprocessors;
    const int columnBlocks = args.columns / kBlockColumns;
    const int activationBytes = (hasQuants ? (columnBlocks * (kBlockColumns + 8) + 15) / 16 * 16 : 0) +
                                (hasFloats ? args.columns * 2 : 0);
    const int sumBytes = ((quads + blocks - 1) / blocks + kGemvWarps) * 16;
    constexpr int kReserved = 1024;  // barriers, and shared memory that is not dynamic
    const int other = activationBytes + sumBytes + kReserved;
    if (other > traits.sharedBytesPerBlock) return cudaErrorInvalidValue;
    int sharedBytes = activationBytes + sumBytes;
    if (traits.hasBulkCopies) {
        const int perStage = kGemvWarps * filled.stageBytes;
        filled.stages = std::clamp((slotBytes - other) / perStage, 1, kMaxStages);
        if (filled.stages * perStage + other > traits.sharedBytesPerBlock) return cudaErrorInvalidValue;
        sharedBytes += filled.stages * perStage + (kGemvWarps * filled.stages * 8 + 127) / 128 * 128;
        sharedBytes = std::max(sharedBytes, kLeastSlotBytes);
    }
    const GemvKernel kernel = isMixed                         ? gemvKernelMixed()
                              : format == WeightFormat::kBf16 ? gemvKernelBf16()
                                                              : gemvKernelFor(format);
    return launchKernel(kernel, filled, blocks, kGemvThreads, sharedBytes, launch);
}

}  // namespace epi::cuda
