#pragma once

#include <cstdint>

#include <cuda_bf16.h>

namespace epi::cuda {

/// Eight bf16 values, the 16 bytes that a thread moves at a time.
struct alignas(16) Bf16x8 {
    __nv_bfloat162 pair[4];
};

inline constexpr int kValuesPerPiece = 8;

__device__ inline void unpack(const Bf16x8& piece, float (&values)[kValuesPerPiece]) {
#pragma unroll
    for (int i = 0; i < 4; ++i) {
        const float2 two = __bfloat1622float2(piece.pair[i]);
        values[2 * i] = two.x;
        values[2 * i + 1] = two.y;
    }
}

__device__ inline Bf16x8 pack(const float (&values)[kValuesPerPiece]) {
    Bf16x8 piece;
#pragma unroll
    for (int i = 0; i < 4; ++i)
        piece.pair[i] = __floats2bfloat162_rn(values[2 * i], values[2 * i + 1]);
    return piece;
}

__device__ inline float warpSum(float value) {
#pragma unroll
    for (int offset = 16; offset > 0; offset /= 2)
        value += __shfl_xor_sync(0xffffffffU, value, offset);
    return value;
}

}  // namespace epi::cuda
