#include "core/model/fused_layers.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <vector>

#include <ATen/ops/_flash_attention_forward.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/linear.h>
#include <c10/core/Event.h>
#include <c10/core/impl/VirtualGuardImpl.h>

#include "core/tensor/upload.h"

namespace epi {
namespace {

using cuda::GatedActivationArgs;
using cuda::RotateAppendArgs;

Result<void> launched(bool isLaunched, const char* what) {
    if (isLaunched) return {};
    return Error{ErrorCode::kInternal, std::string("the GPU refused the ") + what + " kernel"};
}

/// Where the heads of every layer lie, in one table on the device: per layer targets, starts (and the arena's
/// end), lengths and score offsets, as the kernels and the attention of ragged heads want them.
class HeadTables {
public:
    HeadTables(const KvCache& cache, std::int64_t appended, c10::Device device) {
        std::vector<std::int32_t> values;
        for (std::int32_t index = 0; index < cache.layerCount(); ++index) {
            const LayerArena& arena = cache.layer(index);
            const std::int32_t heads = arena.shape().kvHeads;
            first_.push_back(static_cast<std::int64_t>(values.size()));
            const auto add = [&](auto&& valueOfHead) {
                for (std::int32_t head = 0; head < heads; ++head)
                    values.push_back(static_cast<std::int32_t>(valueOfHead(head)));
            };
            add([&](std::int32_t head) { return arena.start(head) + arena.length(head) - appended; });
            add([&](std::int32_t head) { return arena.start(head); });
            values.push_back(static_cast<std::int32_t>(arena.keys().size(0)));
            add([&](std::int32_t head) { return arena.length(head); });
            std::int64_t offset = 0;
            add([&](std::int32_t head) { return std::exchange(offset, offset + arena.length(head)); });
        }
        values_ = toDevice(std::span<const std::int32_t>(values), device);
    }

    struct Layer {
        at::Tensor targets;  // [kvHeads]
        at::Tensor starts;   // [kvHeads + 1]
        at::Tensor lengths;  // [kvHeads]
        at::Tensor offsets;  // [kvHeads]
    };
    [[nodiscard]] Layer layer(std::int32_t index, std::int64_t heads) const {
        const std::int64_t first = first_[static_cast<std::size_t>(index)];
        return {.targets = values_.narrow(0, first, heads),
                .starts = values_.narrow(0, first + heads, heads + 1),
                .lengths = values_.narrow(0, first + 2 * heads + 1, heads),
                .offsets = values_.narrow(0, first + 3 * heads + 1, heads)};
    }

private:
    at::Tensor values_;  // int32
    std::vector<std::int64_t> first_;
};

/// Borders of one sequence of `rows` per KV head: [kvHeads + 1], int32.
at::Tensor sequenceBorders(std::int64_t heads, std::int64_t rows, c10::Device device) {
    std::vector<std::int32_t> borders;
    for (std::int64_t head = 0; head <= heads; ++head)
        borders.push_back(static_cast<std::int32_t>(head * rows));
    return toDevice(std::span<const std::int32_t>(borders), device);
}

struct Attended {
    at::Tensor output;  // [sequences * rows, group, headDim]
    at::Tensor logSum;  // [group, sequences * rows], fp32
};

/// Keys and values of one sequence per KV head.
struct Sequences {
    const at::Tensor& keys;             // [any, headDim]
    const at::Tensor& values;           // [any, headDim]
    const at::Tensor& borders;          // [kvHeads + 1]: where each begins
    std::optional<at::Tensor> lengths;  // [kvHeads]; none: up to the next border
    std::int64_t longest = 0;
};

/// Flash attention with every KV head as a sequence of its own, its query group as the heads; causal is
/// aligned to the ends.
Attended attend(const at::Tensor& query,
                const at::Tensor& queryBorders,
                std::int64_t rows,
                const Sequences& over,
                bool isCausal,
                double scale) {
    auto [output, logSum, state, unused, mask] = at::_flash_attention_forward(query,
                                                                              over.keys.unsqueeze(1),
                                                                              over.values.unsqueeze(1),
                                                                              queryBorders,
                                                                              over.borders,
                                                                              rows,
                                                                              over.longest,
                                                                              0.0,
                                                                              isCausal,
                                                                              false,
                                                                              scale,
                                                                              std::nullopt,
                                                                              std::nullopt,
                                                                              over.lengths);
    return {.output = std::move(output), .logSum = std::move(logSum)};
}

/// Runs the hook of a layer one layer later, when its scores have arrived on the CPU.
class LateHook {
public:
    LateHook(LayerHook* hook, KvCache& cache, c10::Device device)
        : hook_(hook), cache_(cache), guard_(device.type()), stream_(guard_.getStream(device)) {}

