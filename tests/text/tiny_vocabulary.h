#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <utility>

#include "core/text/byte_alphabet.h"
#include "core/text/vocabulary.h"

/// Small vocabularies for tests.
namespace epi::test {

inline TokenId addToken(Vocabulary& vocabulary, std::string token, TokenType type, float score = 0) {
    vocabulary.tokens.push_back(std::move(token));
    vocabulary.types.push_back(type);
    if (vocabulary.model == "llama") vocabulary.scores.push_back(score);
    return static_cast<TokenId>(vocabulary.tokens.size() - 1);
}

/// Byte-level BPE whose ids 0 to 255 are the bytes, without merges.
inline Vocabulary byteVocabulary(std::string preTokenizer) {
    Vocabulary vocabulary;
    vocabulary.model = "gpt2";
    vocabulary.preTokenizer = std::move(preTokenizer);
    for (int byte = 0; byte < 256; ++byte) {
        const std::string text(1, static_cast<char>(byte));
        addToken(vocabulary, spellingOfBytes(text), TokenType::kNormal);
    }
    return vocabulary;
}

/// Adds the token that `left` + `right` (raw bytes) merge to; its id.
inline TokenId addMerge(Vocabulary& vocabulary, std::string_view left, std::string_view right) {
    const std::string leftSpelling = spellingOfBytes(left);
    const std::string rightSpelling = spellingOfBytes(right);
    vocabulary.merges.push_back(leftSpelling + " " + rightSpelling);
    return addToken(vocabulary, leftSpelling + rightSpelling, TokenType::kNormal);
}

/// Sentencepiece with <unk> 0, <s> 1, </s> 2 and the bytes at 3 to 258.
inline Vocabulary pieceVocabulary() {
    Vocabulary vocabulary;
    vocabulary.model = "llama";
    addToken(vocabulary, "<unk>", TokenType::kUnknown);
    addToken(vocabulary, "<s>", TokenType::kControl);
    addToken(vocabulary, "</s>", TokenType::kControl);
    for (int byte = 0; byte < 256; ++byte) {
        char text[8];
        std::snprintf(text, sizeof text, "<0x%02X>", static_cast<unsigned>(byte));
        addToken(vocabulary, text, TokenType::kByte);
    }
    vocabulary.addsSpacePrefix = false;
    return vocabulary;
}

}  // namespace epi::test
