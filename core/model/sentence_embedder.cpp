#include "core/model/sentence_embedder.h"

#include <string>
#include <unordered_map>

#include <ATen/TensorOperators.h>
#include <ATen/ops/embedding.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/gelu.h>
#include <ATen/ops/layer_norm.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/scaled_dot_product_attention.h>
#include <nlohmann/json.hpp>

#include "core/base/digest.h"
#include "core/base/file.h"
#include "core/format/safetensors.h"
#include "core/tensor/cpu/kernels.h"
#include "core/tensor/guard.h"
#include "core/text/word_piece.h"

namespace epi {
namespace {

constexpr std::size_t kMaxConfigBytes = 1 << 20;

/// The numbers of a BERT encoder that its tensors do not say.
struct BertConfig {
    std::int64_t layers = 0;
    std::int64_t heads = 0;
    std::int64_t dimension = 0;
    double epsilon = 1e-12;
};

Result<BertConfig> readConfig(const std::filesystem::path& path) {
    EPI_TRY_ASSIGN(const std::string text, readWholeFile(path, kMaxConfigBytes));
    const auto json = nlohmann::json::parse(text, nullptr, false);
    const auto number = [&](const char* key) {
        return json.is_object() && json.contains(key) && json[key].is_number() ? json[key].get<double>()
                                                                               : 0.0;
    };
    BertConfig config;
    config.layers = static_cast<std::int64_t>(number("num_hidden_layers"));
    config.heads = static_cast<std::int64_t>(number("num_attention_heads"));
    config.dimension = static_cast<std::int64_t>(number("hidden_size"));
    config.epsilon = number("layer_norm_eps");
    const bool isSane = config.layers >= 1 && config.layers <= 512 && config.heads >= 1 &&
                        config.dimension >= 1 && config.dimension <= 65536 &&
                        config.dimension % config.heads == 0 && config.epsilon > 0.0;
    if (isSane) return config;
    return Error{ErrorCode::kCorruptData,
                 path.string() +
                     ": num_hidden_layers, num_attention_heads, hidden_size and layer_norm_eps of a BERT "
                     "encoder are expected"};
}

}  // namespace

struct SentenceEmbedder::State {
    BertConfig config;
    WordPiece wordPiece;
    std::unordered_map<std::string, at::Tensor> tensors;
    std::string fingerprint;

    [[nodiscard]] const at::Tensor& tensor(const std::string& name) const { return tensors.at(name); }

    [[nodiscard]] at::Tensor linear(const at::Tensor& x, const std::string& name) const {
        const at::Tensor& weight = tensor(name + ".weight");
        return at::linear(x.to(weight.scalar_type()), weight, tensor(name + ".bias")).to(at::kFloat);
    }

    [[nodiscard]] at::Tensor norm(const at::Tensor& x, const std::string& name) const {
        return at::layer_norm(
            x, {config.dimension}, tensor(name + ".weight"), tensor(name + ".bias"), config.epsilon);
    }

    /// Weights and biases of the layers' products, to bfloat16.
    void roundLinearLayers() {
        for (auto& [name, values] : tensors) {
            const bool isLinear = name.starts_with("encoder.") && name.find("LayerNorm") == std::string::npos;
            if (isLinear) values = values.to(at::kBFloat16);
        }
    }

