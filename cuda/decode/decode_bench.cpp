#include "cuda/decode/decode_bench.h"

#include <algorithm>

#include "cuda/kernels/bandwidth.h"

namespace epi::cuda {
namespace {

constexpr std::size_t kCeilingBytes = std::size_t{2} << 30;
constexpr int kCeilingRuns = 9;

double median(std::vector<double> values) {
    std::ranges::sort(values);
    return values[values.size() / 2];
}

}  // namespace

Result<Ceilings> measureCeilings(cudaStream_t stream) {
    DeviceTraits traits;
    EPI_CUDA_TRY("device", deviceTraits(traits));
    EPI_TRY_ASSIGN(const DeviceBuffer source, DeviceBuffer::allocate(kCeilingBytes));
    EPI_TRY_ASSIGN(const DeviceBuffer target, DeviceBuffer::allocate(kCeilingBytes));
    EPI_CUDA_TRY("random values",
                 randomBlocks({.blocks = source.as<std::byte>(),
                               .format = WeightFormat::kBf16,
                               .count = static_cast<std::int64_t>(kCeilingBytes / 2),
                               .scale = 1.0F,
                               .seed = 7},
                              stream));
    EPI_TRY_ASSIGN(Stopwatch watch, Stopwatch::create());
    std::vector<double> copies;
    std::vector<double> reads;
    for (int run = 0; run < kCeilingRuns; ++run) {
        EPI_TRY(watch.start(stream));
        EPI_CUDA_TRY(
            "copy",
            cudaMemcpyAsync(
                target.as<void>(), source.as<void>(), kCeilingBytes, cudaMemcpyDeviceToDevice, stream));
        EPI_TRY_ASSIGN(const double copied, watch.stop(stream));
        copies.push_back(copied);
        EPI_TRY(watch.start(stream));
        EPI_CUDA_TRY("read",
                     readOnce(source.as<void>(), kCeilingBytes, target.as<unsigned>(), traits, {stream}));
        EPI_TRY_ASSIGN(const double read, watch.stop(stream));
        reads.push_back(read);
    }
    return Ceilings{.copyRate = 2.0 * static_cast<double>(kCeilingBytes) / median(copies),
                    .readRate = static_cast<double>(kCeilingBytes) / median(reads)};
}

Result<std::vector<DecodeTiming>> measureDecode(const SyntheticModel& model,
                                                std::span<const std::int64_t> cacheLengths,
                                                int steps,
                                                int repeats,
                                                const DecodeGraph::Options& options,
                                                cudaStream_t stream) {
    EPI_TRY_ASSIGN(DecodeGraph graph, DecodeGraph::create(model.model(), stream, options));
    EPI_TRY_ASSIGN(Stopwatch watch, Stopwatch::create());
    std::vector<DecodeTiming> timings;
    for (const std::int64_t length : cacheLengths) {
        const auto heads = static_cast<std::size_t>(model.shape().kvHeads);
        EPI_TRY_ASSIGN(
            const SyntheticCache cache,
            SyntheticCache::create(model.shape(), std::vector<std::int64_t>(heads, length), steps, stream));
        DecodeTiming timing{.cacheLength = length,
                            .weightBytes = weightBytesPerToken(model.model()),
                            .cacheBytes = cache.bytesPerToken()};
        std::vector<double> seconds;
        for (int repeat = -1; repeat < repeats; ++repeat) {  // one run to warm up
            EPI_TRY(graph.begin(cache.layers(), cache.nextPosition(), 1));
            EPI_TRY(watch.start(stream));
            for (int step = 0; step < steps; ++step)
                EPI_TRY(graph.launch());
            EPI_TRY_ASSIGN(const double elapsed, watch.stop(stream));
            EPI_TRY(graph.token(steps));
            if (repeat >= 0) seconds.push_back(elapsed / steps);
        }
        timing.seconds = median(seconds);
        timing.fastest = *std::ranges::min_element(seconds);
        timing.slowest = *std::ranges::max_element(seconds);
        timings.push_back(timing);
    }
    return timings;
}

}  // namespace epi::cuda
