#include "core/model/cuda_decoder.h"

#include <algorithm>
#include <array>
#include <string>

#include <ATen/ops/from_blob.h>

#include "core/sampling/sampler.h"
#include "core/tensor/device_memory.h"

namespace epi {
namespace {

constexpr std::array kBlockTypes{TensorType::kQ8_0,
                                 TensorType::kQ4_0,
                                 TensorType::kQ4_1,
                                 TensorType::kQ5_0,
                                 TensorType::kQ4_K,
                                 TensorType::kQ5_K,
                                 TensorType::kQ6_K};

Error errorOf(const EpiFailure& failure) {
    const ErrorCode code = failure.isOutOfMemory   ? ErrorCode::kOutOfMemory
                           : failure.isUnsupported ? ErrorCode::kUnsupported
                                                   : ErrorCode::kInternal;
    return {code, failure.message};
}

/// A ModelSpec and its weights as the plug-in takes them.
class SpecMaker {
public:
    SpecMaker(const ModelSpec& spec, const Weights& weights, const CudaDecoder::Rotary& rotary)
        : spec_(spec), weights_(weights), rotary_(rotary) {}

    EpiDecoderSpec make() {
        for (const at::Tensor& frequencies : rotary_.frequencies) {
            rotaries_.push_back({.frequencies = frequencies.const_data_ptr<float>(),
                                 .half = static_cast<std::int32_t>(frequencies.numel())});
        }
        for (std::size_t i = 0; i < spec_.layers.size(); ++i)
            layers_.push_back(layer(spec_.layers[i], rotary_.ofLayer[i]));
        return {.vocabulary = spec_.vocabulary,
                .dimension = spec_.dimension,
                .embedding = weights_.matrix(spec_.embedding).values.const_data_ptr(),
                .embeddingScale = static_cast<float>(spec_.embeddingScale),
                .layers = layers_.data(),
                .layerCount = static_cast<std::int32_t>(layers_.size()),
                .outputNorm = norm(spec_.outputNorm),
                .output = matrix(spec_.output),
                .rotaries = rotaries_.data(),
                .rotaryCount = static_cast<std::int32_t>(rotaries_.size())};
    }

private:
    [[nodiscard]] EpiNorm norm(const NormSpec& spec) const {
        return {.weight = weights_.vector(spec.weight).const_data_ptr<float>(),
                .epsilon = static_cast<float>(spec.epsilon)};
    }
    [[nodiscard]] EpiNorm norm(const std::optional<NormSpec>& spec) const {
        return spec ? norm(*spec) : EpiNorm{};
    }
    [[nodiscard]] EpiMatrix matrix(const LinearSpec& spec) const {
        const Weight& weight = weights_.matrix(spec.weight);
        const bool hasBlocks = weight.blocks.defined();
        return {.data = hasBlocks ? weight.blocks.const_data_ptr() : weight.values.const_data_ptr(),
                .type = static_cast<std::int32_t>(hasBlocks ? weight.type : TensorType::kBF16),
                .rows = static_cast<std::int32_t>(weight.rows),
                .columns = static_cast<std::int32_t>(weight.columns)};
    }
    [[nodiscard]] const float* bias(const LinearSpec& spec) const {
        return spec.bias.empty() ? nullptr : weights_.vector(spec.bias).const_data_ptr<float>();
    }
    [[nodiscard]] EpiDecoderLayer layer(const LayerSpec& spec, std::size_t rotary) const {
        const AttentionSpec& attention = spec.attention;
        const FeedForwardSpec& feedForward = spec.feedForward;
        return {.attentionNorm = norm(attention.inputNorm),
                .query = matrix(attention.query),
                .key = matrix(attention.key),
                .value = matrix(attention.value),
                .queryBias = bias(attention.query),
                .keyBias = bias(attention.key),
                .valueBias = bias(attention.value),
                .queryNorm = norm(attention.queryNorm),
                .keyNorm = norm(attention.keyNorm),
                .output = matrix(attention.output),
                .attentionBranchNorm = norm(attention.outputNorm),
                .feedForwardNorm = norm(feedForward.inputNorm),
                .gate = matrix(feedForward.gate),
                .up = matrix(feedForward.up),
                .down = matrix(feedForward.down),
                .hasGelu = feedForward.activation == FeedForwardSpec::Activation::kGeluTanh,
                .feedForwardBranchNorm = norm(feedForward.outputNorm),
                .heads = attention.heads,
                .kvHeads = attention.kvHeads,
                .headDim = attention.headDim,
                .scale = static_cast<float>(attention.scale),
                .rotary = static_cast<std::int32_t>(rotary),
                .rotaryDimensions = attention.rotary.dimensions,
                .rotatesNeighbours = attention.rotary.pairing == RotarySpec::Pairing::kNeighbours,
                .window = attention.window.value_or(0)};
    }

