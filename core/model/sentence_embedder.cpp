#include "core/model/sentence_embedder.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>
#include <string>

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/zeros.h>
#include <c10/core/InferenceMode.h>
#include <nlohmann/json.hpp>

#include "core/base/digest.h"
#include "core/base/file.h"
#include "core/format/safetensors.h"
#include "core/model/bert_encoder.h"
#include "core/tensor/cpu/kernels.h"
#include "core/tensor/guard.h"
#include "core/tensor/placement.h"
#include "core/text/word_piece.h"

namespace epi {
namespace {

constexpr std::size_t kMaxConfigBytes = 1 << 20;

// Word pieces of a batch on a GPU, padding included: activations of a few hundred megabytes, and enough rows
// to keep it busy.
constexpr std::int64_t kPiecesPerBatchOnGpu = 16384;

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

/// fp32, or in fast mode what the device multiplies faster: on a GPU everything in fp16, whose rounding error
/// is an eighth of bfloat16's, on a CPU the products in bfloat16.
Result<BertPlacement> placementFor(const SentenceEmbedder::Options& options) {
    EPI_TRY_ASSIGN(const PlacementChoice choice, choosePlacement(options.device, options.compute));
    BertPlacement placement{.device = choice.placement.device};
    if (options.compute == ComputeMode::kExact) return placement;
    if (placement.device.is_cuda()) {
        placement.type = c10::kHalf;
        placement.linearType = c10::kHalf;
    } else if (cpu::multipliesBfloat16()) {
        placement.linearType = c10::kBFloat16;
    }
    return placement;
}

constexpr BertConfig kMiniLm{.layers = 6, .heads = 12, .dimension = 384, .epsilon = 1e-12};

/// A random tensor of all-MiniLM-L6-v2's shape that keeps the size of what it is applied to. The same values
/// each time.
at::Tensor madeUpTensor(const std::string& name) {
    at::Generator random = at::make_generator<at::CPUGeneratorImpl>(std::hash<std::string>{}(name));
    const auto randn = [&](std::int64_t rows, std::int64_t columns) {
        return at::randn({rows, columns}, random, at::kFloat);
    };
    constexpr std::int64_t kWide = 1536;  // of the feed-forward layers
    const bool isIntermediate = name.find("intermediate.dense") != std::string::npos;
    const std::int64_t rows = isIntermediate ? kWide : kMiniLm.dimension;
    if (name.ends_with(".bias")) return at::zeros({rows}, at::kFloat);
    if (name.find("LayerNorm") != std::string::npos) return at::ones({rows}, at::kFloat);
    if (name.find("word_embeddings") != std::string::npos) return randn(30522, rows);
    if (name.find("position_embeddings") != std::string::npos) return randn(512, rows);
    if (name.find("token_type_embeddings") != std::string::npos) return at::zeros({2, rows}, at::kFloat);
    const bool isDown = !isIntermediate && name.find("attention.") == std::string::npos;
    const std::int64_t columns = isDown ? kWide : kMiniLm.dimension;
    return randn(rows, columns) / std::sqrt(static_cast<double>(columns));
}

}  // namespace

struct SentenceEmbedder::State {
    WordPiece wordPiece;
    BertEncoder encoder;
    std::string fingerprint;
    std::int64_t piecesPerBatch = 0;
};

SentenceEmbedder::SentenceEmbedder(std::unique_ptr<State> state) : state_(std::move(state)) {}
SentenceEmbedder::~SentenceEmbedder() = default;

Result<std::unique_ptr<SentenceEmbedder>> SentenceEmbedder::load(const std::filesystem::path& folder,
                                                                 const Options& options) {
    EPI_TRY_ASSIGN(const BertConfig config, readConfig(folder / "config.json"));
    EPI_TRY_ASSIGN(WordPiece wordPiece, WordPiece::load(folder / "vocab.txt"));
    EPI_TRY_ASSIGN(const SafetensorsFile file, SafetensorsFile::open(folder / "model.safetensors"));
    EPI_TRY_ASSIGN(const BertPlacement placement, placementFor(options));
    return guarded("loading " + folder.string(), [&]() -> Result<std::unique_ptr<SentenceEmbedder>> {
        Blake2b256 digest;
        const auto source = [&](const std::string& name) -> Result<at::Tensor> {
            const SafetensorsEntry* entry = file.find(name);
            if (entry == nullptr) {
                return Error{ErrorCode::kCorruptData, folder.string() + ": tensor '" + name + "' is missing"};
            }
            EPI_TRY_ASSIGN(const std::vector<float> values, file.readFloats(*entry));
            digest.update(std::as_bytes(std::span(values)));
            return at::from_blob(const_cast<float*>(values.data()), entry->shape, at::kFloat).clone();
        };
        EPI_TRY_ASSIGN(BertEncoder encoder, BertEncoder::load(config, placement, source));
        if (encoder.vocabularySize() < wordPiece.vocabularySize() ||
            encoder.positions() < static_cast<std::int64_t>(WordPiece::kMaxPieces)) {
            return Error{ErrorCode::kCorruptData,
                         folder.string() + ": the embedding tensors do not fit config.json and vocab.txt"};
        }
        const Digest256 bytes = digest.finish();
        return make(std::move(wordPiece), std::move(encoder), hex(bytes), options);
    });
}

Result<std::unique_ptr<SentenceEmbedder>> SentenceEmbedder::makeUp(std::string_view vocabulary,
                                                                   const Options& options) {
    const c10::InferenceMode inference;
    EPI_TRY_ASSIGN(WordPiece wordPiece, WordPiece::parse(vocabulary));
    EPI_TRY_ASSIGN(const BertPlacement placement, placementFor(options));
    return guarded("making up an embedder", [&]() -> Result<std::unique_ptr<SentenceEmbedder>> {
        const auto source = [](const std::string& name) -> Result<at::Tensor> {
            return madeUpTensor(name);
        };
        EPI_TRY_ASSIGN(BertEncoder encoder, BertEncoder::load(kMiniLm, placement, source));
        if (encoder.vocabularySize() < wordPiece.vocabularySize())
            return Error{ErrorCode::kInvalidArgument, "the vocabulary is larger than all-MiniLM-L6-v2's"};
        return make(std::move(wordPiece), std::move(encoder), "made up", options);
    });
}

std::unique_ptr<SentenceEmbedder> SentenceEmbedder::make(WordPiece wordPiece,
                                                         BertEncoder encoder,
                                                         std::string fingerprint,
                                                         const Options& options) {
    const BertPlacement& placement = encoder.placement();
    if (placement.linearType != c10::kFloat)
        fingerprint += placement.linearType == c10::kHalf ? "-f16" : "-bf16";
    const std::int64_t own = placement.device.is_cuda() ? kPiecesPerBatchOnGpu : 0;
    return std::unique_ptr<SentenceEmbedder>(new SentenceEmbedder(std::make_unique<State>(
        State{.wordPiece = std::move(wordPiece),
              .encoder = std::move(encoder),
              .fingerprint = std::move(fingerprint),
              .piecesPerBatch = options.piecesPerBatch > 0 ? options.piecesPerBatch : own})));
}

std::vector<TokenId> SentenceEmbedder::encode(std::string_view text) const {
    return state_->wordPiece.encode(text, WordPiece::kMaxPieces);
}

const std::string& SentenceEmbedder::fingerprint() const {
    return state_->fingerprint;
}

std::int64_t SentenceEmbedder::weightBytes() const {
    return state_->encoder.bytes();
}

Result<EmbeddingMatrix> SentenceEmbedder::embed(std::span<const std::string> texts,
                                                const std::function<void(std::int64_t done)>& progress,
                                                const CancelToken& cancel) const {
    const c10::InferenceMode inference;
    return guarded("embedding", [&]() -> Result<EmbeddingMatrix> {
        const std::size_t columns = static_cast<std::size_t>(state_->encoder.dimension());
        EmbeddingMatrix matrix{.rows = static_cast<std::int64_t>(texts.size()),
                               .columns = state_->encoder.dimension(),
                               .values = std::vector<float>(texts.size() * columns)};
        std::vector<std::vector<TokenId>> pieces;
        for (const std::string& text : texts) {
            if (cancel.isCancelled()) return Error{ErrorCode::kCancelled, "embedding was cancelled"};
            pieces.push_back(encode(text));
        }
        // Texts of like length side by side, so that little is padded.
        std::vector<std::size_t> order(texts.size());
        std::iota(order.begin(), order.end(), std::size_t{0});
        std::ranges::stable_sort(order, {}, [&](std::size_t text) { return pieces[text].size(); });
        for (std::size_t first = 0; first < order.size();) {
            if (cancel.isCancelled()) return Error{ErrorCode::kCancelled, "embedding was cancelled"};
            std::vector<const std::vector<TokenId>*> batch;
            const auto fits = [&](std::size_t text) {
                const std::size_t padded = (batch.size() + 1) * pieces[text].size();
                return batch.empty() || static_cast<std::int64_t>(padded) <= state_->piecesPerBatch;
            };
            std::size_t end = first;
            for (; end < order.size() && fits(order[end]); ++end)
                batch.push_back(&pieces[order[end]]);
            const at::Tensor vectors = state_->encoder.encode(batch);
            const float* row = vectors.const_data_ptr<float>();
            for (; first < end; ++first, row += columns) {
                const std::span values(row, columns);
                if (!std::ranges::all_of(values, [](float value) { return std::isfinite(value); })) {
                    return Error{ErrorCode::kInternal,
                                 "the embedding of text " + std::to_string(order[first]) + " is not finite"};
                }
                std::ranges::copy(
                    values, matrix.values.begin() + static_cast<std::ptrdiff_t>(order[first] * columns));
            }
            if (progress) progress(static_cast<std::int64_t>(end));
        }
        return matrix;
    });
}

}  // namespace epi
