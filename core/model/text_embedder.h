#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>

#include "core/base/cancel_token.h"
#include "core/base/result.h"
#include "core/episode/embedding_matrix.h"

namespace epi {

/// Texts as vectors of length 1, by whose angles topics are told apart. One thread.
class TextEmbedder {
public:
    virtual ~TextEmbedder() = default;

    /// One row for each text. `progress` is told how many texts are done. kCancelled between texts, or
    /// between batches of them.
    [[nodiscard]] virtual Result<EmbeddingMatrix> embed(
        std::span<const std::string> texts,
        const std::function<void(std::int64_t done)>& progress,
        const CancelToken& cancel) const = 0;
    /// A question, in the form in which this embedder wants what is looked for.
    [[nodiscard]] virtual Result<EmbeddingMatrix> embedQuestion(const std::string& question,
                                                                const CancelToken& cancel) const {
        return embed(std::span(&question, 1), {}, cancel);
    }
    /// Bytes of weights that it holds itself.
    [[nodiscard]] virtual std::int64_t weightBytes() const = 0;
    /// Names the embedder's content.
    [[nodiscard]] virtual const std::string& fingerprint() const = 0;
};

}  // namespace epi
