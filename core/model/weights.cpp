#include "core/model/weights.h"

#include <atomic>
#include <bit>
#include <cmath>
#include <map>
#include <thread>
#include <vector>

#include <ATen/ops/empty.h>

#include "core/base/digest.h"
#include "core/tensor/guard.h"

namespace epi {
namespace {

struct Expected {
    std::vector<std::int64_t> shape;  // row-major; one entry: a vector
};

/// Every tensor the spec names, with the shape it must have. Ordered, so that a fingerprint is.
std::map<std::string, Expected> expectedTensors(const ModelSpec& spec) {
    std::map<std::string, Expected> expected;
    const auto vector = [&](const std::string& name, std::int64_t size) {
        if (!name.empty()) expected[name] = {{size}};
    };
    const auto matrix = [&](const LinearSpec& linear, std::int64_t rows, std::int64_t columns) {
        expected[linear.weight] = {{rows, columns}};
        vector(linear.bias, rows);
    };
    expected[spec.embedding] = {{spec.vocabulary, spec.dimension}};
    matrix(spec.output, spec.vocabulary, spec.dimension);
    vector(spec.outputNorm.weight, spec.dimension);
    for (const LayerSpec& layer : spec.layers) {
        const AttentionSpec& attention = layer.attention;
        const std::int64_t queryRows = std::int64_t{attention.heads} * attention.headDim;
        const std::int64_t keyRows = std::int64_t{attention.kvHeads} * attention.headDim;
        vector(attention.inputNorm.weight, spec.dimension);
        matrix(attention.query, queryRows, spec.dimension);
        matrix(attention.key, keyRows, spec.dimension);
        matrix(attention.value, keyRows, spec.dimension);
        matrix(attention.output, spec.dimension, queryRows);
        if (attention.queryNorm) vector(attention.queryNorm->weight, attention.headDim);
        if (attention.keyNorm) vector(attention.keyNorm->weight, attention.headDim);
        if (attention.outputNorm) vector(attention.outputNorm->weight, spec.dimension);
        vector(attention.rotary.frequencyFactors, attention.rotary.dimensions / 2);
        vector(layer.feedForward.inputNorm.weight, spec.dimension);
        if (layer.feedForward.outputNorm) vector(layer.feedForward.outputNorm->weight, spec.dimension);
    }
    return expected;
}

/// The feed-forward width is the one size that no metadata is needed for: each layer's own gate says it.
Result<void> expectFeedForward(const GgufFile& file,
                               const ModelSpec& spec,
                               std::map<std::string, Expected>& expected) {
    for (const LayerSpec& layer : spec.layers) {
        const GgufTensor* gate = file.findTensor(layer.feedForward.gate.weight);
        if (gate == nullptr || gate->shape.size() != 2) {
            return Error{ErrorCode::kCorruptData,
                         file.path().filename().string() + ": tensor '" + layer.feedForward.gate.weight +
                             "' is missing or no matrix"};
        }
        const std::int64_t width = gate->shape[1];
        expected[layer.feedForward.gate.weight] = {{width, spec.dimension}};
        expected[layer.feedForward.up.weight] = {{width, spec.dimension}};
        expected[layer.feedForward.down.weight] = {{spec.dimension, width}};
    }
    return {};
}

std::string shapeText(const std::vector<std::int64_t>& shape) {
    std::string text = "[";
    for (const std::int64_t size : shape)
        text += (text.size() > 1 ? ", " : "") + std::to_string(size);
    return text + "]";
}

Result<const GgufTensor*> findChecked(const GgufFile& file,
                                      const std::string& name,
                                      const Expected& expected) {
    const GgufTensor* tensor = file.findTensor(name);
    const std::string where = file.path().filename().string() + ": tensor '" + name + "'";
    if (tensor == nullptr) return Error{ErrorCode::kCorruptData, where + " is missing"};
    const std::vector<std::int64_t> shape(tensor->shape.rbegin(), tensor->shape.rend());
    if (shape != expected.shape) {
        return Error{
            ErrorCode::kCorruptData,
            where + " has shape " + shapeText(shape) + ", " + shapeText(expected.shape) + " is expected"};
    }
    return tensor;
}

/// Decodes `blocks` with all threads; false when a value is not finite.
bool decode(const GgufTensor& tensor, std::span<const std::byte> blocks, std::span<float> values) {
    const auto layout = *blockLayout(static_cast<std::uint32_t>(tensor.type));
    const auto blockCount = static_cast<std::int64_t>(values.size()) / layout.valuesPerBlock;
    const std::int64_t threads =
        std::min<std::int64_t>(std::max(1U, std::thread::hardware_concurrency()), 16);
    const std::int64_t perThread = (blockCount + threads - 1) / threads;
    std::atomic<bool> isFinite{true};
    {
        std::vector<std::jthread> workers;
        for (std::int64_t first = 0; first < blockCount; first += perThread) {
            const std::int64_t count = std::min(perThread, blockCount - first);
            workers.emplace_back([&, first, count] {
                const auto part = values.subspan(static_cast<std::size_t>(first * layout.valuesPerBlock),
                                                 static_cast<std::size_t>(count * layout.valuesPerBlock));
                dequantize(tensor.type,
                           blocks.subspan(static_cast<std::size_t>(first * layout.bytesPerBlock),
                                          static_cast<std::size_t>(count * layout.bytesPerBlock)),
                           part);
                // x * 0 is 0 for finite values alone; one accumulator that stays 0 keeps the loop vectorised.
                float sum = 0.0F;
                for (const float value : part)
                    sum += value * 0.0F;
                if (!(sum == 0.0F)) isFinite = false;
            });
        }
    }
    return isFinite;
}

}  // namespace

Result<Weights> Weights::load(const GgufFile& file,
                              const ModelSpec& spec,
                              const Placement& placement,
                              const LoadProgress& progress,
                              const CancelToken& cancel) {
    auto expected = expectedTensors(spec);
    EPI_TRY(expectFeedForward(file, spec, expected));
    std::int64_t total = 0;
    for (const auto& [name, shape] : expected) {
        EPI_TRY_ASSIGN(const GgufTensor* tensor, findChecked(file, name, shape));
        total += static_cast<std::int64_t>(tensor->sizeBytes);
    }
    return guarded("loading " + file.path().filename().string(), [&]() -> Result<Weights> {
        Weights weights;
        Blake2b256 digest;
        const std::string header = file.headerDigest();
        digest.update(std::as_bytes(std::span(header)));
        std::int64_t done = 0;
        std::vector<std::byte> blocks;
        for (const auto& [name, shape] : expected) {
            if (cancel.isCancelled()) return Error{ErrorCode::kCancelled, "loading was cancelled"};
            const GgufTensor& tensor = *file.findTensor(name);
            blocks.resize(tensor.sizeBytes);
            EPI_TRY(file.read(tensor, 0, blocks));
            const std::uint64_t blockHash = xxh3(blocks);
            digest.update(std::as_bytes(std::span(&blockHash, 1)));
            at::Tensor values = at::empty(shape.shape, at::kFloat);
            const std::span<float> floats(values.mutable_data_ptr<float>(),
                                          static_cast<std::size_t>(values.numel()));
            if (!decode(tensor, blocks, floats)) {
                return Error{ErrorCode::kCorruptData,
                             file.path().filename().string() + ": tensor '" + name +
                                 "' holds values that are not finite"};
            }
            if (shape.shape.size() == 1) {
                weights.vectors_.emplace(name, values.to(placement.device));
                weights.bytes_ += static_cast<std::int64_t>(values.nbytes());
            } else {
                at::Tensor placed = values.to(placement.device, placement.type);
                weights.bytes_ += static_cast<std::int64_t>(placed.nbytes());
                weights.matrices_.emplace(name,
                                          Weight{.storedType = tensor.type, .values = std::move(placed)});
            }
            done += static_cast<std::int64_t>(tensor.sizeBytes);
            if (progress) progress(done, total);
        }
        weights.fingerprint_ = hex(digest.finish());
        return weights;
    });
}

}  // namespace epi
