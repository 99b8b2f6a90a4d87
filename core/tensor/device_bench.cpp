#include "core/tensor/device_bench.h"

#include "core/tensor/cuda_plugin.h"
#include "core/tensor/device_memory.h"

namespace epi {
namespace {

Result<const EpiBenchOps*> benchOps() {
    const EpiCudaOps* const ops = cudaOps();
    if (ops == nullptr)
        return Error{ErrorCode::kUnsupported, "CUDA cannot be used: " + cudaUnavailableReason()};
    if (ops->bench == nullptr) {
        return Error{ErrorCode::kUnsupported, "the CUDA plug-in was built without kernels of its own"};
    }
    return ops->bench;
}

Error errorOf(const EpiFailure& failure) {
    return {failure.isOutOfMemory ? ErrorCode::kOutOfMemory : ErrorCode::kInvalidArgument, failure.message};
}

}  // namespace

std::string deviceName() {
    return cudaOps() == nullptr ? std::string() : cudaOps()->deviceName;
}

Result<DeviceCeilings> measureDeviceCeilings() {
    EPI_TRY_ASSIGN(const EpiBenchOps* const ops, benchOps());
    EpiCeilings measured{};
    EpiFailure failure{};
    if (!ops->ceilings(&measured, &failure)) return errorOf(failure);
    return DeviceCeilings{.copyRate = measured.copyRate,
                          .readRate = measured.readRate,
                          .matmulRate = measured.matmulRate,
                          .sustainedMatmulRate = measured.sustainedMatmulRate};
}

Result<std::vector<DeviceDecodeTiming>> timeDeviceDecode(const DeviceDecodeBench& bench) {
    EPI_TRY_ASSIGN(const EpiBenchOps* const ops, benchOps());
    const EpiBenchRequest request{.shape = bench.shape.c_str(),
                                  .weights = bench.weights.c_str(),
                                  .cacheLengths = bench.cacheLengths.data(),
                                  .cacheCount = static_cast<std::int32_t>(bench.cacheLengths.size()),
                                  .steps = bench.tokens,
                                  .repeats = bench.repeats};
    std::vector<EpiBenchTiming> measured(bench.cacheLengths.size());
    EpiFailure failure{};
    if (!ops->decode(&request, measured.data(), &failure)) return errorOf(failure);
    std::vector<DeviceDecodeTiming> timings;
    for (const EpiBenchTiming& timing : measured) {
        timings.push_back({.weightBytes = timing.weightBytes,
                           .cacheBytes = timing.cacheBytes,
                           .seconds = timing.seconds,
                           .fastest = timing.fastest,
                           .slowest = timing.slowest});
    }
    return timings;
}

}  // namespace epi
