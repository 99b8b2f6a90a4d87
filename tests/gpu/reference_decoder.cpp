#include "tests/gpu/reference_decoder.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "core/format/ggml_blocks.h"

namespace epi::cuda {
namespace {

TensorType tensorType(WeightFormat format) {
    switch (format) {
        case WeightFormat::kBf16:
            return TensorType::kBF16;
        case WeightFormat::kQ8_0:
            return TensorType::kQ8_0;
        case WeightFormat::kQ4_0:
            return TensorType::kQ4_0;
        case WeightFormat::kQ4_1:
            return TensorType::kQ4_1;
        case WeightFormat::kQ5_0:
            return TensorType::kQ5_0;
        case WeightFormat::kQ4_K:
            return TensorType::kQ4_K;
        case WeightFormat::kQ5_K:
            return TensorType::kQ5_K;
        case WeightFormat::kQ6_K:
            return TensorType::kQ6_K;
    }
    return TensorType::kF32;
}

double fromBf16(std::uint16_t bits) {
    return static_cast<double>(std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16));
}

/// The values that 8 bits per 32 columns leave of x.
std::vector<double> quantised(const std::vector<double>& x) {
    std::vector<double> result(x.size());
    for (std::size_t block = 0; block < x.size(); block += 32) {
        float largest = 0.0F;
        for (std::size_t i = block; i < block + 32; ++i)
            largest = std::max(largest, std::abs(static_cast<float>(x[i])));
        const float inverse = largest > 0.0F ? 127.0F / largest : 0.0F;
        for (std::size_t i = block; i < block + 32; ++i) {
            result[i] =
                std::nearbyint(static_cast<float>(x[i]) * inverse) * static_cast<double>(largest) / 127.0;
        }
    }
    return result;
}

}  // namespace

double roundToBf16(double value) {
    const auto bits = std::bit_cast<std::uint32_t>(static_cast<float>(value));
    return static_cast<double>(std::bit_cast<float>((bits + 0x7fffU + ((bits >> 16) & 1U)) & 0xffff0000U));
}

std::vector<double> rmsNorm(const std::vector<double>& x, const std::vector<float>& weight, double epsilon) {
    double squares = 0.0;
    for (const double value : x)
        squares += value * value;
    const double scale = 1.0 / std::sqrt(squares / static_cast<double>(x.size()) + epsilon);
    std::vector<double> result(x.size());
    for (std::size_t i = 0; i < x.size(); ++i)
        result[i] = x[i] * scale * static_cast<double>(weight[i]);
    return result;
}

std::vector<double> HostMatrix::times(const std::vector<double>& x) const {
    std::vector<double> seen(x.size());
    if (format == WeightFormat::kBf16) {
        std::ranges::transform(x, seen.begin(), roundToBf16);
    } else {
        seen = quantised(x);
    }
    std::vector<double> result(static_cast<std::size_t>(rows));
    for (std::size_t row = 0; row < result.size(); ++row) {
        const float* const weights = values.data() + row * x.size();
        double sum = 0.0;
        for (std::size_t i = 0; i < x.size(); ++i)
            sum += static_cast<double>(weights[i]) * seen[i];
        result[row] = sum;
    }
    return result;
}

Result<std::vector<float>> toHost(const float* data, int count) {
    std::vector<float> values(data == nullptr ? 0 : static_cast<std::size_t>(count));
    EPI_CUDA_TRY("copy",
                 cudaMemcpy(values.data(), data, values.size() * sizeof(float), cudaMemcpyDeviceToHost));
    return values;
}

Result<HostMatrix> toHost(const SyntheticModel::Matrix& matrix) {
    const WeightRows& rows = matrix.rows;
    HostMatrix host{.format = rows.format, .rows = rows.rows, .columns = rows.columns, .values = {}};
    host.values.resize(static_cast<std::size_t>(rows.rows) * static_cast<std::size_t>(rows.columns));
    std::vector<std::byte> blocks(host.values.size() /
                                  static_cast<std::size_t>(ggufBlockColumns(rows.format)) *
                                  static_cast<std::size_t>(ggufBlockBytes(rows.format)));
    EPI_CUDA_TRY("copy", cudaMemcpy(blocks.data(), matrix.blocks, blocks.size(), cudaMemcpyDeviceToHost));
    dequantize(tensorType(rows.format), blocks, host.values);
    return host;
}

