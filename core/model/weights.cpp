#include "core/model/weights.h"

#include <atomic>
#include <bit>
#include <cmath>
#include <map>
#include <optional>
#include <thread>
#include <vector>

#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/randn.h>

#include "core/base/digest.h"
#include "core/base/known_error.h"
#include "core/base/size_text.h"
#include "core/base/system_memory.h"
#include "core/model/cuda_decoder.h"
#include "core/tensor/device_memory.h"
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

/// Calls `visit` with the decoded values of parts of the tensor, on all threads.
template <typename Visit>
void decodeParts(const GgufTensor& tensor, std::span<const std::byte> blocks, Visit&& visit) {
    constexpr std::int64_t kValuesPerPart = 1 << 16;
    const auto layout = *blockLayout(static_cast<std::uint32_t>(tensor.type));
    const std::int64_t blockCount = tensor.elementCount() / layout.valuesPerBlock;
    const std::int64_t perPart = kValuesPerPart / layout.valuesPerBlock;
    const auto threads = std::clamp<std::int64_t>(
        std::thread::hardware_concurrency(), 1, (blockCount + perPart - 1) / perPart);
    std::atomic<std::int64_t> next{0};
    std::vector<std::jthread> workers;
    for (std::int64_t i = 0; i < threads; ++i) {
        workers.emplace_back([&] {
            for (std::int64_t first = 0; (first = next.fetch_add(perPart)) < blockCount;) {
                const std::int64_t count = std::min(perPart, blockCount - first);
                visit(first * layout.valuesPerBlock,
                      count * layout.valuesPerBlock,
                      blocks.subspan(static_cast<std::size_t>(first * layout.bytesPerBlock),
                                     static_cast<std::size_t>(count * layout.bytesPerBlock)));
            }
        });
    }
}

bool isFinite(std::span<const float> values) {
    // x * 0 is 0 for finite values alone; one accumulator that stays 0 keeps the loop vectorised.
    float sum = 0.0F;
    for (const float value : values)
        sum += value * 0.0F;
    return sum == 0.0F;
}

/// Decodes to `values`; false when one is not finite.
bool decode(const GgufTensor& tensor, std::span<const std::byte> blocks, std::span<float> values) {
    std::atomic<bool> allFinite{true};
    decodeParts(tensor, blocks, [&](std::int64_t first, std::int64_t count, std::span<const std::byte> part) {
        const auto target = values.subspan(static_cast<std::size_t>(first), static_cast<std::size_t>(count));
        dequantize(tensor.type, part, target);
        if (!isFinite(target)) allFinite = false;
    });
    return allFinite;
}

/// Whether every value that the blocks stand for is finite.
bool standForFinite(const GgufTensor& tensor, std::span<const std::byte> blocks) {
    std::atomic<bool> allFinite{true};
    decodeParts(tensor, blocks, [&](std::int64_t, std::int64_t count, std::span<const std::byte> part) {
        thread_local std::vector<float> values;
        values.resize(static_cast<std::size_t>(count));
        dequantize(tensor.type, part, values);
        if (!isFinite(values)) allFinite = false;
    });
    return allFinite;
}

/// One tensor, read and checked: its blocks where they are kept, else its values in fp32, on the CPU.
class TensorReader {
public:
    TensorReader(const GgufFile& file, const ModelSpec& spec) : file_(file) {
        // Not every number of the description is in the file.
        for (const std::string& text : {file.headerDigest(), toText(spec)})
            digest_.update(std::as_bytes(std::span(text)));
    }

    Result<Weight> read(const GgufTensor& tensor, const std::vector<std::int64_t>& shape, bool keepsBlocks) {
        Weight weight{.type = tensor.type, .rows = shape.front(), .columns = shape.back()};
        bool allFinite = true;
        if (keepsBlocks) {
            const auto rowBytes = static_cast<std::int64_t>(tensor.sizeBytes) / weight.rows;
            weight.blocks = at::empty({weight.rows, rowBytes}, at::kByte);
            const std::span bytes(static_cast<std::byte*>(weight.blocks.mutable_data_ptr()),
                                  tensor.sizeBytes);
            EPI_TRY(readBytes(tensor, bytes));
            allFinite = standForFinite(tensor, bytes);
        } else {
            buffer_.resize(tensor.sizeBytes);
            EPI_TRY(readBytes(tensor, buffer_));
            weight.values = at::empty(shape, at::kFloat);
            const std::span values(weight.values.mutable_data_ptr<float>(),
                                   static_cast<std::size_t>(weight.values.numel()));
            allFinite = decode(tensor, buffer_, values);
        }
        if (allFinite) return weight;
        return Error{ErrorCode::kCorruptData,
                     file_.path().filename().string() + ": tensor '" + tensor.name +
                         "' holds values that are not finite"};
    }

    /// The blocks of the tensor that was decoded last: [rows, bytes per row], valid until the next read.
    [[nodiscard]] at::Tensor lastBlocks(std::int64_t rows) {
        const auto rowBytes = static_cast<std::int64_t>(buffer_.size()) / rows;
        return at::from_blob(buffer_.data(), {rows, rowBytes}, at::kByte);
    }

    std::string fingerprint() { return hex(digest_.finish()); }

private:
    Result<void> readBytes(const GgufTensor& tensor, std::span<std::byte> bytes) {
        EPI_TRY(file_.read(tensor, 0, bytes));
        const std::uint64_t hash = xxh3(bytes);
        digest_.update(std::as_bytes(std::span(&hash, 1)));
        return {};
    }

