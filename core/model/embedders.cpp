#include "core/model/embedders.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <system_error>

#include <ATen/TensorOperators.h>
#include <ATen/ops/zeros.h>
#include <c10/core/InferenceMode.h>

#include "core/kv/kv_cache.h"
#include "core/model/executor.h"
#include "core/model/language_model.h"
#include "core/model/model_catalog.h"
#include "core/model/sentence_embedder.h"
#include "core/tensor/guard.h"

namespace epi {
namespace {

constexpr std::string_view kTokenMean = "llm";
constexpr std::string_view kEndOfText = "<|endoftext|>";
constexpr std::size_t kMostTokens = 2048;  // of a text
constexpr double kSmallestNorm = 1e-12;

/// Runs `vectorOf` for every text, with progress and cancel; the rows are brought to length 1.
template <typename VectorOf>
Result<EmbeddingMatrix> embedEach(std::span<const std::string> texts,
                                  std::int64_t columns,
                                  const std::function<void(std::int64_t done)>& progress,
                                  const CancelToken& cancel,
                                  const VectorOf& vectorOf) {
    const c10::InferenceMode inference;
    return guarded("embedding", [&]() -> Result<EmbeddingMatrix> {
        EmbeddingMatrix matrix{
            .rows = static_cast<std::int64_t>(texts.size()), .columns = columns, .values = {}};
        std::int64_t done = 0;
        for (const std::string& text : texts) {
            if (cancel.isCancelled()) return Error{ErrorCode::kCancelled, "embedding was cancelled"};
            EPI_TRY_ASSIGN(const at::Tensor raw, vectorOf(text));
            const at::Tensor wide = raw.to(at::kCPU, at::kFloat);
            const at::Tensor unit = (wide / wide.norm().clamp_min(kSmallestNorm)).contiguous();
            const float* const first = unit.const_data_ptr<float>();
            matrix.values.insert(matrix.values.end(), first, first + columns);
            if (progress) progress(++done);
        }
        return matrix;
    });
}

class TokenMeanEmbedder final : public TextEmbedder {
public:
    explicit TokenMeanEmbedder(const LanguageModel& model)
        : model_(model), fingerprint_("token mean of " + model.info().fingerprint) {}

    [[nodiscard]] Result<EmbeddingMatrix> embed(std::span<const std::string> texts,
                                                const std::function<void(std::int64_t done)>& progress,
                                                const CancelToken& cancel) const override {
        const ModelSpec& spec = model_.executor().spec();
        return embedEach(
            texts, spec.dimension, progress, cancel, [&](const std::string& text) -> Result<at::Tensor> {
                const std::vector<TokenId> ids = model_.tokenizer().encode(text, ControlTokens::kAsText);
                if (ids.empty()) return at::zeros({spec.dimension}, at::kFloat);
                return model_.executor().embedTokens(ids).mean(0);
            });
    }
    [[nodiscard]] std::int64_t weightBytes() const override { return 0; }
    [[nodiscard]] const std::string& fingerprint() const override { return fingerprint_; }

private:
    const LanguageModel& model_;
    std::string fingerprint_;
};

class LastTokenEmbedder final : public TextEmbedder {
public:
    LastTokenEmbedder(std::unique_ptr<LanguageModel> model, Wording wording)
        : model_(std::move(model)), wording_(std::move(wording)) {
        const std::vector<TokenId> ids = model_->tokenizer().encode(kEndOfText, ControlTokens::kParse);
        if (ids.size() == 1 && model_->tokenizer().isControl(ids.front())) end_ = ids.front();
        fingerprint_ = "last token of " + model_->info().fingerprint;
    }