    const ModelSpec& spec_;
    const Weights& weights_;
    const CudaDecoder::Rotary& rotary_;
    std::vector<EpiDecoderLayer> layers_;
    std::vector<EpiRotary> rotaries_;
};

/// Biases on some of query, key and value only, or on another matrix.
bool hasUnknownBias(const LayerSpec& spec) {
    const AttentionSpec& attention = spec.attention;
    const bool hasBias = !attention.query.bias.empty();
    return attention.key.bias.empty() == hasBias || attention.value.bias.empty() == hasBias ||
           !attention.output.bias.empty() || !spec.feedForward.gate.bias.empty() ||
           !spec.feedForward.up.bias.empty() || !spec.feedForward.down.bias.empty();
}

}  // namespace

void CudaDecoder::Destroy::operator()(EpiDecoder* decoder) const {
    cudaOps()->decoder->destroy(decoder);
}

CudaDecoder::CudaDecoder(const ModelSpec& spec, EpiDecoder* decoder)
    : spec_(spec), ops_(cudaOps()->decoder), decoder_(decoder) {}

bool CudaDecoder::isAvailable() {
    return cudaOps() != nullptr && cudaOps()->decoder != nullptr;
}

bool CudaDecoder::takesBlocks(const Weight& weight) {
    return std::ranges::find(kBlockTypes, weight.type) != kBlockTypes.end();
}

Result<std::unique_ptr<CudaDecoder>> CudaDecoder::create(const ModelSpec& spec,
                                                         const Weights& weights,
                                                         const Rotary& rotary) {
    if (std::ranges::any_of(spec.layers, hasUnknownBias) || !spec.output.bias.empty()) {
        return Error{ErrorCode::kUnsupported, "decode kernels: a bias where no model has one"};
    }
    SpecMaker maker(spec, weights, rotary);
    const EpiDecoderSpec made = maker.make();
    EpiFailure failure{};
    EpiDecoder* const decoder = cudaOps()->decoder->create(&made, &failure);
    if (decoder == nullptr) return errorOf(failure);
    return std::unique_ptr<CudaDecoder>(new CudaDecoder(spec, decoder));
}

std::vector<CudaDecoder::HeadEnd> CudaDecoder::ends(const KvCache& cache) const {
    std::vector<HeadEnd> ends;
    for (std::int32_t layer = 0; layer < cache.layerCount(); ++layer) {
        const LayerArena& arena = cache.layer(layer);
        for (std::int32_t head = 0; head < arena.shape().kvHeads; ++head)
            ends.push_back({.start = arena.start(head), .length = arena.length(head)});
    }
    return ends;
}

/// Has the device read `id` next, at `position`, and draw from there on unless `sampling` is null.
Result<void> CudaDecoder::begin(TokenId id,
                                std::int64_t position,
                                const KvCache& cache,
                                const EpiSampling* sampling) {
    std::vector<EpiCacheLayer> layers;
    std::vector<std::vector<std::int64_t>> numbers;  // starts and lengths of each layer, by turns
    std::vector<std::vector<const std::int32_t*>> positions;
    numbers.reserve(static_cast<std::size_t>(cache.layerCount()) * 2);
    positions.reserve(static_cast<std::size_t>(cache.layerCount()));
    for (std::int32_t index = 0; index < cache.layerCount(); ++index) {
        const LayerArena& arena = cache.layer(index);
        std::vector<std::int64_t>& starts = numbers.emplace_back();
        std::vector<std::int64_t>& lengths = numbers.emplace_back();
        std::vector<const std::int32_t*>& places = positions.emplace_back();
        for (std::int32_t head = 0; head < arena.shape().kvHeads; ++head) {
            starts.push_back(arena.start(head));
            lengths.push_back(arena.length(head));
            places.push_back(arena.positions(head).data());
        }
        layers.push_back({.keys = arena.keys().data_ptr(),
                          .values = arena.values().data_ptr(),
                          .starts = starts.data(),
                          .lengths = lengths.data(),
                          .positions = places.data()});
    }
    EpiFailure failure{};
    const auto tryIt = [&] {
        failure = {};
        return ops_->begin(decoder_.get(), layers.data(), position, id, sampling, &failure);
    };
    if (!tryIt()) {
        if (!failure.isOutOfMemory) return errorOf(failure);
        releaseDeviceMemory();  // the decoder's own memory does not come from LibTorch's allocator
        if (!tryIt()) return errorOf(failure);
    }
    launched_ = 0;
    return {};
}

Result<void> CudaDecoder::launch() {
    EpiFailure failure{};
    if (!ops_->launch(decoder_.get(), &failure)) return errorOf(failure);
    ++launched_;
    return {};
}

/// Tells the cache of the row that a step appends.
Result<void> CudaDecoder::appendRow(KvCache& cache) {
    const std::int64_t position = cache.nextPosition();
    for (std::int32_t layer = 0; layer < cache.layerCount(); ++layer)
        EPI_TRY(cache.layer(layer).extend(1, position));
    cache.setNextPosition(position + 1);
    return {};
}

Result<void> CudaDecoder::prepare(TokenId id, std::int64_t position, const KvCache& cache) {
    const void* const keys = cache.layer(0).keys().const_data_ptr();
    if (keys == keys_ && position == position_ && ends(cache) == ends_) {
        EpiFailure failure{};
        if (!ops_->feed(decoder_.get(), id, &failure)) return errorOf(failure);
        return {};
    }
    position_ = -1;
    EPI_TRY(begin(id, position, cache, nullptr));
    keys_ = keys;
    return {};
}

Result<at::Tensor> CudaDecoder::step(TokenId id, std::int64_t position, bool wantsLogits, KvCache& cache) {
    EPI_TRY(prepare(id, position, cache));
    position_ = -1;  // until the step is done
    EPI_TRY(launch());
    cache.setNextPosition(position);
    EPI_TRY(appendRow(cache));
    ends_ = ends(cache);
    EpiFailure failure{};
    at::Tensor logits;
    if (wantsLogits) {
        const float* values = nullptr;
        if (!ops_->logits(decoder_.get(), &values, &failure)) return errorOf(failure);
        logits = at::from_blob(const_cast<float*>(values), {1, spec_.vocabulary}, at::kFloat).clone();
    } else if (!ops_->wait(decoder_.get(), &failure)) {
        return errorOf(failure);
    }
    position_ = position + 1;
    return logits;
}

/// The device feeds itself; the step that reads a token is launched before the token is known here. A step
/// too many writes a row behind the cache's end, which nobody reads.
class CudaDecoder::Stream final : public ReplyStream {
public:
    Stream(CudaDecoder& decoder, KvCache& cache) : decoder_(decoder), cache_(cache) {}
    ~Stream() override {
        // Whoever changes the cache next must not meet a step that still runs.
        EpiFailure failure{};
        static_cast<void>(decoder_.ops_->wait(decoder_.decoder_.get(), &failure));
        decoder_.position_ = -1;
    }
    Stream(const Stream&) = delete;
    Stream& operator=(const Stream&) = delete;

