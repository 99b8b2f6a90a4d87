#include <algorithm>

#include "cuda/kernels/bf16_pieces.cuh"
#include "cuda/kernels/prefill.h"

namespace epi::cuda {
namespace {

using Activation = GatedActivationArgs::Activation;

constexpr int kThreads = 256;
constexpr std::int64_t kMaxBlocks = 65535;

__device__ float activate(float x, Activation activation) {
    if (activation == Activation::kSilu) return x / (1.0F + __expf(-x));
    constexpr float kRootTwoOverPi = 0.7978845608F;
    return 0.5F * x * (1.0F + tanhf(kRootTwoOverPi * (x + 0.044715F * x * x * x)));
}

// Grid-stride over 16-byte pieces: two reads and one write for each.
__global__ void __launch_bounds__(kThreads) gated_activation_kernel(GatedActivationArgs args) {
    const std::int64_t pieces = args.values / kValuesPerPiece;
    const std::int64_t step = static_cast<std::int64_t>(gridDim.x) * kThreads;
    for (std::int64_t piece = static_cast<std::int64_t>(blockIdx.x) * kThreads + threadIdx.x; piece < pieces;
         piece += step) {
        float gate[kValuesPerPiece];
        float up[kValuesPerPiece];
        unpack(static_cast<const Bf16x8*>(args.gate)[piece], gate);
        unpack(static_cast<const Bf16x8*>(args.up)[piece], up);
#pragma unroll
        for (int i = 0; i < kValuesPerPiece; ++i)
            gate[i] = activate(gate[i], args.activation) * up[i];
        static_cast<Bf16x8*>(args.output)[piece] = pack(gate);
    }
}

}  // namespace

cudaError_t gatedActivation(const GatedActivationArgs& args, cudaStream_t stream) {
    if (args.values % kValuesPerPiece != 0) return cudaErrorInvalidValue;
    if (args.values == 0) return cudaSuccess;
    const std::int64_t blocks = (args.values / kValuesPerPiece + kThreads - 1) / kThreads;
    gated_activation_kernel<<<static_cast<unsigned>(std::min(blocks, kMaxBlocks)), kThreads, 0, stream>>>(
        args);
    return cudaGetLastError();
}

}  // namespace epi::cuda
