#pragma once

#include <cstdint>

namespace epi {

class Executor;

/// Rows that go through a model over a cache.
struct RowCounts {
    double rows = 0.0;     // all of them
    double probes = 0.0;   // of these, that score the entries
    double entries = 0.0;  // per head that a row attends to
};

/// Operations of linear layers, attention and scores of one forward, without the output matrix.
double forwardOperations(const Executor& executor, const RowCounts& counts);

/// Bytes of weights that a step of decoding reads, in the form in which the executor's decoder holds them.
std::int64_t decodedWeightBytes(const Executor& executor);
/// Bytes of keys and values that a step behind so many entries per head reads.
std::int64_t decodedCacheBytes(const Executor& executor, std::int64_t entries);

}  // namespace epi