    Result<void> begin(const ReplyStart& start) {
        const SamplingOptions& options = start.sampler.options();
        EpiSampling sampling{.temperature = options.temperature,
                             .topK = options.topK,
                             .topP = options.topP,
                             .minP = options.minP,
                             .repetitionPenalty = options.repetitionPenalty,
                             .random = {},
                             .history = start.history.data(),
                             .historyLength = static_cast<std::int64_t>(start.history.size())};
        std::ranges::copy(start.sampler.random().state(), sampling.random);
        decoder_.position_ = -1;
        EPI_TRY(decoder_.begin(start.id, cache_.nextPosition(), cache_, &sampling));
        return accept();
    }

    Result<TokenId> next() override {
        if (decoder_.launched_ == read_ && cache_.room() > 0) EPI_TRY(decoder_.launch());
        TokenId id = 0;
        EpiFailure failure{};
        if (!decoder_.ops_->token(decoder_.decoder_.get(), read_, &id, &failure)) return errorOf(failure);
        return id;
    }

    Result<void> accept() override {
        if (cache_.room() < 1)
            return Error{ErrorCode::kOutOfMemory, "the cache has no room for another token"};
        if (decoder_.launched_ == read_) EPI_TRY(decoder_.launch());
        ++read_;
        return decoder_.appendRow(cache_);
    }

private:
    CudaDecoder& decoder_;
    KvCache& cache_;
    std::int32_t read_ = 0;  // steps whose token the cache knows of
};

Result<std::unique_ptr<ReplyStream>> CudaDecoder::writeReply(const ReplyStart& start, KvCache& cache) {
    auto stream = std::make_unique<Stream>(*this, cache);
    EPI_TRY(stream->begin(start));
    return std::unique_ptr<ReplyStream>(std::move(stream));
}

}  // namespace epi
