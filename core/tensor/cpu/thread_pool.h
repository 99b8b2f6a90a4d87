#pragma once

#include <atomic>
#include <cstdint>
#include <thread>
#include <vector>

namespace epi::cpu {

/// Threads for parallel regions of microseconds: a region starts without a system call while they spin, which
/// they do for 30 us before they block, so that an idle engine costs nothing and other programs get the
/// cores. The indices of a region are claimed one by one: a thread that the system has taken off its core
/// holds up no more than the index it is at. `run` is called by one thread at a time, and not from inside a
/// region.
class ThreadPool {
public:
    /// `threads` in all, the caller of `run` included; at least 1.
    explicit ThreadPool(int threads);
    ~ThreadPool();
    ThreadPool(const ThreadPool&) = delete;
    ThreadPool& operator=(const ThreadPool&) = delete;

    [[nodiscard]] int threads() const { return static_cast<int>(workers_.size()) + 1; }

    /// Calls body(0) ... body(count - 1), each once, and returns when all are done. `body` must not throw.
    template <typename Body>
    void run(std::int64_t count, const Body& body) {
        if (count == 1 || workers_.empty()) {
            for (std::int64_t index = 0; index < count; ++index)
                body(index);
            return;
        }
        const auto call = [](const void* object, std::int64_t index) {
            (*static_cast<const Body*>(object))(index);
        };
        runRegion({.call = call, .body = &body}, count);
    }

private:
    struct Region {
        void (*call)(const void* body, std::int64_t index) = nullptr;
        const void* body = nullptr;
    };

    void runRegion(const Region& region, std::int64_t count);
    void work();
    /// Claims and runs indices of this region until none is left.
    void runIndices(std::uint64_t region);

    // Region number in the upper half, number of unclaimed indices in the lower: an index is claimed only
    // while its region is the current one. Three cache lines, since all threads write two of them.
    alignas(64) std::atomic<std::uint64_t> ticket_{0};
    alignas(64) std::atomic<std::int64_t> unfinished_{0};
    alignas(64) std::atomic<void (*)(const void*, std::int64_t)> call_{nullptr};
    std::atomic<const void*> body_{nullptr};
    std::atomic<bool> isStopping_{false};
    std::vector<std::thread> workers_;
};

}  // namespace epi::cpu