    /// `scores` undefined: nothing to wait for.
    Result<void> afterLayer(std::int32_t layer, const at::Tensor& scores) {
        EPI_TRY(finish());
        if (hook_ == nullptr) return {};
        if (!scores.defined()) return hook_->afterLayer(layer, cache_.layer(layer), {});
        Pending& pending = pending_.emplace(Pending{
            .layer = layer,
            .scores = at::empty(scores.sizes(), at::TensorOptions().dtype(at::kFloat).pinned_memory(true)),
            .ready = c10::Event(guard_.type())});
        pending.scores.copy_(scores, /*non_blocking=*/true);
        pending.ready.record(stream_);
        return {};
    }

    Result<void> finish() {
        if (!pending_) return {};
        Pending pending = std::move(*pending_);
        pending_.reset();
        pending.ready.synchronize();
        return hook_->afterLayer(pending.layer, cache_.layer(pending.layer), std::span(&pending.scores, 1));
    }

private:
    struct Pending {
        std::int32_t layer = 0;
        at::Tensor scores;  // pinned
        c10::Event ready;
    };

    LayerHook* hook_;
    KvCache& cache_;
    c10::impl::VirtualGuardImpl guard_;
    c10::Stream stream_;
    std::optional<Pending> pending_;
};

bool hasKernel(const LayerSpec& layer) {
    const AttentionSpec& attention = layer.attention;
    constexpr std::array kHeadDims{64, 96, 128, 256};
    return !attention.window && !attention.outputNorm && !layer.feedForward.outputNorm &&
           std::find(kHeadDims.begin(), kHeadDims.end(), attention.headDim) != kHeadDims.end() &&
           attention.rotary.dimensions % 4 == 0;
}

}  // namespace

std::unique_ptr<FusedLayers> FusedLayers::create(const ModelSpec& spec,
                                                 const Weights& weights,
                                                 const Placement& placement) {
    if (!placement.device.is_cuda() || placement.type != at::kBFloat16 ||
        placement.cacheType != at::kBFloat16)
        return nullptr;
    const EpiPrefillOps* ops = prefillOps();
    if (ops == nullptr || spec.dimension % 8 != 0 || spec.dimension > 16384) return nullptr;
    const auto canRun = [&](const LayerSpec& layer) {
        return hasKernel(layer) && layer.attention.kvHeads == spec.layers.front().attention.kvHeads;
    };
    if (!std::all_of(spec.layers.begin(), spec.layers.end(), canRun)) return nullptr;
    return std::unique_ptr<FusedLayers>(new FusedLayers(spec, weights, *ops));
}

namespace {

/// One forward on its way through the layers.
class Pass {
public:
    Pass(const Weights& weights, const EpiPrefillOps& ops, const FusedLayers::Input& input, KvCache& cache)
        : weights_(weights), ops_(ops), input_(input), cache_(cache), x_(input.x) {}

    Result<void> prepare() {
        for (std::int32_t index = 0; index < cache_.layerCount(); ++index)
            EPI_TRY(cache_.layer(index).extend(input_.appended + input_.placed, input_.appendPosition));
        const c10::Device device = x_.device();
        tables_.emplace(cache_, input_.appended, device);
        const std::int64_t heads = cache_.layer(0).shape().kvHeads;
        appendBorders_ = sequenceBorders(heads, input_.appended, device);
        probeBorders_ = sequenceBorders(heads, input_.probes, device);
        return {};
    }

