#pragma once

#include <cstdint>

#include "core/base/result.h"
#include "core/engine/benchmark/bench_subject.h"
#include "core/kv/layer_arena.h"
#include "core/model/executor.h"

namespace epi {

/// The first layer of a model that has no window, with random keys and values.
class BenchLayer {
public:
    /// With room for budget and block. kUnsupported when every layer has a window.
    static Result<BenchLayer> create(const Executor& executor, const BenchSizes& sizes);

    /// Makes every head `rows` longer.
    Result<void> fill(std::int64_t rows);

    [[nodiscard]] std::int32_t index() const { return index_; }
    [[nodiscard]] const AttentionSpec& spec() const { return *spec_; }
    [[nodiscard]] LayerArena& arena() { return arena_; }
    [[nodiscard]] const LayerArena& arena() const { return arena_; }
    [[nodiscard]] std::int64_t nextPosition() const { return nextPosition_; }
    /// Of the entries' keys; as many are those of the values.
    [[nodiscard]] std::int64_t keyBytes() const;

private:
    BenchLayer(std::int32_t index, const AttentionSpec& spec, LayerArena arena);

    std::int32_t index_;
    const AttentionSpec* spec_;
    LayerArena arena_;
    std::int64_t nextPosition_ = 0;
};

}  // namespace epi
