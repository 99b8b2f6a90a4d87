#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <type_traits>
#include <vector>

#include "cuda/decode/decode_graph.h"
#include "cuda/decode/synthetic_model.h"

namespace epi::cuda {

struct DestroyEvent {
    void operator()(cudaEvent_t event) const { static_cast<void>(cudaEventDestroy(event)); }
};

/// Device time between two points of a stream.
class Stopwatch {
public:
    static Result<Stopwatch> create() {
        Stopwatch watch;
        cudaEvent_t start = nullptr;
        cudaEvent_t stop = nullptr;
        EPI_CUDA_TRY("timer", cudaEventCreate(&start));
        watch.start_.reset(start);
        EPI_CUDA_TRY("timer", cudaEventCreate(&stop));
        watch.stop_.reset(stop);
        return watch;
    }
    Result<void> start(cudaStream_t stream) {
        EPI_CUDA_TRY("timer", cudaEventRecord(start_.get(), stream));
        return {};
    }
    Result<double> stop(cudaStream_t stream) {
        float milliseconds = 0.0F;
        EPI_CUDA_TRY("timer", cudaEventRecord(stop_.get(), stream));
        EPI_CUDA_TRY("timer", cudaEventSynchronize(stop_.get()));
        EPI_CUDA_TRY("timer", cudaEventElapsedTime(&milliseconds, start_.get(), stop_.get()));
        return static_cast<double>(milliseconds) * 1e-3;
    }

private:
    std::unique_ptr<std::remove_pointer_t<cudaEvent_t>, DestroyEvent> start_;
    std::unique_ptr<std::remove_pointer_t<cudaEvent_t>, DestroyEvent> stop_;
};

/// What the GPU reaches with nothing but memory traffic, in bytes per second.
struct Ceilings {
    double copyRate = 0.0;  // bytes read plus bytes written
    double readRate = 0.0;
};
/// Takes two buffers of 2 GiB. Median of several runs.
Result<Ceilings> measureCeilings(cudaStream_t stream);

struct DecodeTiming {
    std::int64_t cacheLength = 0;
    std::int64_t weightBytes = 0;  // read per token
    std::int64_t cacheBytes = 0;   // read per token
    double seconds = 0.0;          // per token, the median
    double fastest = 0.0;
    double slowest = 0.0;
};
/// Decodes `steps` tokens `repeats` times behind a cache of each length. Device time between two events
/// around the steps, which are launched ahead as when a reply is written.
Result<std::vector<DecodeTiming>> measureDecode(const SyntheticModel& model,
                                                std::span<const std::int64_t> cacheLengths,
                                                int steps,
                                                int repeats,
                                                const DecodeGraph::Options& options,
                                                cudaStream_t stream);

}  // namespace epi::cuda