    /// Caches the layer's rows; its attention's output, [rows, heads * headDim], unless only the cache and
    /// the scores are wanted.
    Result<at::Tensor> attention(std::int32_t index, const AttentionSpec& spec, bool wantsOutput) {
        EPI_TRY_ASSIGN(const at::Tensor input, norm(spec.inputNorm));
        EPI_TRY(cache_.layer(index).moveIn());
        if (input_.computed != nullptr) {
            const LayerRows& known = (*input_.computed)[static_cast<std::size_t>(index)];
            cache_.layer(index).writeNewest(known.keys, known.values);
        }
        EPI_TRY_ASSIGN(const Rotated rotated, rotateRows(index, spec, input));
        const LayerArena& arena = cache_.layer(index);
        const HeadTables::Layer tables = tables_->layer(index, spec.kvHeads);
        const Sequences all{.keys = arena.keys(),
                            .values = arena.values(),
                            .borders = tables.starts,
                            .lengths = tables.lengths,
                            .longest = arena.longestHead()};
        if (ops_.attendRows != nullptr && (spec.headDim == 64 || spec.headDim == 128))
            return attendAll(spec, arena, tables, rotated, wantsOutput);
        Attended past;
        if (input_.probes > 0) {
            past = attend(rotated.probeQuery, probeBorders_, input_.probes, all, false, spec.scale);
            EPI_TRY(score(spec, arena, tables, rotated, past.logSum));
        }
        if (!wantsOutput) return at::Tensor();
        Attended appended;
        if (input_.appended > 0)
            appended = attend(rotated.appendedQuery, appendBorders_, input_.appended, all, true, spec.scale);
        Attended own;
        if (input_.probes > 0) {
            const Sequences probe{.keys = rotated.probeKeys,
                                  .values = rotated.probeValues,
                                  .borders = probeBorders_,
                                  .lengths = {},
                                  .longest = input_.probes};
            own = attend(rotated.probeQuery, probeBorders_, input_.probes, probe, true, spec.scale);
        }
        return join(spec, appended, past, own);
    }

    Result<void> feedForward(const FeedForwardSpec& spec,
                             const at::Tensor& attended,
                             const LinearSpec& output) {
        addend_ = linear(attended, output);
        EPI_TRY_ASSIGN(const at::Tensor input, norm(spec.inputNorm));
        const at::Tensor gate = linear(input, spec.gate);
        const at::Tensor up = linear(input, spec.up);
        const GatedActivationArgs args{.gate = gate.const_data_ptr(),
                                       .up = up.const_data_ptr(),
                                       .output = gate.mutable_data_ptr(),
                                       .values = gate.numel(),
                                       .activation = spec.activation == FeedForwardSpec::Activation::kSilu
                                                         ? GatedActivationArgs::Activation::kSilu
                                                         : GatedActivationArgs::Activation::kGeluTanh};
        EPI_TRY(launched(ops_.gatedActivation(args), "gated activation"));
        addend_ = linear(gate, spec.down);
        return {};
    }

    /// Scores of the layer that was attended last; undefined without a probe.
    [[nodiscard]] const at::Tensor& scores() const { return scores_; }
    [[nodiscard]] at::Tensor hidden() const { return x_ + addend_; }

private:
    struct Rotated {
        at::Tensor appendedQuery;  // [kvHeads * appended, group, headDim]
        at::Tensor probeQuery;     // [kvHeads * probes, group, headDim]
        at::Tensor probeKeys;      // [kvHeads * probes, headDim]
        at::Tensor probeValues;    // [kvHeads * probes, headDim]
    };

    [[nodiscard]] at::Tensor linear(const at::Tensor& x, const LinearSpec& spec) const {
        const at::Tensor& matrix = weights_.matrix(spec.weight).values;
        if (spec.bias.empty()) return at::linear(x, matrix);
        return at::linear(x, matrix, weights_.vector(spec.bias).to(matrix.scalar_type()));
    }

    /// The residual sum so far, normalised.
    Result<at::Tensor> norm(const NormSpec& spec) {
        at::Tensor output = at::empty_like(x_);
        const bool hasAddend = addend_.defined();
        const cuda::NormRowsArgs args{.input = x_.const_data_ptr(),
                                      .addend = hasAddend ? addend_.const_data_ptr() : nullptr,
                                      .sum = hasAddend ? x_.mutable_data_ptr() : nullptr,
                                      .weight = weights_.vector(spec.weight).const_data_ptr<float>(),
                                      .output = output.mutable_data_ptr(),
                                      .rows = x_.size(0),
                                      .width = x_.size(1),
                                      .epsilon = static_cast<float>(spec.epsilon)};
        EPI_TRY(launched(ops_.normRows(args), "norm"));
        addend_ = at::Tensor();
        return output;
    }

    [[nodiscard]] const float* normWeight(const std::optional<NormSpec>& spec) const {
        return spec ? weights_.vector(spec->weight).const_data_ptr<float>() : nullptr;
    }

