#include "cuda/decode/decode_graph.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <string>

#include "cuda/decode/split_plan.h"

namespace epi::cuda {
namespace {

constexpr int kRingSlots = 256;
constexpr std::size_t kAlignment = 256;
constexpr int kMaxVocabulary = 1 << 24;  // whose masses are added up without an overflow

std::size_t aligned(std::size_t bytes) {
    return (bytes + kAlignment - 1) / kAlignment * kAlignment;
}

std::int64_t bytesOf(const WeightRows& matrix) {
    return matrix.rows * rowBytes(matrix.format, matrix.columns);
}

/// Hands out parts of a buffer whose size is not known yet, then of the buffer.
class Carver {
public:
    explicit Carver(std::byte* base) : base_(base) {}
    template <typename T>
    void take(T*& target, std::size_t count) {
        if (base_ != nullptr) target = reinterpret_cast<T*>(base_ + used_);
        used_ += aligned(count * sizeof(T));
    }
    [[nodiscard]] std::size_t used() const { return used_; }

private:
    std::byte* base_;
    std::size_t used_ = 0;
};

Result<void> checkMatrix(const WeightRows& matrix, const std::string& what) {
    if (matrix.data != nullptr && canHold(matrix.format, matrix.columns)) return {};
    return Error{ErrorCode::kUnsupported,
                 "decode kernels: " + what + " has rows of " + std::to_string(matrix.columns) + " columns"};
}

Result<void> checkLayer(const DecodeModel& model, const DecodeLayer& layer) {
    if (!canAttend(layer.heads, layer.kvHeads, layer.headDim)) {
        return Error{ErrorCode::kUnsupported,
                     "decode kernels: " + std::to_string(layer.heads) + " heads of " +
                         std::to_string(layer.headDim) + " over " + std::to_string(layer.kvHeads) +
                         " KV heads"};
    }
    if (model.dimension > kMaxNormColumns || model.dimension % kBlockColumns != 0) {
        return Error{ErrorCode::kUnsupported,
                     "decode kernels: a dimension of " + std::to_string(model.dimension)};
    }
    const bool isShared = layer.gate.format == WeightFormat::kBf16 || layer.gate.data == layer.up.data;
    if (layer.gate.format != layer.up.format || !isShared) {
        return Error{ErrorCode::kUnsupported, "decode kernels: gate and up are stored in different types"};
    }
    EPI_TRY(checkMatrix(layer.query, "query"));
    EPI_TRY(checkMatrix(layer.key, "key"));
    EPI_TRY(checkMatrix(layer.value, "value"));
    EPI_TRY(checkMatrix(layer.output, "attention output"));
    EPI_TRY(checkMatrix(layer.gate, "gate"));
    EPI_TRY(checkMatrix(layer.up, "up"));
    return checkMatrix(layer.down, "down");
}

Result<void> checkModel(const DecodeModel& model) {
    if (model.layers.empty() || model.rotaries.size() > kMaxRotaryKinds) {
        return Error{ErrorCode::kUnsupported, "decode kernels: more kinds of rotary embedding than known"};
    }
    if (model.vocabulary >= kMaxVocabulary) {
        return Error{ErrorCode::kUnsupported,
                     "decode kernels: a vocabulary of " + std::to_string(model.vocabulary)};
    }
    for (const DecodeLayer& layer : model.layers)
        EPI_TRY(checkLayer(model, layer));
    return checkMatrix(model.output, "output");
}

void setNormedInput(GemvArgs& args, const float* residual, const NormWeights& norm, int columns) {
    args.columns = columns;
    args.residual = residual;
    args.normWeight = norm.weight;
    args.normEpsilon = norm.epsilon;
}

}  // namespace

std::int64_t weightBytesPerToken(const DecodeModel& model) {
    std::int64_t bytes = bytesOf(model.output);
    for (const DecodeLayer& layer : model.layers) {
        for (const WeightRows* matrix :
             {&layer.query, &layer.key, &layer.value, &layer.output, &layer.gate, &layer.up, &layer.down})
            bytes += bytesOf(*matrix);
    }
    return bytes;
}

DecodeGraph::DecodeGraph(DecodeModel model, cudaStream_t stream, const Options& options)
    : model_(std::move(model)), stream_(stream), options_(options) {}

Result<DecodeGraph> DecodeGraph::create(DecodeModel model, cudaStream_t stream, const Options& options) {
    EPI_TRY(checkModel(model));
    DecodeGraph graph(std::move(model), stream, options);
    if (const cudaError_t error = deviceTraits(graph.traits_); error != cudaSuccess) {
        return error == cudaErrorNotSupported
                   ? Error{ErrorCode::kUnsupported, "decode kernels need compute capability 8.0"}
                   : cudaFailure("decode kernels", error);
    }
    graph.overlaps_ = options.overlapsKernels && graph.traits_.hasBulkCopies;
    EPI_TRY(graph.allocate());
    return graph;
}

Result<void> DecodeGraph::allocate() {
    std::size_t projections = 0;
    std::size_t attended = 0;
    std::size_t gated = 0;
    std::size_t partials = 0;
    std::size_t kvHeads = 0;
    std::size_t turns = 0;
    for (const DecodeLayer& layer : model_.layers)
        kvHeads = std::max(kvHeads, static_cast<std::size_t>(layer.kvHeads));
    blocks_ = std::max(std::min(traits_.multiprocessors, kMaxSplits), static_cast<int>(kvHeads));
    for (const DecodeLayer& layer : model_.layers) {
        const auto heads = static_cast<std::size_t>(layer.heads);
        const auto headDim = static_cast<std::size_t>(layer.headDim);
        const std::size_t group = heads / static_cast<std::size_t>(layer.kvHeads);
        projections = std::max(projections, (heads + 2 * static_cast<std::size_t>(layer.kvHeads)) * headDim);
        attended = std::max(attended, heads * headDim);
        gated = std::max(gated, static_cast<std::size_t>(layer.gate.rows));
        partials = std::max(partials, static_cast<std::size_t>(blocks_) * group * (headDim + kPartialTail));
    }
    for (const DecodeModel::Rotary& rotary : model_.rotaries)
        turns += static_cast<std::size_t>(rotary.half);
    const auto dimension = static_cast<std::size_t>(model_.dimension);
    const auto vocabulary = static_cast<std::size_t>(model_.vocabulary);

    const auto carve = [&](std::byte* base) {
        Carver carver(base);
        carver.take(residual_[0], dimension);
        carver.take(residual_[1], dimension);
        carver.take(projections_, projections);
        carver.take(branch_, dimension);
        carver.take(logitsOnDevice_, vocabulary);
        carver.take(partials_, partials);
        carver.take(attended_, attended);
        carver.take(gated_, gated);
        carver.take(turns_, turns);
        carver.take(candidates_, static_cast<std::size_t>(traits_.multiprocessors));
        carver.take(tickets_, kvHeads);
        carver.take(state_, 1);
        carver.take(sampling_, 1);
        carver.take(seen_, static_cast<std::size_t>(seenWords(model_.vocabulary)));
        carver.take(drawn_, 1);
        return carver.used();
    };
    EPI_TRY_ASSIGN(work_, DeviceBuffer::allocate(carve(nullptr)));
    carve(work_.as<std::byte>());
    EPI_CUDA_TRY("decode workspace", cudaMemsetAsync(work_.as<void>(), 0, work_.bytes(), stream_));
    const std::size_t layers = model_.layers.size();
    EPI_TRY_ASSIGN(tables_,
                   DeviceBuffer::allocate(
                       layers * (aligned(kvHeads * sizeof(HeadRange)) +
                                 aligned(static_cast<std::size_t>(blocks_) * sizeof(AttentionItem)))));
    EPI_TRY_ASSIGN(ring_, PinnedBuffer::allocate(kRingSlots * sizeof(TokenSlot)));
    EPI_TRY_ASSIGN(logits_, PinnedBuffer::allocate(vocabulary * sizeof(float)));
    return {};
}

Result<void> DecodeGraph::begin(std::span<const CacheLayer> cache,
                                std::int64_t position,
                                std::int32_t token,
                                const Sampling& sampling) {
    if (cache.size() != model_.layers.size() || token < 0 || token >= model_.vocabulary) {
        return Error{ErrorCode::kInvalidArgument, "decode kernels: a cache or token of another model"};
    }
    EPI_CUDA_TRY("decoding", cudaStreamSynchronize(stream_));
    EPI_TRY(upload(cache, position));
    EPI_TRY(uploadWindows(cache, position));
    draws_ = !sampling.takesBest();
    if (draws_) EPI_TRY(uploadSampling(sampling));
    std::memset(ring_.as<void>(), 0, ring_.bytes());
    launched_ = 0;

    keys_.clear();
    values_.clear();
    for (const CacheLayer& layer : cache) {
        keys_.push_back(layer.keys);
        values_.push_back(layer.values);
    }
    const Captured& before = captured();
    if (before.graph == nullptr || before.keys != keys_ || before.values != values_ ||
        before.windowCount != windowCount_) {
        EPI_TRY(capture());
    }
    return feed(token);
}

Result<void> DecodeGraph::upload(std::span<const CacheLayer> cache, std::int64_t position) {
    std::vector<std::byte> tables(tables_.bytes());
    const std::size_t perLayer = tables_.bytes() / cache.size();
    const std::size_t itemBytes = aligned(static_cast<std::size_t>(blocks_) * sizeof(AttentionItem));
    for (std::size_t layer = 0; layer < cache.size(); ++layer) {
        const CacheLayer& entries = cache[layer];
        std::byte* const place = tables.data() + layer * perLayer;
        const auto items = planSplits(entries.lengths, blocks_);
        std::memcpy(place, items.data(), items.size() * sizeof(AttentionItem));
        for (std::size_t head = 0; head < entries.lengths.size(); ++head) {
            const HeadRange range{.start = entries.starts[head],
                                  .length = static_cast<std::int32_t>(entries.lengths[head]),
                                  .visible = 0};
            std::memcpy(place + itemBytes + head * sizeof range, &range, sizeof range);
        }
    }
    EPI_CUDA_TRY(
        "decode tables",
        cudaMemcpyAsync(tables_.as<void>(), tables.data(), tables.size(), cudaMemcpyHostToDevice, stream_));
    const DecodeState state{
        .position = static_cast<std::int32_t>(position), .step = 0, .token = 0, .reserved = 0};
    EPI_CUDA_TRY("decode state",
                 cudaMemcpyAsync(state_, &state, sizeof state, cudaMemcpyHostToDevice, stream_));
    EPI_CUDA_TRY("decode tables", cudaStreamSynchronize(stream_));
    return {};
}

Result<void> DecodeGraph::uploadWindows(std::span<const CacheLayer> cache, std::int64_t position) {
    const std::size_t perLayer = tables_.bytes() / cache.size();
    const std::size_t itemBytes = aligned(static_cast<std::size_t>(blocks_) * sizeof(AttentionItem));
    std::vector<WindowedHead> heads;
    std::vector<std::int32_t> positions;
    std::vector<std::size_t> offsets;
    for (std::size_t layer = 0; layer < cache.size(); ++layer) {
        if (model_.layers[layer].window == 0) continue;
        for (std::size_t head = 0; head < cache[layer].lengths.size(); ++head) {
            heads.push_back({.range = tables_.as<HeadRange>(layer * perLayer + itemBytes) + head,
                             .positions = nullptr,
                             .firstPosition = static_cast<std::int32_t>(position),
                             .window = model_.layers[layer].window});
            offsets.push_back(positions.size());
            const std::int32_t* const from = cache[layer].positions[head];
            positions.insert(positions.end(), from, from + cache[layer].lengths[head]);
        }
    }
    windowCount_ = static_cast<int>(heads.size());
    if (heads.empty()) return {};
    const std::size_t headBytes = aligned(heads.size() * sizeof(WindowedHead));
    const std::size_t bytes = headBytes + positions.size() * sizeof(std::int32_t);
    if (windows_.bytes() < bytes) {
        EPI_TRY_ASSIGN(windows_, DeviceBuffer::allocate(bytes + bytes / 2));
        for (Captured& steps : captured_)
            steps.graph.reset();
    }
    for (std::size_t i = 0; i < heads.size(); ++i)
        heads[i].positions = windows_.as<std::int32_t>(headBytes) + offsets[i];
    EPI_CUDA_TRY(
        "decode windows",
        cudaMemcpy(
            windows_.as<void>(), heads.data(), heads.size() * sizeof(WindowedHead), cudaMemcpyHostToDevice));
    EPI_CUDA_TRY("decode windows",
                 cudaMemcpy(windows_.as<void>(headBytes),
                            positions.data(),
                            positions.size() * sizeof(std::int32_t),
                            cudaMemcpyHostToDevice));
    return {};
}

Result<void> DecodeGraph::uploadSampling(const Sampling& sampling) {
    const SamplingState state = samplingState(sampling);
    const std::vector<std::uint32_t> seen = seenTokens(sampling.history, model_.vocabulary);
    EPI_CUDA_TRY("sampling",
                 cudaMemcpyAsync(sampling_, &state, sizeof state, cudaMemcpyHostToDevice, stream_));
    EPI_CUDA_TRY(
        "sampling",
        cudaMemcpyAsync(
            seen_, seen.data(), seen.size() * sizeof(std::uint32_t), cudaMemcpyHostToDevice, stream_));
    EPI_CUDA_TRY("sampling", cudaStreamSynchronize(stream_));
    return {};
}

NextTokenArgs DecodeGraph::nextTokenArgs() const {
    NextTokenArgs args{};
    args.state = state_;
    args.ring = ring_.as<TokenSlot>();
    args.ringMask = kRingSlots - 1;
    args.embedding = model_.embedding;
    args.embeddingScale = model_.embeddingScale;
    args.columns = model_.dimension;
    args.residual = residual_[0];
    float2* turns = turns_;
    for (const DecodeModel::Rotary& rotary : model_.rotaries) {
        args.rotaries[args.rotaryCount++] = {
            .frequencies = rotary.frequencies, .turns = turns, .half = rotary.half};
        turns += rotary.half;
    }
    args.windows = windows_.as<WindowedHead>();
    args.windowCount = windowCount_;
    return args;
}

Result<void> DecodeGraph::feed(std::int32_t token) {
    if (token < 0 || token >= model_.vocabulary) {
        return Error{ErrorCode::kInvalidArgument,
                     "token " + std::to_string(token) + " is outside the vocabulary"};
    }
    NextTokenArgs args = nextTokenArgs();
    args.given = token;
    EPI_CUDA_TRY("decoding", nextToken(args, {stream_, false}));
    return {};
}

Result<void> DecodeGraph::capture() {
    captured() = {};
    EPI_CUDA_TRY("decode graph", cudaStreamBeginCapture(stream_, cudaStreamCaptureModeThreadLocal));
    cudaError_t error = cudaSuccess;
    current_ = residual_[0];
    for (std::size_t layer = 0; layer < model_.layers.size() && error == cudaSuccess; ++layer)
        error = launchLayer(layer, layer == 0);
    if (error == cudaSuccess) error = launchHead();
    cudaGraph_t graph = nullptr;
    const cudaError_t ended = cudaStreamEndCapture(stream_, &graph);
    if (error == cudaSuccess) error = ended;
    cudaGraphExec_t executable = nullptr;
    if (error == cudaSuccess) error = cudaGraphInstantiate(&executable, graph, 0);
    captured() = {.graph = decltype(Captured::graph)(executable),
                  .keys = keys_,
                  .values = values_,
                  .windowCount = windowCount_};
    if (graph != nullptr) static_cast<void>(cudaGraphDestroy(graph));
    if (error != cudaSuccess) return cudaFailure("decode graph", error);
    return {};
}

cudaError_t DecodeGraph::launchLayer(std::size_t index, bool isFirst) {
    const DecodeLayer& layer = model_.layers[index];
    const std::size_t perLayer = tables_.bytes() / model_.layers.size();
    const std::size_t itemBytes = aligned(static_cast<std::size_t>(blocks_) * sizeof(AttentionItem));
    // A branch with a norm of its own is added by the kernel that reads the sum.
    const auto addBranch = [&](GemvArgs& args, const NormWeights& norm) {
        if (norm.weight == nullptr) return;
        float* const other = current_ == residual_[0] ? residual_[1] : residual_[0];
        args.branch = branch_;
        args.branchNormWeight = norm.weight;
        args.branchNormEpsilon = norm.epsilon;
        args.residualOut = other;
        current_ = other;
    };
    const auto project = [&](const GemvArgs& args, bool mayOverlap) {
        return gemv(args, traits_, {stream_, mayOverlap && overlaps_}, options_.slotBytes);
    };

    GemvArgs qkv;
    qkv.sources[0] = quadsOf(layer.query);
    qkv.sources[1] = quadsOf(layer.key);
    qkv.sources[2] = quadsOf(layer.value);
    qkv.sourceCount = 3;
    qkv.rows = layer.query.rows + layer.key.rows + layer.value.rows;
    setNormedInput(qkv, current_, layer.attentionNorm, model_.dimension);
    if (!isFirst) addBranch(qkv, model_.layers[index - 1].feedForwardBranchNorm);
    qkv.out = projections_;
    qkv.bias = layer.bias;
    // The first kernel of a step waits for everything before it, so that the others may read the step's
    // state before they wait.
    if (const cudaError_t error = project(qkv, !isFirst); error != cudaSuccess) return error;

    float2* turns = turns_;
    for (int kind = 0; kind < layer.rotaryKind; ++kind)
        turns += model_.rotaries[static_cast<std::size_t>(kind)].half;
    const DecodeAttentionArgs attention{.projections = projections_,
                                        .queryNorm = layer.queryNorm.weight,
                                        .keyNorm = layer.keyNorm.weight,
                                        .normEpsilon = layer.queryNorm.epsilon,
                                        .rotary = turns,
                                        .rotaryDimensions = layer.rotaryDimensions,
                                        .rotatesNeighbours = layer.rotatesNeighbours,
                                        .scale = layer.scale,
                                        .heads = layer.heads,
                                        .kvHeads = layer.kvHeads,
                                        .headDim = layer.headDim,
                                        .keys = keys_[index],
                                        .values = values_[index],
                                        .ranges = tables_.as<HeadRange>(index * perLayer + itemBytes),
                                        .step = &state_->step,
                                        .items = tables_.as<AttentionItem>(index * perLayer),
                                        .blocks = blocks_,
                                        .partials = partials_,
                                        .tickets = tickets_,
                                        .output = attended_};
    if (const cudaError_t error = decodeAttention(attention, traits_, overlapping()); error != cudaSuccess) {
        return error;
    }

    const auto projectBack = [&](const WeightRows& matrix, const std::uint16_t* input, bool hasBranchNorm) {
        GemvArgs args;
        args.sources[0] = quadsOf(matrix);
        args.rows = matrix.rows;
        args.columns = matrix.columns;
        args.activations = input;
        args.output = hasBranchNorm ? GemvOutput::kStore : GemvOutput::kAddTo;
        args.out = hasBranchNorm ? branch_ : current_;
        return project(args, true);
    };
    if (const cudaError_t error =
            projectBack(layer.output, attended_, layer.attentionBranchNorm.weight != nullptr);
        error != cudaSuccess) {
        return error;
    }

    GemvArgs gate;
    gate.sources[0] = quadsOf(layer.gate, layer.up);
    gate.rows = layer.gate.rows;
    setNormedInput(gate, current_, layer.feedForwardNorm, model_.dimension);
    addBranch(gate, layer.attentionBranchNorm);
    gate.output = GemvOutput::kGate;
    gate.gate = layer.activation;
    gate.gated = gated_;
    if (const cudaError_t error = project(gate, true); error != cudaSuccess) return error;
    return projectBack(layer.down, gated_, layer.feedForwardBranchNorm.weight != nullptr);
}

cudaError_t DecodeGraph::launchHead() {
    GemvArgs head;
    head.sources[0] = quadsOf(model_.output);
    head.rows = model_.output.rows;
    setNormedInput(head, current_, model_.outputNorm, model_.dimension);
    if (const NormWeights& norm = model_.layers.back().feedForwardBranchNorm; norm.weight != nullptr) {
        head.branch = branch_;
        head.branchNormWeight = norm.weight;
        head.branchNormEpsilon = norm.epsilon;
        head.residualOut = current_ == residual_[0] ? residual_[1] : residual_[0];
    }
    head.output = GemvOutput::kLogits;
    head.out = logitsOnDevice_;
    head.candidates = candidates_;
    if (const cudaError_t error = gemv(head, traits_, overlapping(), options_.slotBytes);
        error != cudaSuccess) {
        return error;
    }
    NextTokenArgs next = nextTokenArgs();
    next.candidates = candidates_;
    next.candidateCount = traits_.multiprocessors;
    if (draws_) {
        const SampleTokenArgs sample{.logits = logitsOnDevice_,
                                     .vocabulary = model_.vocabulary,
                                     .candidates = candidates_,
                                     .candidateCount = traits_.multiprocessors,
                                     .state = sampling_,
                                     .seen = seen_,
                                     .chosen = drawn_};
        if (const cudaError_t error = sampleToken(sample, traits_, overlapping()); error != cudaSuccess) {
            return error;
        }
        next.candidates = drawn_;
        next.candidateCount = 1;
    }
    return nextToken(next, overlapping());
}

Result<void> DecodeGraph::launch() {
    EPI_CUDA_TRY("decoding", cudaGraphLaunch(captured().graph.get(), stream_));
    ++launched_;
    return {};
}

Result<std::int32_t> DecodeGraph::token(int step) {
    const auto* const slot = ring_.as<volatile TokenSlot>() + ((step - 1) & (kRingSlots - 1));
    constexpr int kPollsPerQuery = 4096;
    for (int poll = 1; slot->sequence != step; ++poll) {
        if (poll % kPollsPerQuery != 0) continue;
        const cudaError_t state = cudaStreamQuery(stream_);
        if (state == cudaSuccess && slot->sequence != step) {
            return Error{ErrorCode::kInternal, "decode step " + std::to_string(step) + " gave no token"};
        }
        if (state != cudaSuccess && state != cudaErrorNotReady) return cudaFailure("decoding", state);
    }
    std::atomic_thread_fence(std::memory_order_acquire);
    const std::int32_t token = slot->token;
    if (token < 0) return Error{ErrorCode::kInternal, "logits are not finite"};
    return token;
}

Result<std::span<const float>> DecodeGraph::logits() {
    EPI_CUDA_TRY("reading logits",
                 cudaMemcpyAsync(
                     logits_.as<void>(), logitsOnDevice_, logits_.bytes(), cudaMemcpyDeviceToHost, stream_));
    EPI_CUDA_TRY("reading logits", cudaStreamSynchronize(stream_));
    return std::span<const float>(logits_.as<float>(), static_cast<std::size_t>(model_.vocabulary));
}

}  // namespace epi::cuda
