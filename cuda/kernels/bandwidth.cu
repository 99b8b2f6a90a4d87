#include "cuda/kernels/bandwidth.h"
#include "cuda/kernels/launch.cuh"
#include "cuda/kernels/pipeline.cuh"

namespace epi::cuda {
namespace {

constexpr int kThreads = 512;
constexpr int kBlocksPerMultiprocessor = 2;
constexpr int kLoads = 8;

struct ReadArgs {
    const uint4* data;
    std::size_t count;
    unsigned* sums;
};

// Two blocks per multiprocessor, eight independent loads of 16 bytes per thread in flight.
__global__ void __launch_bounds__(kThreads) read_once_kernel(const __grid_constant__ ReadArgs args) {
    unsigned sum = 0;
    const std::size_t step = static_cast<std::size_t>(gridDim.x) * kThreads;
    std::size_t i = static_cast<std::size_t>(blockIdx.x) * kThreads + threadIdx.x;
    for (; i + (kLoads - 1) * step < args.count; i += kLoads * step) {
        uint4 values[kLoads];
#pragma unroll
        for (int load = 0; load < kLoads; ++load)
            values[load] = loadConstant(args.data + i + load * step);
#pragma unroll
        for (const uint4& value : values)
            sum += value.x ^ value.y ^ value.z ^ value.w;
    }
    for (; i < args.count; i += step) {
        const uint4 value = loadConstant(args.data + i);
        sum += value.x ^ value.y ^ value.z ^ value.w;
    }
    for (int offset = 16; offset > 0; offset /= 2)
        sum += __shfl_xor_sync(0xffffffffU, sum, offset);
    if (threadIdx.x % 32 == 0) atomicAdd(args.sums + blockIdx.x, sum);
}

}  // namespace

cudaError_t readOnce(
    const void* data, std::size_t bytes, unsigned* sums, const DeviceTraits& traits, const Launch& launch) {
    const ReadArgs args{
        .data = static_cast<const uint4*>(data), .count = bytes / sizeof(uint4), .sums = sums};
    return launchKernel(
        read_once_kernel, args, traits.multiprocessors * kBlocksPerMultiprocessor, kThreads, 0, launch);
}

}  // namespace epi::cuda