    Result<Rotated> rotateRows(std::int32_t index, const AttentionSpec& spec, const at::Tensor& input) {
        const at::Tensor query = linear(input, spec.query);
        const at::Tensor key = linear(input, spec.key);
        const at::Tensor value = linear(input, spec.value);
        const std::int64_t group = spec.heads / spec.kvHeads;
        const std::int64_t probeRows = spec.kvHeads * input_.probes;
        Rotated rotated{.appendedQuery =
                            at::empty({spec.kvHeads * input_.appended, group, spec.headDim}, query.options()),
                        .probeQuery = at::empty({probeRows, group, spec.headDim}, query.options()),
                        .probeKeys = at::empty({probeRows, spec.headDim}, query.options()),
                        .probeValues = at::empty({probeRows, spec.headDim}, query.options())};
        const RotaryTable& table = input_.tables[input_.rotaryOfLayer[static_cast<std::size_t>(index)]];
        const LayerArena& arena = cache_.layer(index);
        const RotateAppendArgs args{
            .query = query.const_data_ptr(),
            .key = key.const_data_ptr(),
            .value = value.const_data_ptr(),
            .cosines = table.cosines.const_data_ptr<float>(),
            .sines = table.sines.const_data_ptr<float>(),
            .queryNorm = normWeight(spec.queryNorm),
            .keyNorm = normWeight(spec.keyNorm),
            .target = tables_->layer(index, spec.kvHeads).targets.const_data_ptr<std::int32_t>(),
            .arenaKeys = arena.keys().mutable_data_ptr(),
            .arenaValues = arena.values().mutable_data_ptr(),
            .appendedQuery = rotated.appendedQuery.mutable_data_ptr(),
            .probeQuery = rotated.probeQuery.mutable_data_ptr(),
            .probeKeys = rotated.probeKeys.mutable_data_ptr(),
            .probeValues = rotated.probeValues.mutable_data_ptr(),
            .appended = static_cast<std::int32_t>(input_.appended),
            .probes = static_cast<std::int32_t>(input_.probes),
            .heads = spec.heads,
            .kvHeads = spec.kvHeads,
            .headDim = spec.headDim,
            .dimensions = spec.rotary.dimensions,
            .queryEpsilon = spec.queryNorm ? static_cast<float>(spec.queryNorm->epsilon) : 0.0F,
            .keyEpsilon = spec.keyNorm ? static_cast<float>(spec.keyNorm->epsilon) : 0.0F,
            .pairing = spec.rotary.pairing == RotarySpec::Pairing::kNeighbours
                           ? RotateAppendArgs::Pairing::kNeighbours
                           : RotateAppendArgs::Pairing::kHalves};
        EPI_TRY(launched(ops_.rotateAppend(args), "rotation"));
        return rotated;
    }

    /// All attention of the layer in one launch, and the scores.
    Result<at::Tensor> attendAll(const AttentionSpec& spec,
                                 const LayerArena& arena,
                                 const HeadTables::Layer& tables,
                                 const Rotated& rotated,
                                 bool wantsOutput) {
        const std::int64_t group = spec.heads / spec.kvHeads;
        const at::Tensor pastLogSum =
            at::empty({group, spec.kvHeads * input_.probes}, x_.options().dtype(at::kFloat));
        at::Tensor output;
        if (wantsOutput)
            output = at::empty({x_.size(0), std::int64_t{spec.heads} * spec.headDim}, x_.options());
        const cuda::AttendRowsArgs args{.appendedQuery = rotated.appendedQuery.const_data_ptr(),
                                        .probeQuery = rotated.probeQuery.const_data_ptr(),
                                        .keys = arena.keys().const_data_ptr(),
                                        .values = arena.values().const_data_ptr(),
                                        .probeKeys = rotated.probeKeys.const_data_ptr(),
                                        .probeValues = rotated.probeValues.const_data_ptr(),
                                        .starts = tables.starts.const_data_ptr<std::int32_t>(),
                                        .lengths = tables.lengths.const_data_ptr<std::int32_t>(),
                                        .output = wantsOutput ? output.mutable_data_ptr() : nullptr,
                                        .pastLogSum = pastLogSum.mutable_data_ptr<float>(),
                                        .arenaRows = arena.keys().size(0),
                                        .appended = static_cast<std::int32_t>(input_.appended),
                                        .probes = static_cast<std::int32_t>(input_.probes),
                                        .kvHeads = spec.kvHeads,
                                        .group = static_cast<std::int32_t>(group),
                                        .headDim = spec.headDim,
                                        .scale = static_cast<float>(spec.scale)};
        EPI_TRY(launched(ops_.attendRows(args), "attention"));
        if (input_.probes > 0) EPI_TRY(score(spec, arena, tables, rotated, pastLogSum));
        return output;
    }

