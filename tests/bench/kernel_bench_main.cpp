// Matrix times vector per weight format, beside the rate at which this machine reads memory.
//   epichat-kernel-bench [threads]
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>
#include <vector>

#include "core/tensor/cpu/matrix_product.h"

namespace epi::cpu {
namespace {

constexpr std::int64_t kColumns = 2048;
constexpr std::int64_t kBytes = 192 << 20;  // beyond every cache
constexpr int kRuns = 7;

double median(std::array<double, kRuns> seconds) {
    std::sort(seconds.begin(), seconds.end());
    return seconds[kRuns / 2];
}

template <typename Body>
double medianSeconds(const Body& body) {
    std::array<double, kRuns> seconds{};
    for (double& second : seconds) {
        const auto start = std::chrono::steady_clock::now();
        body();
        second = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    }
    return median(seconds);
}

double readBandwidth(ThreadPool& pool, const std::vector<std::byte>& bytes) {
    constexpr std::int64_t kPart = 1 << 20;
    std::vector<std::uint64_t> sums(static_cast<std::size_t>(kBytes / kPart));
    const double seconds = medianSeconds([&] {
        pool.run(kBytes / kPart, [&](std::int64_t part) {
            const auto* words = reinterpret_cast<const std::uint64_t*>(bytes.data() + part * kPart);
            std::array<std::uint64_t, 16> lanes{};
            for (std::size_t i = 0; i < kPart / sizeof(std::uint64_t); i += lanes.size()) {
                for (std::size_t lane = 0; lane < lanes.size(); ++lane)
                    lanes[lane] += words[i + lane];
            }
            for (const std::uint64_t lane : lanes)
                sums[static_cast<std::size_t>(part)] += lane;
        });
    });
    std::uint64_t total = 0;
    for (const std::uint64_t sum : sums)
        total += sum;
    if (total == 0) std::puts("all bytes are zero");  // keeps the reading from being left out
    return static_cast<double>(kBytes) / seconds * 1e-9;
}

void run(int threads) {
    ThreadPool pool(threads);
    const Kernels& kernels = bestKernels();
    std::mt19937_64 random(1);
    std::vector<std::byte> bytes(kBytes);
    for (std::size_t i = 0; i < bytes.size(); i += 8) {
        // No byte above 0x3b: halves stay finite.
        const std::uint64_t word = random() & 0x3b3b3b3b3b3b3b3bULL;
        std::copy_n(reinterpret_cast<const std::byte*>(&word), 8, bytes.begin() + static_cast<long>(i));
    }
    std::vector<float> x(kColumns);
    for (float& value : x)
        value = static_cast<float>(random() % 2001) / 1000.0F - 1.0F;
    const double bandwidth = readBandwidth(pool, bytes);
    std::printf("%s, %d threads, reading memory: %.1f GB/s\n", kernels.name, threads, bandwidth);
    std::printf("%-6s %10s %14s %8s\n", "format", "GB/s", "Gweights/s", "of read");
    for (std::uint32_t type = 0; type < 64; ++type) {
        const auto layout = blockLayout(type);
        if (!layout) continue;
        const std::int64_t rowBytes = kColumns / layout->valuesPerBlock * layout->bytesPerBlock;
        const BlockMatrix matrix{.type = layout->type,
                                 .rows = kBytes / rowBytes / 4 * 4,
                                 .columns = kColumns,
                                 .rowBytes = rowBytes,
                                 .blocks = bytes.data()};
        std::vector<float> y(static_cast<std::size_t>(matrix.rows));
        Activations activations;
        activations.set(kernels, x, true);
        const Product product{.matrix = matrix, .y = y.data()};
        const double seconds = medianSeconds([&] {
            multiply(pool, kernels, {&product, 1}, activations.row());
        });
        const double rate = static_cast<double>(matrix.rows * rowBytes) / seconds * 1e-9;
        const double weights = static_cast<double>(matrix.rows * kColumns) / seconds * 1e-9;
        std::printf("%-6s %10.1f %14.1f %7.0f%%\n",
                    std::string(layout->name).c_str(),
                    rate,
                    weights,
                    100.0 * rate / bandwidth);
    }
}

}  // namespace
}  // namespace epi::cpu

int main(int argc, char** argv) {
    epi::cpu::run(argc > 1 ? std::max(1, std::atoi(argv[1])) : 2);
}
