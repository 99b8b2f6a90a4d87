#include "core/tensor/cpu/thread_pool.h"

#include <algorithm>
#include <chrono>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace epi::cpu {
namespace {

constexpr std::uint64_t kIndexBits = 32;
constexpr std::uint64_t kUnclaimedMask = (std::uint64_t{1} << kIndexBits) - 1;
constexpr auto kSpinTime = std::chrono::microseconds(30);

void pause() {
#if defined(__x86_64__)
    _mm_pause();
#endif
}

/// Waits until `value` is no longer `old`: spinning first, then blocked.
template <typename T>
void waitForChange(const std::atomic<T>& value, T old) {
    constexpr int kChecksPerLookAtTheClock = 32;
    const auto end = std::chrono::steady_clock::now() + kSpinTime;
    do {
        for (int i = 0; i < kChecksPerLookAtTheClock; ++i) {
            if (value.load(std::memory_order_acquire) != old) return;
            pause();
        }
    } while (std::chrono::steady_clock::now() < end);
    value.wait(old, std::memory_order_acquire);
}

}  // namespace

ThreadPool::ThreadPool(int threads) {
    for (int i = 1; i < threads; ++i)
        workers_.emplace_back([this] { work(); });
}

ThreadPool::~ThreadPool() {
    isStopping_ = true;
    ticket_.fetch_add(std::uint64_t{1} << kIndexBits);  // a region without indices
    ticket_.notify_all();
    for (std::thread& worker : workers_)
        worker.join();
}

void ThreadPool::runRegion(const Region& region, std::int64_t count) {
    if (count <= 0) return;
    // No index of the last region is unclaimed, so nobody acts on these while they change.
    call_.store(region.call, std::memory_order_relaxed);
    body_.store(region.body, std::memory_order_relaxed);
    unfinished_.store(count, std::memory_order_relaxed);
    const std::uint64_t number = (ticket_.load(std::memory_order_relaxed) >> kIndexBits) + 1;
    ticket_.store(number << kIndexBits | static_cast<std::uint64_t>(count), std::memory_order_release);
    ticket_.notify_all();
    runIndices(number);
    for (std::int64_t left = 0; (left = unfinished_.load(std::memory_order_acquire)) > 0;)
        waitForChange(unfinished_, left);
}

void ThreadPool::runIndices(std::uint64_t region) {
    std::uint64_t ticket = ticket_.load(std::memory_order_acquire);
    const auto call = call_.load(std::memory_order_relaxed);
    const void* body = body_.load(std::memory_order_relaxed);
    while (ticket >> kIndexBits == region && (ticket & kUnclaimedMask) > 0) {
        if (!ticket_.compare_exchange_weak(ticket, ticket - 1, std::memory_order_acq_rel)) continue;
        call(body, static_cast<std::int64_t>(ticket & kUnclaimedMask) - 1);
        if (unfinished_.fetch_sub(1, std::memory_order_acq_rel) == 1) unfinished_.notify_all();
        ticket = ticket_.load(std::memory_order_acquire);
    }
}

void ThreadPool::work() {
    std::uint64_t seen = 0;  // not the current one: a region may have begun before this thread did
    while (true) {
        std::uint64_t ticket = ticket_.load(std::memory_order_acquire);
        while (ticket >> kIndexBits == seen) {
            waitForChange(ticket_, ticket);
            ticket = ticket_.load(std::memory_order_acquire);
        }
        if (isStopping_) return;
        seen = ticket >> kIndexBits;
        runIndices(seen);
    }
}

}  // namespace epi::cpu
