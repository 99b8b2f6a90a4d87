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
#include "core/text/word_piece.h"

namespace epi {

class BertEncoder;

/// Sentences to unit vectors by a BERT encoder with mean pooling (all-MiniLM-L6-v2), cut to 256 word pieces.
/// On a GPU many at a time, on a CPU one after the other. One thread.
class SentenceEmbedder final : public TextEmbedder {
public:
    struct Options {
        /// kExact is fp32; kFast is fp16 on a GPU and multiplies in bfloat16 on a CPU that does that faster.
        ComputeMode compute = ComputeMode::kExact;
        DeviceChoice device = DeviceChoice::kCpu;
        std::int64_t piecesPerBatch = 0;  // padding included; 0: what suits the device
    };

    /// `folder` holds model.safetensors, config.json and vocab.txt. kNotFound, kCorruptData, kUnsupported or
    /// kOutOfMemory.
    static Result<std::unique_ptr<SentenceEmbedder>> load(const std::filesystem::path& folder,
                                                          const Options& options);
    /// Random weights in the shape of all-MiniLM-L6-v2, for measurements that need no file. `vocabulary` is
    /// the text of a vocab.txt. kInvalidArgument when it is too large.
    static Result<std::unique_ptr<SentenceEmbedder>> makeUp(std::string_view vocabulary,
                                                            const Options& options);
    ~SentenceEmbedder() override;

    [[nodiscard]] Result<EmbeddingMatrix> embed(std::span<const std::string> texts,
                                                const std::function<void(std::int64_t done)>& progress,
                                                const CancelToken& cancel) const override;

    /// Word pieces with [CLS] and [SEP].
    [[nodiscard]] std::vector<TokenId> encode(std::string_view text) const;
    /// BLAKE2b-256 of the weights, and in what they are multiplied: names the embedder.
    [[nodiscard]] const std::string& fingerprint() const override;
    [[nodiscard]] std::int64_t weightBytes() const override;

private:
    struct State;
    explicit SentenceEmbedder(std::unique_ptr<State> state);
    static std::unique_ptr<SentenceEmbedder> make(WordPiece wordPiece,
                                                  BertEncoder encoder,
                                                  std::string fingerprint,
                                                  const Options& options);
    std::unique_ptr<State> state_;
};

}  // namespace epi
