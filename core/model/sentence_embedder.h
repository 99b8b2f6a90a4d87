#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/base/cancel_token.h"
#include "core/base/result.h"
#include "core/engine/options.h"
#include "core/model/text_embedder.h"
#include "core/text/tokenizer.h"

namespace epi {

/// Sentences to unit vectors by a BERT encoder with mean pooling (all-MiniLM-L6-v2) on the CPU: one sentence
/// at a time, cut to 256 word pieces. One thread.
class SentenceEmbedder final : public TextEmbedder {
public:
    /// `folder` holds model.safetensors, config.json and vocab.txt. kExact is fp32; kFast multiplies in
    /// bfloat16 where the CPU does that faster. kNotFound, kCorruptData or kUnsupported.
    static Result<std::unique_ptr<SentenceEmbedder>> load(const std::filesystem::path& folder,
                                                          ComputeMode compute);
    ~SentenceEmbedder() override;

    [[nodiscard]] Result<EmbeddingMatrix> embed(std::span<const std::string> texts,
                                                const std::function<void(std::int64_t done)>& progress,
                                                const CancelToken& cancel) const override;

    /// Word pieces with [CLS] and [SEP].
    [[nodiscard]] std::vector<TokenId> encode(std::string_view text) const;
    /// BLAKE2b-256 of the weights, and in what they are multiplied: names the embedder.
    [[nodiscard]] const std::string& fingerprint() const override;

private:
    struct State;
    explicit SentenceEmbedder(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

}  // namespace epi
