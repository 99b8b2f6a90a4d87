#include "cuda/plugin/decoder.h"

#include <array>
#include <cstdio>
#include <memory>
#include <optional>
#include <vector>

#include <c10/cuda/CUDAFunctions.h>
#include <cuda_runtime_api.h>

#include "core/format/ggml_blocks.h"

#include "cuda/decode/decode_graph.h"

namespace {

struct DestroyStream {
    void operator()(cudaStream_t stream) const { static_cast<void>(cudaStreamDestroy(stream)); }
};

}  // namespace

/// A graph, what it reads that nobody else holds, and its own stream: LibTorch's cannot be captured.
struct EpiDecoder {
    std::unique_ptr<std::remove_pointer_t<cudaStream_t>, DestroyStream> stream;
    std::vector<epi::cuda::DeviceBuffer> buffers;
    std::optional<epi::cuda::DecodeGraph> graph;
};

namespace epi::cuda {
namespace {

bool fail(EpiFailure* failure, const Error& error) {
    failure->isOutOfMemory = error.code == ErrorCode::kOutOfMemory;
    failure->isUnsupported = error.code == ErrorCode::kUnsupported;
    std::snprintf(failure->message, sizeof failure->message, "%s", error.message.c_str());
    return false;
}

template <typename T>
bool report(const Result<T>& result, EpiFailure* failure) {
    return result.has_value() || fail(failure, result.error());
}

std::optional<WeightFormat> formatOf(std::int32_t type) {
    switch (static_cast<TensorType>(type)) {
        case TensorType::kBF16:
            return WeightFormat::kBf16;
        case TensorType::kQ8_0:
            return WeightFormat::kQ8_0;
        case TensorType::kQ4_0:
            return WeightFormat::kQ4_0;
        case TensorType::kQ4_1:
            return WeightFormat::kQ4_1;
        case TensorType::kQ5_0:
            return WeightFormat::kQ5_0;
        case TensorType::kQ4_K:
            return WeightFormat::kQ4_K;
        case TensorType::kQ5_K:
            return WeightFormat::kQ5_K;
        case TensorType::kQ6_K:
            return WeightFormat::kQ6_K;
        default:
            return std::nullopt;
    }
}

/// Turns a spec into a DecodeModel whose weights the decoder holds.
class ModelMaker {
public:
    ModelMaker(EpiDecoder& decoder, const EpiDecoderSpec& spec) : decoder_(decoder), spec_(spec) {}

    Result<DecodeModel> make() {
        model_.vocabulary = spec_.vocabulary;
        model_.dimension = spec_.dimension;
        model_.embedding = static_cast<const std::uint16_t*>(spec_.embedding);
        model_.embeddingScale = spec_.embeddingScale;
        model_.outputNorm = norm(spec_.outputNorm);
        EPI_TRY_ASSIGN(model_.output, matrix(spec_.output));
        for (int i = 0; i < spec_.layerCount; ++i)
            EPI_TRY(addLayer(spec_.layers[i]));
        for (int i = 0; i < spec_.rotaryCount; ++i) {
            const EpiRotary& rotary = spec_.rotaries[i];
            const auto bytes = static_cast<std::size_t>(rotary.half) * sizeof(float);
            EPI_TRY_ASSIGN(DeviceBuffer buffer, DeviceBuffer::allocate(bytes));
            EPI_CUDA_TRY("rotary frequencies",
                         cudaMemcpy(buffer.as<void>(), rotary.frequencies, bytes, cudaMemcpyHostToDevice));
            model_.rotaries.push_back({.frequencies = buffer.as<float>(), .half = rotary.half});
            decoder_.buffers.push_back(std::move(buffer));
        }
        EPI_CUDA_TRY("weights for decoding", cudaStreamSynchronize(decoder_.stream.get()));
        return std::move(model_);
    }

private:
    static NormWeights norm(const EpiNorm& norm) { return {.weight = norm.weight, .epsilon = norm.epsilon}; }

    Result<WeightRows> described(const EpiMatrix& source) const {
        const auto format = formatOf(source.type);
        if (!format || !canHold(*format, source.columns)) {
            return Error{ErrorCode::kUnsupported,
                         "decode kernels: tensor type " + std::to_string(source.type) + " with rows of " +
                             std::to_string(source.columns) + " columns"};
        }
        return WeightRows{.data = static_cast<const std::byte*>(source.data),
                          .format = *format,
                          .rows = source.rows,
                          .columns = source.columns};
    }

