#include <algorithm>

#include <cuda_bf16.h>

#include "cuda/kernels/decode_attention.h"
#include "cuda/kernels/launch.cuh"
#include "cuda/kernels/pipeline.cuh"

// A block takes a range of rows of one KV head, its warps take tiles of 16 rows in turn. The query heads of a
// group are the 8 columns of the matrix units' right operand, padded with zeros:
//   scores^T [16 keys, 8 heads] = K [16, headDim] Q^T        output^T [headDim, 8 heads] += V^T [headDim, 16]
//   P^T
// Since the order of the summed dimension is free, a lane's operand of K is 16 contiguous bytes of a row,
// read straight from memory; V's operand pairs two rows, one byte permutation per register. So nothing but
// the merge of the warps goes through shared memory. The blocks of a head leave partial sums; the last one to
// arrive adds them and the new token's own entry.
namespace epi::cuda {
namespace {

constexpr int kWarps = 8;
constexpr int kThreads = kWarps * 32;
constexpr int kTileRows = 16;
constexpr int kMaxGroup = 8;
constexpr int kMinSplitRows = 64;
constexpr float kLog2E = 1.4426950408889634F;

__device__ std::uint32_t packBf16(float low, float high) {
    const __nv_bfloat162 pair = __floats2bfloat162_rn(low, high);
    return *reinterpret_cast<const std::uint32_t*>(&pair);
}

__device__ float floatOf(std::uint16_t bf16) {
    return __uint_as_float(static_cast<std::uint32_t>(bf16) << 16);
}

__device__ float warpSum(float value) {
#pragma unroll
    for (int offset = 16; offset > 0; offset /= 2)
        value += __shfl_xor_sync(0xffffffffU, value, offset);
    return value;
}

/// c [16, 8] += a [16, 16] b [16, 8].
__device__ void multiplyAdd(float (&c)[4], const std::uint32_t (&a)[4], std::uint32_t b0, std::uint32_t b1) {
#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 800  // older GPUs are refused by deviceTraits
    asm volatile(
        "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, "
        "{%0,%1,%2,%3};"
        : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
#endif
}

/// Transposes an 8 x 8 matrix of bf16 that is spread over the warp.
__device__ std::uint32_t transpose(std::uint32_t fragment) {
    std::uint32_t result = 0;
    asm("movmatrix.sync.aligned.m8n8.trans.b16 %0, %1;" : "=r"(result) : "r"(fragment));
    return result;
}

/// Norms and rotates one head of a projection with one warp, multiplies by `scale`, writes bf16.
template <int kHeadDim>
__device__ void prepareHead(const DecodeAttentionArgs& args,
                            const float* source,
                            const float* norm,
                            bool isRotated,
                            float scale,
                            float* scratch,
                            std::uint16_t* target) {
    const int lane = static_cast<int>(threadIdx.x) % 32;
    float squares = 0.0F;
    float own[kHeadDim / 32];
    float2 turn[kHeadDim / 32];
    const int half = args.rotaryDimensions / 2;
#pragma unroll
    for (int i = 0; i < kHeadDim / 32; ++i) {
        const int at = i * 32 + lane;
        const int pair = args.rotatesNeighbours ? at / 2 : at % half;
        turn[i] = isRotated && at < args.rotaryDimensions ? __ldcg(args.rotary + pair) : float2{1.0F, 0.0F};
    }
#pragma unroll
    for (int i = 0; i < kHeadDim / 32; ++i) {
        own[i] = __ldcg(source + i * 32 + lane);
        squares = fmaf(own[i], own[i], squares);
    }
    if (norm != nullptr) {
        const float factor = rsqrtf(warpSum(squares) / static_cast<float>(kHeadDim) + args.normEpsilon);
#pragma unroll
        for (int i = 0; i < kHeadDim / 32; ++i)
            own[i] *= factor * __ldg(norm + i * 32 + lane);
    }
#pragma unroll
    for (int i = 0; i < kHeadDim / 32; ++i)
        scratch[i * 32 + lane] = own[i];
    __syncwarp();
#pragma unroll
    for (int i = 0; i < kHeadDim / 32; ++i) {
        const int at = i * 32 + lane;
        float value = own[i];
        if (isRotated && at < args.rotaryDimensions) {
            const bool isSecond = args.rotatesNeighbours ? at % 2 != 0 : at >= half;
            const int other = args.rotatesNeighbours ? at ^ 1 : (isSecond ? at - half : at + half);
            value = value * turn[i].x + scratch[other] * (isSecond ? turn[i].y : -turn[i].y);
        }
        target[at] = __bfloat16_as_ushort(__float2bfloat16(value * scale));
    }
    __syncwarp();
}

/// The rows of one tile as a lane holds them.
template <int kHeadDim>
struct Tile {
    static constexpr int kKeyChunks = kHeadDim / 32;  // of 32 dimensions, 8 per lane
    static constexpr int kValueChunks = kHeadDim / 64;
    uint4 keys[kKeyChunks][2];      // rows g and g + 8
    uint4 values[kValueChunks][4];  // rows 2t, 2t + 1, 2t + 8, 2t + 9

    // Rows past the range repeat its last one; their scores are masked.
    __device__ void loadKeys(const DecodeAttentionArgs& args, std::int64_t start, int row, int end) {
        const int lane = static_cast<int>(threadIdx.x) % 32;
#pragma unroll
        for (int r = 0; r < 2; ++r) {
            const std::int64_t from = start + min(row + lane / 4 + r * 8, end - 1);
            const auto* const source = reinterpret_cast<const uint4*>(args.keys + from * kHeadDim) + lane % 4;
#pragma unroll
            for (int chunk = 0; chunk < kKeyChunks; ++chunk)
                keys[chunk][r] = __ldcg(source + chunk * 4);
        }
    }
    __device__ void loadValues(const DecodeAttentionArgs& args, std::int64_t start, int row, int end) {
        const int lane = static_cast<int>(threadIdx.x) % 32;
#pragma unroll
        for (int r = 0; r < 4; ++r) {
            const std::int64_t from = start + min(row + lane % 4 * 2 + r % 2 + r / 2 * 8, end - 1);
            const auto* const source =
                reinterpret_cast<const uint4*>(args.values + from * kHeadDim) + lane / 4;
#pragma unroll
            for (int chunk = 0; chunk < kValueChunks; ++chunk)
                values[chunk][r] = __ldcg(source + chunk * 8);
        }
    }
};

__device__ std::uint32_t wordOf(const uint4& four, int index) {
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
};

/// Dynamic shared memory of a block.
template <int kHeadDim>
struct Shared {
    std::uint16_t query[kMaxGroup][kHeadDim];
    std::uint16_t key[kHeadDim];    // the new token's
    std::uint16_t value[kHeadDim];  // the new token's
    float newScore[kMaxGroup];
    float largest[kWarps][kMaxGroup];
    float weight[kWarps][kMaxGroup];
    float scratch[kWarps][kHeadDim];
    float output[kWarps][kMaxGroup][kHeadDim];
};

/// Adds the warps of this block: output, largest score and weight of query head g in entry [0][g].
template <int kHeadDim>
__device__ void mergeWarps(Shared<kHeadDim>& shared, int group) {
    __syncthreads();
    for (int i = static_cast<int>(threadIdx.x); i < group * kHeadDim; i += kThreads) {
        const int g = i / kHeadDim;
        const int d = i % kHeadDim;
        float largest = -INFINITY;
#pragma unroll
        for (int w = 0; w < kWarps; ++w)
            largest = fmaxf(largest, shared.largest[w][g]);
        float sum = 0.0F;
#pragma unroll
        for (int w = 0; w < kWarps; ++w) {
            if (shared.largest[w][g] != -INFINITY)
                sum += shared.output[w][g][d] * exp2f(shared.largest[w][g] - largest);
        }
        shared.output[0][g][d] = sum;  // this thread alone reads and writes place d of head g
    }
    __syncthreads();
    if (threadIdx.x < static_cast<unsigned>(group)) {
        const int g = static_cast<int>(threadIdx.x);
        float largest = -INFINITY;
        for (int w = 0; w < kWarps; ++w)
            largest = fmaxf(largest, shared.largest[w][g]);
        float weight = 0.0F;
        for (int w = 0; w < kWarps; ++w) {
            if (shared.largest[w][g] != -INFINITY)
                weight += shared.weight[w][g] * exp2f(shared.largest[w][g] - largest);
        }
        shared.largest[0][g] = largest;
        shared.weight[0][g] = weight;
    }
    __syncthreads();
}

/// What the partial sums of this many splits of a head are multiplied with, and what the new entry.
struct SplitFactors {
    float factor[kMaxGroup][kMaxSplits];
    float newFactor[kMaxGroup];  // both are divided by the sum of all weights
};

/// A warp per query head: factors from the splits' largest scores and weights.
__device__ void setFactors(SplitFactors& factors,
                           const float* newScores,
                           const float* partials,
                           int stride,
                           int group,
                           int headDim,
                           int splits) {
    const int g = static_cast<int>(threadIdx.x) / 32;
    const int lane = static_cast<int>(threadIdx.x) % 32;
    if (g >= group) return;
    constexpr int kPerLane = kMaxSplits / 32;
    float score[kPerLane];
    float weight[kPerLane];
    float largest = newScores[g];
#pragma unroll
    for (int i = 0; i < kPerLane; ++i) {
        const int split = lane + i * 32;
        const float* const from = partials + (std::int64_t{split} * group + g) * stride + headDim;
        score[i] = split < splits ? __ldcg(from) : -INFINITY;
        weight[i] = split < splits ? __ldcg(from + 1) : 0.0F;
        largest = fmaxf(largest, score[i]);
    }
#pragma unroll
    for (int offset = 16; offset > 0; offset /= 2)
        largest = fmaxf(largest, __shfl_xor_sync(0xffffffffU, largest, offset));
    float sum = 0.0F;
#pragma unroll
    for (int i = 0; i < kPerLane; ++i) {
        score[i] = exp2f(score[i] - largest);
        sum = fmaf(weight[i], score[i], sum);
    }
    const float newFactor = exp2f(newScores[g] - largest);
    const float inverse = 1.0F / (warpSum(sum) + newFactor);
#pragma unroll
    for (int i = 0; i < kPerLane; ++i)
        factors.factor[g][lane + i * 32] = score[i] * inverse;
    if (lane == 0) factors.newFactor[g] = newFactor * inverse;
}

/// Appends the new token's entry and writes the head's output: the splits' partial sums and the new entry.
template <int kHeadDim>
__device__ void finishHead(const DecodeAttentionArgs& args,
                           Shared<kHeadDim>& shared,
                           int head,
                           int splits,
                           int firstBlock,
                           std::int64_t newRow) {
    __shared__ SplitFactors factors;
    const int group = args.heads / args.kvHeads;
    constexpr int kStride = kHeadDim + 2;
    const float* const partials = args.partials + std::int64_t{firstBlock} * group * kStride;
    setFactors(factors, shared.newScore, partials, kStride, group, kHeadDim, splits);
    for (int d = static_cast<int>(threadIdx.x); d < kHeadDim; d += kThreads) {
        args.keys[newRow * kHeadDim + d] = shared.key[d];
        args.values[newRow * kHeadDim + d] = shared.value[d];
    }
    __syncthreads();
    for (int i = static_cast<int>(threadIdx.x); i < group * kHeadDim; i += kThreads) {
        const int g = i / kHeadDim;
        const int d = i % kHeadDim;
        const float* const from = partials + g * kStride + d;
        float sum = floatOf(shared.value[d]) * factors.newFactor[g];
#pragma unroll 16
        for (int split = 0; split < splits; ++split)
            sum = fmaf(__ldcg(from + split * group * kStride), factors.factor[g][split], sum);
        args.output[(head * group + g) * kHeadDim + d] = __bfloat16_as_ushort(__float2bfloat16(sum));
    }
}

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
    Tile<kHeadDim> tile;
    if (row < end) {
        tile.loadKeys(args, range.start, row, end);
        tile.loadValues(args, range.start, row, end);
    }
    waitForPreviousKernel();

    // Query heads, then the new key and value, a warp each.
    const int queries = args.heads * kHeadDim;
    for (int task = warp; task < kMaxGroup + 2; task += kWarps) {
        float* const scratch = shared.scratch[warp];
        if (task < group) {
            prepareHead<kHeadDim>(args,
                                  args.projections + (item.head * group + task) * kHeadDim,
                                  args.queryNorm,
                                  true,
                                  args.scale * kLog2E,
                                  scratch,
                                  shared.query[task]);
        } else if (task < kMaxGroup) {
            for (int d = lane; d < kHeadDim; d += 32)
                shared.query[task][d] = 0;
        } else if (task == kMaxGroup) {
            prepareHead<kHeadDim>(args,
                                  args.projections + queries + item.head * kHeadDim,
                                  args.keyNorm,
                                  true,
                                  1.0F,
                                  scratch,
                                  shared.key);
        } else {
            prepareHead<kHeadDim>(args,
                                  args.projections + queries + (args.kvHeads + item.head) * kHeadDim,
                                  nullptr,
                                  false,
                                  1.0F,
                                  scratch,
                                  shared.value);
        }
    }
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
    while (row < end) {
        const int next = row + kWarps * kTileRows;
        float score[4] = {0.0F, 0.0F, 0.0F, 0.0F};
        running.scores(tile, query, score);
        if (next < end) tile.loadKeys(args, range.start, next, end);
        if (row + lane / 4 >= end) score[0] = score[1] = -INFINITY;
        if (row + lane / 4 + 8 >= end) score[2] = score[3] = -INFINITY;
        running.soften(score);
        running.addValues(tile, score);
        if (next < end) tile.loadValues(args, range.start, next, end);
        row = next;
    }

#pragma unroll
    for (int h = 0; h < 2; ++h) {
#pragma unroll
        for (int offset = 4; offset < 32; offset *= 2)
            running.weight[h] += __shfl_xor_sync(0xffffffffU, running.weight[h], offset);
        const int g = lane % 4 * 2 + h;
        if (lane < 4) {
            shared.largest[warp][g] = running.largest[h];
            shared.weight[warp][g] = running.weight[h];
        }
        constexpr int kParts = kHeadDim / 16;
#pragma unroll
        for (int part = 0; part < kParts; ++part) {
#pragma unroll
            for (int upper = 0; upper < 2; ++upper) {
                const int at = part + upper * kParts;
                if (g < group)
                    shared.output[warp][g][at / 8 * 64 + lane / 4 * 8 + at % 8] =
                        running.output[part][h + upper * 2];
            }
        }
    }
    mergeWarps<kHeadDim>(shared, group);

    const std::int64_t newRow = range.start + range.length + step;
    const int firstBlock = static_cast<int>(blockIdx.x) - item.split;
    constexpr int kStride = kHeadDim + 2;
    float* const partial = args.partials + static_cast<std::int64_t>(blockIdx.x) * group * kStride;
    for (int i = static_cast<int>(threadIdx.x); i < group * kHeadDim; i += kThreads)
        __stcg(partial + i / kHeadDim * kStride + i % kHeadDim, shared.output[0][i / kHeadDim][i % kHeadDim]);
    if (threadIdx.x < static_cast<unsigned>(group)) {
        __stcg(partial + threadIdx.x * kStride + kHeadDim, shared.largest[0][threadIdx.x]);
        __stcg(partial + threadIdx.x * kStride + kHeadDim + 1, shared.weight[0][threadIdx.x]);
    }
    // The barrier and one thread's fence order the whole block's stores before the ticket.
    __shared__ bool isLast;
    __syncthreads();
    if (threadIdx.x == 0) {
        __threadfence();
        isLast = splits == 1 || atomicAdd(args.tickets + item.head, 1) == splits - 1;
        if (isLast && splits > 1) args.tickets[item.head] = 0;
        __threadfence();
    }
    __syncthreads();
    if (!isLast) return;
    finishHead<kHeadDim>(args, shared, item.head, splits, firstBlock, newRow);
}

}  // namespace

bool canAttend(int heads, int kvHeads, int headDim) {
    return kvHeads > 0 && heads % kvHeads == 0 && heads / kvHeads <= kMaxGroup &&
           (headDim == 64 || headDim == 128 || headDim == 256);
}

cudaError_t decodeAttention(const DecodeAttentionArgs& args,
                            const DeviceTraits& traits,
                            const Launch& launch) {
    if (!canAttend(args.heads, args.kvHeads, args.headDim)) return cudaErrorInvalidValue;
    const auto start = [&](auto* kernel, std::size_t sharedBytes) {
        if (static_cast<int>(sharedBytes) > traits.sharedBytesPerBlock) return cudaErrorInvalidValue;
        const int slot = traits.hasBulkCopies ? kLeastSlotBytes : 0;
        return launchKernel(
            kernel, args, args.blocks, kThreads, std::max(slot, static_cast<int>(sharedBytes)), launch);
    };
    if (args.headDim == 64) return start(decode_attention_kernel<64>, sizeof(Shared<64>));
    if (args.headDim == 128) return start(decode_attention_kernel<128>, sizeof(Shared<128>));
    return start(decode_attention_kernel<256>, sizeof(Shared<256>));
}

}  // namespace epi::cuda
