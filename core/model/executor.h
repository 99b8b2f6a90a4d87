#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <ATen/core/TensorBody.h>

#include "core/base/cancel_token.h"
#include "core/base/result.h"
#include "core/kv/kv_cache.h"
#include "core/model/linear.h"
#include "core/model/model_spec.h"
#include "core/model/weights.h"
#include "core/tensor/placement.h"
#include "core/tensor/rotary.h"
#include "core/tensor/score_reduction.h"
#include "core/text/tokenizer.h"

namespace epi {

class ReplyStream;
class RowDecoder;
struct ReplyStart;

/// Keys and values that the same rows have in a layer: [kvHeads, rows, headDim], as they are cached.
struct LayerRows {
    at::Tensor keys;
    at::Tensor values;
};

/// In all layers, in their order.
using ComputedRows = std::vector<LayerRows>;

/// Rows that go through the model together. kAppend rows attend to the cache and, causally, to each other,
/// and stay in the cache. kProbe rows attend to the cache (the appended rows included) and to each other, and
/// leave nothing.
struct RowGroup {
    enum class Kind { kAppend, kProbe };
    Kind kind = Kind::kAppend;
    std::span<const TokenId> ids;
    std::int64_t firstPosition = 0;
    ScoreReduction reduction{};  // of a probe's scores
    /// What appended rows are known to have behind this cache: they are put there instead of run.
    const ComputedRows* computed = nullptr;
};

/// Called after every layer, when its rows are in the cache: the place where eviction happens. `probeScores`
/// is what attendProbe gives, one for each probe group in their order, undefined in layers with a window.
class LayerHook {
public:
    virtual ~LayerHook() = default;
    virtual Result<void> afterLayer(std::int32_t layer,
                                    LayerArena& arena,
                                    std::span<const at::Tensor> probeScores) = 0;
};

struct ForwardRequest {
    std::vector<RowGroup> groups;  // at most one that is appended, and it comes first
    std::int64_t logitRows = 0;    // logits are wanted for this many last rows of the appended group
    bool wantsHidden = false;      // instead of logits the states behind the final norm
    LayerHook* hook = nullptr;     // may be null
    CancelToken cancel;            // asked between layers
};

class FusedLayers;

/// Walks a ModelSpec. Holds nothing but the weights and scratch memory: all state is in the cache. One thread
/// at a time.
class Executor {
public:
    Executor(ModelSpec spec, Weights weights, Placement placement);
    ~Executor();

    [[nodiscard]] const ModelSpec& spec() const { return spec_; }
    [[nodiscard]] const Weights& weights() const { return weights_; }
    [[nodiscard]] const Placement& placement() const { return placement_; }
    /// Why replies are not decoded with kernels of our own although the mode asks for them; empty when they
    /// are.
    [[nodiscard]] const std::string& decoderNotice() const { return decoderNotice_; }

    /// Whether blocks of rows go through fused kernels of our own.
    [[nodiscard]] bool runsFused() const { return fused_ != nullptr; }

    /// Rows of the embedding matrix, [ids, dimension], fp32, without the model's scale. Requires: ids of the
    /// vocabulary.
    [[nodiscard]] at::Tensor embedTokens(std::span<const TokenId> ids) const;

    /// Logits [logitRows, vocabulary] (or states [logitRows, dimension]), fp32, on the placement's device;
    /// undefined when none are wanted.
    /// kInvalidArgument for a token outside the vocabulary, kOutOfMemory when the cache or the device has no
    /// room, kCancelled. After all but the first the layers of the cache may no longer agree: the caller
    /// restores it.
    Result<at::Tensor> forward(const ForwardRequest& request, KvCache& cache) const;

    /// Reads a reply's first token behind the cache and writes the others from there. Null where there is no
    /// decoder that does so. kOutOfMemory when the cache has no room.
    Result<std::unique_ptr<ReplyStream>> writeReply(const ReplyStart& start, KvCache& cache) const;

private:
    struct Rows;

    void makeCudaDecoder();
    Result<at::Tensor> run(const ForwardRequest& request, KvCache& cache) const;
    [[nodiscard]] Result<void> check(const ForwardRequest& request, const KvCache& cache) const;
    [[nodiscard]] Rows gather(const ForwardRequest& request) const;
    /// The hidden states after the last layer, by LibTorch's operations, one at a time.
    Result<at::Tensor> walkLayers(const ForwardRequest& request,
                                  Rows& rows,
                                  at::Tensor x,
                                  KvCache& cache) const;
    /// Caches and scores the rows; what attention adds to them, undefined unless it is wanted.
    Result<at::Tensor> attention(const LayerSpec& layer,
                                 const Rows& rows,
                                 const at::Tensor& x,
                                 LayerArena& arena,
                                 bool wantsOutput,
                                 std::vector<at::Tensor>& probeScores) const;
    [[nodiscard]] at::Tensor feedForward(const FeedForwardSpec& spec, const at::Tensor& x) const;
    [[nodiscard]] at::Tensor norm(const at::Tensor& x, const NormSpec& spec) const;
    [[nodiscard]] at::Tensor linear(const at::Tensor& x, const LinearSpec& spec) const;

    ModelSpec spec_;
    Weights weights_;
    Placement placement_;
    Linear linear_;
    std::vector<RotarySpec> rotaries_;     // the distinct ones
    std::vector<at::Tensor> frequencies_;  // per distinct one
    std::vector<std::size_t> rotaryOfLayer_;
    std::unique_ptr<RowDecoder> decoder_;  // for single rows; null: the general path does them
    std::string decoderNotice_;
    std::unique_ptr<FusedLayers> fused_;  // null where the placement has none
};

}  // namespace epi
