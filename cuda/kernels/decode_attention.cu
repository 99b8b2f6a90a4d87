#include <algorithm>

#include "cuda/kernels/decode_attention.h"
#include "cuda/kernels/decode_attention_heads.cuh"
#include "cuda/kernels/decode_attention_join.cuh"
#include "cuda/kernels/launch.cuh"
#include "cuda/kernels/pipeline.cuh"

// A block takes a range of rows of one KV head, its warps take tiles of 16 rows in turn. The query heads of a
// group are the 8 columns of the matrix units' right operand, padded with zeros:
//   scores^T [16 keys, 8 heads] = K [16, headDim] Q^T        output^T [headDim, 8 heads] += V^T [headDim, 16]
//   P^T
// Since the order of the summed dimension is free, a lane's operand of K is 16 contiguous bytes of a row,
// read straight from memory; V's operand pairs two rows, one byte permutation per register. So nothing but
// the merge of the warps goes through shared memory. A warp's first two tiles are on their way before the
// kernel waits for its predecessor: one in registers, one in shared memory, where every lane has a place of
// its own for each of its operands. The blocks of a head leave partial sums; the last one to arrive adds
// them and the new token's own entry.
namespace epi::cuda {
namespace decode {
namespace {

template <int kHeadDim>
__global__ void __launch_bounds__(kThreads, kHeadDim > 128 ? 1 : 2)
    decode_attention_kernel(const __grid_constant__ DecodeAttentionArgs args) {
    extern __shared__ __align__(16) std::byte dynamic[];
    auto& shared = *reinterpret_cast<Shared<kHeadDim>*>(dynamic);
    const int warp = static_cast<int>(threadIdx.x) / 32;
    const int lane = static_cast<int>(threadIdx.x) % 32;
    const int group = args.heads / args.kvHeads;
    releaseNextKernel();

    // What is read before the wait was written before this step began.
    const AttentionItem item = args.items[blockIdx.x];
    const int4 packed = __ldcg(reinterpret_cast<const int4*>(args.ranges + item.head));
    const HeadRange range = *reinterpret_cast<const HeadRange*>(&packed);
    const int step = __ldcg(args.step);
    const int first = min(range.visible, range.length + step);
    const int rows = range.length + step - first;
    const int perSplit =
        max(kMinSplitRows, ((rows + item.splits - 1) / item.splits + kTileRows - 1) / kTileRows * kTileRows);
    const int splits = max(1, (rows + perSplit - 1) / perSplit);
    if (item.split >= splits) {
        waitForPreviousKernel();
        return;
    }
    const int begin = first + item.split * perSplit;
    const int end = min(first + rows, begin + perSplit);
    int row = begin + warp * kTileRows;
    constexpr int kStep = kWarps * kTileRows;
    Tile<kHeadDim> tile;
    NextTile<kHeadDim>& nextTile = shared.warps[warp].next;
    if (row < end) {
        tile.loadKeys(args, range.start, row, end);
        tile.loadValues(args, range.start, row, end);
        if (row + kStep < end) nextTile.order(args, range.start, row + kStep, end);
    }
    const Turns<kHeadDim> turns(args);
    for (int i = group * kHeadDim + static_cast<int>(threadIdx.x); i < kMaxGroup * kHeadDim; i += kThreads)
        shared.query[i / kHeadDim][i % kHeadDim] = 0;
    waitForPreviousKernel();

    prepareHeads<kHeadDim>(
        args, item.head, group, turns, shared.scratch[warp], shared.query, shared.key, shared.value);
    __syncthreads();
    if (warp < group) {
        float product = 0.0F;
        for (int d = lane; d < kHeadDim; d += 32)
            product = fmaf(floatOf(shared.query[warp][d]), floatOf(shared.key[d]), product);
        product = warpSum(product);
        if (lane == 0) shared.newScore[warp] = product;
    }

    uint4 query[kHeadDim / 32];
#pragma unroll
    for (int chunk = 0; chunk < kHeadDim / 32; ++chunk) {
        query[chunk] = *reinterpret_cast<const uint4*>(&shared.query[lane / 4][chunk * 32 + lane % 4 * 8]);
    }
    Running<kHeadDim> running;
    // The tile in registers; meanwhile those that are free again take what `next` gives.
    const auto visit = [&](const auto& nextKeys, const auto& nextValues) {
        float score[4] = {0.0F, 0.0F, 0.0F, 0.0F};
        running.scores(tile, query, score);
        if (row + kStep < end) nextKeys(row + kStep);
        if (row + lane / 4 >= end) score[0] = score[1] = -INFINITY;
        if (row + lane / 4 + 8 >= end) score[2] = score[3] = -INFINITY;
        running.soften(score);
        running.addValues(tile, score);
        if (row + kStep < end) nextValues(row + kStep);
        row += kStep;
    };
    if constexpr (NextTile<kHeadDim>::kIsStaged) {
        if (row < end) visit([&](int) { nextTile.takeKeys(tile); }, [&](int) { nextTile.takeValues(tile); });
    }
    while (row < end) {
        visit([&](int next) { tile.loadKeys(args, range.start, next, end); },
              [&](int next) { tile.loadValues(args, range.start, next, end); });
    }

    __syncwarp();  // before the outputs take the second tile's place
    running.write(group, shared.warps[warp].output, shared.largest[warp], shared.weight[warp]);
    __syncthreads();

    if (splits > 1) {
        constexpr int kFloats = kHeadDim + kPartialTail;
        const int ownBlock = static_cast<int>(blockIdx.x);
        writePartial<kHeadDim>(shared, group, args.partials + std::int64_t{ownBlock} * group * kFloats);
        if (!arrivesLast(args.tickets + item.head, splits)) return;
        const std::int64_t firstBlock = ownBlock - item.split;
        joinSplits<kHeadDim>(args.partials + firstBlock * group * kFloats, shared, group, splits);
    }
    writeHead<kHeadDim>(args, shared, item.head);
    appendEntry<kHeadDim>(args, shared, range.start + range.length + step);
}

}  // namespace
}  // namespace decode

bool canAttend(int heads, int kvHeads, int headDim) {
    return kvHeads > 0 && heads % kvHeads == 0 && heads / kvHeads <= decode::kMaxGroup &&
           (headDim == 64 || headDim == 128 || headDim == 256);
}

cudaError_t decodeAttention(const DecodeAttentionArgs& args,
                            const DeviceTraits& traits,
                            const Launch& launch) {
    if (!canAttend(args.heads, args.kvHeads, args.headDim)) return cudaErrorInvalidValue;
    const auto start = [&](auto* kernel, std::size_t sharedBytes) {
        if (static_cast<int>(sharedBytes) > traits.sharedBytesPerBlock) return cudaErrorInvalidValue;
        const int slot = traits.hasBulkCopies ? kLeastSlotBytes : 0;
        return launchKernel(kernel,
                            args,
                            args.blocks,
                            decode::kThreads,
                            std::max(slot, static_cast<int>(sharedBytes)),
                            launch);
    };
    if (args.headDim == 64) return start(decode::decode_attention_kernel<64>, sizeof(decode::Shared<64>));
    if (args.headDim == 128) return start(decode::decode_attention_kernel<128>, sizeof(decode::Shared<128>));
    return start(decode::decode_attention_kernel<256>, sizeof(decode::Shared<256>));
}

}  // namespace epi::cuda
