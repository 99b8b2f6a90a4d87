#include <algorithm>
#include <chrono>
#include <functional>
#include <vector>

#include <c10/core/InferenceMode.h>

#include "core/base/file.h"
#include "core/engine/benchmark/bench_memory.h"
#include "core/engine/benchmark/stopwatch.h"
#include "core/engine/episode_store.h"
#include "core/engine/memory_plan.h"
#include "core/model/executor.h"
#include "core/model/language_model.h"
#include "core/tensor/device_memory.h"
#include "core/tensor/guard.h"
#include "core/tensor/host_block.h"

#include <fcntl.h>

namespace epi {
namespace {

constexpr std::int32_t kSwitches = 12;  // per case; the first two are not counted
constexpr std::int32_t kWarmUps = 2;

/// Asks the system to forget what it holds of a folder's files; some file systems keep it.
void dropFromPageCache(const std::filesystem::path& folder) {
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
        const FileDescriptor file(::open(entry.path().c_str(), O_RDONLY | O_CLOEXEC));
        if (file.isOpen()) static_cast<void>(::posix_fadvise(file.get(), 0, 0, POSIX_FADV_DONTNEED));
    }
}

/// Switches between the episodes of a built memory.
class Switcher {
public:
    Switcher(const BenchRun& run, BenchMemory::State& memory, std::int64_t cachesOnDevice)
        : run_(run),
          memory_(memory),
          context_(memory.context(run)),
          store_(memory.folder,
                 {.deviceBytes = cachesOnDevice * cacheBytes(*run.subject.model, *memory.conversation.memory),
                  .memoryBytes = std::int64_t{1} << 42}) {
        store_.setOnGpu(run.subject.model->info().isOnGpu);
    }

    [[nodiscard]] EpisodeStore& store() { return store_; }
    [[nodiscard]] std::int32_t episodes() const {
        const BuiltMemory& built = *memory_.conversation.memory;
        return built.sharesCache ? 1 : static_cast<std::int32_t>(built.episodes.size());
    }
    [[nodiscard]] std::string keyOf(std::int32_t episode) const {
        return episodeKey(memory_.conversation.memory->key, episode);
    }

    Result<KvCache*> open(std::int32_t episode, CacheTier expected) {
        EPI_TRY_ASSIGN(const EpisodeStore::Opened opened,
                       store_.open(context_, memory_.conversation, episode, memory_.peak));
        if (opened.tier == expected) return opened.cache;
        return Error{ErrorCode::kInternal,
                     "episode " + std::to_string(episode) + " came from " + std::string(name(opened.tier)) +
                         ", not from " + std::string(name(expected))};
    }

    /// Opens one episode after the other; `before` prepares each.
    Result<BenchRow> measure(const std::string& what,
                             CacheTier tier,
                             const std::function<Result<void>(std::int32_t episode)>& before) {
        std::vector<double> seconds;
        std::vector<double> firstTokens;
        std::int64_t bytes = 0;
        for (std::int32_t i = 0; i < kSwitches; ++i) {
            if (run_.cancel.isCancelled())
                return Error{ErrorCode::kCancelled, "the measurement was cancelled"};
            const std::int32_t episode = i % episodes();
            EPI_TRY(before(episode));
            synchronizeDevice();
            const auto start = std::chrono::steady_clock::now();
            EPI_TRY_ASSIGN(KvCache* const cache, open(episode, tier));
            synchronizeDevice();
            const double opened = secondsSince(start);
            EPI_TRY(readOneToken(*cache));
            const double first = secondsSince(start);
            bytes = usedBytes(*cache);
            if (i < kWarmUps) continue;
            seconds.push_back(opened);
            firstTokens.push_back(first);
        }
        BenchRow row{.row = "switch",
                     .what = what,
                     .seconds = spreadOf(std::move(seconds)),
                     .details = {{"tier", name(tier)},
                                 {"bytes", bytes},
                                 {"first_token_seconds", spreadOf(std::move(firstTokens)).median}}};
        if (tier != CacheTier::kDevice) {
            row.unit = "GB/s";
            row.rate = static_cast<double>(bytes) / row.seconds.median / 1e9;
        }
        return row;
    }

private:
    Result<void> readOneToken(KvCache& cache) {
        const KvCache::Mark mark = cache.mark();
        const TokenId id = 1;
        EPI_TRY(run_.subject.model->executor().forward({.groups = {{.kind = RowGroup::Kind::kAppend,
                                                                    .ids = std::span(&id, 1),
                                                                    .firstPosition = cache.nextPosition()}},
                                                        .logitRows = 1,
                                                        .hook = nullptr,
                                                        .cancel = run_.cancel},
                                                       cache));
        synchronizeDevice();
        cache.truncate(mark);
        return {};
    }

