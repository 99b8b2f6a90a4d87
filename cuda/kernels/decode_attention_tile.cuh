#pragma once

#include <cuda_bf16.h>

#include "cuda/kernels/bf16_pieces.cuh"
#include "cuda/kernels/decode_attention.h"

// The rows of the cache that a warp attends to at a time, and what it has of those before.
namespace epi::cuda::decode {

inline constexpr int kWarps = 8;
inline constexpr int kThreads = kWarps * 32;
inline constexpr int kTileRows = 16;
inline constexpr int kMaxGroup = 8;
inline constexpr int kMinSplitRows = kWarps * kTileRows;  // of a block: a tile for every warp

__device__ inline std::uint32_t packBf16(float low, float high) {
    const __nv_bfloat162 pair = __floats2bfloat162_rn(low, high);
    return *reinterpret_cast<const std::uint32_t*>(&pair);
}

__device__ inline float floatOf(std::uint16_t bf16) {
    return __uint_as_float(static_cast<std::uint32_t>(bf16) << 16);
}

/// c [16, 8] += a [16, 16] b [16, 8].
__device__ inline void multiplyAdd(float (&c)[4],
                                   const std::uint32_t (&a)[4],
                                   std::uint32_t b0,
                                   std::uint32_t b1) {
#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 800  // older GPUs are refused by deviceTraits
    asm volatile(
        "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, "
        "{%0,%1,%2,%3};"
        : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
#endif
}

/// Transposes an 8 x 8 matrix of bf16 that is spread over the warp.
__device__ inline std::uint32_t transpose(std::uint32_t fragment) {
    std::uint32_t result = 0;
    asm("movmatrix.sync.aligned.m8n8.trans.b16 %0, %1;" : "=r"(result) : "r"(fragment));
    return result;
}

/// 16 bytes to shared memory, on their way until waitForCopies.
__device__ inline void copyAhead(uint4* target, const uint4* source) {
#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 800
    const auto address = static_cast<std::uint32_t>(__cvta_generic_to_shared(target));
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16;" ::"r"(address), "l"(source) : "memory");
#endif
}

/// Waits for the copies that this thread began; other threads' are not seen by it.
__device__ inline void waitForCopies() {
#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 800
    asm volatile("cp.async.wait_all;" ::: "memory");
#endif
}

/// The rows of one tile as a lane holds them.
template <int kHeadDim>
struct Tile {
    static constexpr int kKeyChunks = kHeadDim / 32;  // of 32 dimensions, 8 per lane
    static constexpr int kValueChunks = kHeadDim / 64;
    static constexpr int kPieces = kKeyChunks * 2 + kValueChunks * 4;
    uint4 keys[kKeyChunks][2];      // rows g and g + 8
    uint4 values[kValueChunks][4];  // rows 2t, 2t + 1, 2t + 8, 2t + 9

    /// Calls `take(piece, source)` for where each piece of the tile lies, keys first. Rows past the range
    /// repeat its last one; their scores are masked.
    template <typename Take>
    __device__ static void forKeys(
        const DecodeAttentionArgs& args, std::int64_t start, int row, int end, const Take& take) {
        const int lane = static_cast<int>(threadIdx.x) % 32;
#pragma unroll
        for (int r = 0; r < 2; ++r) {
            const std::int64_t from = start + min(row + lane / 4 + r * 8, end - 1);
            const auto* const source = reinterpret_cast<const uint4*>(args.keys + from * kHeadDim) + lane % 4;
#pragma unroll
            for (int chunk = 0; chunk < kKeyChunks; ++chunk)
                take(chunk * 2 + r, source + chunk * 4);
        }
    }
    template <typename Take>
    __device__ static void forValues(
        const DecodeAttentionArgs& args, std::int64_t start, int row, int end, const Take& take) {
        const int lane = static_cast<int>(threadIdx.x) % 32;
#pragma unroll
        for (int r = 0; r < 4; ++r) {
            const std::int64_t from = start + min(row + lane % 4 * 2 + r % 2 + r / 2 * 8, end - 1);
            const auto* const source =
                reinterpret_cast<const uint4*>(args.values + from * kHeadDim) + lane / 4;
#pragma unroll
            for (int chunk = 0; chunk < kValueChunks; ++chunk)
                take(chunk * 4 + r, source + chunk * 8);
        }
    }

    __device__ void loadKeys(const DecodeAttentionArgs& args, std::int64_t start, int row, int end) {
        forKeys(args, start, row, end, [&](int piece, const uint4* source) {
            keys[piece / 2][piece % 2] = __ldcg(source);
        });
    }
    __device__ void loadValues(const DecodeAttentionArgs& args, std::int64_t start, int row, int end) {
        forValues(args, start, row, end, [&](int piece, const uint4* source) {
            values[piece / 4][piece % 4] = __ldcg(source);
        });
    }
};

/// A warp's second tile while the first is in registers: [piece][lane], every lane writing and reading its
/// own place alone. Larger heads have no room for it; they load it like the later ones, while they compute.
template <int kHeadDim>
struct NextTile {
    static constexpr bool kIsStaged = kHeadDim <= 128;
    using Tile = decode::Tile<kHeadDim>;
    uint4 pieces[kIsStaged ? Tile::kPieces : 1][32];

    __device__ void order(const DecodeAttentionArgs& args, std::int64_t start, int row, int end) {
        if constexpr (kIsStaged) {
            const int lane = static_cast<int>(threadIdx.x) % 32;
            Tile::forKeys(args, start, row, end, [&](int piece, const uint4* source) {
                copyAhead(&pieces[piece][lane], source);
            });
            Tile::forValues(args, start, row, end, [&](int piece, const uint4* source) {
                copyAhead(&pieces[Tile::kKeyChunks * 2 + piece][lane], source);
            });
        }
    }
    __device__ void takeKeys(Tile& tile) const {
        const int lane = static_cast<int>(threadIdx.x) % 32;
        waitForCopies();
#pragma unroll
        for (int piece = 0; piece < Tile::kKeyChunks * 2; ++piece)
            tile.keys[piece / 2][piece % 2] = pieces[piece][lane];
    }
    __device__ void takeValues(Tile& tile) const {
        const int lane = static_cast<int>(threadIdx.x) % 32;
#pragma unroll
        for (int piece = 0; piece < Tile::kValueChunks * 4; ++piece)
            tile.values[piece / 4][piece % 4] = pieces[Tile::kKeyChunks * 2 + piece][lane];
    }
};

__device__ inline std::uint32_t wordOf(const uint4& four, int index) {
    return index == 0 ? four.x : index == 1 ? four.y : index == 2 ? four.z : four.w;
}

/// Running softmax of a warp over its tiles, for heads 2t and 2t + 1 of lane t.
template <int kHeadDim>
struct Running {
    float output[kHeadDim / 16][4] = {};
    float largest[2] = {-INFINITY, -INFINITY};
    float weight[2] = {0.0F, 0.0F};  // this lane's keys alone

    __device__ void scores(const Tile<kHeadDim>& tile,
                           const uint4 (&query)[kHeadDim / 32],
                           float (&score)[4]) {
#pragma unroll
        for (int chunk = 0; chunk < kHeadDim / 32; ++chunk) {
            const uint4& a = tile.keys[chunk][0];
            const uint4& b = tile.keys[chunk][1];
            const std::uint32_t first[4] = {a.x, b.x, a.y, b.y};
            const std::uint32_t second[4] = {a.z, b.z, a.w, b.w};
            multiplyAdd(score, first, query[chunk].x, query[chunk].y);
            multiplyAdd(score, second, query[chunk].z, query[chunk].w);
        }
    }

    /// Turns scores into weights, rescales what was summed before.
    __device__ void soften(float (&score)[4]) {
        float best[2] = {fmaxf(score[0], score[2]), fmaxf(score[1], score[3])};
#pragma unroll
        for (int offset = 4; offset < 32; offset *= 2) {
            best[0] = fmaxf(best[0], __shfl_xor_sync(0xffffffffU, best[0], offset));
            best[1] = fmaxf(best[1], __shfl_xor_sync(0xffffffffU, best[1], offset));
        }
        if (__any_sync(0xffffffffU, best[0] > largest[0] || best[1] > largest[1])) {
#pragma unroll
            for (int h = 0; h < 2; ++h) {
                best[h] = fmaxf(best[h], largest[h]);
                const float factor = exp2f(largest[h] - best[h]);
                largest[h] = best[h];
                weight[h] *= factor;
#pragma unroll
                for (auto& part : output) {
                    part[h] *= factor;
                    part[h + 2] *= factor;
                }
            }
        }
#pragma unroll
        for (int i = 0; i < 4; ++i) {
            score[i] = exp2f(score[i] - largest[i % 2]);
            weight[i % 2] += score[i];
        }
    }

    __device__ void addValues(const Tile<kHeadDim>& tile, const float (&score)[4]) {
        const std::uint32_t b0 = transpose(packBf16(score[0], score[1]));
        const std::uint32_t b1 = transpose(packBf16(score[2], score[3]));
        constexpr int kParts = kHeadDim / 16;
#pragma unroll
        for (int part = 0; part < kParts; ++part) {
            std::uint32_t a[4];
#pragma unroll
            for (int upper = 0; upper < 2; ++upper) {
                const int at = part + upper * kParts;  // which of the lane's headDim / 8 dimensions
                const auto& rows = tile.values[at / 8];
                const unsigned selector = at % 2 == 0 ? 0x5410U : 0x7632U;
                const int word = at % 8 / 2;
                a[upper] = __byte_perm(wordOf(rows[0], word), wordOf(rows[1], word), selector);
                a[upper + 2] = __byte_perm(wordOf(rows[2], word), wordOf(rows[3], word), selector);
            }
            multiplyAdd(output[part], a, b0, b1);
        }
    }

    /// Leaves what the warp has of the group's query heads.
    __device__ void write(int group,
                          float (&outputs)[kMaxGroup][kHeadDim],
                          float (&largestScores)[kMaxGroup],
                          float (&weights)[kMaxGroup]) {
        const int lane = static_cast<int>(threadIdx.x) % 32;
#pragma unroll
        for (int h = 0; h < 2; ++h) {
#pragma unroll
            for (int offset = 4; offset < 32; offset *= 2)
                weight[h] += __shfl_xor_sync(0xffffffffU, weight[h], offset);
            const int g = lane % 4 * 2 + h;
            if (lane < 4) {
                largestScores[g] = largest[h];
                weights[g] = weight[h];
            }
            constexpr int kParts = kHeadDim / 16;
#pragma unroll
            for (int part = 0; part < kParts; ++part) {
#pragma unroll
                for (int upper = 0; upper < 2; ++upper) {
                    const int at = part + upper * kParts;
                    if (g < group)
                        outputs[g][at / 8 * 64 + lane / 4 * 8 + at % 8] = output[part][h + upper * 2];
                }
            }
        }
    }
};

}  // namespace epi::cuda::decode
