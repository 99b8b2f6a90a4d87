#include <algorithm>

#include "cuda/kernels/bf16_pieces.cuh"
#include "cuda/kernels/prefill.h"

namespace epi::cuda {
namespace {

constexpr int kThreads = 256;
constexpr std::int64_t kMaxBlocks = 65535;

// Grid-stride over the 16-byte pieces of the output, in its order: writes are coalesced, reads come in runs
// of one head.
__global__ void __launch_bounds__(kThreads) join_attention_kernel(JoinAttentionArgs args) {
    const int perHead = args.headDim / kValuesPerPiece;
    const int heads = args.kvHeads * args.group;
    const std::int64_t rows = args.appendedRows + args.probeRows;
    const std::int64_t pieces = rows * heads * perHead;
    const std::int64_t step = static_cast<std::int64_t>(gridDim.x) * kThreads;
    for (std::int64_t i = static_cast<std::int64_t>(blockIdx.x) * kThreads + threadIdx.x; i < pieces;
         i += step) {
        const auto piece = static_cast<int>(i % perHead);
        const auto head = static_cast<int>(i / perHead % heads);
        const std::int64_t row = i / perHead / heads;
        const int kvHead = head / args.group;
        const int member = head % args.group;
        auto& output = static_cast<Bf16x8*>(args.output)[i];
        if (row < args.appendedRows) {
            const std::int64_t source =
                (kvHead * std::int64_t{args.appendedRows} + row) * args.group + member;
            output = static_cast<const Bf16x8*>(args.appended)[source * perHead + piece];
            continue;
        }
        const std::int64_t sequence = kvHead * std::int64_t{args.probeRows} + row - args.appendedRows;
        const std::int64_t logSum = member * std::int64_t{args.kvHeads} * args.probeRows + sequence;
        // past / (past + own), as a logistic function: no overflow, whichever is larger.
        const float share = 1.0F / (1.0F + __expf(args.ownLogSum[logSum] - args.pastLogSum[logSum]));
        const std::int64_t source = (sequence * args.group + member) * perHead + piece;
        float past[kValuesPerPiece];
        float own[kValuesPerPiece];
        unpack(static_cast<const Bf16x8*>(args.past)[source], past);
        unpack(static_cast<const Bf16x8*>(args.own)[source], own);
#pragma unroll
        for (int k = 0; k < kValuesPerPiece; ++k)
            past[k] = past[k] * share + own[k] * (1.0F - share);
        output = pack(past);
    }
}

}  // namespace

cudaError_t joinAttention(const JoinAttentionArgs& args, cudaStream_t stream) {
    if (args.headDim % kValuesPerPiece != 0) return cudaErrorInvalidValue;
    const std::int64_t pieces = std::int64_t{args.appendedRows + args.probeRows} * args.kvHeads * args.group *
                                (args.headDim / kValuesPerPiece);
    if (pieces == 0) return cudaSuccess;
    const std::int64_t blocks = (pieces + kThreads - 1) / kThreads;
    join_attention_kernel<<<static_cast<unsigned>(std::min(blocks, kMaxBlocks)), kThreads, 0, stream>>>(args);
    return cudaGetLastError();
}

}  // namespace epi::cuda
