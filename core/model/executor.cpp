#include "core/model/executor.h"

#include <algorithm>
#include <string>

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/gelu.h>
#include <ATen/ops/rsqrt.h>
#include <ATen/ops/silu.h>

#include "core/model/cpu_decoder.h"
#include "core/model/cuda_decoder.h"
#include "core/model/fused_layers.h"
#include "core/tensor/attention.h"
#include "core/tensor/device_memory.h"
#include "core/tensor/guard.h"
#include "core/tensor/upload.h"

namespace epi {
namespace {

/// Whether this is a step of writing a reply, with nothing that looks at layers.
bool isOneAppendedRow(const ForwardRequest& request) {
    return request.hook == nullptr && !request.wantsHidden && request.groups.size() == 1 &&
           request.groups.front().kind == RowGroup::Kind::kAppend && request.groups.front().ids.size() == 1;
}

/// Whether there is nothing to run: rows to append whose keys and values are known, and no probe.
bool isKnownAltogether(const ForwardRequest& request) {
    return request.groups.size() == 1 && request.groups.front().computed != nullptr;
}

Result<void> place(const ForwardRequest& request, KvCache& cache) {
    const RowGroup& group = request.groups.front();
    for (std::int32_t index = 0; index < cache.layerCount(); ++index) {
        LayerArena& arena = cache.layer(index);
        const LayerRows& known = (*group.computed)[static_cast<std::size_t>(index)];
        EPI_TRY(arena.append(known.keys, known.values, group.firstPosition));
        if (request.hook != nullptr) EPI_TRY(request.hook->afterLayer(index, arena, {}));
    }
    cache.setNextPosition(group.firstPosition + static_cast<std::int64_t>(group.ids.size()));
    return {};
}

}  // namespace

/// The rows of one forward: appended first, then the probes.
struct Executor::Rows {
    struct Probe {
        std::int64_t firstRow = 0;
        std::int64_t rows = 0;
        std::int64_t position = 0;
        ScoreReduction reduction;
    };

