#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include <ATen/core/TensorBody.h>

#include "core/base/result.h"
#include "core/kv/working_area.h"
#include "core/tensor/placement.h"

namespace epi {

class HostPieces;

/// Where a copy's keys and values go: to the CPU, into memory of their own or into pieces of a block, or to
/// where the arena is.
struct CopyTarget {
    HostPieces* pieces = nullptr;
    bool staysOnDevice = false;
};

/// Which entries of a layer stay: per KV head the indices into its entries, ascending.
struct CompactionPlan {
    std::vector<std::vector<std::int32_t>> keep;  // [kvHead][kept entries]
};

/// Consecutive KV heads of equal length, seen as one tensor.
struct HeadRun {
    std::int64_t firstHead = 0;
    std::int64_t count = 0;
    std::int64_t length = 0;
    at::Tensor keys;    // [count, length, headDim]
    at::Tensor values;  // [count, length, headDim]
};

/// Keys and values of one layer: a ragged segment per KV head inside one allocation that never grows, with
/// the original position of every entry. Keys are stored after the rotary embedding. Heads lie one behind the
/// other with equal slack, so that a compaction that gives one head more than another needs no further
/// memory. With a working area, which other layers share, an arena that becomes longer than its own rows
/// passes over into it: the area is then where its entries are, until they are cut, truncated or replaced so
/// that its own rows can hold them again. One thread.
class LayerArena {
public:
    struct Shape {
        std::int32_t kvHeads = 0;
        std::int32_t headDim = 0;
        std::int64_t rowsPerHead = 0;  // mean capacity; kvHeads * rowsPerHead rows are allocated
    };
    struct Spare {
        std::shared_ptr<WorkingArea> area;  // null: none
        std::int64_t rowsPerHead = 0;       // mean capacity in the area
    };

    LayerArena(const Shape& shape, const Placement& placement);
    LayerArena(const Shape& shape, const Placement& placement, Spare spare);

    [[nodiscard]] const Shape& shape() const { return shape_; }
    [[nodiscard]] std::int64_t length(std::int32_t head) const { return layout_.length[index(head)]; }
    [[nodiscard]] std::int64_t totalLength() const;
    [[nodiscard]] std::int64_t longestHead() const;
    /// Rows that can still be appended to every head.
    [[nodiscard]] std::int64_t room() const;
    /// Of its own rows.
    [[nodiscard]] std::int64_t allocatedBytes() const;
    /// Where a head's keys are rotated to, ascending: what attention goes by. Equal to the origins until they
    /// are moved.
    [[nodiscard]] std::span<const std::int32_t> positions(std::int32_t head) const {
        return positions_[index(head)];
    }
    /// Original positions of a head's entries in the history, ascending.
    [[nodiscard]] std::span<const std::int32_t> origins(std::int32_t head) const {
        return origins_[index(head)];
    }
    /// A head's keys as they are: [length, headDim], a view.
    [[nodiscard]] at::Tensor headKeys(std::int32_t head) const;
    /// Gives a head's entries other positions; the caller has rotated its keys.
    void setPositions(std::int32_t head, std::vector<std::int32_t> positions);
    /// What is appended from now on has this origin: its position and `shift`.
    void setShift(std::int64_t shift) { shift_ = shift; }
    /// Scores that a policy gave a head's first entries and wants to find again; later entries have none yet.
    [[nodiscard]] std::span<const float> scores(std::int32_t head) const { return scores_[index(head)]; }
    /// Remembers a score for every entry: [totalLength], head-major. They stay with their entries.
    void setScores(std::span<const float> scores);
    [[nodiscard]] std::vector<HeadRun> runs() const;
    /// First row of a head's segment in `keys()` and `values()`.
    [[nodiscard]] std::int64_t start(std::int32_t head) const { return layout_.start[index(head)]; }
    /// [kvHeads * rowsPerHead, headDim], those of the area while the entries are there.
    [[nodiscard]] const at::Tensor& keys() const { return rows_.keys; }
    [[nodiscard]] const at::Tensor& values() const { return rows_.values; }
    [[nodiscard]] bool isInArea() const { return ownLayout_.has_value(); }
    /// Mean capacity of a head, in the area where there is one.
    [[nodiscard]] std::int64_t mostRowsPerHead() const {
        return spare_.area != nullptr ? spare_.rowsPerHead : shape_.rowsPerHead;
    }

    /// Adds rows to every head: keys and values [kvHeads, rows, headDim] at positions first, first+1, ...
    /// kOutOfMemory when `room()` is smaller.
    Result<void> append(const at::Tensor& keys, const at::Tensor& values, std::int64_t firstPosition);

    /// Makes every head longer by `rows`, at positions first, first+1, ...; the caller writes their keys and
    /// values behind the old length before anybody reads them, and with a working area calls `moveIn` before
    /// that. kOutOfMemory when `room()` is smaller.
    Result<void> extend(std::int64_t rows, std::int64_t firstPosition);