    [[nodiscard]] Result<EmbeddingMatrix> embed(std::span<const std::string> texts,
                                                const std::function<void(std::int64_t done)>& progress,
                                                const CancelToken& cancel) const override {
        return embedWith(wording_.embedSegment, "text", texts, progress, cancel);
    }
    [[nodiscard]] Result<EmbeddingMatrix> embedQuestion(const std::string& question,
                                                        const CancelToken& cancel) const override {
        return embedWith(wording_.embedQuestion, "question", std::span(&question, 1), {}, cancel);
    }
    [[nodiscard]] std::int64_t weightBytes() const override { return model_->info().weightBytes; }
    [[nodiscard]] const std::string& fingerprint() const override { return fingerprint_; }

private:
    [[nodiscard]] Result<EmbeddingMatrix> embedWith(const std::string& instruction,
                                                    std::string_view name,
                                                    std::span<const std::string> texts,
                                                    const std::function<void(std::int64_t done)>& progress,
                                                    const CancelToken& cancel) const {
        return embedEach(
            texts,
            model_->executor().spec().dimension,
            progress,
            cancel,
            [&](const std::string& text) -> Result<at::Tensor> {
                return lastState(fill(instruction, std::array{WordingValue{name, text}}), cancel);
            });
    }

    [[nodiscard]] Result<at::Tensor> lastState(const std::string& text, const CancelToken& cancel) const {
        std::vector<TokenId> ids = model_->tokenizer().encode(text, ControlTokens::kAsText);
        const std::size_t most =
            std::min<std::size_t>(kMostTokens, static_cast<std::size_t>(model_->info().trainedContext));
        ids.resize(std::min(ids.size(), most - (end_ ? 1 : 0)));
        if (end_) ids.push_back(*end_);
        if (ids.empty()) return Error{ErrorCode::kInvalidArgument, "a text to embed has no token"};
        const Executor& executor = model_->executor();
        const std::vector<std::int64_t> rows(executor.spec().layers.size(),
                                             static_cast<std::int64_t>(ids.size()));
        KvCache cache(executor.spec(), rows, executor.placement());
        EPI_TRY_ASSIGN(
            const at::Tensor state,
            executor.forward({.groups = {{.kind = RowGroup::Kind::kAppend, .ids = ids, .firstPosition = 0}},
                              .logitRows = 1,
                              .wantsHidden = true,
                              .hook = nullptr,
                              .cancel = cancel},
                             cache));
        return state.select(0, 0);
    }

    std::unique_ptr<LanguageModel> model_;
    Wording wording_;
    std::optional<TokenId> end_;
    std::string fingerprint_;
};

/// A GGUF file, or the folder of a model id that holds one: not the folder of a sentence embedder.
bool isDecoder(const std::filesystem::path& modelFolder, const std::string& name) {
    if (name.empty() || findEmbedder(modelFolder, name)) return false;
    return static_cast<bool>(findModel(modelFolder, name, false));
}

}  // namespace

std::unique_ptr<TextEmbedder> makeTokenMeanEmbedder(const LanguageModel& model) {
    return std::make_unique<TokenMeanEmbedder>(model);
}

std::unique_ptr<TextEmbedder> makeLastTokenEmbedder(std::unique_ptr<LanguageModel> model, Wording wording) {
    return std::make_unique<LastTokenEmbedder>(std::move(model), std::move(wording));
}

Result<std::unique_ptr<TextEmbedder>> loadEmbedder(const std::filesystem::path& modelFolder,
                                                   const LoadModel& command,
                                                   const LanguageModel& model,
                                                   const Wording& wording,
                                                   const CancelToken& cancel) {
    if (command.embedder == kTokenMean) return makeTokenMeanEmbedder(model);
    if (isDecoder(modelFolder, command.embedder)) {
        EPI_TRY_ASSIGN(const std::filesystem::path path, findModel(modelFolder, command.embedder, false));
        EPI_TRY_ASSIGN(auto decoder,
                       LanguageModel::load({.path = path,
                                            .device = command.device,
                                            .compute = command.compute,
                                            .progress = {},
                                            .cancel = cancel}));
        return makeLastTokenEmbedder(std::move(decoder), wording);
    }
    EPI_TRY_ASSIGN(const std::filesystem::path folder, findEmbedder(modelFolder, command.embedder));
    EPI_TRY_ASSIGN(auto sentences,
                   SentenceEmbedder::load(folder, {.compute = command.compute, .device = command.device}));
    return std::unique_ptr<TextEmbedder>(std::move(sentences));
}

}  // namespace epi