    Result<std::byte*> tilesFor(const WeightRows& rows, std::int64_t count) {
        const auto bytes = static_cast<std::size_t>(matrixBytes(rows.format, count, rows.columns));
        EPI_TRY_ASSIGN(DeviceBuffer tiles, DeviceBuffer::allocate(bytes));
        EPI_CUDA_TRY("weights for decoding",
                     cudaMemsetAsync(tiles.as<void>(), 0, bytes, decoder_.stream.get()));
        std::byte* const data = tiles.as<std::byte>();
        decoder_.buffers.push_back(std::move(tiles));
        return data;
    }

    Result<void> fill(WeightRows& rows, std::byte* tiles, QuadShare share) {
        EPI_CUDA_TRY("weights for decoding",
                     repack({.blocks = rows.data,
                             .tiles = tiles,
                             .format = rows.format,
                             .rows = rows.rows,
                             .columns = rows.columns,
                             .share = share},
                            decoder_.stream.get()));
        rows.data = tiles;
        return {};
    }

    Result<WeightRows> matrix(const EpiMatrix& source) {
        EPI_TRY_ASSIGN(WeightRows rows, described(source));
        if (rows.format == WeightFormat::kBf16) return rows;
        EPI_TRY_ASSIGN(std::byte* const tiles, tilesFor(rows, rows.rows));
        EPI_TRY(fill(rows, tiles, QuadShare::kWhole));
        return rows;
    }

    /// Gate and up, whose quads are shared.
    Result<void> addPair(const EpiDecoderLayer& source, DecodeLayer& layer) {
        EPI_TRY_ASSIGN(layer.gate, described(source.gate));
        EPI_TRY_ASSIGN(layer.up, described(source.up));
        if (layer.gate.format != layer.up.format || layer.gate.format == WeightFormat::kBf16) return {};
        EPI_TRY_ASSIGN(std::byte* const tiles, tilesFor(layer.gate, std::int64_t{layer.gate.rows} * 2));
        EPI_TRY(fill(layer.gate, tiles, QuadShare::kFirst));
        return fill(layer.up, tiles, QuadShare::kSecond);
    }

    /// Query, key and value biases one behind the other.
    Result<const float*> bias(const EpiDecoderLayer& source) {
        if (source.queryBias == nullptr) return static_cast<const float*>(nullptr);
        const auto rowsOf = [](const EpiMatrix& matrix) {
            return static_cast<std::size_t>(matrix.rows);
        };
        const std::size_t rows = rowsOf(source.query) + rowsOf(source.key) + rowsOf(source.value);
        EPI_TRY_ASSIGN(DeviceBuffer buffer, DeviceBuffer::allocate(rows * sizeof(float)));
        std::size_t offset = 0;
        const auto copy = [&](const float* from, std::size_t count) {
            float* const target = buffer.as<float>() + offset;
            offset += count;
            return cudaMemcpy(target, from, count * sizeof(float), cudaMemcpyDeviceToDevice);
        };
        EPI_CUDA_TRY("biases", copy(source.queryBias, rowsOf(source.query)));
        EPI_CUDA_TRY("biases", copy(source.keyBias, rowsOf(source.key)));
        EPI_CUDA_TRY("biases", copy(source.valueBias, rowsOf(source.value)));
        const float* const data = buffer.as<float>();
        decoder_.buffers.push_back(std::move(buffer));
        return data;
    }

    Result<void> addLayer(const EpiDecoderLayer& source) {
        DecodeLayer layer;
        layer.attentionNorm = norm(source.attentionNorm);
        layer.queryNorm = norm(source.queryNorm);
        layer.keyNorm = norm(source.keyNorm);
        layer.attentionBranchNorm = norm(source.attentionBranchNorm);
        layer.feedForwardNorm = norm(source.feedForwardNorm);
        layer.feedForwardBranchNorm = norm(source.feedForwardBranchNorm);
        EPI_TRY_ASSIGN(layer.query, matrix(source.query));
        EPI_TRY_ASSIGN(layer.key, matrix(source.key));
        EPI_TRY_ASSIGN(layer.value, matrix(source.value));
        EPI_TRY_ASSIGN(layer.bias, bias(source));
        EPI_TRY_ASSIGN(layer.output, matrix(source.output));
        EPI_TRY(addPair(source, layer));
        EPI_TRY_ASSIGN(layer.down, matrix(source.down));
        layer.activation = source.hasGelu ? GateActivation::kGeluTanh : GateActivation::kSilu;
        layer.heads = source.heads;
        layer.kvHeads = source.kvHeads;
        layer.headDim = source.headDim;
        layer.scale = source.scale;
        layer.rotaryKind = source.rotary;
        layer.rotaryDimensions = source.rotaryDimensions;
        layer.rotatesNeighbours = source.rotatesNeighbours;
        layer.window = source.window;
        model_.layers.push_back(layer);
        return {};
    }

