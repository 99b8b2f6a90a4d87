#include "core/engine/benchmark/bench_layer.h"

#include <algorithm>

#include <ATen/ops/randn.h>

namespace epi {

BenchLayer::BenchLayer(std::int32_t index, const AttentionSpec& spec, LayerArena arena)
    : index_(index), spec_(&spec), arena_(std::move(arena)) {
    const auto fillRandomly = [](const at::Tensor& rows) {
        rows.copy_(at::randn(rows.sizes(), rows.options().dtype(at::kFloat)));
    };
    fillRandomly(arena_.keys());
    fillRandomly(arena_.values());
}

Result<BenchLayer> BenchLayer::create(const Executor& executor, const BenchSizes& sizes) {
    const std::vector<LayerSpec>& layers = executor.spec().layers;
    const auto found =
        std::ranges::find_if(layers, [](const LayerSpec& layer) { return !layer.attention.window; });
    if (found == layers.end())
        return Error{ErrorCode::kUnsupported, "every layer has a window, so that nothing is scored"};
    const AttentionSpec& spec = found->attention;
    return BenchLayer(
        static_cast<std::int32_t>(found - layers.begin()),
        spec,
        LayerArena(
            {.kvHeads = spec.kvHeads, .headDim = spec.headDim, .rowsPerHead = sizes.budget + sizes.block},
            executor.placement()));
}

Result<void> BenchLayer::fill(std::int64_t rows) {
    EPI_TRY(arena_.extend(rows, nextPosition_));
    nextPosition_ += rows;
    return {};
}

std::int64_t BenchLayer::keyBytes() const {
    return arena_.totalLength() * spec_->headDim * static_cast<std::int64_t>(arena_.keys().element_size());
}

}  // namespace epi