Result<ReferenceDecoder> ReferenceDecoder::create(const SyntheticModel& model,
                                                  const SyntheticCache& cache,
                                                  double disturbance) {
    ReferenceDecoder reference;
    reference.disturbance_ = disturbance;
    const DecodeModel& spec = model.model();
    reference.dimension_ = spec.dimension;
    reference.position_ = static_cast<std::int32_t>(cache.nextPosition());
    const auto norm = [](Norm& target, const NormWeights& source, int size) -> Result<void> {
        target.epsilon = static_cast<double>(source.epsilon);
        EPI_TRY_ASSIGN(target.weight, toHost(source.weight, size));
        return {};
    };
    std::size_t next = 0;
    for (std::size_t index = 0; index < spec.layers.size(); ++index) {
        const DecodeLayer& from = spec.layers[index];
        Layer layer;
        layer.spec = from;
        EPI_TRY(norm(layer.attentionNorm, from.attentionNorm, spec.dimension));
        EPI_TRY(norm(layer.queryNorm, from.queryNorm, from.headDim));
        EPI_TRY(norm(layer.keyNorm, from.keyNorm, from.headDim));
        EPI_TRY(norm(layer.attentionBranchNorm, from.attentionBranchNorm, spec.dimension));
        EPI_TRY(norm(layer.feedForwardNorm, from.feedForwardNorm, spec.dimension));
        EPI_TRY(norm(layer.feedForwardBranchNorm, from.feedForwardBranchNorm, spec.dimension));
        for (HostMatrix* matrix :
             {&layer.query, &layer.key, &layer.value, &layer.output, &layer.gate, &layer.up, &layer.down}) {
            EPI_TRY_ASSIGN(*matrix, toHost(model.matrices()[next++]));
        }
        EPI_TRY_ASSIGN(layer.bias, toHost(from.bias, (from.heads + 2 * from.kvHeads) * from.headDim));
        const CacheLayer& entries = cache.layers()[index];
        const auto headDim = static_cast<std::size_t>(from.headDim);
        for (std::size_t head = 0; head < entries.lengths.size(); ++head) {
            const auto length = static_cast<std::size_t>(entries.lengths[head]);
            const auto read = [&](const std::uint16_t* data, auto& target) -> Result<void> {
                std::vector<std::uint16_t> raw(length * headDim);
                EPI_CUDA_TRY("copy",
                             cudaMemcpy(raw.data(),
                                        data + entries.starts[head] * from.headDim,
                                        raw.size() * 2,
                                        cudaMemcpyDeviceToHost));
                auto& rows = target.emplace_back();
                for (std::size_t row = 0; row < length; ++row) {
                    auto& values = rows.emplace_back();
                    for (std::size_t d = 0; d < headDim; ++d)
                        values.push_back(fromBf16(raw[row * headDim + d]));
                }
                return {};
            };
            EPI_TRY(read(entries.keys, layer.keys));
            EPI_TRY(read(entries.values, layer.values));
            layer.positions.emplace_back(entries.positions[head], entries.positions[head] + length);
        }
        reference.layers_.push_back(std::move(layer));
    }
    EPI_TRY_ASSIGN(reference.output_, toHost(model.matrices()[next]));
    EPI_TRY(norm(reference.outputNorm_, spec.outputNorm, spec.dimension));
    EPI_TRY_ASSIGN(reference.frequencies_, toHost(spec.rotaries[0].frequencies, spec.rotaries[0].half));
    reference.embedding_.resize(static_cast<std::size_t>(spec.vocabulary) *
                                static_cast<std::size_t>(spec.dimension));
    EPI_CUDA_TRY("copy",
                 cudaMemcpy(reference.embedding_.data(),
                            spec.embedding,
                            reference.embedding_.size() * 2,
                            cudaMemcpyDeviceToHost));
    return reference;
}

void ReferenceDecoder::rotate(std::vector<double>& head, const DecodeLayer& spec) const {
    const auto half = static_cast<std::size_t>(spec.rotaryDimensions / 2);
    for (std::size_t pair = 0; pair < half; ++pair) {
        const auto angle = static_cast<double>(static_cast<float>(position_) * frequencies_[pair]);
        double& first = head[spec.rotatesNeighbours ? pair * 2 : pair];
        double& second = head[spec.rotatesNeighbours ? pair * 2 + 1 : pair + half];
        const double turned = first * std::cos(angle) - second * std::sin(angle);
        second = second * std::cos(angle) + first * std::sin(angle);
        first = turned;
    }
}

