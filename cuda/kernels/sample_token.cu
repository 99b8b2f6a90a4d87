#include "cuda/kernels/candidate.cuh"
#include "cuda/kernels/cluster.cuh"
#include "cuda/kernels/launch.cuh"
#include "cuda/kernels/pipeline.cuh"
#include "cuda/kernels/sample_token.h"

namespace epi::cuda {
namespace {

constexpr int kThreads = 512;
constexpr int kWarps = kThreads / 32;
constexpr int kMaxBlocks = 8;  // of the cluster: as many as every GPU with clusters can do
constexpr int kLogBins = 11;
constexpr int kBins = 1 << kLogBins;
constexpr int kBinsPerThread = kBins / kThreads;
static_assert(kBinsPerThread == 4 && kWarps * kMaxBlocks <= kThreads);
constexpr int kLoads = 4;              // of 16 bytes, that a thread waits for together
constexpr int kRowOfWarp = 32 * 4;     // tokens that a warp loads at once
constexpr float kNoMassBelow = 28.5F;  // e^-28.5 is less than half of a unit of mass
constexpr std::int32_t kNoId = 0x7fffffff;

__device__ std::uint64_t lesser(std::uint64_t a, std::uint64_t b) {
    return a < b ? a : b;
}

/// Numbers in the order of the logits. Zeros are equal, whatever their sign.
__device__ std::uint32_t keyOf(float logit) {
    const std::uint32_t bits = __float_as_uint(__fadd_rn(logit, 0.0F));
    return (bits & 0x80000000U) != 0 ? ~bits : bits | 0x80000000U;
}

/// The mass of a token: e^((logit - best) / temperature) in units of 2^-40, as core/sampling/logits.cpp and
/// core/tensor/cpu/exponential.h compute it. Each operation is rounded by itself there, so here too.
__device__ std::uint64_t massOf(float logit, float best, float perLogit) {
    constexpr float kRound = 12582912.0F;
    const float x = __fmul_rn(__fsub_rn(logit, best), perLogit);
    if (x < -kNoMassBelow) return 0;
    const float shifted = __fadd_rn(__fmul_rn(x, 1.44269504F), kRound);
    const float n = __fsub_rn(shifted, kRound);
    const float r = __fadd_rn(__fsub_rn(x, __fmul_rn(n, 0.693359375F)), __fmul_rn(n, 2.12194440e-4F));
    float p = 1.9875691500e-4F;
    p = __fadd_rn(__fmul_rn(p, r), 1.3981999507e-3F);
    p = __fadd_rn(__fmul_rn(p, r), 8.3334519073e-3F);
    p = __fadd_rn(__fmul_rn(p, r), 4.1665795894e-2F);
    p = __fadd_rn(__fmul_rn(p, r), 1.6666665459e-1F);
    p = __fadd_rn(__fmul_rn(p, r), 5.0000001201e-1F);
    p = __fadd_rn(__fadd_rn(__fmul_rn(p, __fmul_rn(r, r)), r), 1.0F);
    const float power = __uint_as_float((__float_as_uint(shifted) << 23) + 0x3f800000U);
    return __float2ull_rn(__fmul_rn(__fmul_rn(p, power), 1099511627776.0F));
}

/// Tokens that are left: keys above `key`, and of those at it the ids up to `lastId`.
struct Cut {
    std::uint32_t key = 0;
    std::int32_t lastId = kNoId;
    [[nodiscard]] __device__ bool keeps(std::uint32_t tokenKey, std::int32_t id) const {
        return tokenKey > key || (tokenKey == key && id <= lastId);
    }
};

/// What the first block finds in the histogram, for all blocks.
struct Crossing {
    std::uint64_t wanted;  // of the bin, count or mass
    std::uint64_t mass;    // in the bin
    std::uint32_t count;   // in the bin
    std::int32_t bin;      // -1: everything is kept
};

struct Shared {
    // A histogram of this block's tokens; of masses, the low and the high halves: 64 bits at once would be a
    // loop of comparing and exchanging.
    alignas(16) std::uint32_t counts[kBins];
    alignas(16) std::uint32_t lowMasses[kBins];
    alignas(16) std::uint32_t highMasses[kBins];
    std::uint64_t warpSums[kWarps];  // of the warps' slices
    std::uint64_t scanned[kWarps];   // while a scan runs
    Candidate perWarp[kWarps];       // while the best is looked for
    Candidate best;
    Crossing crossing;
    std::uint64_t rest;
    std::int32_t slice;
    std::int32_t found;
};

/// The tokens that one warp of the cluster goes through.
struct Slice {
    std::int32_t first;
    std::int32_t last;
};

__device__ Slice sliceOf(std::int32_t vocabulary, int index) {
    const int slices = clusterSize() * kWarps;
    const std::int32_t rows = (vocabulary + kRowOfWarp - 1) / kRowOfWarp;
    const std::int32_t length = (rows + slices - 1) / slices * kRowOfWarp;
    const std::int32_t first = min(index * length, vocabulary);
    return {.first = first, .last = min(first + length, vocabulary)};
}

/// Calls `visit(id, logit)` for every token of the warp's slice; a thread's tokens come in order. Reads past
/// the L1 cache, which may hold what another block has overwritten.
template <typename Visit>
__device__ void visitSlice(const SampleTokenArgs& args, const Visit& visit) {
    const Slice slice = sliceOf(args.vocabulary, clusterRank() * kWarps + static_cast<int>(threadIdx.x) / 32);
    const auto lane = static_cast<std::int32_t>(threadIdx.x % 32);
    for (std::int32_t first = slice.first + lane * 4; first < slice.last; first += kRowOfWarp * kLoads) {
        float values[kLoads][4];
#pragma unroll
        for (int load = 0; load < kLoads; ++load) {
            const std::int32_t id = first + load * kRowOfWarp;
            if (id + 4 <= slice.last) {
                const float4 four = __ldcg(reinterpret_cast<const float4*>(args.logits + id));
                values[load][0] = four.x;
                values[load][1] = four.y;
                values[load][2] = four.z;
                values[load][3] = four.w;
            } else {
#pragma unroll
                for (int i = 0; i < 4; ++i)
                    values[load][i] = id + i < slice.last ? __ldcg(args.logits + id + i) : 0.0F;
            }
        }
#pragma unroll
        for (int load = 0; load < kLoads; ++load) {
#pragma unroll
            for (int i = 0; i < 4; ++i) {
                const std::int32_t id = first + load * kRowOfWarp + i;
                if (id < slice.last) visit(id, values[load][i]);
            }
        }
    }
}

/// The sum of the values of the threads before this one; `total` becomes that of all.
__device__ std::uint64_t scanBlock(std::uint64_t value, Shared& shared, std::uint64_t& total) {
    const int lane = static_cast<int>(threadIdx.x) % 32;
    const int warp = static_cast<int>(threadIdx.x) / 32;
    std::uint64_t sum = value;
#pragma unroll
    for (int offset = 1; offset < 32; offset *= 2) {
        const std::uint64_t before = __shfl_up_sync(0xffffffffU, sum, offset);
        if (lane >= offset) sum += before;
    }
    if (lane == 31) shared.scanned[warp] = sum;
    __syncthreads();
    sum -= value;
    total = 0;
    for (int other = 0; other < kWarps; ++other) {
        const std::uint64_t part = shared.scanned[other];
        if (other < warp) sum += part;
        total += part;
    }
    __syncthreads();
    return sum;
}

/// Puts the penalty on the logits of the tokens so far, each once.
__device__ void penalise(const SampleTokenArgs& args, float penalty) {
    const int threads = clusterSize() * kThreads;
    for (int word = clusterRank() * kThreads + static_cast<int>(threadIdx.x);
         word < seenWords(args.vocabulary);
         word += threads) {
        for (std::uint32_t bits = __ldcg(args.seen + word); bits != 0; bits &= bits - 1) {
            float* const place = args.logits + word * 32 + __ffs(static_cast<int>(bits)) - 1;
            const float logit = __ldcg(place);
            __stcg(place, logit > 0.0F ? __fdiv_rn(logit, penalty) : __fmul_rn(logit, penalty));
        }
    }
}

/// The best token, NaN when a logit is not finite; the same in all blocks.
__device__ Candidate findBest(const SampleTokenArgs& args, float penalty, Shared& shared) {
    if (penalty == 1.0F) {
        return blockBest<kWarps>(bestOfShare(args.candidates, args.candidateCount, kThreads), shared.perWarp);
    }
    penalise(args, penalty);
    syncCluster();
    Candidate best{.logit = -INFINITY, .id = kNoId};
    visitSlice(args, [&](std::int32_t id, float logit) {
        best = betterOf(best, {.logit = isfinite(logit) ? logit : NAN, .id = id});
    });
    best = blockBest<kWarps>(best, shared.perWarp);
    if (threadIdx.x == 0) shared.best = best;
    syncCluster();
    for (int rank = 0; rank < clusterSize(); ++rank)
        best = betterOf(best, *inBlock(&shared.best, rank));
    return best;
}

/// What a token weighs, and where its masses begin to count.
struct Weighing {
    float best;
    float perLogit;
    [[nodiscard]] __device__ std::uint64_t mass(float logit) const { return massOf(logit, best, perLogit); }
    /// No token with a key below has a mass: with the fraction more than kNoMassBelow, rounding changes
    /// nothing.
    [[nodiscard]] __device__ std::uint32_t leastKey() const {
        return keyOf(__fsub_rn(best, __fdiv_rn(kNoMassBelow + 1.5F, perLogit)));
    }
};

/// How much of the mass or of the count of all tokens is to be kept.
struct Share {
    bool isMass;
    double topP;
    std::int32_t topK;
    [[nodiscard]] __device__ std::uint64_t of(std::uint64_t total) const {
        if (!isMass) return static_cast<std::uint64_t>(topK);
        return lesser(__double2ull_rz(ceil(__dmul_rn(topP, __ull2double_rn(total)))), total);
    }
};

/// Keys from `low` to `high` in bins of 2^shift, the best first.
struct KeyRange {
    std::uint32_t low;
    std::uint32_t high;
    [[nodiscard]] __device__ int shift() const { return max(0, 32 - __clz(high - low) - kLogBins); }
    [[nodiscard]] __device__ KeyRange bin(int index) const {
        const std::uint32_t top = high - (static_cast<std::uint32_t>(index) << shift());
        return {.low = max(low, top - ((1U << shift()) - 1)), .high = top};
    }
};

/// Counts and weighs the block's tokens by the bins of `range`.
__device__ void fillBins(const SampleTokenArgs& args,
                         const Weighing& weighing,
                         const Cut& cut,
                         const KeyRange& range,
                         bool isMass,
                         Shared& shared) {
    for (int bin = static_cast<int>(threadIdx.x); bin < kBins; bin += kThreads) {
        shared.counts[bin] = 0;
        shared.lowMasses[bin] = 0;
        shared.highMasses[bin] = 0;
    }
    __syncthreads();
    const int shift = range.shift();
    visitSlice(args, [&](std::int32_t id, float logit) {
        const std::uint32_t key = keyOf(logit);
        if (key < range.low || key > range.high || !cut.keeps(key, id)) return;
        const std::uint64_t mass = weighing.mass(logit);
        if (mass == 0) return;
        const std::uint32_t bin = (range.high - key) >> shift;
        atomicAdd(shared.counts + bin, 1U);
        if (!isMass) return;
        const auto low = static_cast<std::uint32_t>(mass);
        const std::uint32_t before = atomicAdd(shared.lowMasses + bin, low);
        const std::uint32_t high = static_cast<std::uint32_t>(mass >> 32) + (before + low < low ? 1U : 0U);
        if (high != 0) atomicAdd(shared.highMasses + bin, high);
    });
}

/// Adds the blocks' histograms up, and finds the bin in which what is wanted is reached. The first block.
__device__ void findCrossing(const Share& share, bool isFirst, std::uint64_t wanted, Shared& shared) {
    std::uint32_t counts[kBinsPerThread]{};
    std::uint64_t masses[kBinsPerThread]{};
    const int own = static_cast<int>(threadIdx.x) * kBinsPerThread;
    const auto ownBins = [&](const std::uint32_t* bins, int rank) {
        return *reinterpret_cast<const uint4*>(inBlock(bins, rank) + own);
    };
#pragma unroll 2
    for (int rank = 0; rank < clusterSize(); ++rank) {
        const uint4 more = ownBins(shared.counts, rank);
        counts[0] += more.x;
        counts[1] += more.y;
        counts[2] += more.z;
        counts[3] += more.w;
        if (!share.isMass) continue;
        const uint4 low = ownBins(shared.lowMasses, rank);
        const uint4 high = ownBins(shared.highMasses, rank);
        masses[0] += low.x + (std::uint64_t{high.x} << 32);
        masses[1] += low.y + (std::uint64_t{high.y} << 32);
        masses[2] += low.z + (std::uint64_t{high.z} << 32);
        masses[3] += low.w + (std::uint64_t{high.w} << 32);
    }
    std::uint64_t sum = 0;
#pragma unroll
    for (int i = 0; i < kBinsPerThread; ++i)
        sum += share.isMass ? masses[i] : counts[i];
    std::uint64_t total = 0;
    std::uint64_t before = scanBlock(sum, shared, total);
    if (isFirst) {
        wanted = share.of(total);
        if (total < wanted) {
            if (threadIdx.x == 0) shared.crossing.bin = -1;
            return;
        }
    }
#pragma unroll
    for (int i = 0; i < kBinsPerThread; ++i) {
        const std::uint64_t inBin = share.isMass ? masses[i] : counts[i];
        if (before < wanted && wanted <= before + inBin) {
            shared.crossing = {
                .wanted = wanted - before, .mass = masses[i], .count = counts[i], .bin = own + i};
        }
        before += inBin;
    }
}

/// The token at which the weights, added up in order of the ids, pass `drawn(their sum)`; in the first block
/// only. Every thread has to come here.
template <typename Weight, typename Drawn>
__device__ void findById(const SampleTokenArgs& args,
                         const Weight& weight,
                         const Drawn& drawn,
                         Shared& shared) {
    std::uint64_t sum = 0;
    visitSlice(args, [&](std::int32_t id, float logit) { sum += weight(id, logit); });
#pragma unroll
    for (int offset = 16; offset > 0; offset /= 2)
        sum += __shfl_xor_sync(0xffffffffU, sum, offset);
    if (threadIdx.x % 32 == 0) shared.warpSums[threadIdx.x / 32] = sum;
    syncCluster();
    if (clusterRank() == 0) {
        const int thread = static_cast<int>(threadIdx.x);
        sum =
            thread < clusterSize() * kWarps ? inBlock(shared.warpSums, thread / kWarps)[thread % kWarps] : 0;
        std::uint64_t total = 0;
        std::uint64_t before = scanBlock(sum, shared, total);
        const std::uint64_t wanted = drawn(total);
        if (before <= wanted && wanted < before + sum) {
            shared.slice = thread;
            shared.rest = wanted - before;
        }
        __syncthreads();
        // The slice once more, a piece for each thread.
        const Slice slice = sliceOf(args.vocabulary, shared.slice);
        const std::uint64_t rest = shared.rest;
        const std::int32_t piece = (slice.last - slice.first + kThreads - 1) / kThreads;
        const std::int32_t first = min(slice.first + thread * piece, slice.last);
        const std::int32_t last = min(first + piece, slice.last);
        const auto weightOf = [&](std::int32_t id) {
            return weight(id, __ldcg(args.logits + id));
        };
        sum = 0;
#pragma unroll 4
        for (std::int32_t id = first; id < last; ++id)
            sum += weightOf(id);
        before = scanBlock(sum, shared, total);
        if (before <= rest && rest < before + sum) {
            std::int32_t id = first;
            for (before += weightOf(id); before <= rest; before += weightOf(id))
                ++id;
            shared.found = id;
        }
    }
    syncCluster();
}

/// Drops the tokens behind the share of the best ones.
__device__ void keepBest(
    const SampleTokenArgs& args, const Weighing& weighing, const Share& share, Cut& cut, Shared& shared) {
    KeyRange range{.low = max(cut.key, weighing.leastKey()), .high = keyOf(weighing.best)};
    Crossing crossing{};
    std::uint64_t kept = 0;  // of the tokens in the range
    for (bool isFirst = true; kept == 0; isFirst = false) {
        fillBins(args, weighing, cut, range, share.isMass, shared);
        syncCluster();
        if (clusterRank() == 0) findCrossing(share, isFirst, crossing.wanted, shared);
        syncCluster();
        crossing = *inBlock(&shared.crossing, 0);
        if (crossing.bin < 0) return;
        const std::uint64_t inBin = share.isMass ? crossing.mass : crossing.count;
        if (crossing.wanted == inBin || crossing.count == 1) {
            kept = crossing.count;
        } else if (range.shift() == 0) {  // tokens of one logit
            const std::uint64_t each = inBin / crossing.count;
            kept = (crossing.wanted + each - 1) / each;
        }
        range = range.bin(crossing.bin);
    }
    std::int32_t lastId = range.low == cut.key ? cut.lastId : kNoId;
    if (kept < crossing.count) {
        findById(
            args,
            [&](std::int32_t id, float logit) -> std::uint64_t {
                const std::uint32_t key = keyOf(logit);
                return key == range.low && cut.keeps(key, id) ? 1 : 0;
            },
            [&](std::uint64_t /*total*/) { return kept - 1; },
            shared);
        lastId = *inBlock(&shared.found, 0);
    }
    cut = {.key = range.low, .lastId = lastId};
}

/// The next number of xoshiro256**, as core/base/rng.h has it, and what follows it.
__device__ std::uint64_t nextRandom(std::uint64_t (&state)[4]) {
    const auto rotated = [](std::uint64_t value, int bits) {
        return value << bits | value >> (64 - bits);
    };
    const std::uint64_t value = rotated(state[1] * 5, 7) * 9;
    const std::uint64_t shifted = state[1] << 17;
    state[2] ^= state[0];
    state[3] ^= state[1];
    state[1] ^= state[2];
    state[0] ^= state[3];
    state[2] ^= shifted;
    state[3] = rotated(state[3], 45);
    return value;
}

/// A token of those that top-k, top-p and min-p leave; in the first block's `found`.
__device__ void draw(const SampleTokenArgs& args, const Weighing& weighing, Shared& shared) {
    Cut cut;
    const std::int32_t topK = __ldcg(&args.state->topK);
    const double topP = __ldcg(&args.state->topP);
    // A loop, so that the code is there once: each launch has to fetch it.
#pragma unroll 1
    for (int option = 0; option < 2; ++option) {
        const bool isMass = option == 1;
        if (isMass ? topP < 1.0 : topK > 0 && topK < args.vocabulary)
            keepBest(args, weighing, {.isMass = isMass, .topP = topP, .topK = topK}, cut, shared);
    }
    const float leastLogit =
        __double2float_ru(static_cast<double>(weighing.best) + __ldcg(&args.state->minReach));
    std::uint64_t random[4];
    for (int i = 0; i < 4; ++i)
        random[i] = __ldcg(args.state->random + i);
    const double uniform = static_cast<double>(nextRandom(random) >> 11) * 0x1.0p-53;
    findById(
        args,
        [&](std::int32_t id, float logit) -> std::uint64_t {
            return logit >= leastLogit && cut.keeps(keyOf(logit), id) ? weighing.mass(logit) : 0;
        },
        [&](std::uint64_t total) {
            return lesser(__double2ull_rz(__dmul_rn(uniform, __ull2double_rn(total))), total - 1);
        },
        shared);
    if (clusterRank() != 0 || threadIdx.x != 0) return;
    for (int i = 0; i < 4; ++i)
        args.state->random[i] = random[i];
}

// One cluster: its blocks' warps have a slice of the logits each, and the first block decides.
__global__ void __launch_bounds__(kThreads)
    sample_token_kernel(const __grid_constant__ SampleTokenArgs args) {
    __shared__ Shared shared;
    releaseNextKernel();
    waitForPreviousKernel();
    const float penalty = __ldcg(&args.state->penalty);
    const float perLogit = __ldcg(&args.state->perLogit);
    Candidate best = findBest(args, penalty, shared);
    const bool isDrawn = !isnan(best.logit) && perLogit > 0.0F;
    if (isDrawn) draw(args, {.best = best.logit, .perLogit = perLogit}, shared);
    if (clusterRank() == 0 && threadIdx.x == 0) {
        if (isDrawn) best.id = shared.found;
        if (isnan(best.logit)) best.id = 0;
        *args.chosen = best;
        if (penalty != 1.0F) atomicOr(args.seen + best.id / 32, 1U << best.id % 32);
    }
    syncCluster();  // no block ends while another reads its best token
}

/// Blocks of the cluster: a power of two.
int blocksOf(const DeviceTraits& traits) {
    if (!traits.hasBulkCopies) return 1;
    cudaLaunchConfig_t config{};
    config.gridDim = dim3(kMaxBlocks);
    config.blockDim = dim3(kThreads);
    int possible = 0;
    if (cudaOccupancyMaxPotentialClusterSize(&possible, sample_token_kernel, &config) != cudaSuccess) {
        static_cast<void>(cudaGetLastError());
        return 1;
    }
    int blocks = kMaxBlocks;
    while (blocks > 1 && blocks > possible)
        blocks /= 2;
    return blocks;
}

}  // namespace

cudaError_t sampleToken(const SampleTokenArgs& args, const DeviceTraits& traits, const Launch& launch) {
    const int blocks = blocksOf(traits);
    return launchKernel(sample_token_kernel, args, blocks, kThreads, 0, launch, blocks);
}

}  // namespace epi::cuda
