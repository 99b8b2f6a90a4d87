#pragma once

#include <cstdint>
#include <future>
#include <memory>
#include <vector>

#include "core/tensor/host_block.h"

namespace epi {

/// Page-locked blocks that nobody uses. Locking takes longer than the copy that needs the block, so one is
/// made ahead on a thread of its own, and what one copy has left is taken for the next. One thread, which
/// waits for the other only where it is said and at the end.
class SpareBlocks {
public:
    explicit SpareBlocks(const PageLock& lock) : lock_(lock) {}

    /// Begins to make a block for so many bytes, unless one in reserve fits exactly or one is in the making.
    /// Does not wait. Nothing either once locking was refused, or when no thread can be had.
    void prepare(std::int64_t bytes);
    /// Waits until nothing is in the making.
    void wait();

    /// Whether a block of at least `bytes` and at most `most` is in reserve or in the making.
    [[nodiscard]] bool has(std::int64_t bytes, std::int64_t most) const;
    /// The smallest block in reserve of at least `bytes` and at most `most`; null when there is none. Does
    /// not wait.
    std::shared_ptr<HostBlock> take(std::int64_t bytes, std::int64_t most);
    /// A block of exactly so many bytes in whole pages, out of the reserve or made now; waits. Null when the
    /// computer has not so much memory.
    std::shared_ptr<HostBlock> takeOrMake(std::int64_t bytes);

    /// Takes a block in reserve when it is locked and nobody else holds it; otherwise nothing.
    void giveBack(std::shared_ptr<HostBlock> block);
    /// Frees blocks until those in reserve have at most so many bytes, the largest first.
    void shrink(std::int64_t most);

    /// Of all blocks in reserve, one in the making included.
    [[nodiscard]] std::int64_t bytes() const;

private:
    /// Takes over what was made.
    void collect();

    PageLock lock_;
    std::vector<std::shared_ptr<HostBlock>> blocks_;  // ascending by size
    std::int64_t makingBytes_ = 0;                    // 0: nothing is in the making
    bool isRefused_ = false;                          // what was made last could not be locked
    bool isUnwanted_ = false;                         // what is in the making
    std::future<std::shared_ptr<HostBlock>> making_;  // its destruction waits
};

}  // namespace epi