    const GgufFile& file_;
    Blake2b256 digest_;
    std::vector<std::byte> buffer_;
};

/// Bytes that the tensors take where they are placed.
std::int64_t placedBytes(const GgufFile& file,
                         const std::map<std::string, Expected>& expected,
                         const Placement& placement) {
    std::int64_t bytes = 0;
    for (const auto& [name, shape] : expected) {
        const GgufTensor& tensor = *file.findTensor(name);
        const bool isMatrix = shape.shape.size() == 2;
        const auto blocks = static_cast<std::int64_t>(tensor.sizeBytes);
        if (isMatrix && placement.keepsBlocks) {
            bytes += blocks;
            continue;
        }
        const std::int64_t size =
            static_cast<std::int64_t>(c10::elementSize(isMatrix ? placement.type : c10::kFloat));
        bytes += tensor.elementCount() * size;
        const bool isCopied = isMatrix && placement.copiesBlocks;
        if (isCopied && CudaDecoder::takesBlocks({.type = tensor.type})) bytes += blocks;
    }
    return bytes;
}

/// What is free where a model is placed; nothing where the system does not say.
std::optional<std::int64_t> availableBytes(const Placement& placement) {
    if (placement.device.is_cuda()) return availableDeviceBytes();
    const auto system = systemMemory();
    return system ? std::optional(system->availableBytes) : std::nullopt;
}

Error noRoom(const GgufFile& file, std::int64_t needed, std::int64_t available, const Placement& placement) {
    return makeError(
        ErrorCode::kOutOfMemory,
        placement.device.is_cuda() ? KnownError::kWeightsTooLargeForGpu : KnownError::kWeightsTooLarge,
        {file.path().filename().string(), sizeText(needed), sizeText(available)});
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
    // Asked first, since ordinary memory is given out until the system ends somebody for it.
    const std::int64_t needed = placedBytes(file, expected, placement);
    if (const auto available = availableBytes(placement); available && needed > *available)
        return noRoom(file, needed, *available, placement);
    auto loaded = guarded("loading " + file.path().filename().string(), [&]() -> Result<Weights> {
        Weights weights;
        TensorReader reader(file, spec);
        std::int64_t done = 0;
        for (const auto& [name, shape] : expected) {
            if (cancel.isCancelled()) return Error{ErrorCode::kCancelled, "loading was cancelled"};
            const GgufTensor& tensor = *file.findTensor(name);
            const bool isMatrix = shape.shape.size() == 2;
            EPI_TRY_ASSIGN(Weight weight,
                           reader.read(tensor, shape.shape, isMatrix && placement.keepsBlocks));
            at::Tensor& held = weight.blocks.defined() ? weight.blocks : weight.values;
            held = isMatrix && weight.values.defined() ? held.to(placement.device, placement.type)
                                                       : held.to(placement.device);
            weights.bytes_ += static_cast<std::int64_t>(held.nbytes());
            if (isMatrix && placement.copiesBlocks && CudaDecoder::takesBlocks(weight))
                weight.blocks = reader.lastBlocks(weight.rows).to(placement.device);
            if (isMatrix) {
                weights.matrices_.emplace(name, std::move(weight));
            } else {
                weights.vectors_.emplace(name, std::move(held));
            }
            done += static_cast<std::int64_t>(tensor.sizeBytes);
            if (progress) progress(done, total);
        }
        weights.fingerprint_ = reader.fingerprint();
        return weights;
    });
    const auto available = availableBytes(placement);
    if (!loaded && loaded.error().code == ErrorCode::kOutOfMemory && available)
        return noRoom(file, needed, *available, placement);
    return loaded;
}

void Weights::dropBlocks(std::int64_t decoderBytes) {
    for (auto& [name, weight] : matrices_) {
        if (weight.values.defined()) weight.blocks.reset();
    }
    bytes_ += decoderBytes;
}

Weights Weights::random(const ModelSpec& spec, std::int64_t feedForwardWidth, const Placement& placement) {
    auto expected = expectedTensors(spec);
    for (const LayerSpec& layer : spec.layers) {
        expected[layer.feedForward.gate.weight] = {{feedForwardWidth, spec.dimension}};
        expected[layer.feedForward.up.weight] = {{feedForwardWidth, spec.dimension}};
        expected[layer.feedForward.down.weight] = {{spec.dimension, feedForwardWidth}};
    }
    Weights weights;
    for (const auto& [name, tensor] : expected) {
        const bool isMatrix = tensor.shape.size() == 2;
        at::Tensor values =
            at::randn(tensor.shape, placement.options(isMatrix ? placement.type : at::kFloat));
        weights.bytes_ += static_cast<std::int64_t>(values.nbytes());
        if (!isMatrix) {
            weights.vectors_.emplace(name, std::move(values));
            continue;
        }
        values.mul_(1.0 / std::sqrt(static_cast<double>(tensor.shape[1])));  // outputs as large as inputs
        weights.matrices_.emplace(name,
                                  Weight{.type = TensorType::kBF16,
                                         .rows = tensor.shape[0],
                                         .columns = tensor.shape[1],
                                         .values = std::move(values),
                                         .blocks = {}});
    }
    return weights;
}

}  // namespace epi
