#pragma once

#include <cstdint>

// The three mechanisms that keep memory busy across kernel boundaries, each with its form for GPUs before
// compute capability 9.0, where it is empty or an ordinary load:
//   programmatic dependent launch: a kernel may start while the one before it runs, and fetches what no
//   kernel
//     of the step writes (weights, the cache's older rows) until it has to wait for it;
//   bulk copies: one thread orders whole tiles into shared memory, so that no register waits for memory;
//   shared-memory barriers that count a bulk copy's bytes.
namespace epi::cuda {

/// Waits until the kernel before this one in the stream is complete and its writes are visible. What an
/// earlier kernel of the same step writes must not be read before, and never through a non-coherent load.
__device__ inline void waitForPreviousKernel() {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 900
    asm volatile("griddepcontrol.wait;" ::: "memory");
#endif
}

/// Lets the next kernel in the stream start as soon as there is room for it.
__device__ inline void releaseNextKernel() {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 900
    asm volatile("griddepcontrol.launch_dependents;" ::: "memory");
#endif
}

/// 16 bytes that nothing writes while any kernel of the step runs.
__device__ inline uint4 loadConstant(const void* address) {
    uint4 value;
    asm volatile("ld.global.nc.L1::no_allocate.v4.u32 {%0, %1, %2, %3}, [%4];"
                 : "=r"(value.x), "=r"(value.y), "=r"(value.z), "=r"(value.w)
                 : "l"(address));
    return value;
}

#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 900

__device__ inline std::uint32_t sharedAddress(const void* pointer) {
    return static_cast<std::uint32_t>(__cvta_generic_to_shared(pointer));
}

/// To be followed by fenceBarriers and a barrier among the threads that use it.
__device__ inline void initBarrier(std::uint64_t* barrier) {
    asm volatile("mbarrier.init.shared::cta.b64 [%0], 1;" ::"r"(sharedAddress(barrier)) : "memory");
}

/// Makes initialised barriers visible to bulk copies.
__device__ inline void fenceBarriers() {
    asm volatile("fence.mbarrier_init.release.cluster;" ::: "memory");
    asm volatile("fence.proxy.async.shared::cta;" ::: "memory");
}

/// The barrier's current phase ends when this many bytes have arrived.
__device__ inline void expectBytes(std::uint64_t* barrier, std::uint32_t bytes) {
    asm volatile("mbarrier.arrive.expect_tx.shared::cta.b64 _, [%0], %1;" ::"r"(sharedAddress(barrier)),
                 "r"(bytes)
                 : "memory");
}

/// Global to shared memory; addresses and bytes are multiples of 16. Read once: first to leave the L2 cache.
__device__ inline void copyBulk(void* target,
                                const void* source,
                                std::uint32_t bytes,
                                std::uint64_t* barrier) {
    std::uint64_t policy;
    asm volatile("createpolicy.fractional.L2::evict_first.b64 %0, 1.0;" : "=l"(policy));
    asm volatile(
        "cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes.L2::cache_hint [%0], [%1], %2, "
        "[%3], %4;" ::"r"(sharedAddress(target)),
        "l"(source),
        "r"(bytes),
        "r"(sharedAddress(barrier)),
        "l"(policy)
        : "memory");
}

__device__ inline void waitForPhase(std::uint64_t* barrier, std::uint32_t parity) {
    const std::uint32_t address = sharedAddress(barrier);
    std::uint32_t isDone = 0;
    while (isDone == 0) {
        asm volatile(
            "{\n .reg .pred p;\n"
            " mbarrier.try_wait.parity.shared::cta.b64 p, [%1], %2;\n"
            " selp.u32 %0, 1, 0, p;\n}"
            : "=r"(isDone)
            : "r"(address), "r"(parity)
            : "memory");
    }
}

#endif

}  // namespace epi::cuda
