#pragma once

#include <cstdint>

#include <cuda.h>

#include "cuda/kernels/pipeline.cuh"

// The matrix unit of compute capability 9.0: four warps multiply bf16 tiles that lie in shared memory as
// tensor copies leave them there, rows of 128 bytes whose 16-byte pieces are exchanged by the row's last
// three bits. Only in code for sm_90a; EPI_HAS_WARPGROUPS says whether this is such code.
#if defined(__CUDA_ARCH_FEAT_SM90_ALL)
#define EPI_HAS_WARPGROUPS 1
#else
#define EPI_HAS_WARPGROUPS 0
#endif

namespace epi::cuda {

inline constexpr int kWarpgroupThreads = 128;
inline constexpr int kWarpgroupRows = 64;   // of a product
inline constexpr int kSwizzleColumns = 64;  // bf16 values in a row of 128 bytes
inline constexpr int kSwizzleRowBytes = 128;

#if EPI_HAS_WARPGROUPS

/// A barrier that `arrivals` threads complete.
__device__ inline void initBarrier(std::uint64_t* barrier, std::uint32_t arrivals) {
    asm volatile("mbarrier.init.shared::cta.b64 [%0], %1;" ::"r"(sharedAddress(barrier)), "r"(arrivals)
                 : "memory");
}

__device__ inline void arrive(std::uint64_t* barrier) {
    asm volatile("mbarrier.arrive.shared::cta.b64 _, [%0];" ::"r"(sharedAddress(barrier)) : "memory");
}

/// A box of a tensor map to shared memory; columns and rows behind the tensor's end arrive as zeros.
__device__ inline void copyBox(
    void* target, const CUtensorMap& map, int column, int row, std::uint64_t* barrier) {
    asm volatile(
        "cp.async.bulk.tensor.2d.shared::cluster.global.tile.mbarrier::complete_tx::bytes [%0], [%1, {%2, "
        "%3}], [%4];" ::"r"(sharedAddress(target)),
        "l"(&map),
        "r"(column),
        "r"(row),
        "r"(sharedAddress(barrier))
        : "memory");
}

/// Waits until `threads` threads have come to barrier `id`, by this or by arriveAt.
__device__ inline void meetAt(int id, int threads) {
    asm volatile("bar.sync %0, %1;" ::"r"(id), "r"(threads) : "memory");
}

__device__ inline void arriveAt(int id, int threads) {
    asm volatile("bar.arrive %0, %1;" ::"r"(id), "r"(threads) : "memory");
}

template <int kRegisters>
__device__ inline void takeRegisters() {
    asm volatile("setmaxnreg.inc.sync.aligned.u32 %0;" ::"n"(kRegisters));
}

template <int kRegisters>
__device__ inline void giveRegisters() {
    asm volatile("setmaxnreg.dec.sync.aligned.u32 %0;" ::"n"(kRegisters));
}

/// Where a tile lies, for the matrix unit. `distance` is the bytes between its columns of 64 values, used
/// where these run along the product's width.
__device__ inline std::uint64_t describeTile(const void* tile, std::uint32_t distance = 16) {
    constexpr std::uint64_t kSwizzle128 = std::uint64_t{1} << 62;
    constexpr std::uint64_t kEightRows = 8 * kSwizzleRowBytes;
    const std::uint64_t address = sharedAddress(tile);
    return (address & 0x3ffff) >> 4 | std::uint64_t{distance >> 4} << 16 | (kEightRows >> 4) << 32 |
           kSwizzle128;
}

/// Before the first product of a series: what registers and shared memory hold so far is ordered before it.
__device__ inline void beginProducts() {
    asm volatile("wgmma.fence.sync.aligned;" ::: "memory");
}

__device__ inline void commitProducts() {
    asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory");
}

/// Waits until at most `kPending` of the series committed last are unfinished.
template <int kPending>
__device__ inline void waitForProducts() {
    asm volatile("wgmma.wait_group.sync.aligned %0;" ::"n"(kPending) : "memory");
}

/// Keeps the compiler from moving uses of these registers across a wait for the products that write them.
template <int kCount>
__device__ inline void pin(float (&values)[kCount]) {
#pragma unroll
    for (int i = 0; i < kCount; ++i)
        asm volatile("" : "+f"(values[i])::"memory");
}

#define EPI_OUT_8(v, i)                                                                         \
    "+f"(v[i]), "+f"(v[i + 1]), "+f"(v[i + 2]), "+f"(v[i + 3]), "+f"(v[i + 4]), "+f"(v[i + 5]), \
        "+f"(v[i + 6]), "+f"(v[i + 7])
#define EPI_OUT_32(v, i) EPI_OUT_8(v, i), EPI_OUT_8(v, i + 8), EPI_OUT_8(v, i + 16), EPI_OUT_8(v, i + 24)
#define EPI_REGISTERS_32                                                                             \
    "%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, %16, %17, %18, %19, %20," \
    "%21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31"
#define EPI_REGISTERS_64                                                                               \
    EPI_REGISTERS_32                                                                                   \
    ", %32, %33, %34, %35, %36, %37, %38, %39, %40, %41, %42, %43, %44, %45, %46, %47, %48, %49, %50," \
    "%51, %52, %53, %54, %55, %56, %57, %58, %59, %60, %61, %62, %63"

/// d (+)= a * b^T: a [64, 16] and b [128, 16], both with their 16 values in a row. Thread t holds of d the
/// rows t / 32 * 16 + t % 32 / 4 (+ 8) and of every 8 columns the two from 2 * (t % 4) on.
__device__ inline void multiplyRows(float (&d)[64], std::uint64_t a, std::uint64_t b, bool adds) {
    asm volatile(
        "{\n.reg .pred p;\nsetp.ne.b32 p, %66, 0;\n"
        "wgmma.mma_async.sync.aligned.m64n128k16.f32.bf16.bf16 {" EPI_REGISTERS_64
        "}, %64, %65, p, 1, 1, 0, 0;\n}"
        : EPI_OUT_32(d, 0), EPI_OUT_32(d, 32)
        : "l"(a), "l"(b), "r"(static_cast<int>(adds)));
}

/// d += a * b: a [64, 16] in registers, as the results of multiplyRows lie; b [16, width], its values in
/// rows.
__device__ inline void multiplyColumns(float (&d)[64], const std::uint32_t (&a)[4], std::uint64_t b) {
    asm volatile(
        "{\n.reg .pred p;\nsetp.eq.u32 p, 0, 0;\n"
        "wgmma.mma_async.sync.aligned.m64n128k16.f32.bf16.bf16 {" EPI_REGISTERS_64
        "}, {%64, %65, %66, %67}, %68, p, 1, 1, 1;\n}"
        : EPI_OUT_32(d, 0), EPI_OUT_32(d, 32)
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "l"(b));
}

__device__ inline void multiplyColumns(float (&d)[32], const std::uint32_t (&a)[4], std::uint64_t b) {
    asm volatile(
        "{\n.reg .pred p;\nsetp.eq.u32 p, 0, 0;\n"
        "wgmma.mma_async.sync.aligned.m64n64k16.f32.bf16.bf16 {" EPI_REGISTERS_32
        "}, {%32, %33, %34, %35}, %36, p, 1, 1, 1;\n}"
        : EPI_OUT_32(d, 0)
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "l"(b));
}

#undef EPI_OUT_8
#undef EPI_OUT_32
#undef EPI_REGISTERS_32
#undef EPI_REGISTERS_64

#endif

}  // namespace epi::cuda
