#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/tensor/cpu/kernels.h"
#include "core/tensor/cpu/thread_pool.h"

namespace epi::cpu {

/// The entries of one KV head that a row sees, fp16 [entries, headDim].
struct HeadEntries {
    const std::uint16_t* keys = nullptr;
    const std::uint16_t* values = nullptr;
    std::int64_t entries = 0;  // at least 1
};

/// Attention of one row over heads of different lengths. Long heads are cut into parts that are attended to
/// in parallel and merged by their maxima (split-KV decoding). Holds the memory of the parts.
class HeadAttention {
public:
    /// queries [heads, headDim], scaled; output [heads, headDim]. Each KV head serves heads / kvHeads
    /// queries.
    void attend(ThreadPool& pool,
                const Kernels& kernels,
                std::span<const HeadEntries> kvHeads,
                std::span<const float> queries,
                std::int64_t headDim,
                float* output);

private:
    struct Part {
        std::int64_t head = 0;
        std::int64_t first = 0;
        std::int64_t entries = 0;
    };
    void plan(std::span<const HeadEntries> kvHeads, std::int64_t threads);
    void merge(std::int64_t kvHeads, std::int64_t group, std::int64_t headDim, float* output) const;

    std::vector<Part> parts_;     // in the order of heads
    std::vector<float> results_;  // per part: maxima [group], sums [group], outputs [group, headDim]
};

}  // namespace epi::cpu
