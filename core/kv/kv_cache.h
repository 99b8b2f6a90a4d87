#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "core/kv/layer_arena.h"
#include "core/model/model_spec.h"

namespace epi {

class HostBlock;

/// A cache's entries without slack, on the CPU (but for KvCache::copyOnDevice): what is kept of an episode
/// that is not active, and what a cache file holds. Immutable once made.
struct KvSnapshot {
    std::vector<LayerArena::Content> layers;
    std::int64_t nextPosition = 0;
    std::int64_t shift = 0;              // by how much the origin of the next token exceeds its position
    std::shared_ptr<HostBlock> block{};  // where all keys and values lie; null: each in memory of its own

    [[nodiscard]] std::int64_t entries() const;
    /// Of keys and values.
    [[nodiscard]] std::int64_t bytes() const;
    /// What is taken from the system: the block as a whole, and what is noted of each entry.
    [[nodiscard]] std::int64_t allocatedBytes() const;
    /// The same on the CPU.
    [[nodiscard]] KvSnapshot onHost() const;
};

/// The rows of a cache that a history is read into: between blocks a layer holds no more than it keeps, and
/// what a block adds passes through areas that the layers use in turn.
struct ReadingRows {
    std::vector<std::int64_t> kept;  // per layer, of every KV head in the mean
    std::int64_t block = 0;
    std::int32_t areas = 1;  // layers that are over what they keep at a time
};

/// Keys and values of all layers. Physical lengths differ by layer and head once entries were evicted;
/// `nextPosition` is the logical length, the position of the next token. One thread.
class KvCache {
public:
    /// `rowsPerHead[l]` rows are allocated for every KV head of layer l, here and never again.
    KvCache(const ModelSpec& spec, std::span<const std::int64_t> rowsPerHead, const Placement& placement);
    /// For reading alone: a forward must cut each layer to what it keeps before it runs the layer that comes
    /// `areas` later. Its peak is  sum(kept) + areas * (max(kept) + block)  rows for every KV head.
    KvCache(const ModelSpec& spec, const ReadingRows& rows, const Placement& placement);

    [[nodiscard]] std::int32_t layerCount() const { return static_cast<std::int32_t>(layers_.size()); }
    [[nodiscard]] LayerArena& layer(std::int32_t index) { return layers_[static_cast<std::size_t>(index)]; }
    [[nodiscard]] const LayerArena& layer(std::int32_t index) const {
        return layers_[static_cast<std::size_t>(index)];
    }

    [[nodiscard]] std::int64_t nextPosition() const { return nextPosition_; }
    void setNextPosition(std::int64_t position) { nextPosition_ = position; }
    /// By how much the place of the next token in the history exceeds `nextPosition`: 0 until positions were
    /// counted anew (see reindexPositions).
    [[nodiscard]] std::int64_t shift() const { return shift_; }
    /// Says that all positions are counted alike.
    void setShift(std::int64_t shift);
    /// Whether all positions are counted alike. Not so after rows were added that were counted otherwise:
    /// then they are to be counted anew before anything is read.
    [[nodiscard]] bool isInOrder() const { return !isMixed_; }

    /// Rows that can still be appended to every head of every layer.
    [[nodiscard]] std::int64_t room() const;
    /// With the working areas.
    [[nodiscard]] std::int64_t allocatedBytes() const;
    /// Of the layers' own rows: a snapshot between blocks is no larger.
    [[nodiscard]] std::int64_t ownBytes() const;
    [[nodiscard]] std::int64_t entries() const;

    /// Lengths of all heads and the next position: a place to come back to after appending.
    struct Mark {
        std::vector<std::vector<std::int64_t>> lengths;  // [layer][kvHead]
        std::int64_t nextPosition = 0;
    };
    [[nodiscard]] Mark mark() const;
    /// Requires: nothing was compacted since.
    void truncate(const Mark& mark);

    /// Drops everything.
    void clear();

    /// A copy without the newest rows of every head.
    [[nodiscard]] KvSnapshot snapshot(std::int64_t withoutNewest = 0) const;
    /// The same of all rows, with keys and values in a block of at least `snapshotBytes`, without a stop
    /// between the layers. Without a block, in memory of their own.
    [[nodiscard]] KvSnapshot snapshotIn(std::shared_ptr<HostBlock> block) const;
    [[nodiscard]] std::int64_t snapshotBytes() const;
    /// A copy where the cache is, to be restored from there or brought to the CPU: it is no file's.
    [[nodiscard]] KvSnapshot copyOnDevice() const;
    /// What a snapshot notes of its entries besides.
    [[nodiscard]] std::int64_t noteBytes() const;
    Result<void> restore(const KvSnapshot& snapshot);

    /// The newest rows of every head, as a snapshot of their own. Requires: so many were appended since the
    /// last compaction.
    [[nodiscard]] KvSnapshot newest(std::int64_t rows) const;
    /// Adds what `newest` gave.
    Result<void> append(const KvSnapshot& rows);
    /// Drops the newest rows of every head. Requires: so many were appended since the last compaction.
    void dropNewest(std::int64_t rows);

private:
    /// Queues copies of all layers and waits for them, also where queueing throws.
    void runCopies(const std::function<void()>& queue) const;

    std::vector<std::shared_ptr<WorkingArea>> areas_;  // the layers use them in turn
    std::vector<LayerArena> layers_;
    std::int64_t nextPosition_ = 0;
    std::int64_t shift_ = 0;
    bool isMixed_ = false;  // rows were added whose positions are counted otherwise
};

}  // namespace epi