    at::Tensor ids;  // [rows]
    std::int64_t appended = 0;
    std::int64_t appendPosition = 0;
    std::int64_t placed = 0;  // appended without running them
    const ComputedRows* computed = nullptr;
    std::vector<Probe> probes;
    std::vector<RotaryTable> tables;  // per distinct rotary
    const RotarySpec* rotary = nullptr;
    const RotaryTable* table = nullptr;
};

Executor::Executor(ModelSpec spec, Weights weights, Placement placement)
    : spec_(std::move(spec)), weights_(std::move(weights)), placement_(placement), linear_(placement) {
    for (const LayerSpec& layer : spec_.layers) {
        const RotarySpec& rotary = layer.attention.rotary;
        const auto known = std::find(rotaries_.begin(), rotaries_.end(), rotary);
        rotaryOfLayer_.push_back(static_cast<std::size_t>(known - rotaries_.begin()));
        if (known != rotaries_.end()) continue;
        rotaries_.push_back(rotary);
        frequencies_.push_back(rotaryFrequencies(
            rotary,
            rotary.frequencyFactors.empty() ? at::Tensor() : weights_.vector(rotary.frequencyFactors)));
    }
    if (placement_.keepsBlocks && placement_.device.is_cpu()) {
        decoder_ = std::make_unique<CpuDecoder>(
            spec_,
            weights_,
            CpuDecoder::Rotary{.frequencies = frequencies_, .ofLayer = rotaryOfLayer_},
            linear_.pool());
    }
    if (placement_.copiesBlocks) makeCudaDecoder();
    fused_ = FusedLayers::create(spec_, weights_, placement_);
    if (!fused_) return;
    // Many rows at a time: their angles are computed on the GPU rather than waited for.
    for (at::Tensor& frequencies : frequencies_)
        frequencies = frequencies.to(placement_.device);
}

Executor::~Executor() = default;

void Executor::makeCudaDecoder() {
    const CudaDecoder::Rotary rotary{.frequencies = frequencies_, .ofLayer = rotaryOfLayer_};
    auto decoder = CudaDecoder::create(spec_, weights_, rotary);
    if (!decoder && decoder.error().code == ErrorCode::kOutOfMemory) {
        releaseDeviceMemory();  // the decoder's own memory does not come from LibTorch's allocator
        decoder = CudaDecoder::create(spec_, weights_, rotary);
    }
    if (decoder) {
        weights_.dropBlocks((*decoder)->bytes());
        decoder_ = std::move(*decoder);
    } else {
        weights_.dropBlocks(0);
        decoderNotice_ = decoder.error().message;
    }
}

Result<void> Executor::check(const ForwardRequest& request, const KvCache& cache) const {
    std::int64_t appended = 0;
    std::int64_t rows = 0;
    for (const RowGroup& group : request.groups) {
        const auto count = static_cast<std::int64_t>(group.ids.size());
        if (group.computed == nullptr) {
            rows += count;
        } else if (request.logitRows > 0) {
            return Error{ErrorCode::kInvalidArgument, "rows that are not run have no logits"};
        }
        if (group.kind == RowGroup::Kind::kAppend) appended += count;
        for (const TokenId id : group.ids) {
            if (id >= 0 && id < spec_.vocabulary) continue;
            return Error{ErrorCode::kInvalidArgument,
                         "token " + std::to_string(id) + " is outside the vocabulary of " +
                             std::to_string(spec_.vocabulary)};
        }
    }
    if (rows == 0 && appended == 0) return Error{ErrorCode::kInvalidArgument, "no token to run"};
    if (appended <= cache.room()) return {};
    return Error{ErrorCode::kOutOfMemory,
                 "the cache has room for " + std::to_string(cache.room()) + " more tokens, " +
                     std::to_string(appended) + " are to be read"};
}

at::Tensor Executor::embedTokens(std::span<const TokenId> ids) const {
    const std::vector<std::int64_t> wide(ids.begin(), ids.end());
    const at::Tensor index = toDevice(std::span<const std::int64_t>(wide), placement_.device);
    return linear_.embed(index, weights_.matrix(spec_.embedding)).to(at::kFloat);
}

Executor::Rows Executor::gather(const ForwardRequest& request) const {
    Rows rows;
    std::vector<std::int64_t> ids;
    std::vector<std::int64_t> positions;
    for (const RowGroup& group : request.groups) {
        const auto count = static_cast<std::int64_t>(group.ids.size());
        if (group.kind == RowGroup::Kind::kProbe) {
            rows.probes.push_back({.firstRow = static_cast<std::int64_t>(ids.size()),
                                   .rows = count,
                                   .position = group.firstPosition,
                                   .reduction = group.reduction});
        } else {
            rows.appendPosition = group.firstPosition;
            rows.computed = group.computed;
            (group.computed == nullptr ? rows.appended : rows.placed) = count;
            if (group.computed != nullptr) continue;
        }
        for (std::int64_t i = 0; i < count; ++i) {
            ids.push_back(group.ids[static_cast<std::size_t>(i)]);
            positions.push_back(group.firstPosition + i);
        }
    }
    rows.ids = toDevice(std::span<const std::int64_t>(ids), placement_.device);
    for (const at::Tensor& frequencies : frequencies_) {
        rows.tables.push_back(rotaryTable(frequencies, positions, placement_.device));
    }
    return rows;
}

at::Tensor Executor::linear(const at::Tensor& x, const LinearSpec& spec) const {
    const at::Tensor y = linear_.apply(x, weights_.matrix(spec.weight));
    return spec.bias.empty() ? y : y + weights_.vector(spec.bias).to(y.scalar_type());
}

at::Tensor Executor::norm(const at::Tensor& x, const NormSpec& spec) const {
    const at::Tensor wide = x.to(at::kFloat);
    const at::Tensor scale = at::rsqrt(wide.square().mean({-1}, true).add_(spec.epsilon));
    return (wide * scale).mul_(weights_.vector(spec.weight)).to(x.scalar_type());
}

Result<at::Tensor> Executor::attention(const LayerSpec& layer,
                                       const Rows& rows,
                                       const at::Tensor& x,
                                       LayerArena& arena,
                                       bool wantsOutput,
                                       std::vector<at::Tensor>& probeScores) const {
    const AttentionSpec& spec = layer.attention;
    const at::Tensor input = norm(x, spec.inputNorm);
    at::Tensor query = linear(input, spec.query).view({-1, spec.heads, spec.headDim});
    at::Tensor key = linear(input, spec.key).view({-1, spec.kvHeads, spec.headDim});
    const at::Tensor value = linear(input, spec.value).view({-1, spec.kvHeads, spec.headDim}).transpose(0, 1);
    if (spec.queryNorm) query = norm(query, *spec.queryNorm);
    if (spec.keyNorm) key = norm(key, *spec.keyNorm);
    query = rotate(query, *rows.rotary, *rows.table);
    key = rotate(key, *rows.rotary, *rows.table).transpose(0, 1);  // [kvHeads, rows, headDim]

    std::vector<at::Tensor> outputs;
    if (rows.appended > 0) {
        EPI_TRY(arena.append(
            key.narrow(1, 0, rows.appended), value.narrow(1, 0, rows.appended), rows.appendPosition));
        if (wantsOutput) {
            outputs.push_back(
                attendAppended(arena, spec, query.narrow(0, 0, rows.appended), rows.appendPosition));
        }
    }
    for (const Rows::Probe& group : rows.probes) {
        ProbeAttention probe = attendProbe(arena,
                                           spec,
                                           {.query = query.narrow(0, group.firstRow, group.rows),
                                            .keys = key.narrow(1, group.firstRow, group.rows),
                                            .values = value.narrow(1, group.firstRow, group.rows),
                                            .firstPosition = group.position,
                                            .reduction = group.reduction,
                                            .wantsOutput = wantsOutput});
        outputs.push_back(std::move(probe.output));
        probeScores.push_back(std::move(probe.scores));
    }
    if (!wantsOutput) return at::Tensor();
    const at::Tensor output = linear(outputs.size() == 1 ? outputs.front() : at::cat(outputs), spec.output);
    return spec.outputNorm ? norm(output, *spec.outputNorm) : output;
}

at::Tensor Executor::feedForward(const FeedForwardSpec& spec, const at::Tensor& x) const {
    const at::Tensor input = norm(x, spec.inputNorm);
    const at::Tensor gate = linear(input, spec.gate);
    const at::Tensor activated =
        spec.activation == FeedForwardSpec::Activation::kSilu ? at::silu(gate) : at::gelu(gate, "tanh");
    const at::Tensor output = linear(activated * linear(input, spec.up), spec.down);
    return spec.outputNorm ? norm(output, *spec.outputNorm) : output;
}

Result<at::Tensor> Executor::walkLayers(const ForwardRequest& request,
                                        Rows& rows,
                                        at::Tensor x,
                                        KvCache& cache) const {
    for (std::int32_t index = 0; index < cache.layerCount(); ++index) {
        if (request.cancel.isCancelled()) return Error{ErrorCode::kCancelled, "reading was cancelled"};
        const auto at = static_cast<std::size_t>(index);
        rows.rotary = &rotaries_[rotaryOfLayer_[at]];
        rows.table = &rows.tables[rotaryOfLayer_[at]];
        if (rows.computed != nullptr) {
            const LayerRows& known = (*rows.computed)[at];
            EPI_TRY(cache.layer(index).append(known.keys, known.values, rows.appendPosition));
        }
        std::vector<at::Tensor> probeScores;
        // The last layer of rows that nobody wants logits of is done once its entries are cached and scored.
        const bool wantsOutput = request.logitRows > 0 || index + 1 < cache.layerCount();
        EPI_TRY_ASSIGN(const at::Tensor branch,
                       attention(spec_.layers[at], rows, x, cache.layer(index), wantsOutput, probeScores));
        if (wantsOutput) {
            x = x + branch;
            x = x + feedForward(spec_.layers[at].feedForward, x);
        }
        if (request.hook != nullptr)
            EPI_TRY(request.hook->afterLayer(index, cache.layer(index), probeScores));
    }
    return x;
}

Result<std::unique_ptr<ReplyStream>> Executor::writeReply(const ReplyStart& start, KvCache& cache) const {
    if (decoder_ == nullptr) return std::unique_ptr<ReplyStream>();
    return decoder_->writeReply(start, cache);
}

Result<at::Tensor> Executor::forward(const ForwardRequest& request, KvCache& cache) const {
    EPI_TRY(check(request, cache));
    return guarded("reading", [&] { return run(request, cache); });
}

Result<at::Tensor> Executor::run(const ForwardRequest& request, KvCache& cache) const {
    if (decoder_ != nullptr && isOneAppendedRow(request)) {
        if (request.cancel.isCancelled()) return Error{ErrorCode::kCancelled, "reading was cancelled"};
        const RowGroup& row = request.groups.front();
        return decoder_->step(row.ids.front(), row.firstPosition, request.logitRows > 0, cache);
    }
    if (isKnownAltogether(request)) {
        EPI_TRY(place(request, cache));
        return at::Tensor();
    }
    Rows rows = gather(request);
    at::Tensor x = linear_.embed(rows.ids, weights_.matrix(spec_.embedding));
    if (spec_.embeddingScale != 1.0) x = x * spec_.embeddingScale;
    // The fused walk knows one probe, scored as EpiCache does.
    const bool isFused = fused_ != nullptr && !isOneAppendedRow(request) && rows.probes.size() <= 1 &&
                         (rows.probes.empty() || rows.probes.front().reduction == ScoreReduction{});
    if (isFused) {
        const FusedLayers::Input input{.x = x,
                                       .appended = rows.appended,
                                       .probes = rows.probes.empty() ? 0 : rows.probes.front().rows,
                                       .appendPosition = rows.appendPosition,
                                       .placed = rows.placed,
                                       .computed = rows.computed,
                                       .tables = rows.tables,
                                       .rotaryOfLayer = rotaryOfLayer_};
        EPI_TRY_ASSIGN(x, fused_->run(request, input, cache));
    } else {
        EPI_TRY_ASSIGN(x, walkLayers(request, rows, x, cache));
    }
    if (rows.appended + rows.placed > 0)
        cache.setNextPosition(rows.appendPosition + rows.appended + rows.placed);
    if (request.logitRows == 0) return at::Tensor();
    const at::Tensor last =
        norm(x.narrow(0, rows.appended - request.logitRows, request.logitRows), spec_.outputNorm);
    return (request.wantsHidden ? last : linear(last, spec_.output)).to(at::kFloat);
}

}  // namespace epi
