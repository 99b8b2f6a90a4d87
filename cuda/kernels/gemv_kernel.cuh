#pragma once

#include "cuda/kernels/gemv.cuh"
#include "cuda/kernels/gemv_output.cuh"

namespace epi::cuda {

// A block owns a contiguous range of quads of rows, its warps equal shares of their tiles; where a quad is
// split between warps its parts meet in shared memory. Each warp keeps a ring of tiles in flight by bulk
// copies of its own and never waits for another warp between the first and the last tile.
//
// The ring is filled before the kernel waits for its predecessor: at 100 KB per multiprocessor that is about
// 3 us of memory traffic, which covers the predecessor's last stores, the wait and the norm. See kSlotBytes.

/// Dynamic shared memory: barriers, rings, activations, sums.
__device__ inline int barrierBytes(int stages) {
    return (kGemvWarps * stages * 8 + 127) / 128 * 128;
}

template <int kFormat>
__global__ void __launch_bounds__(kGemvThreads, 2) gemv_kernel(const __grid_constant__ GemvArgs args) {
    constexpr bool kFloats = kFormat == kMixedFormats || kFormat == static_cast<int>(WeightFormat::kBf16);
    constexpr bool kQuantised = kFormat != static_cast<int>(WeightFormat::kBf16);
    extern __shared__ __align__(128) std::byte shared[];
    __shared__ float scratch[2 * kGemvWarps];
    __shared__ Candidate candidates[kGemvWarps];
    const int warp = static_cast<int>(threadIdx.x) / 32;
    const int lane = static_cast<int>(threadIdx.x) % 32;

    const TileWalk<kFormat> walk{args};
    const QuadRange quads(args);
    const int tilesPerQuad = walk.tilesPerQuad();
    const int tiles = quads.count * tilesPerQuad;
    const int firstTile = tiles * warp / kGemvWarps;
    const int lastTile = tiles * (warp + 1) / kGemvWarps;
    TileCursor cursor =
        walk.at(quads.first + firstTile / tilesPerQuad, firstTile % tilesPerQuad * walk.fullWidth());

    std::byte* free = shared + barrierBytes(args.stages);
    [[maybe_unused]] std::byte* const ring = free + warp * args.stages * args.stageBytes;
    free += kGemvWarps * args.stages * args.stageBytes;
    const SharedActivations x = SharedActivations::at(free, args.columns, kQuantised, kFloats);
    auto* const sums = reinterpret_cast<float*>(free);  // [quads + warps][4], see below

    releaseNextKernel();  // as early as can be: its blocks take longer to come than their tiles
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 900
    auto* const barriers = reinterpret_cast<std::uint64_t*>(shared) + warp * args.stages;
    TileCursor ahead = cursor;
    const auto order = [&](int stage) {
        orderTile(walk, ahead, ring + stage * args.stageBytes, barriers + stage);
        walk.advance(ahead);
    };
    if (lane == 0) {
        for (int stage = 0; stage < args.stages; ++stage)
            initBarrier(barriers + stage);
        fenceBarriers();
        for (int stage = 0; stage < min(args.stages, lastTile - firstTile); ++stage)
            order(stage);
    }
    __syncwarp();
#endif

    const auto wait = [] {
        waitForPreviousKernel();
    };
    if (args.residual != nullptr) {
        stageNormed<kQuantised, kFloats, kGemvWarps>(args, x, scratch, wait);
    } else {
        stageActivations<kQuantised, kFloats, kGemvWarps>(args, x, wait);
    }
    __syncthreads();
    const float residual = residualOf(args, quads);

    float products[4] = {};
    [[maybe_unused]] int stage = 0;
    [[maybe_unused]] std::uint32_t parity = 0;
    for (int index = firstTile; index < lastTile; ++index) {
        const int quad = cursor.quad;
        const int columns = walk.width(cursor);
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 900
        constexpr bool kIsShared = true;
        const int bytes = walk.bytes(cursor);
        const std::byte* const tile = ring + stage * args.stageBytes;
        const std::byte* const rows[4] = {tile, tile + bytes, tile + bytes * 2, tile + bytes * 3};
        waitForPhase(barriers + stage, parity);
#else
        constexpr bool kIsShared = false;
        const std::byte* const rows[4] = {cursor.row(0), cursor.row(1), cursor.row(2), cursor.row(3)};
#endif
        tileDot<kFormat, kIsShared>(cursor.format, rows, x, cursor.column, columns, products);
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 900
        __syncwarp();
        if (lane == 0 && index + args.stages < lastTile) order(stage);
        if (++stage == args.stages) {
            stage = 0;
            parity ^= 1U;
        }
#endif
        walk.advance(cursor);
        if (cursor.quad == quad && index + 1 < lastTile) continue;
        // From one part to the next either the quad or the warp grows: their sum names a place of its own.
        const float part = sumOfLanes(products);
        if (lane % 8 == 0) sums[(quad - quads.first + warp) * 4 + lane / 8] = part;
#pragma unroll
        for (float& product : products)
            product = 0.0F;
    }
    __syncthreads();
    const auto total = [&](int quad, int row) {
        float sum = 0.0F;
#pragma unroll
        for (int w = 0; w < kGemvWarps; ++w) {
            const int from = tiles * w / kGemvWarps;
            const int to = tiles * (w + 1) / kGemvWarps;
            const bool takesPart = from < to && from < (quad + 1) * tilesPerQuad && to > quad * tilesPerQuad;
            if (takesPart) sum += sums[(quad + w) * 4 + row];
        }
        return sum;
    };
    finishRows<kGemvWarps>(args, quads, total, residual, candidates);
}

}  // namespace epi::cuda
