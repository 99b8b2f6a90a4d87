#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "cuda/decode/decode_graph.h"
#include "cuda/decode/synthetic_model.h"

namespace epi::cuda {

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
