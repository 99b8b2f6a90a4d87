#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <string>

#include "core/engine/episode_builder.h"
#include "core/engine/local_engine.h"
#include "core/kv/kv_cache.h"
#include "core/kv/residency.h"
#include "core/tensor/spare_blocks.h"

namespace epi {

/// Where an episode's cache was when it was asked for.
enum class CacheTier { kDevice, kMemory, kDisk, kRebuilt };

std::string_view name(CacheTier tier);

/// The caches of episodes in three tiers: on the device, ready to be asked; in ordinary memory (only beside a
/// GPU: without one it is the same memory), page-locked as far as the system lets it; in files. Each tier is
/// kept within its limit, which counts what is really taken, blocks in reserve included. What an episode's
/// cache holds is written in its EpisodeMemory; the store makes the bytes follow it. Engine thread only.
class EpisodeStore {
public:
    EpisodeStore(std::filesystem::path folder, const CacheLimits& limits);

    struct Opened {
        KvCache* cache = nullptr;  // until the store is next changed
        CacheTier tier = CacheTier::kDevice;
    };
    /// The cache of an episode on the device, gone back to the last boundary that lies in the conversation's
    /// history. One whose files are doubtful is read again.
    Result<Opened> open(const BuildContext& context,
                        Conversation& conversation,
                        std::int32_t episode,
                        MemoryPeak& peak);

    /// Writes what is unsaved of an episode that is on the device.
    Result<void> save(Conversation& conversation, std::int32_t episode);

    /// Forgets the copy on the device, e.g. after an answer that must leave no trace; files and state stay.
    void drop(const BuiltMemory& memory, std::int32_t episode);
    /// Forgets all copies of an episode's cache; files stay.
    void discard(const BuiltMemory& memory, std::int32_t episode) {
        discard(episodeKey(memory.key, episode));
    }
    /// Forgets all copies of a memory (or, without a key, of all), but no files.
    void forget(const std::string& memoryKey);

    /// Tells the policy a question's similarities before the episode is opened.
    void observe(const BuiltMemory& memory, std::span<const double> similarities, std::int32_t chosen);

    /// Loads one more episode of the conversation to the device, when it fits beside those that are there.
    /// False when there was nothing to do.
    bool prefetch(const BuildContext& context, Conversation& conversation, MemoryPeak& peak);

    /// Takes an episode from the device to memory, as if another one took its place.
    void moveToMemory(const BuiltMemory& memory, std::int32_t episode);

    /// Whether caches live on a GPU, so that the computer's memory is a tier of its own. Requires: the store
    /// is empty.
    void setOnGpu(bool isOnGpu, const PageLock& lock = devicePageLock());

    /// Has page-locked memory made on another thread for the next cache that must leave the device, so that
    /// no question waits for that; frees what is more than one such block.
    void lockAhead();
    /// Waits for it.
    void finishLocking() { spares_.wait(); }

    /// Keeps a cache that was just built, when a tier is meant for it.
    void keep(const std::string& episodeKey, const KvSnapshot& snapshot, bool isSaved);

    [[nodiscard]] bool isExpected(const std::string& episodeKey) const {
        return device_.isExpected(episodeKey);
    }
    [[nodiscard]] CacheTier tierOf(const std::string& episodeKey) const;
    [[nodiscard]] Residency residency() const;

private:
    /// Takes the state back to a boundary in the history, and the copies with it.
    void rewind(const std::string& key, Conversation& conversation, EpisodeMemory& episode);
    /// Fills a cache from memory, files, or by reading the history again.
    Result<CacheTier> fill(const BuildContext& context,
                           Conversation& conversation,
                           std::int32_t episode,
                           MemoryPeak& peak,
                           KvCache& cache);
    /// Moves what memory holds of an episode into a cache; false when it holds nothing.
    Result<bool> restoreSnapshot(const std::string& key, KvCache& cache);
    void demote(const std::string& key);
    /// Counts a copy in ordinary memory of so many bytes, and drops others for it; their blocks are in
    /// reserve until `limitSpares` frees what is more than the tier may hold.
    void makeRoom(const std::string& key, std::int64_t bytes);
    void limitSpares();
    /// Forgets a copy in ordinary memory that the policy does not count any more.
    void dropSnapshot(const std::string& key);
    /// Gives a snapshot up; its block is kept in reserve.
    void keepBlock(KvSnapshot& snapshot);
    void discard(const std::string& key);

    std::filesystem::path folder_;
    ResidencyPolicy device_;
    ResidencyPolicy memory_;
    std::map<std::string, std::unique_ptr<KvCache>> caches_;
    std::map<std::string, KvSnapshot> snapshots_;
    SpareBlocks spares_{PageLock{}};
    bool isOnGpu_ = false;
    std::int64_t diskFaults_ = 0;
    std::int64_t rebuilds_ = 0;
};

}  // namespace epi