    static std::int64_t usedBytes(const KvCache& cache) {
        std::int64_t bytes = 0;
        for (std::int32_t layer = 0; layer < cache.layerCount(); ++layer) {
            const LayerArena& arena = cache.layer(layer);
            bytes += 2 * arena.totalLength() * arena.shape().headDim *
                     static_cast<std::int64_t>(arena.keys().element_size());
        }
        return bytes;
    }

    const BenchRun& run_;
    BenchMemory::State& memory_;
    BuildContext context_;
    EpisodeStore store_;
};

/// The way into the computer's memory, as when another episode takes the place on the device, and back.
/// Requires: all episodes are on the device.
Result<void> measureMemory(const BenchRun& run, BenchMemory::State& memory, Switcher& all, BenchRows& rows) {
    const bool isOnGpu = run.subject.model->executor().placement().device.is_cuda();
    const std::int64_t before = HostBlock::lockedBytes();
    std::int64_t locked = 0;
    std::vector<double> seconds;
    const auto demote = [&](std::int32_t episode) -> Result<void> {
        EPI_TRY_ASSIGN(KvCache* const cache, all.open(episode, CacheTier::kDevice));
        if (!isOnGpu) {  // it is the same memory, which only a cache without a file is kept in
            const KvSnapshot snapshot = cache->snapshot();
            all.store().drop(*memory.conversation.memory, episode);
            all.store().keep(all.keyOf(episode), snapshot, false);
            return {};
        }
        all.store().lockAhead();
        all.store().finishLocking();
        locked = HostBlock::lockedBytes() - before;
        synchronizeDevice();
        const auto start = std::chrono::steady_clock::now();
        all.store().moveToMemory(*memory.conversation.memory, episode);
        seconds.push_back(secondsSince(start));
        return {};
    };
    EPI_TRY_ASSIGN(BenchRow from, all.measure("", CacheTier::kMemory, demote));
    const std::string kind = locked > 0 ? "page-locked memory" : "ordinary memory";
    from.what = "from " + kind;
    from.details["locked_bytes"] = locked;
    const auto bytes = from.details["bytes"].get<double>();
    if (run.subject.ceilings.uploadRate > 0.0) {
        from.floorSeconds = bytes / run.subject.ceilings.uploadRate;
        from.limit = "upload";
    }
    rows.push_back(std::move(from));
    if (!isOnGpu) return {};
    seconds.erase(seconds.begin(), seconds.begin() + kWarmUps);
    BenchRow to{.row = "switch", .what = "into " + kind, .seconds = spreadOf(std::move(seconds))};
    to.unit = "GB/s";
    to.rate = bytes / to.seconds.median / 1e9;
    to.details["bytes"] = bytes;
    if (run.subject.ceilings.downloadRate > 0.0) {
        to.floorSeconds = bytes / run.subject.ceilings.downloadRate;
        to.limit = "download";
    }
    to.note = "what an episode that leaves the device adds to a switch";
    rows.push_back(std::move(to));
    return {};
}

Result<BenchRows> measure(const BenchRun& run, BenchMemory::State& memory) {
    if (!memory.conversation.memory)
        return Error{ErrorCode::kInvalidArgument, "no memory was built to switch in"};
    BenchRows rows;
    const auto nothing = [](std::int32_t) {
        return Result<void>();
    };
    Switcher all(run, memory, static_cast<std::int64_t>(memory.conversation.memory->episodes.size()));
    const auto forget = [&](std::int32_t) {
        all.store().forget(memory.conversation.memory->key);
        return Result<void>();
    };
    EPI_TRY_ASSIGN(BenchRow cached, all.measure("from files the system holds", CacheTier::kDisk, forget));
    const auto forgetFiles = [&](std::int32_t episode) {
        dropFromPageCache(memory.folder);
        return forget(episode);
    };
    EPI_TRY_ASSIGN(BenchRow disk, all.measure("from files read anew", CacheTier::kDisk, forgetFiles));
    disk.note = "as far as the file system forgets them";

    for (std::int32_t episode = 0; episode < all.episodes(); ++episode) {
        const bool isHere = all.store().tierOf(all.keyOf(episode)) == CacheTier::kDevice;
        EPI_TRY(all.open(episode, isHere ? CacheTier::kDevice : CacheTier::kDisk));
    }
    EPI_TRY_ASSIGN(BenchRow resident, all.measure("resident on the device", CacheTier::kDevice, nothing));
    EPI_TRY(measureMemory(run, memory, all, rows));
    rows.insert(rows.begin(), std::move(resident));
    rows.push_back(std::move(cached));
    rows.push_back(std::move(disk));
    return rows;
}

}  // namespace

Result<BenchRows> benchmarkSwitch(const BenchRun& run, BenchMemory& memory) {
    const c10::InferenceMode inference;
    return guarded("measuring switches", [&] { return measure(run, memory.state()); });
}

}  // namespace epi
