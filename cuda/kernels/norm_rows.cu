#include "cuda/kernels/bf16_pieces.cuh"
#include "cuda/kernels/prefill.h"

namespace epi::cuda {
namespace {

constexpr int kThreads = 256;
constexpr int kMaxPieces = 8;  // per thread, held in registers between the two passes over a row
constexpr std::int64_t kMaxWidth = std::int64_t{kThreads} * kMaxPieces * kValuesPerPiece;

__device__ float blockSum(float value) {
    __shared__ float partial[kThreads / 32];
    value = warpSum(value);
    if (threadIdx.x % 32 == 0) partial[threadIdx.x / 32] = value;
    __syncthreads();
    float total = 0.0F;
#pragma unroll
    for (int warp = 0; warp < kThreads / 32; ++warp)
        total += partial[warp];
    return total;
}

// One block per row, 16 bytes per thread and step. Every byte is read and written once: the row stays in
// registers while its sum of squares is formed.
__global__ void __launch_bounds__(kThreads) norm_rows_kernel(NormRowsArgs args) {
    const std::int64_t row = blockIdx.x;
    const auto pieces = static_cast<int>(args.width / kValuesPerPiece);
    const auto* input = static_cast<const Bf16x8*>(args.input) + row * pieces;
    const auto* addend =
        args.addend == nullptr ? nullptr : static_cast<const Bf16x8*>(args.addend) + row * pieces;
    Bf16x8 held[kMaxPieces];
    float squares = 0.0F;
#pragma unroll
    for (int step = 0; step < kMaxPieces; ++step) {
        const int piece = step * kThreads + static_cast<int>(threadIdx.x);
        if (piece >= pieces) break;
        held[step] = input[piece];
        float values[kValuesPerPiece];
        unpack(held[step], values);
        if (addend != nullptr) {
            float added[kValuesPerPiece];
            unpack(addend[piece], added);
#pragma unroll
            for (int i = 0; i < kValuesPerPiece; ++i)
                values[i] += added[i];
            held[step] = pack(values);
            static_cast<Bf16x8*>(args.sum)[row * pieces + piece] = held[step];
            unpack(held[step], values);
        }
#pragma unroll
        for (int i = 0; i < kValuesPerPiece; ++i)
            squares += values[i] * values[i];
    }
    const float scale = rsqrtf(blockSum(squares) / static_cast<float>(args.width) + args.epsilon);
#pragma unroll
    for (int step = 0; step < kMaxPieces; ++step) {
        const int piece = step * kThreads + static_cast<int>(threadIdx.x);
        if (piece >= pieces) break;
        float values[kValuesPerPiece];
        unpack(held[step], values);
#pragma unroll
        for (int i = 0; i < kValuesPerPiece; ++i)
            values[i] *= scale * args.weight[piece * kValuesPerPiece + i];
        static_cast<Bf16x8*>(args.output)[row * pieces + piece] = pack(values);
    }
}

}  // namespace

cudaError_t normRows(const NormRowsArgs& args, cudaStream_t stream) {
    if (args.width % kValuesPerPiece != 0 || args.width > kMaxWidth) return cudaErrorInvalidValue;
    if (args.rows == 0) return cudaSuccess;
    norm_rows_kernel<<<static_cast<unsigned>(args.rows), kThreads, 0, stream>>>(args);
    return cudaGetLastError();
}

}  // namespace epi::cuda
