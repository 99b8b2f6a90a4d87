#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/text/tokenizer.h"

namespace epi {

/// GGUF token types, with the file's numbers.
enum class TokenType : std::uint8_t {
    kNormal = 1,
    kUnknown = 2,
    kControl = 3,      // begin and end marks: never text
    kUserDefined = 4,  // recognised in every text before anything else
    kUnused = 5,
    kByte = 6,  // "<0xNN>": one byte
};

/// The tokenizer part of a GGUF file's metadata.
struct Vocabulary {
    std::string model;         // "gpt2" or "llama"
    std::string preTokenizer;  // "gpt2" only
    std::vector<std::string> tokens;
    std::vector<TokenType> types;     // as many as tokens
    std::vector<float> scores;        // "llama" only: as many as tokens
    std::vector<std::string> merges;  // "gpt2" only: "left right", best first
    std::optional<TokenId> unknown;   // where the file says; else the token of that type
    std::optional<TokenId> beginOfSequence;
    std::vector<TokenId> endOfGeneration;     // as the file names them
    std::optional<bool> addsBeginOfSequence;  // where the file says
    std::optional<bool> addsSpacePrefix;
};

/// Limits of a vocabulary that is accepted. The longest tokens in use have a few hundred bytes; sentencepiece
/// may recurse once per byte of a token.
inline constexpr std::size_t kMaxTokens = std::size_t{1} << 21;
inline constexpr std::size_t kMaxTokenBytes = 4096;

/// Reads tokenizer.ggml.*, not yet checked as a whole; kCorruptData names the key with both values.
Result<Vocabulary> readVocabulary(const GgufFile& file);

/// What every vocabulary must satisfy: counts equal, no token empty, over long or there twice, ids in range.
Result<void> checkVocabulary(const Vocabulary& vocabulary);

/// The byte of "<0xNN>" (two upper-case hexadecimal digits, nothing else); nothing for any other text.
std::optional<std::uint8_t> byteOfToken(std::string_view token);

}  // namespace epi
