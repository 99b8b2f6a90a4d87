#pragma once

#include <filesystem>
#include <memory>

#include "core/base/cancel_token.h"
#include "core/base/result.h"
#include "core/chat/wording.h"
#include "core/model/text_embedder.h"
#include "core/wire/messages.h"

namespace epi {

class LanguageModel;

/// The mean of the input embeddings of a text's tokens, as the chat model has them (EpiCache, the "llm"
/// embedder): no layer is run. `model` must outlive it.
std::unique_ptr<TextEmbedder> makeTokenMeanEmbedder(const LanguageModel& model);

/// The state of the last token behind the final norm, of a decoder that was trained for it (Qwen3-Embedding):
/// a text is given with the wording's instruction, an end token and at most 2048 tokens.
std::unique_ptr<TextEmbedder> makeLastTokenEmbedder(std::unique_ptr<LanguageModel> model, Wording wording);

/// The embedder that a command names: "llm" for the chat model's own token embeddings, a GGUF file or the id
/// of a model for its last token, otherwise the folder or id of a sentence embedder. kNotFound when it is not
/// there, and the errors of loading it.
Result<std::unique_ptr<TextEmbedder>> loadEmbedder(const std::filesystem::path& modelFolder,
                                                   const LoadModel& command,
                                                   const LanguageModel& model,
                                                   const Wording& wording,
                                                   const CancelToken& cancel);

}  // namespace epi
