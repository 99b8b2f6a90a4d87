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

bool isMixed(const GemvArgs& args) {
    return std::any_of(args.sources + 1, args.sources + args.sourceCount, [&](const RowQuads& source) {
        return source.format != args.sources[0].format;
    });
}

void setTiles(GemvArgs& args, int tileWidth) {
    args.tileWidth = tileWidth;
    const int left = args.columns % tileWidth;
    for (int source = 0; source < args.sourceCount; ++source) {
        RowQuads& quads = args.sources[source];
        quads.fullBytes = static_cast<int>(rowBytes(quads.format, tileWidth));
        quads.lastBytes = static_cast<int>(rowBytes(quads.format, left == 0 ? tileWidth : left));
    }
}

cudaError_t gemv(const GemvArgs& args, const DeviceTraits& traits, const Launch& launch, int slotBytes) {
    GemvArgs filled = args;
    int quads = 0;
    for (int source = 0; source < args.sourceCount; ++source) {
        if (!canHold(args.sources[source].format, args.columns)) return cudaErrorInvalidValue;
        quads += args.sources[source].quads;
    }
    if (args.residual != nullptr && args.columns > kMaxNormColumns) return cudaErrorInvalidValue;
    const WeightFormat format = args.sources[0].format;
    const bool hasMixed = isMixed(args);
    const bool hasFloats = hasMixed || format == WeightFormat::kBf16;
    const bool hasQuants = hasMixed || format != WeightFormat::kBf16;
    setTiles(filled, tileColumns(hasMixed ? WeightFormat::kQ4_0 : format));
    for (int source = 0; source < args.sourceCount; ++source) {
        const RowQuads& rows = filled.sources[source];
        const bool hasFull = filled.columns >= filled.tileWidth;
        filled.stageBytes = std::max(filled.stageBytes, 4 * (hasFull ? rows.fullBytes : rows.lastBytes));
    }

    const int blocks = traits.multiprocessors;
    const int inputBytes = activationBytes(args.columns, hasQuants, hasFloats);
    const int sumBytes = ((quads + blocks - 1) / blocks + kGemvWarps) * 16;
    constexpr int kReserved = 1024;  // barriers, and shared memory that is not dynamic
    const int other = inputBytes + sumBytes + kReserved;
    if (other > traits.sharedBytesPerBlock) return cudaErrorInvalidValue;
    int sharedBytes = inputBytes + sumBytes;
    if (traits.hasBulkCopies) {
        const int perStage = kGemvWarps * filled.stageBytes;
        filled.stages = std::clamp((slotBytes - other) / perStage, 1, kMaxStages);
        if (filled.stages * perStage + other > traits.sharedBytesPerBlock) return cudaErrorInvalidValue;
        sharedBytes += filled.stages * perStage + (kGemvWarps * filled.stages * 8 + 127) / 128 * 128;
        sharedBytes = std::max(sharedBytes, kLeastSlotBytes);
    }
    const GemvKernel kernel = hasMixed                        ? gemvKernelMixed()
                              : format == WeightFormat::kBf16 ? gemvKernelBf16()
                                                              : gemvKernelFor(format);
    return launchKernel(kernel, filled, blocks, kGemvThreads, sharedBytes, launch);
}

}  // namespace epi::cuda