    Result<void> score(const AttentionSpec& spec,
                       const LayerArena& arena,
                       const HeadTables::Layer& tables,
                       const Rotated& rotated,
                       const at::Tensor& pastLogSum) {
        scores_ = at::empty({arena.totalLength()}, rotated.probeQuery.options().dtype(at::kFloat));
        const cuda::ProbeScoresArgs args{.query = rotated.probeQuery.const_data_ptr(),
                                         .keys = arena.keys().const_data_ptr(),
                                         .starts = tables.starts.const_data_ptr<std::int32_t>(),
                                         .lengths = tables.lengths.const_data_ptr<std::int32_t>(),
                                         .offsets = tables.offsets.const_data_ptr<std::int32_t>(),
                                         .logSum = pastLogSum.const_data_ptr<float>(),
                                         .scores = scores_.mutable_data_ptr<float>(),
                                         .arenaRows = arena.keys().size(0),
                                         .entries = static_cast<std::int32_t>(arena.totalLength()),
                                         .longest = static_cast<std::int32_t>(arena.longestHead()),
                                         .probeRows = static_cast<std::int32_t>(input_.probes),
                                         .kvHeads = spec.kvHeads,
                                         .group = spec.heads / spec.kvHeads,
                                         .headDim = spec.headDim,
                                         .scale = static_cast<float>(spec.scale)};
        return launched(ops_.probeScores(args), "probe score");
    }

    Result<at::Tensor> join(const AttentionSpec& spec,
                            const Attended& appended,
                            const Attended& past,
                            const Attended& own) {
        at::Tensor output = at::empty({x_.size(0), std::int64_t{spec.heads} * spec.headDim}, x_.options());
        const auto pointer = [](const at::Tensor& tensor) {
            return tensor.defined() ? tensor.const_data_ptr() : nullptr;
        };
        const cuda::JoinAttentionArgs args{.appended = pointer(appended.output),
                                           .past = pointer(past.output),
                                           .own = pointer(own.output),
                                           .pastLogSum = static_cast<const float*>(pointer(past.logSum)),
                                           .ownLogSum = static_cast<const float*>(pointer(own.logSum)),
                                           .output = output.mutable_data_ptr(),
                                           .appendedRows = static_cast<std::int32_t>(input_.appended),
                                           .probeRows = static_cast<std::int32_t>(input_.probes),
                                           .kvHeads = spec.kvHeads,
                                           .group = spec.heads / spec.kvHeads,
                                           .headDim = spec.headDim};
        EPI_TRY(launched(ops_.joinAttention(args), "attention join"));
        return output;
    }

    const Weights& weights_;
    const EpiPrefillOps& ops_;
    const FusedLayers::Input& input_;
    KvCache& cache_;
    at::Tensor x_;       // [rows, dimension]: the residual stream without `addend_`
    at::Tensor addend_;  // the last branch, added by the next norm
    at::Tensor scores_;
    std::optional<HeadTables> tables_;
    at::Tensor appendBorders_;
    at::Tensor probeBorders_;
};

}  // namespace

Result<at::Tensor> FusedLayers::run(const ForwardRequest& request, const Input& input, KvCache& cache) const {
    Pass pass(weights_, ops_, input, cache);
    EPI_TRY(pass.prepare());
    LateHook hook(request.hook, cache, input.x.device());
    for (std::int32_t index = 0; index < cache.layerCount(); ++index) {
        if (request.cancel.isCancelled()) return Error{ErrorCode::kCancelled, "reading was cancelled"};
        const LayerSpec& layer = spec_.layers[static_cast<std::size_t>(index)];
        const bool wantsOutput = request.logitRows > 0 || index + 1 < cache.layerCount();
        EPI_TRY_ASSIGN(const at::Tensor attended, pass.attention(index, layer.attention, wantsOutput));
        if (wantsOutput) EPI_TRY(pass.feedForward(layer.feedForward, attended, layer.attention.output));
        EPI_TRY(hook.afterLayer(index, pass.scores()));
    }
    EPI_TRY(hook.finish());
    return request.logitRows > 0 ? pass.hidden() : at::Tensor();
}

}  // namespace epi
