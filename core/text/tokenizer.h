#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"

namespace epi {

class GgufFile;

using TokenId = std::int32_t;

/// Whether control tokens written out in the text ("<|im_start|>") become that token or stay ordinary text.
/// User text is always kAsText; only text of a chat template may be kParse.
enum class ControlTokens { kAsText, kParse };

/// A control token written out in a text.
struct ControlTokenMatch {
    std::size_t offset = 0;  // bytes
    std::size_t length = 0;
    TokenId id = 0;
};

/// Text to token ids and back for one vocabulary. Immutable after construction: any thread.
class Tokenizer {
public:
    virtual ~Tokenizer() = default;

    /// Ids of `text` (UTF-8; damaged bytes are tokenised as bytes). No begin-of-sequence id is added.
    [[nodiscard]] virtual std::vector<TokenId> encode(std::string_view text, ControlTokens control) const = 0;

    /// The control tokens that `encode` with kParse would recognise in `text`, in order.
    [[nodiscard]] virtual std::vector<ControlTokenMatch> findControlTokens(std::string_view text) const = 0;

    /// The bytes that `id` stands for: empty for control tokens and ids outside the vocabulary. One token may
    /// hold part of a character; see Utf8Stream.
    [[nodiscard]] virtual std::string piece(TokenId id) const = 0;

    [[nodiscard]] virtual std::int32_t vocabularySize() const = 0;
    /// GGUF token type 3: never shown, never produced from user text.
    [[nodiscard]] virtual bool isControl(TokenId id) const = 0;
    /// Ids after which a reply is over (end of sequence, end of turn).
    [[nodiscard]] virtual bool isEndOfGeneration(TokenId id) const = 0;
    [[nodiscard]] virtual std::optional<TokenId> beginOfSequence() const = 0;
    /// Whether the model expects `beginOfSequence` in front of every prompt.
    [[nodiscard]] virtual bool addsBeginOfSequence() const = 0;

    /// All pieces joined.
    [[nodiscard]] std::string decode(const std::vector<TokenId>& ids) const {
        std::string text;
        for (const TokenId id : ids)
            text += piece(id);
        return text;
    }
};

/// Builds the tokenizer that the metadata of a GGUF file describes (tokenizer.ggml.*): byte-level BPE
/// ("gpt2") or sentencepiece ("llama"). kUnsupported names an unknown model or pre-tokenizer, kCorruptData a
/// bad entry.
Result<std::unique_ptr<Tokenizer>> makeTokenizer(const GgufFile& file);

}  // namespace epi
