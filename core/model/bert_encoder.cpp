#include "core/model/bert_encoder.h"

#include <algorithm>
#include <optional>

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/embedding.h>
#include <ATen/ops/gelu.h>
#include <ATen/ops/layer_norm.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/scaled_dot_product_attention.h>

#include "core/tensor/upload.h"

namespace epi {
namespace {

constexpr const char* kWords = "embeddings.word_embeddings.weight";
constexpr const char* kPositions = "embeddings.position_embeddings.weight";
constexpr const char* kTypes = "embeddings.token_type_embeddings.weight";
// Kernels of attention with a mask want rows of masks that begin at multiples of 16 bytes.
constexpr std::int64_t kLengthStepOnGpu = 8;

std::string layerPrefix(std::int64_t layer) {
    return "encoder.layer." + std::to_string(layer) + ".";
}

std::vector<std::string> neededTensors(const BertConfig& config) {
    std::vector<std::string> needed{
        kWords, kPositions, kTypes, "embeddings.LayerNorm.weight", "embeddings.LayerNorm.bias"};
    for (std::int64_t layer = 0; layer < config.layers; ++layer) {
        for (const char* part : {"attention.self.query",
                                 "attention.self.key",
                                 "attention.self.value",
                                 "attention.output.dense",
                                 "attention.output.LayerNorm",
                                 "intermediate.dense",
                                 "output.dense",
                                 "output.LayerNorm"}) {
            needed.push_back(layerPrefix(layer) + part + ".weight");
            needed.push_back(layerPrefix(layer) + part + ".bias");
        }
    }
    return needed;
}

bool isLinear(const std::string& name) {
    return name.starts_with("encoder.") && name.find("LayerNorm") == std::string::npos;
}

}  // namespace

/// Texts side by side, as wide as the longest.
struct BertEncoder::Batch {
    at::Tensor ids;                  // [texts, length]
    std::optional<at::Tensor> seen;  // [texts, length], bool: no padding; none where nothing is padded
    at::Tensor lengths;              // [texts, 1], fp32
};

Result<BertEncoder> BertEncoder::load(const BertConfig& config,
                                      const BertPlacement& placement,
                                      const Source& source) {
    BertEncoder encoder(config, placement);
    for (const std::string& name : neededTensors(config)) {
        EPI_TRY_ASSIGN(const at::Tensor values, source(name));
        const bool isMatrix = name.ends_with(".weight") && name.find("LayerNorm") == std::string::npos;
        if (values.dim() != (isMatrix ? 2 : 1))
            return Error{ErrorCode::kCorruptData, "tensor '" + name + "' has another shape than in BERT"};
        at::Tensor held = values.to(placement.device, isLinear(name) ? placement.linearType : placement.type);
        encoder.bytes_ += static_cast<std::int64_t>(held.nbytes());
        encoder.tensors_[name] = std::move(held);
    }
    if (encoder.tensor(kWords).size(1) != config.dimension ||
        encoder.tensor(kPositions).size(1) != config.dimension) {
        return Error{ErrorCode::kCorruptData,
                     "the embeddings are not " + std::to_string(config.dimension) + " wide"};
    }
    return encoder;
}

std::int64_t BertEncoder::vocabularySize() const {
    return tensor(kWords).size(0);
}

std::int64_t BertEncoder::positions() const {
    return tensor(kPositions).size(0);
}

BertEncoder::Batch BertEncoder::gather(std::span<const std::vector<TokenId>* const> texts) const {
    std::size_t longest = 0;
    bool isEven = true;
    for (const auto* text : texts) {
        longest = std::max(longest, text->size());
        isEven = isEven && text->size() == texts.front()->size();
    }
    const std::int64_t step = placement_.device.is_cuda() ? kLengthStepOnGpu : 1;
    const std::int64_t length =
        std::min((static_cast<std::int64_t>(longest) + step - 1) / step * step, positions());
    isEven = isEven && length == static_cast<std::int64_t>(longest);
    const auto count = static_cast<std::int64_t>(texts.size());
    std::vector<std::int64_t> ids(static_cast<std::size_t>(count * length), 0);
    std::vector<std::int64_t> lengths;
    auto row = ids.begin();
    for (const auto* text : texts) {
        std::copy(text->begin(), text->end(), row);
        row += length;
        lengths.push_back(static_cast<std::int64_t>(text->size()));
    }
    const at::Tensor ends = toDevice(std::span<const std::int64_t>(lengths), placement_.device).unsqueeze(1);
    Batch batch{.ids = toDevice(std::span<const std::int64_t>(ids), placement_.device).view({count, length}),
                .seen = std::nullopt,
                .lengths = ends.to(at::kFloat)};
    if (!isEven) batch.seen = at::arange(length, ends.options()).unsqueeze(0).lt(ends);
    return batch;
}

at::Tensor BertEncoder::linear(const at::Tensor& x, const std::string& name) const {
    return at::linear(x.to(placement_.linearType), tensor(name + ".weight"), tensor(name + ".bias"))
        .to(placement_.type);
}

at::Tensor BertEncoder::norm(const at::Tensor& x, const std::string& name) const {
    return at::layer_norm(
        x, {config_.dimension}, tensor(name + ".weight"), tensor(name + ".bias"), config_.epsilon);
}

at::Tensor BertEncoder::encode(std::span<const std::vector<TokenId>* const> texts) const {
    const Batch batch = gather(texts);
    const std::int64_t count = batch.ids.size(0);
    const std::int64_t length = batch.ids.size(1);
    std::optional<at::Tensor> mask;
    if (batch.seen) mask = batch.seen->view({count, 1, 1, length});
    at::Tensor x = at::embedding(tensor(kWords), batch.ids) + tensor(kPositions).narrow(0, 0, length) +
                   tensor(kTypes).select(0, 0);
    x = norm(x, "embeddings.LayerNorm");
    for (std::int64_t layer = 0; layer < config_.layers; ++layer) {
        const std::string prefix = layerPrefix(layer);
        const auto heads = [&](const char* name) {
            return linear(x, prefix + "attention.self." + name)
                .view({count, length, config_.heads, config_.dimension / config_.heads})
                .transpose(1, 2);
        };
        const at::Tensor attended =
            at::scaled_dot_product_attention(heads("query"), heads("key"), heads("value"), mask)
                .transpose(1, 2)
                .reshape({count, length, config_.dimension});
        x = norm(x + linear(attended, prefix + "attention.output.dense"),
                 prefix + "attention.output.LayerNorm");
        const at::Tensor inner = at::gelu(linear(x, prefix + "intermediate.dense"));
        x = norm(x + linear(inner, prefix + "output.dense"), prefix + "output.LayerNorm");
    }
    at::Tensor states = x.to(at::kFloat);
    if (batch.seen) states = states.masked_fill(batch.seen->logical_not().unsqueeze(-1), 0.0);
    const at::Tensor mean = states.sum(1) / batch.lengths;
    return (mean / mean.norm(2, {-1}, true).clamp_min(1e-12)).cpu().contiguous();
}

}  // namespace epi
