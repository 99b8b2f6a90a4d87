#include "core/model/cpu_decoder.h"

#include <algorithm>
#include <cmath>

#include <ATen/ops/empty.h>

#include "core/model/linear.h"
#include "core/tensor/cpu/vector_operations.h"

namespace epi {
namespace {

const float* vectorOf(const Weights& weights, const std::string& name) {
    return name.empty() ? nullptr : weights.vector(name).const_data_ptr<float>();
}

/// The first of `count` values of a buffer that grows.
std::span<float> sized(std::vector<float>& buffer, std::int64_t count) {
    if (buffer.size() < static_cast<std::size_t>(count)) buffer.resize(static_cast<std::size_t>(count));
    return {buffer.data(), static_cast<std::size_t>(count)};
}

}  // namespace

CpuDecoder::CpuDecoder(const ModelSpec& spec,
                       const Weights& weights,
                       const Rotary& rotary,
                       cpu::ThreadPool& pool)
    : spec_(spec),
      kernels_(cpu::bestKernels()),
      pool_(pool),
      angles_(rotary.frequencies.size()),
      embedding_(weights.matrix(spec.embedding)),
      outputNorm_{.weight = vectorOf(weights, spec.outputNorm.weight),
                  .epsilon = static_cast<float>(spec.outputNorm.epsilon)},
      output_{.blocks = blockMatrix(weights.matrix(spec.output.weight)),
              .bias = vectorOf(weights, spec.output.bias)} {
    for (const at::Tensor& frequencies : rotary.frequencies) {
        const float* values = frequencies.const_data_ptr<float>();
        frequencies_.emplace_back(values, values + frequencies.numel());
    }
    layers_.reserve(spec.layers.size());
    for (std::size_t index = 0; index < spec.layers.size(); ++index)
        prepareLayer(spec.layers[index], weights, rotary.ofLayer[index]);
}

void CpuDecoder::prepareLayer(const LayerSpec& spec, const Weights& weights, std::size_t rotary) {
    const auto norm = [&](const NormSpec& from) {
        return Norm{.weight = vectorOf(weights, from.weight), .epsilon = static_cast<float>(from.epsilon)};
    };
    const auto optionalNorm = [&](const std::optional<NormSpec>& from) {
        return from ? norm(*from) : Norm{};
    };
    const auto matrix = [&](const LinearSpec& from) {
        return Matrix{.blocks = blockMatrix(weights.matrix(from.weight)),
                      .bias = vectorOf(weights, from.bias)};
    };
    const AttentionSpec& attention = spec.attention;
    const FeedForwardSpec& feedForward = spec.feedForward;
    layers_.push_back({.spec = &spec,
                       .rotary = rotary,
                       .attentionInput = norm(attention.inputNorm),
                       .query = optionalNorm(attention.queryNorm),
                       .key = optionalNorm(attention.keyNorm),
                       .attentionOutput = optionalNorm(attention.outputNorm),
                       .feedForwardInput = norm(feedForward.inputNorm),
                       .feedForwardOutput = optionalNorm(feedForward.outputNorm),
                       .queryMatrix = matrix(attention.query),
                       .keyMatrix = matrix(attention.key),
                       .valueMatrix = matrix(attention.value),
                       .outputMatrix = matrix(attention.output),
                       .gate = matrix(feedForward.gate),
                       .up = matrix(feedForward.up),
                       .down = matrix(feedForward.down)});
}

void CpuDecoder::setAngles(std::int64_t position) {
    for (std::size_t i = 0; i < angles_.size(); ++i) {
        angles_[i].cosines.clear();
        angles_[i].sines.clear();
        for (const float frequency : frequencies_[i]) {
            const float angle = static_cast<float>(position) * frequency;
            angles_[i].cosines.push_back(std::cos(angle));
            angles_[i].sines.push_back(std::sin(angle));
        }
    }
}

void CpuDecoder::multiply(std::span<const float> x, std::initializer_list<Target> targets) {
    products_.clear();
    bool quantizes = false;
    for (const Target& target : targets) {
        products_.push_back({.matrix = target.matrix.blocks, .y = target.y.data()});
        quantizes = quantizes || cpu::takesQuantized(target.matrix.blocks.type);
    }
    activations_.set(kernels_, x, quantizes);
    cpu::multiply(pool_, kernels_, products_, activations_.row());
    for (const Target& target : targets) {
        if (target.matrix.bias != nullptr) cpu::add(target.y, target.matrix.bias);
    }
}

void CpuDecoder::rotateHeads(const Layer& layer, const Norm& norm, std::span<float> heads) const {
    const auto headDim = static_cast<std::size_t>(layer.spec->attention.headDim);
    const Angles& angles = angles_[layer.rotary];
    const cpu::Rotation rotation{.cosines = angles.cosines, .sines = angles.sines.data()};
    const bool isNeighbours = layer.spec->attention.rotary.pairing == RotarySpec::Pairing::kNeighbours;
    for (std::size_t first = 0; first < heads.size(); first += headDim) {
        const std::span<float> head = heads.subspan(first, headDim);
        if (norm.weight != nullptr) cpu::rmsNorm(head, norm.weight, norm.epsilon, head.data());
        if (isNeighbours) {
            cpu::rotateNeighbours(rotation, head.data());
        } else {
            cpu::rotateHalves(rotation, head.data());
        }
    }
}

void CpuDecoder::attend(const Layer& layer, std::int64_t position, const LayerArena& arena) {
    const AttentionSpec& spec = layer.spec->attention;
    const auto* keys = static_cast<const std::uint16_t*>(arena.keys().const_data_ptr());
    const auto* values = static_cast<const std::uint16_t*>(arena.values().const_data_ptr());
    heads_.clear();
    for (std::int32_t head = 0; head < spec.kvHeads; ++head) {
        std::int64_t hidden = 0;
        if (spec.window) {
            const auto positions = arena.positions(head);
            const auto seen = std::upper_bound(positions.begin(), positions.end(), position - *spec.window);
            hidden = seen - positions.begin();
        }
        const std::int64_t offset = (arena.start(head) + hidden) * spec.headDim;
        heads_.push_back(
            {.keys = keys + offset, .values = values + offset, .entries = arena.length(head) - hidden});
    }
    const std::span<float> query = sized(query_, std::int64_t{spec.heads} * spec.headDim);
    for (float& value : query)
        value *= static_cast<float>(spec.scale);
    headAttention_.attend(pool_, kernels_, heads_, query, spec.headDim, attended_.data());
}

Result<void> CpuDecoder::attention(const Layer& layer, std::int64_t position, LayerArena& arena) {
    const AttentionSpec& spec = layer.spec->attention;
    const std::span<float> query = sized(query_, std::int64_t{spec.heads} * spec.headDim);
    const std::span<float> key = sized(key_, std::int64_t{spec.kvHeads} * spec.headDim);
    const std::span<float> value = sized(value_, std::int64_t{spec.kvHeads} * spec.headDim);
    const std::span<float> attended = sized(attended_, std::int64_t{spec.heads} * spec.headDim);
    const std::span<float> normed = sized(normed_, spec_.dimension);
    cpu::rmsNorm(x_, layer.attentionInput.weight, layer.attentionInput.epsilon, normed.data());
    multiply(normed, {{layer.queryMatrix, query}, {layer.keyMatrix, key}, {layer.valueMatrix, value}});
    rotateHeads(layer, layer.query, query);
    rotateHeads(layer, layer.key, key);

    EPI_TRY(arena.extend(1, position));
    auto* keys = static_cast<std::uint16_t*>(arena.keys().data_ptr());
    auto* values = static_cast<std::uint16_t*>(arena.values().data_ptr());
    for (std::int32_t head = 0; head < spec.kvHeads; ++head) {
        const std::int64_t row = (arena.start(head) + arena.length(head) - 1) * spec.headDim;
        kernels_.toHalf(key.data() + head * spec.headDim, spec.headDim, keys + row);
        kernels_.toHalf(value.data() + head * spec.headDim, spec.headDim, values + row);
    }
    attend(layer, position, arena);
    const std::span<float> branch = sized(branch_, spec_.dimension);
    multiply(attended, {{layer.outputMatrix, branch}});
    addBranch(layer.attentionOutput, branch);
    return {};
}

void CpuDecoder::feedForward(const Layer& layer) {
    const std::span<float> normed = sized(normed_, spec_.dimension);
    const std::span<float> gate = sized(gate_, layer.gate.blocks.rows);
    const std::span<float> up = sized(up_, layer.up.blocks.rows);
    const std::span<float> branch = sized(branch_, spec_.dimension);
    cpu::rmsNorm(x_, layer.feedForwardInput.weight, layer.feedForwardInput.epsilon, normed.data());
    multiply(normed, {{layer.gate, gate}, {layer.up, up}});
    if (layer.spec->feedForward.activation == FeedForwardSpec::Activation::kSilu) {
        cpu::gateSilu(gate, up.data());
    } else {
        cpu::gateGeluTanh(gate, up.data());
    }
    multiply(gate, {{layer.down, branch}});
    addBranch(layer.feedForwardOutput, branch);
}

void CpuDecoder::addBranch(const Norm& norm, std::span<float> branch) {
    if (norm.weight != nullptr) cpu::rmsNorm(branch, norm.weight, norm.epsilon, branch.data());
    cpu::add(x_, branch.data());
}

Result<at::Tensor> CpuDecoder::step(TokenId id, std::int64_t position, bool wantsLogits, KvCache& cache) {
    x_.resize(static_cast<std::size_t>(spec_.dimension));
    const auto rowBytes = static_cast<std::size_t>(embedding_.blocks.size(1));
    const auto* rows = static_cast<const std::byte*>(embedding_.blocks.const_data_ptr());
    dequantize(embedding_.type, {rows + static_cast<std::size_t>(id) * rowBytes, rowBytes}, x_);
    if (spec_.embeddingScale != 1.0) {
        for (float& value : x_)
            value *= static_cast<float>(spec_.embeddingScale);
    }
    setAngles(position);
    for (std::size_t index = 0; index < layers_.size(); ++index) {
        EPI_TRY(attention(layers_[index], position, cache.layer(static_cast<std::int32_t>(index))));
        feedForward(layers_[index]);
    }
    cache.setNextPosition(position + 1);
    if (!wantsLogits) return at::Tensor();
    const std::span<float> normed = sized(normed_, spec_.dimension);
    cpu::rmsNorm(x_, outputNorm_.weight, outputNorm_.epsilon, normed.data());
    at::Tensor logits = at::empty({1, spec_.vocabulary}, at::kFloat);
    multiply(normed,
             {{output_, {logits.mutable_data_ptr<float>(), static_cast<std::size_t>(logits.numel())}}});
    return logits;
}

}  // namespace epi