std::vector<double> ReferenceDecoder::attention(Layer& layer, const std::vector<double>& input) const {
    std::vector<double> projections;
    for (const HostMatrix* matrix : {&layer.query, &layer.key, &layer.value}) {
        const std::vector<double> part = matrix->times(input);
        projections.insert(projections.end(), part.begin(), part.end());
    }
    for (std::size_t i = 0; i < layer.bias.size(); ++i)
        projections[i] += static_cast<double>(layer.bias[i]);
    const DecodeLayer& spec = layer.spec;
    const auto headOf = [&](int index, const Norm* norm) {
        const auto begin = projections.begin() + std::ptrdiff_t{index} * spec.headDim;
        std::vector<double> head(begin, begin + spec.headDim);
        if (norm == nullptr) return head;
        if (!norm->weight.empty()) head = rmsNorm(head, norm->weight, norm->epsilon);
        rotate(head, spec);
        return head;
    };
    std::vector<double> result;
    const int group = spec.heads / spec.kvHeads;
    for (int kv = 0; kv < spec.kvHeads; ++kv) {
        auto& keys = layer.keys[static_cast<std::size_t>(kv)];
        auto& values = layer.values[static_cast<std::size_t>(kv)];
        auto& positions = layer.positions[static_cast<std::size_t>(kv)];
        keys.push_back(headOf(spec.heads + kv, &layer.keyNorm));
        values.push_back(headOf(spec.heads + spec.kvHeads + kv, nullptr));
        std::ranges::transform(keys.back(), keys.back().begin(), roundToBf16);
        std::ranges::transform(values.back(), values.back().begin(), roundToBf16);
        positions.push_back(position_);
        for (int g = 0; g < group; ++g) {
            std::vector<double> query = headOf(kv * group + g, &layer.queryNorm);
            constexpr double kLog2E = 1.4426950408889634;
            for (double& value : query)
                value = roundToBf16(value * static_cast<double>(spec.scale) * kLog2E);
            std::vector<double> scores(keys.size(), -INFINITY);
            double largest = -INFINITY;
            for (std::size_t row = 0; row < keys.size(); ++row) {
                if (spec.window > 0 && positions[row] <= position_ - spec.window) continue;
                scores[row] = 0.0;
                for (std::size_t d = 0; d < query.size(); ++d)
                    scores[row] += query[d] * keys[row][d];
                largest = std::max(largest, scores[row]);
            }
            double weight = 0.0;
            std::vector<double> sum(query.size());
            for (std::size_t row = 0; row < keys.size(); ++row) {
                const double share = std::exp2(scores[row] - largest);
                weight += share;
                for (std::size_t d = 0; d < sum.size(); ++d)
                    sum[d] += share * values[row][d];
            }
            for (const double value : sum)
                result.push_back(roundToBf16(value / weight));
        }
    }
    return layer.output.times(result);
}

std::vector<double> ReferenceDecoder::step(std::int32_t token) {
    std::vector<double> x;
    for (int i = 0; i < dimension_; ++i) {
        x.push_back(
            fromBf16(embedding_[static_cast<std::size_t>(token) * static_cast<std::size_t>(dimension_) +
                                static_cast<std::size_t>(i)]));
    }
    for (std::size_t i = 0; i < x.size(); ++i)
        x[i] *= 1.0 + (i % 2 == 0 ? disturbance_ : -disturbance_);
    const auto add = [&](std::vector<double> branch, const Norm& norm) {
        if (!norm.weight.empty()) branch = rmsNorm(branch, norm.weight, norm.epsilon);
        for (std::size_t i = 0; i < x.size(); ++i)
            x[i] += branch[i];
    };
    for (Layer& layer : layers_) {
        add(attention(layer, rmsNorm(x, layer.attentionNorm.weight, layer.attentionNorm.epsilon)),
            layer.attentionBranchNorm);
        const std::vector<double> input =
            rmsNorm(x, layer.feedForwardNorm.weight, layer.feedForwardNorm.epsilon);
        std::vector<double> gate = layer.gate.times(input);
        const std::vector<double> up = layer.up.times(input);
        for (std::size_t i = 0; i < gate.size(); ++i) {
            const double g = gate[i];
            const double activated =
                layer.spec.activation == GateActivation::kSilu
                    ? g / (1.0 + std::exp(-g))
                    : 0.5 * g * (1.0 + std::tanh(0.7978845608028654 * (g + 0.044715 * g * g * g)));
            gate[i] = roundToBf16(activated * up[i]);
        }
        add(layer.down.times(gate), layer.feedForwardBranchNorm);
    }
    ++position_;
    return output_.times(rmsNorm(x, outputNorm_.weight, outputNorm_.epsilon));
}

}  // namespace epi::cuda