    /// One sentence: [pieces] to [dimension].
    [[nodiscard]] at::Tensor forward(const std::vector<std::int64_t>& ids) const {
        const auto rows = static_cast<std::int64_t>(ids.size());
        const at::Tensor index = at::from_blob(const_cast<std::int64_t*>(ids.data()), {rows}, at::kLong);
        at::Tensor x = at::embedding(tensor("embeddings.word_embeddings.weight"), index) +
                       tensor("embeddings.position_embeddings.weight").narrow(0, 0, rows) +
                       tensor("embeddings.token_type_embeddings.weight").select(0, 0);
        x = norm(x, "embeddings.LayerNorm");
        for (std::int64_t layer = 0; layer < config.layers; ++layer) {
            const std::string prefix = "encoder.layer." + std::to_string(layer) + ".";
            const auto heads = [&](const char* name) {
                return linear(x, prefix + "attention.self." + name)
                    .view({1, rows, config.heads, config.dimension / config.heads})
                    .transpose(1, 2);
            };
            const at::Tensor attended =
                at::scaled_dot_product_attention(heads("query"), heads("key"), heads("value"))
                    .transpose(1, 2)
                    .reshape({rows, config.dimension});
            x = norm(x + linear(attended, prefix + "attention.output.dense"),
                     prefix + "attention.output.LayerNorm");
            const at::Tensor inner = at::gelu(linear(x, prefix + "intermediate.dense"));
            x = norm(x + linear(inner, prefix + "output.dense"), prefix + "output.LayerNorm");
        }
        const at::Tensor mean = x.mean(0);
        return mean / mean.norm().clamp_min(1e-12);
    }
};

SentenceEmbedder::SentenceEmbedder(std::unique_ptr<State> state) : state_(std::move(state)) {}
SentenceEmbedder::~SentenceEmbedder() = default;

Result<std::unique_ptr<SentenceEmbedder>> SentenceEmbedder::load(const std::filesystem::path& folder,
                                                                 ComputeMode compute) {
    EPI_TRY_ASSIGN(const BertConfig config, readConfig(folder / "config.json"));
    EPI_TRY_ASSIGN(WordPiece wordPiece, WordPiece::load(folder / "vocab.txt"));
    EPI_TRY_ASSIGN(const SafetensorsFile file, SafetensorsFile::open(folder / "model.safetensors"));
    return guarded("loading " + folder.string(), [&]() -> Result<std::unique_ptr<SentenceEmbedder>> {
        auto state = std::make_unique<State>(
            State{.config = config, .wordPiece = std::move(wordPiece), .tensors = {}, .fingerprint = {}});
        Blake2b256 digest;
        std::vector<std::string> needed{"embeddings.word_embeddings.weight",
                                        "embeddings.position_embeddings.weight",
                                        "embeddings.token_type_embeddings.weight",
                                        "embeddings.LayerNorm.weight",
                                        "embeddings.LayerNorm.bias"};
        for (std::int64_t layer = 0; layer < config.layers; ++layer) {
            for (const char* part : {"attention.self.query",
                                     "attention.self.key",
                                     "attention.self.value",
                                     "attention.output.dense",
                                     "attention.output.LayerNorm",
                                     "intermediate.dense",
                                     "output.dense",
                                     "output.LayerNorm"}) {
                const std::string name = "encoder.layer." + std::to_string(layer) + "." + part;
                needed.push_back(name + ".weight");
                needed.push_back(name + ".bias");
            }
        }
        for (const std::string& name : needed) {
            const SafetensorsEntry* entry = file.find(name);
            if (entry == nullptr) {
                return Error{ErrorCode::kCorruptData, folder.string() + ": tensor '" + name + "' is missing"};
            }
            EPI_TRY_ASSIGN(const std::vector<float> values, file.readFloats(*entry));
            digest.update(std::as_bytes(std::span(values)));
            state->tensors[name] =
                at::from_blob(const_cast<float*>(values.data()), entry->shape, at::kFloat).clone();
        }
        const Digest256 bytes = digest.finish();
        state->fingerprint = hex(bytes);
        if (compute == ComputeMode::kFast && cpu::multipliesBfloat16()) {
            state->roundLinearLayers();
            state->fingerprint += "-bf16";
        }
        const at::Tensor& words = state->tensor("embeddings.word_embeddings.weight");
        const at::Tensor& positions = state->tensor("embeddings.position_embeddings.weight");
        if (words.size(0) < state->wordPiece.vocabularySize() || words.size(1) != config.dimension ||
            positions.size(0) < static_cast<std::int64_t>(WordPiece::kMaxPieces)) {
            return Error{ErrorCode::kCorruptData,
                         folder.string() + ": the embedding tensors do not fit config.json and vocab.txt"};
        }
        return std::unique_ptr<SentenceEmbedder>(new SentenceEmbedder(std::move(state)));
    });
}

std::vector<TokenId> SentenceEmbedder::encode(std::string_view text) const {
    return state_->wordPiece.encode(text, WordPiece::kMaxPieces);
}

const std::string& SentenceEmbedder::fingerprint() const {
    return state_->fingerprint;
}

Result<EmbeddingMatrix> SentenceEmbedder::embed(std::span<const std::string> texts,
                                                const std::function<void(std::int64_t done)>& progress,
                                                const CancelToken& cancel) const {
    const c10::InferenceMode inference;
    return guarded("embedding", [&]() -> Result<EmbeddingMatrix> {
        EmbeddingMatrix matrix{.rows = static_cast<std::int64_t>(texts.size()),
                               .columns = state_->config.dimension,
                               .values = {}};
        matrix.values.reserve(static_cast<std::size_t>(matrix.rows * matrix.columns));
        for (const std::string& text : texts) {
            if (cancel.isCancelled()) return Error{ErrorCode::kCancelled, "embedding was cancelled"};
            const std::vector<TokenId> pieces = encode(text);
            const at::Tensor vector = state_->forward({pieces.begin(), pieces.end()}).contiguous();
            const float* values = vector.const_data_ptr<float>();
            matrix.values.insert(matrix.values.end(), values, values + matrix.columns);
            if (progress) progress(static_cast<std::int64_t>(matrix.values.size()) / matrix.columns);
        }
        return matrix;
    });
}

}  // namespace epi
