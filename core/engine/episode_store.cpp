#include "core/engine/episode_store.h"

#include <algorithm>
#include <vector>

#include "core/base/log.h"
#include "core/engine/episode_files.h"
#include "core/model/executor.h"
#include "core/model/language_model.h"
#include "core/model/reindex.h"
#include "core/tensor/guard.h"

namespace epi {
namespace {

// A block in reserve may be larger by this fraction than what is put into it; its size is what counts.
constexpr std::int64_t kLargestSurplus = 8;

}  // namespace

std::string_view name(CacheTier tier) {
    switch (tier) {
        case CacheTier::kDevice:
            return "device";
        case CacheTier::kMemory:
            return "memory";
        case CacheTier::kDisk:
            return "disk";
        case CacheTier::kRebuilt:
            return "rebuilt";
    }
    return "";
}

EpisodeStore::EpisodeStore(std::filesystem::path folder, const CacheLimits& limits)
    : folder_(std::move(folder)), device_(limits.deviceBytes), memory_(limits.memoryBytes) {}

void EpisodeStore::setOnGpu(bool isOnGpu, const PageLock& lock) {
    isOnGpu_ = isOnGpu;
    spares_ = SpareBlocks(isOnGpu ? lock : PageLock{});
}

CacheTier EpisodeStore::tierOf(const std::string& episodeKey) const {
    if (caches_.contains(episodeKey)) return CacheTier::kDevice;
    return snapshots_.contains(episodeKey) ? CacheTier::kMemory : CacheTier::kDisk;
}

Residency EpisodeStore::residency() const {
    const ResidencyPolicy::Counters& counters = device_.counters();
    return {.deviceBytes = device_.usedBytes(),
            .deviceLimit = device_.capacityBytes(),
            .memoryBytes = memory_.usedBytes() + spares_.bytes(),
            .hits = counters.hits,
            .faults = counters.faults,
            .evictions = counters.evictions,
            .lruFaults = counters.lruFaults,
            .followsLru = counters.followsLru,
            .diskFaults = diskFaults_,
            .rebuilds = rebuilds_};
}

Result<EpisodeStore::Opened> EpisodeStore::open(const BuildContext& context,
                                                Conversation& conversation,
                                                std::int32_t episode,
                                                MemoryPeak& peak) {
    BuiltMemory& memory = *conversation.memory;
    const std::string key = episodeKey(memory.key, episode);
    rewind(key, conversation, memory.episodes[static_cast<std::size_t>(episode)]);
    if (const auto found = caches_.find(key); found != caches_.end()) {
        for (const std::string& victim : device_.request(key, found->second->allocatedBytes()))
            demote(victim);
        return Opened{.cache = found->second.get(), .tier = CacheTier::kDevice};
    }
    // Room is made before the memory is taken.
    for (const std::string& victim : device_.request(key, cacheBytes(context.model, memory)))
        demote(victim);
    std::unique_ptr<KvCache> cache;
    auto tier = guarded("opening an episode", [&]() -> Result<CacheTier> {
        EPI_TRY_ASSIGN(KvCache made, makeCache(context.model, memory, peak));
        cache = std::make_unique<KvCache>(std::move(made));
        return fill(context, conversation, episode, peak, *cache);
    });
    if (!tier) {
        device_.discard(key);
        return std::move(tier).error();
    }
    return Opened{.cache = caches_.insert_or_assign(key, std::move(cache)).first->second.get(),
                  .tier = *tier};
}

Result<CacheTier> EpisodeStore::fill(const BuildContext& context,
                                     Conversation& conversation,
                                     std::int32_t index,
                                     MemoryPeak& peak,
                                     KvCache& cache) {
    BuiltMemory& memory = *conversation.memory;
    EpisodeMemory& episode = memory.episodes[static_cast<std::size_t>(index)];
    const std::string key = episodeKey(memory.key, index);
    EPI_TRY_ASSIGN(const bool isRestored, restoreSnapshot(key, cache));
    if (isRestored) return CacheTier::kMemory;
    const EpisodeFiles files = episodeFiles(folder_, key);
    // What was never written is gone with the copy on the device.
    if (episode.isWholeUnsaved || episode.areRowsUnsaved) loadState(files, conversation.text.turns, episode);
    if (episode.wholeIdentity != 0) {
        const Executor& executor = context.model.executor();
        if (loadCache(files, executor.spec(), executor.placement(), episode, cache)) {
            if (!cache.isInOrder()) reindexPositions(executor, cache);
            ++diskFaults_;
            return CacheTier::kDisk;
        }
    }
    ++rebuilds_;
    EPI_TRY_ASSIGN(const KvSnapshot built, rebuildEpisode(context, conversation, memory, index, peak));
    snapshots_.erase(key);
    memory_.discard(key);
    EPI_TRY(cache.restore(built));
    return CacheTier::kRebuilt;
}

Result<bool> EpisodeStore::restoreSnapshot(const std::string& key, KvCache& cache) {
    const auto found = snapshots_.find(key);
    if (found == snapshots_.end()) return false;
    KvSnapshot snapshot = std::move(found->second);
    snapshots_.erase(found);
    memory_.discard(key);
    EPI_TRY(cache.restore(snapshot));
    keepBlock(snapshot);
    return true;
}

void EpisodeStore::rewind(const std::string& key, Conversation& conversation, EpisodeMemory& episode) {
    std::vector<TurnBoundary>& boundaries = episode.boundaries;
    if (boundaries.empty()) return;
    const std::span<const Turn> turns(conversation.text.turns);
    const std::int64_t rows = boundaries.back().rows;
    while (boundaries.size() > 1 && !isIn(boundaries.back(), turns))
        boundaries.pop_back();
    if (boundaries.size() == 1 && !isIn(boundaries.front(), turns)) {
        discard(key);
        forgetTurns(episodeFiles(folder_, key), episode);
        return;
    }
    const std::int64_t dropped = rows - boundaries.back().rows;
    if (dropped == 0) return;
    if (const auto found = caches_.find(key); found != caches_.end()) found->second->dropNewest(dropped);
    dropSnapshot(key);
    memory_.discard(key);
}

Result<void> EpisodeStore::save(Conversation& conversation, std::int32_t index) {
    if (!conversation.memory) return {};
    BuiltMemory& memory = *conversation.memory;
    const std::string key = episodeKey(memory.key, index);
    const auto found = caches_.find(key);
    if (found == caches_.end()) return {};
    return saveState(episodeFiles(folder_, key),
                     *found->second,
                     memory.resolved.options.codec,
                     memory.episodes[static_cast<std::size_t>(index)]);
}

void EpisodeStore::demote(const std::string& key) {
    const auto found = caches_.find(key);
    if (found == caches_.end()) return;
    const std::unique_ptr<KvCache> cache = std::move(found->second);
    caches_.erase(found);
    if (!isOnGpu_) return;
    const std::int64_t needed = HostBlock::roundedUp(cache->snapshotBytes());
    std::shared_ptr<HostBlock> block = spares_.take(needed, needed + needed / kLargestSurplus);
    makeRoom(key, (block ? block->bytes() : needed) + cache->noteBytes());
    // One that made room may have had the right size. Else memory that is not locked: locking would take
    // longer than the slower copy does, and somebody waits.
    if (!block) block = spares_.take(needed, needed);
    limitSpares();
    if (!block && needed > 0) block = HostBlock::allocate(needed, {});
    auto snapshot = guarded("copying an episode from the device",
                            [&]() -> Result<KvSnapshot> { return cache->snapshotIn(std::move(block)); });
    if (!snapshot) {
        logWarning(snapshot.error().message + "; its files are read when it is asked again");
        memory_.discard(key);
        return;
    }
    snapshots_.insert_or_assign(key, *std::move(snapshot));
}

void EpisodeStore::keep(const std::string& episodeKey, const KvSnapshot& snapshot, bool isSaved) {
    if (isSaved && !isOnGpu_) return;
    makeRoom(episodeKey, snapshot.allocatedBytes());
    limitSpares();
    snapshots_.insert_or_assign(episodeKey, snapshot);
}

void EpisodeStore::moveToMemory(const BuiltMemory& memory, std::int32_t episode) {
    const std::string key = episodeKey(memory.key, episode);
    device_.discard(key);
    demote(key);
}

void EpisodeStore::makeRoom(const std::string& key, std::int64_t bytes) {
    for (const std::string& victim : memory_.request(key, bytes))
        dropSnapshot(victim);
}

void EpisodeStore::limitSpares() {
    spares_.shrink(memory_.capacityBytes() - memory_.usedBytes());
}

void EpisodeStore::dropSnapshot(const std::string& key) {
    const auto found = snapshots_.find(key);
    if (found == snapshots_.end()) return;
    keepBlock(found->second);
    snapshots_.erase(found);
}

void EpisodeStore::keepBlock(KvSnapshot& snapshot) {
    snapshot.layers.clear();  // first, since its tensors hold the block as well
    spares_.giveBack(std::move(snapshot.block));
}

void EpisodeStore::lockAhead() {
    if (!isOnGpu_ || caches_.empty()) return;
    std::int64_t largest = 0;
    std::int64_t onDevice = 0;
    for (const auto& [key, cache] : caches_) {
        largest = std::max(largest, HostBlock::roundedUp(cache->snapshotBytes()));
        onDevice = std::max(onDevice, cache->allocatedBytes());
    }
    const std::int64_t room = memory_.capacityBytes() - memory_.usedBytes();
    const std::int64_t most = largest + largest / kLargestSurplus;
    spares_.shrink(std::min(room, most));
    // While the device has room nothing leaves it; where memory has none, what makes room there leaves its
    // block.
    if (device_.fits(onDevice) || largest > room || spares_.has(largest, most)) return;
    spares_.shrink(0);  // turns have made the cache larger than what was locked for it
    spares_.prepare(largest);
}

void EpisodeStore::discard(const std::string& key) {
    caches_.erase(key);
    dropSnapshot(key);
    device_.discard(key);
    memory_.discard(key);
}

void EpisodeStore::drop(const BuiltMemory& memory, std::int32_t episode) {
    const std::string key = episodeKey(memory.key, episode);
    caches_.erase(key);
    device_.discard(key);
}

void EpisodeStore::forget(const std::string& memoryKey) {
    std::vector<std::string> keys;
    for (const auto& entry : caches_)
        if (entry.first.starts_with(memoryKey)) keys.push_back(entry.first);
    for (const auto& entry : snapshots_)
        if (entry.first.starts_with(memoryKey)) keys.push_back(entry.first);
    for (const std::string& key : keys)
        discard(key);
    spares_.shrink(0);
}

void EpisodeStore::observe(const BuiltMemory& memory,
                           std::span<const double> similarities,
                           std::int32_t chosen) {
    std::vector<ResidencyPolicy::Similarity> items;
    for (std::size_t index = 0; index < similarities.size(); ++index)
        items.push_back({episodeKey(memory.key, static_cast<std::int32_t>(index)), similarities[index]});
    device_.observe(items, episodeKey(memory.key, chosen));
    memory_.observe(items, episodeKey(memory.key, chosen));
}

bool EpisodeStore::prefetch(const BuildContext& context, Conversation& conversation, MemoryPeak& peak) {
    if (!conversation.memory) return false;
    BuiltMemory& memory = *conversation.memory;
    const std::int64_t bytes = cacheBytes(context.model, memory);
    for (std::size_t index = 0; index < memory.episodes.size(); ++index) {
        EpisodeMemory& episode = memory.episodes[index];
        const auto number = static_cast<std::int32_t>(index);
        const std::string key = episodeKey(memory.key, number);
        if (memory.cacheOf(number) != number) continue;
        if (episode.wholeIdentity == 0 || caches_.contains(key) || !device_.fits(bytes) ||
            episode.isWholeUnsaved || episode.areRowsUnsaved) {
            continue;
        }
        rewind(key, conversation, episode);
        const EpisodeFiles files = episodeFiles(folder_, key);
        auto made = makeCache(context.model, memory, peak);
        if (!made) return false;
        auto cache = std::make_unique<KvCache>(*std::move(made));
        const Executor& executor = context.model.executor();
        const auto restored = restoreSnapshot(key, *cache);
        if (!restored) return false;
        if (!*restored && !loadCache(files, executor.spec(), executor.placement(), episode, *cache)) {
            episode.wholeIdentity = 0;  // said in the log; read again when it is asked
            return true;
        }
        if (!cache->isInOrder()) reindexPositions(executor, *cache);
        device_.admit(key, cache->allocatedBytes());
        caches_.insert_or_assign(key, std::move(cache));
        return true;
    }
    return false;
}

}  // namespace epi