    EpiDecoder& decoder_;
    const EpiDecoderSpec& spec_;
    DecodeModel model_;
};

Result<std::unique_ptr<EpiDecoder>> makeDecoder(const EpiDecoderSpec& spec) {
    auto decoder = std::make_unique<EpiDecoder>();
    cudaStream_t stream = nullptr;
    EPI_CUDA_TRY("decode stream", cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking));
    decoder->stream.reset(stream);
    EPI_CUDA_TRY("weights for decoding", cudaDeviceSynchronize());
    EPI_TRY_ASSIGN(DecodeModel model, ModelMaker(*decoder, spec).make());
    EPI_TRY_ASSIGN(DecodeGraph graph, DecodeGraph::create(std::move(model), stream, {}));
    decoder->graph.emplace(std::move(graph));
    return decoder;
}

EpiDecoder* create(const EpiDecoderSpec* spec, EpiFailure* failure) {
    auto decoder = makeDecoder(*spec);
    if (!report(decoder, failure)) return nullptr;
    return decoder->release();
}

void destroy(EpiDecoder* decoder) {
    delete decoder;
}

std::int64_t bytes(const EpiDecoder* decoder) {
    std::int64_t total = decoder->graph->workspaceBytes();
    for (const DeviceBuffer& buffer : decoder->buffers)
        total += static_cast<std::int64_t>(buffer.bytes());
    return total;
}

Sampling samplingOf(const EpiSampling* source) {
    if (source == nullptr) return {};
    return {.temperature = source->temperature,
            .topK = source->topK,
            .topP = source->topP,
            .minP = source->minP,
            .repetitionPenalty = source->repetitionPenalty,
            .random = std::to_array(source->random),
            .history = {source->history, static_cast<std::size_t>(source->historyLength)}};
}

bool begin(EpiDecoder* decoder,
           const EpiCacheLayer* cache,
           std::int64_t position,
           std::int32_t token,
           const EpiSampling* sampling,
           EpiFailure* failure) {
    std::vector<CacheLayer> layers;
    for (const DecodeLayer& layer : decoder->graph->model().layers) {
        const EpiCacheLayer& source = cache[layers.size()];
        CacheLayer entries{.keys = static_cast<std::uint16_t*>(source.keys),
                           .values = static_cast<std::uint16_t*>(source.values),
                           .starts = {source.starts, source.starts + layer.kvHeads},
                           .lengths = {source.lengths, source.lengths + layer.kvHeads}};
        if (layer.window > 0) entries.positions = {source.positions, source.positions + layer.kvHeads};
        layers.push_back(std::move(entries));
    }
    if (const cudaError_t error = cudaDeviceSynchronize(); error != cudaSuccess) {
        return fail(failure, cudaFailure("decoding", error));
    }
    return report(decoder->graph->begin(layers, position, token, samplingOf(sampling)), failure);
}

bool launch(EpiDecoder* decoder, EpiFailure* failure) {
    return report(decoder->graph->launch(), failure);
}

bool token(EpiDecoder* decoder, std::int32_t step, std::int32_t* chosen, EpiFailure* failure) {
    const auto result = decoder->graph->token(step);
    if (!report(result, failure)) return false;
    *chosen = *result;
    return true;
}

bool feed(EpiDecoder* decoder, std::int32_t fed, EpiFailure* failure) {
    return report(decoder->graph->feed(fed), failure);
}

bool logits(EpiDecoder* decoder, const float** values, EpiFailure* failure) {
    const auto result = decoder->graph->logits();
    if (!report(result, failure)) return false;
    *values = result->data();
    return true;
}

bool wait(EpiDecoder* decoder, EpiFailure* failure) {
    const cudaError_t error = cudaStreamSynchronize(decoder->stream.get());
    return error == cudaSuccess || fail(failure, cudaFailure("decoding", error));
}

}  // namespace

const EpiDecoderOps& decoderOps() {
    static const EpiDecoderOps ops{.create = create,
                                   .destroy = destroy,
                                   .bytes = bytes,
                                   .begin = begin,
                                   .launch = launch,
                                   .token = token,
                                   .feed = feed,
                                   .logits = logits,
                                   .wait = wait};
    return ops;
}

}  // namespace epi::cuda
