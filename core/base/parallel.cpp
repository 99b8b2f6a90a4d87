#include "core/base/parallel.h"

#include <algorithm>
#include <atomic>
#include <thread>
#include <vector>

namespace epi {
namespace {

// More threads than this only wait for the same memory and disk.
constexpr std::size_t kMaxThreads = 8;

}  // namespace

void parallelFor(std::size_t count, const std::function<void(std::size_t)>& work) {
    std::atomic<std::size_t> next{0};
    const auto run = [&] {
        for (std::size_t index = next++; index < count; index = next++)
            work(index);
    };
    const std::size_t threads =
        std::min({count, kMaxThreads, std::size_t{std::thread::hardware_concurrency()}});
    std::vector<std::jthread> others;
    for (std::size_t i = 1; i < threads; ++i)
        others.emplace_back(run);
    run();
}

}  // namespace epi
