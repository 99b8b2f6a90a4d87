#include "core/model/language_model.h"

#include "core/format/gguf.h"
#include "core/model/architecture.h"
#include "core/model/executor.h"
#include "core/model/weights.h"
#include "core/tensor/guard.h"
#include "core/tensor/placement.h"

namespace epi {

LanguageModel::LanguageModel() = default;
LanguageModel::~LanguageModel() = default;

Result<std::unique_ptr<LanguageModel>> LanguageModel::load(const LoadOptions& options) {
    const c10::InferenceMode inference;
    EPI_TRY_ASSIGN(const GgufFile file, GgufFile::open(options.path));
    EPI_TRY_ASSIGN(ModelSpec spec, describeModel(file));
    EPI_TRY_ASSIGN(const PlacementChoice choice, choosePlacement(options.device, options.compute));

    Parts parts;
    EPI_TRY_ASSIGN(parts.tokenizer, makeTokenizer(file));
    if (parts.tokenizer->vocabularySize() > spec.vocabulary) {
        return Error{ErrorCode::kCorruptData,
                     file.path().filename().string() + ": the tokenizer has " +
                         std::to_string(parts.tokenizer->vocabularySize()) + " tokens, the model " +
                         std::to_string(spec.vocabulary)};
    }
    if (file.find("tokenizer.chat_template") != nullptr) {
        EPI_TRY_ASSIGN(parts.templateText, file.text("tokenizer.chat_template"));
    }
    EPI_TRY_ASSIGN(Weights weights,
                   Weights::load(file, spec, choice.placement, options.progress, options.cancel));

    ModelInfo& info = parts.info;
    info.title = options.path.stem().string();
    if (file.find("general.name") != nullptr) {
        EPI_TRY_ASSIGN(info.title, file.text("general.name"));
    }
    info.path = options.path;
    info.architecture = spec.architecture;
    info.device = choice.deviceName;
    info.notice = choice.notice;
    info.fingerprint = weights.fingerprint();
    EPI_TRY_ASSIGN(
        parts.executor,
        guarded("loading " + options.path.filename().string(), [&]() -> Result<std::unique_ptr<Executor>> {
            return std::make_unique<Executor>(std::move(spec), std::move(weights), choice.placement);
        }));
    return assemble(std::move(parts));
}

std::unique_ptr<LanguageModel> LanguageModel::assemble(Parts parts) {
    std::unique_ptr<LanguageModel> model(new LanguageModel);
    model->info_ = std::move(parts.info);
    model->templateText_ = std::move(parts.templateText);
    model->tokenizer_ = std::move(parts.tokenizer);
    model->executor_ = std::move(parts.executor);
    const ModelSpec& spec = model->executor_->spec();
    ModelInfo& info = model->info_;
    info.layers = static_cast<std::int32_t>(spec.layers.size());
    info.kvHeads = spec.layers.front().attention.kvHeads;
    info.vocabulary = spec.vocabulary;
    info.trainedContext = spec.trainedContext;
    info.weightBytes = model->executor_->weights().bytes();
    info.isOnGpu = model->executor_->placement().device.is_cuda();
    info.decoderNotice = model->executor_->decoderNotice();
    return model;
}

Result<std::shared_ptr<const ChatTemplate>> LanguageModel::chatTemplate(bool plainFallback) const {
    if (templateText_.empty()) return plainChatTemplate();
    auto recognised = recogniseChatTemplate(templateText_);
    if (!recognised && plainFallback) return plainChatTemplate();
    return recognised;
}

}  // namespace epi
