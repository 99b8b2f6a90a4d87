#pragma once

#include <cstdint>
#include <map>
#include <mutex>

#include "core/tensor/host_block.h"

namespace epi::test {

/// Stands in for a GPU's driver: notes what is locked. One at a time; any thread.
class CountingLock {
public:
    CountingLock() {
        const std::lock_guard lock(mutex);
        locked.clear();
        refuses = false;
        wrongUnlocks = 0;
        locksMade = 0;
    }

    static PageLock lock() { return {.lock = lockPages, .unlock = unlockPages}; }
    static void refuse() { refuses = true; }

    [[nodiscard]] static std::int64_t bytes() {
        const std::lock_guard lock(mutex);
        std::int64_t total = 0;
        for (const auto& [memory, bytes] : locked)
            total += bytes;
        return total;
    }
    [[nodiscard]] static std::size_t pieces() {
        const std::lock_guard lock(mutex);
        return locked.size();
    }
    /// Since it was made.
    [[nodiscard]] static int locks() {
        const std::lock_guard lock(mutex);
        return locksMade;
    }
    [[nodiscard]] static int mistakes() { return wrongUnlocks; }

private:
    static bool lockPages(void* memory, std::int64_t bytes) {
        const std::lock_guard lock(mutex);
        if (refuses) return false;
        locked[memory] = bytes;
        ++locksMade;
        return true;
    }
    static void unlockPages(void* memory) {
        const std::lock_guard lock(mutex);
        if (locked.erase(memory) != 1) ++wrongUnlocks;
    }

    static inline std::mutex mutex;
    static inline std::map<void*, std::int64_t> locked;  // guarded by mutex
    static inline bool refuses = false;                  // guarded by mutex
    static inline int locksMade = 0;                     // guarded by mutex
    static inline int wrongUnlocks = 0;                  // guarded by mutex
};

}  // namespace epi::test
