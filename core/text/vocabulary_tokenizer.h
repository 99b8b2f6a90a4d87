#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/text/literal_matcher.h"
#include "core/text/tokenizer.h"
#include "core/text/vocabulary.h"

namespace epi {

/// How text that holds no special token becomes ids: the part in which byte-level BPE and sentencepiece
/// differ. Immutable: any thread.
class TextEncoder {
public:
    virtual ~TextEncoder() = default;
    /// The form of a text (whole, or between two control tokens) in which user-defined tokens are looked for.
    [[nodiscard]] virtual std::string prepare(std::string_view text) const { return std::string(text); }
    /// Appends the ids of prepared text without user-defined tokens.
    virtual void append(std::string_view text, std::vector<TokenId>& ids) const = 0;
};

/// What a VocabularyTokenizer is made of.
struct TokenizerParts {
    std::vector<std::string> pieces;  // bytes of every id
    LiteralMatcher userDefined;       // recognised in every text
    LiteralMatcher control;           // recognised in text of templates only
    std::unique_ptr<const TextEncoder> encoder;
    bool addsBeginOfSequence = false;
};

/// The tokenizer over a checked vocabulary: control tokens cut the text into sections,
/// user-defined tokens are cut out of these, the rest goes to the encoder.
class VocabularyTokenizer final : public Tokenizer {
public:
    VocabularyTokenizer(const Vocabulary& vocabulary, TokenizerParts parts);

    [[nodiscard]] std::vector<TokenId> encode(std::string_view text, ControlTokens control) const override;
    [[nodiscard]] std::vector<ControlTokenMatch> findControlTokens(std::string_view text) const override;
    [[nodiscard]] std::string piece(TokenId id) const override;
    [[nodiscard]] std::int32_t vocabularySize() const override;
    [[nodiscard]] bool isControl(TokenId id) const override;
    [[nodiscard]] bool isEndOfGeneration(TokenId id) const override;
    [[nodiscard]] std::optional<TokenId> beginOfSequence() const override;
    [[nodiscard]] bool addsBeginOfSequence() const override;

private:
    [[nodiscard]] bool contains(TokenId id) const;
    void appendSection(std::string_view section, std::vector<TokenId>& ids) const;

    TokenizerParts parts_;
    std::vector<TokenType> types_;
    std::vector<TokenId> endOfGeneration_;  // sorted
    std::optional<TokenId> beginOfSequence_;
};

}  // namespace epi
