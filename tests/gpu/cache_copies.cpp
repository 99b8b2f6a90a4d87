#include "tests/gpu/cache_copies.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <numeric>
#include <vector>

#include <ATen/core/Tensor.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/randn.h>
#include <c10/core/InferenceMode.h>

#include "core/kv/kv_cache.h"
#include "core/tensor/device_memory.h"
#include "core/tensor/guard.h"
#include "core/tensor/spare_blocks.h"

namespace epi {
namespace {

constexpr std::int32_t kHeads = 8;
constexpr std::int32_t kHeadDim = 128;
constexpr std::int64_t kEntries = 4096;  // per head on average
constexpr std::int64_t kSlack = 2048;
constexpr int kRepeats = 7;

using Clock = std::chrono::steady_clock;

double millisecondsSince(Clock::time_point start) {
    return 1e3 * std::chrono::duration<double>(Clock::now() - start).count();
}

/// The middle one of several times that `body` takes.
template <typename Body>
double medianMilliseconds(const Body& body) {
    std::vector<double> times;
    for (int i = 0; i < kRepeats; ++i) {
        synchronizeDevice();
        const auto start = Clock::now();
        body();
        times.push_back(millisecondsSince(start));
    }
    std::ranges::sort(times);
    return times[times.size() / 2];
}

ModelSpec specOf(std::size_t layers) {
    ModelSpec spec;
    spec.layers.resize(layers);
    for (LayerSpec& layer : spec.layers) {
        layer.attention.kvHeads = kHeads;
        layer.attention.headDim = kHeadDim;
    }
    return spec;
}

KvCache emptyCache(std::size_t layers) {
    const std::vector<std::int64_t> rows(layers, kEntries + kSlack);
    return KvCache(specOf(layers), rows, {.device = c10::Device(c10::kCUDA, 0), .cacheType = c10::kBFloat16});
}

KvCache emptyLike(const KvCache& cache) {
    return emptyCache(static_cast<std::size_t>(cache.layerCount()));
}

/// Heads of unequal length, 4,096 entries on average.
Result<KvCache> raggedCache(std::size_t layers) {
    KvCache cache = emptyCache(layers);
    const std::int64_t rows = kEntries + kSlack / 2;
    CompactionPlan plan;
    for (std::int64_t head = 0; head < kHeads; ++head) {
        std::vector<std::int32_t>& keep = plan.keep.emplace_back();
        keep.resize(static_cast<std::size_t>(kEntries + (2 * head - kHeads + 1) * 101));
        std::iota(keep.begin(), keep.end(), static_cast<std::int32_t>(rows - std::ssize(keep)));
    }
    const at::TensorOptions options = cache.layer(0).keys().options();
    for (std::int32_t layer = 0; layer < cache.layerCount(); ++layer) {
        const at::Tensor keys = at::randn({kHeads, rows, kHeadDim}, options);
        const at::Tensor values = at::randn({kHeads, rows, kHeadDim}, options);
        EPI_TRY(cache.layer(layer).append(keys, values, 0));
        cache.layer(layer).apply(plan);
    }
    cache.setNextPosition(rows);
    return cache;
}

bool isSame(const KvCache& a, const KvCache& b) {
    for (std::int32_t layer = 0; layer < a.layerCount(); ++layer) {
        const LayerArena& one = a.layer(layer);
        const LayerArena& other = b.layer(layer);
        for (std::int32_t head = 0; head < kHeads; ++head) {
            const auto valuesOf = [head](const LayerArena& arena) {
                return arena.values().narrow(0, arena.start(head), arena.length(head));
            };
            if (!std::ranges::equal(one.positions(head), other.positions(head)) ||
                !at::equal(one.headKeys(head), other.headKeys(head)) ||
                !at::equal(valuesOf(one), valuesOf(other))) {
                return false;
            }
        }
    }
    return a.nextPosition() == b.nextPosition();
}

bool isSame(const KvSnapshot& a, const KvSnapshot& b) {
    return std::ranges::equal(a.layers, b.layers, [](const auto& one, const auto& other) {
        return one.positions == other.positions && at::equal(one.keys, other.keys) &&
               at::equal(one.values, other.values);
    });
}

/// Says what failed.
bool expect(bool isGood, const char* what) {
    if (!isGood) std::printf("copies: FAILED: %s\n", what);
    return isGood;
}

/// One way out and back through this block.
Result<bool> throughBlock(const KvCache& cache, const std::shared_ptr<HostBlock>& block, const char* kind) {
    KvSnapshot snapshot = cache.snapshotIn(block);
    bool isGood = expect(isSame(snapshot, cache.snapshot()), "what was copied out differs");
    const bool isPinned =
        snapshot.layers.front().keys.is_pinned() && snapshot.layers.back().values.is_pinned();
    isGood = expect(isPinned == block->isLocked(), "LibTorch sees another kind of memory") && isGood;
    KvCache back = emptyLike(cache);
    EPI_TRY(back.restore(snapshot));
    isGood = expect(isSame(back, cache), "what was copied back differs") && isGood;
    const double in = medianMilliseconds([&] { static_cast<void>(back.restore(snapshot)); });
    const double out = medianMilliseconds([&] { snapshot = cache.snapshotIn(block); });
    isGood = expect(isSame(back, cache), "what was copied back again differs") && isGood;
    const auto megabytes = static_cast<double>(snapshot.bytes()) / 1e6;
    std::printf("copies, %s: %.0f MB from the GPU in %.1f ms (%.1f GB/s), to it in %.1f ms (%.1f GB/s)\n",
                kind,
                megabytes,
                out,
                megabytes / out,
                in,
                megabytes / in);
    return isGood;
}

Result<bool> check(std::size_t layers) {
    EPI_TRY_ASSIGN(const KvCache cache, raggedCache(layers));
    const std::int64_t bytes = cache.snapshotBytes();
    const std::int64_t before = HostBlock::lockedBytes();
    bool isGood = true;
    {
        auto start = Clock::now();
        auto block = HostBlock::allocate(bytes, devicePageLock());
        const double locking = millisecondsSince(start);
        if (!block) return Error{ErrorCode::kOutOfMemory, "there is no memory for a copy"};
        isGood = expect(block->isLocked(), "the driver refuses to lock the block") && isGood;
        isGood = expect(HostBlock::lockedBytes() - before == HostBlock::roundedUp(bytes),
                        "what is locked is not what is counted") &&
                 isGood;
        EPI_TRY_ASSIGN(const bool isLockedGood, throughBlock(cache, block, "page-locked"));
        start = Clock::now();
        block.reset();
        std::printf("copies: %.0f MB locked in %.1f ms, freed in %.1f ms\n",
                    static_cast<double>(bytes) / 1e6,
                    locking,
                    millisecondsSince(start));
        isGood = isGood && isLockedGood;
    }
    isGood = expect(HostBlock::lockedBytes() == before, "a block stays locked") && isGood;
    const auto plain = HostBlock::allocate(bytes, {});
    if (!plain) return Error{ErrorCode::kOutOfMemory, "there is no memory for a copy"};
    EPI_TRY_ASSIGN(const bool isPlainGood, throughBlock(cache, plain, "not locked"));
    // What the episodes of a build share stays on the device.
    const KvSnapshot beside = cache.copyOnDevice();
    KvCache back = emptyLike(cache);
    EPI_TRY(back.restore(beside));
    isGood = expect(isSame(back, cache) && isSame(beside.onHost(), cache.snapshot()),
                    "a copy on the device differs") &&
             isGood;
    std::printf("copies, on the device: made in %.1f ms, taken in %.1f ms\n",
                medianMilliseconds([&] {
                    const KvSnapshot again = cache.copyOnDevice();
                    synchronizeDevice();
                }),
                medianMilliseconds([&] { static_cast<void>(back.restore(beside)); }));
    // Locked on another thread while this one works, as before a switch.
    SpareBlocks spares(devicePageLock());
    spares.prepare(bytes);
    for (int i = 0; i < 3; ++i)
        isGood = isGood && isSame(cache, cache);
    spares.wait();
    const auto spare = spares.take(bytes, HostBlock::roundedUp(bytes));
    if (!expect(spare && spare->isLocked(), "no block was locked ahead")) return false;
    EPI_TRY_ASSIGN(const bool isSpareGood, throughBlock(cache, spare, "locked ahead"));
    return isGood && isPlainGood && isSpareGood;
}

}  // namespace

Result<bool> checkCacheCopies(std::size_t layers) {
    const c10::InferenceMode inference;
    return guarded("copies of a cache", [=] { return check(layers); });
}

}  // namespace epi
