#include "core/engine/benchmark/operation_counts.h"

#include <algorithm>
#include <array>

#include "core/format/ggml_blocks.h"
#include "core/model/cuda_decoder.h"
#include "core/model/executor.h"

namespace epi {
namespace {

std::array<const LinearSpec*, 7> matricesOf(const LayerSpec& layer) {
    return {&layer.attention.query,
            &layer.attention.key,
            &layer.attention.value,
            &layer.attention.output,
            &layer.feedForward.gate,
            &layer.feedForward.up,
            &layer.feedForward.down};
}

std::int64_t bytesOf(const Executor& executor, const Weight& weight) {
    if (weight.blocks.defined()) return static_cast<std::int64_t>(weight.blocks.nbytes());
    const bool isRepacked = executor.placement().copiesBlocks && executor.decoderNotice().empty() &&
                            CudaDecoder::takesBlocks(weight);
    if (!isRepacked) return static_cast<std::int64_t>(weight.values.nbytes());
    const auto layout = *blockLayout(static_cast<std::uint32_t>(weight.type));
    return weight.rows * weight.columns / layout.valuesPerBlock * layout.bytesPerBlock;
}

}  // namespace

double forwardOperations(const Executor& executor, const RowCounts& counts) {
    double operations = 0.0;
    for (const LayerSpec& layer : executor.spec().layers) {
        const AttentionSpec& attention = layer.attention;
        for (const LinearSpec* matrix : matricesOf(layer)) {
            const Weight& weight = executor.weights().matrix(matrix->weight);
            operations +=
                2.0 * counts.rows * static_cast<double>(weight.rows) * static_cast<double>(weight.columns);
        }
        const double width = double{1} * attention.heads * attention.headDim;
        const double seen =
            attention.window ? std::min<double>(*attention.window, counts.entries) : counts.entries;
        // Scores are one of attention's two products once more, for the probe's rows.
        const double scored = attention.window ? 0.0 : counts.probes;
        operations += width * seen * (4.0 * counts.rows + 2.0 * scored);
    }
    return operations;
}

std::int64_t decodedWeightBytes(const Executor& executor) {
    std::int64_t bytes = bytesOf(executor, executor.weights().matrix(executor.spec().output.weight));
    for (const LayerSpec& layer : executor.spec().layers) {
        for (const LinearSpec* matrix : matricesOf(layer))
            bytes += bytesOf(executor, executor.weights().matrix(matrix->weight));
    }
    return bytes;
}

std::int64_t decodedCacheBytes(const Executor& executor, std::int64_t entries) {
    std::int64_t values = 0;
    for (const LayerSpec& layer : executor.spec().layers) {
        const AttentionSpec& attention = layer.attention;
        const std::int64_t seen =
            attention.window ? std::min<std::int64_t>(*attention.window, entries) : entries;
        values += 2 * seen * attention.kvHeads * attention.headDim;
    }
    return values * static_cast<std::int64_t>(c10::elementSize(executor.placement().cacheType));
}

}  // namespace epi
