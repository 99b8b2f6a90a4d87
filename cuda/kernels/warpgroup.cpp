#include "cuda/kernels/warpgroup.h"

#include <array>

namespace epi::cuda {
namespace {

using Encode = decltype(&cuTensorMapEncodeTiled);

/// The driver's function, which the runtime does not offer itself; null where there is none.
Encode findEncode() {
    constexpr unsigned kSince = 12000;
    void* function = nullptr;
    cudaDriverEntryPointQueryResult found{};
    if (cudaGetDriverEntryPointByVersion(
            "cuTensorMapEncodeTiled", &function, kSince, cudaEnableDefault, &found) != cudaSuccess ||
        found != cudaDriverEntryPointSuccess)
        return nullptr;
    return reinterpret_cast<Encode>(function);
}

int findMultiprocessors() {
#ifdef EPI_SM_90A
    int device = 0;
    int major = 0;
    int count = 0;
    if (cudaGetDevice(&device) == cudaSuccess &&
        cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, device) == cudaSuccess &&
        cudaDeviceGetAttribute(&count, cudaDevAttrMultiProcessorCount, device) == cudaSuccess && major == 9)
        return count;
#endif
    return 0;
}

}  // namespace

int multiprocessorsWithWarpgroups() {
    static const int count = findMultiprocessors();
    return count;
}

cudaError_t makeTensorMap(
    CUtensorMap& map, const void* data, std::int64_t rows, std::int64_t columns, std::int32_t boxRows) {
    if (rows == 0) return cudaSuccess;
    static const Encode encode = findEncode();
    if (encode == nullptr) return cudaErrorNotSupported;
    constexpr std::uint32_t kBoxColumns = 64;
    const std::array<cuuint64_t, 2> sizes{static_cast<cuuint64_t>(columns), static_cast<cuuint64_t>(rows)};
    const std::array<cuuint64_t, 1> strides{sizes[0] * 2};
    const std::array<cuuint32_t, 2> box{kBoxColumns, static_cast<cuuint32_t>(boxRows)};
    const std::array<cuuint32_t, 2> steps{1, 1};
    const CUresult result = encode(&map,
                                   CU_TENSOR_MAP_DATA_TYPE_BFLOAT16,
                                   2,
                                   const_cast<void*>(data),
                                   sizes.data(),
                                   strides.data(),
                                   box.data(),
                                   steps.data(),
                                   CU_TENSOR_MAP_INTERLEAVE_NONE,
                                   CU_TENSOR_MAP_SWIZZLE_128B,
                                   CU_TENSOR_MAP_L2_PROMOTION_L2_256B,
                                   CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE);
    return result == CUDA_SUCCESS ? cudaSuccess : cudaErrorInvalidValue;
}

}  // namespace epi::cuda