    /// Copies what `extend` has given a place in the working area to that place. Apart from it, so that the
    /// places of all layers can be known before the first one runs. Nothing when it is done or the entries
    /// are in their own rows. kInternal while another layer is in the area.
    Result<void> moveIn();

    /// Writes the newest rows of every head, which `extend` has made: keys and values [kvHeads, rows,
    /// headDim]. Requires: they have moved in.
    void writeNewest(const at::Tensor& keys, const at::Tensor& values);

    /// Drops all entries that the plan does not keep and spreads the slack evenly again. From the working
    /// area they go straight into the arena's own rows when these can hold them; otherwise this needs
    /// transient memory for the kept rows of this layer, unless none of them moves.
    void apply(const CompactionPlan& plan);

    /// Drops everything.
    void clear();

    /// Drops the newest entries of each head down to `lengths`.
    void truncate(std::span<const std::int64_t> lengths);

    /// The entries of all heads without slack.
    struct Content {
        at::Tensor keys;                                   // [total, headDim], head-major
        at::Tensor values;                                 // [total, headDim]
        std::vector<std::vector<std::int32_t>> positions;  // [kvHead][entries]
        std::vector<std::vector<std::int32_t>> origins;    // [kvHead][entries]
        std::vector<std::vector<float>> scores{};          // [kvHead][at most entries]; empty: none
    };
    /// A copy without the newest rows of every head. In pieces, those of a GPU are complete once the device
    /// was waited for.
    [[nodiscard]] Content content(std::int64_t withoutNewest = 0, const CopyTarget& target = {}) const;
    /// A copy of the newest rows of every head. Requires: no head is shorter.
    [[nodiscard]] Content newest(std::int64_t rows) const;
    /// Replaces everything by `content`, which on a GPU must stay until the device was waited for.
    /// kOutOfMemory when it does not fit.
    Result<void> restore(const Content& content);
    /// Adds rows behind those of every head, as many to each; kInvalidArgument when they differ,
    /// kOutOfMemory when they do not fit.
    Result<void> append(const Content& rows);

private:
    struct EntryRange {
        std::int64_t first = 0;
        std::int64_t count = 0;
    };
    struct Layout {
        std::vector<std::int64_t> start;     // [kvHead]: first row
        std::vector<std::int64_t> length;    // [kvHead]
        std::vector<std::int64_t> capacity;  // [kvHead]
    };
    [[nodiscard]] Content copyOf(std::span<const EntryRange> ranges, const CopyTarget& target = {}) const;
    static std::size_t index(std::int32_t head) { return static_cast<std::size_t>(head); }
    /// Heads of these lengths with equal slack, `rowsPerHead` in the mean.
    [[nodiscard]] Layout spread(std::span<const std::int64_t> lengths, std::int64_t rowsPerHead) const;
    /// The same heads and entries in these rows. Requires: they lie at equal distances there.
    [[nodiscard]] HeadRun runOf(const EntryRows& rows, const Layout& layout, HeadRun run) const;
    [[nodiscard]] std::vector<HeadRun> runsOf(const EntryRows& rows, const Layout& layout) const;
    /// Rows that can be appended to every head where the entries are now.
    [[nodiscard]] std::int64_t roomHere() const;
    /// Makes sure that every head can become longer by `rows`.
    Result<void> makeRoom(std::int64_t rows);
    /// The entries are in the arena's own rows from now on.
    void leaveArea(Layout layout);
    /// Whether a plan gives an entry another row, in the same store.
    [[nodiscard]] bool movesRows(const CompactionPlan& plan, const Layout& layout) const;
    /// Drops all else of what is remembered about a head's entries, and writes down the rows of those that
    /// stay.
    void keepOnly(std::span<const std::int32_t> keep, std::size_t head, std::int32_t* rows);
    /// Moves these rows, int32 [total] on the host, to where a layout has them: to another store, or in the
    /// same one by way of a copy of them.
    void moveRows(const at::Tensor& rows, const EntryRows& target, const Layout& layout) const;
    /// By the kernel for it, where there is one.
    [[nodiscard]] bool moveOnDevice(const at::Tensor& rows,
                                    const EntryRows& target,
                                    const Layout& layout) const;
    /// Where a layout has its entries, on the device: int32 [count]; undefined for 0, 1, 2, ...
    [[nodiscard]] at::Tensor rowsOf(const Layout& layout, std::int64_t count) const;
    [[nodiscard]] std::int64_t totalRows() const { return shape_.kvHeads * shape_.rowsPerHead; }

    Shape shape_;
    Spare spare_;
    EntryRows own_;                    // [kvHeads * rowsPerHead, headDim]
    EntryRows rows_;                   // where the entries are: own_, or a view of the working area
    Layout layout_;                    // in rows_
    std::optional<Layout> ownLayout_;  // while the entries are in the area: what own_ still holds of them
    bool hasMovedIn_ = false;          // they were copied to the area
    std::vector<std::vector<std::int32_t>> positions_;
    std::vector<std::vector<std::int32_t>> origins_;
    std::int64_t shift_ = 0;
    std::vector<std::vector<float>> scores_;
};

}  // namespace epi
