#include "core/text/vocabulary.h"

#include <cmath>
#include <unordered_set>
#include <utility>

#include "core/format/gguf.h"
#include "core/text/unicode.h"

namespace epi {
namespace {

Error corrupt(std::string message) {
    return Error{ErrorCode::kCorruptData, std::move(message)};
}

std::string quotedToken(const Vocabulary& vocabulary, std::size_t index) {
    return "token " + std::to_string(index) + " '" + quotable(vocabulary.tokens[index]) + "'";
}

Result<std::vector<TokenType>> readTypes(const GgufFile& file, std::size_t tokenCount) {
    constexpr std::string_view kKey = "tokenizer.ggml.token_type";
    const GgufValue* value = file.find(kKey);
    if (value == nullptr) return std::vector<TokenType>(tokenCount, TokenType::kNormal);
    const auto* numbers = std::get_if<std::vector<std::int64_t>>(value);
    if (numbers == nullptr) return corrupt(std::string(kKey) + ": an array of integers expected");
    std::vector<TokenType> types;
    types.reserve(numbers->size());
    for (const std::int64_t number : *numbers) {
        if (number < 1 || number > 6) {
            return corrupt(std::string(kKey) + "[" + std::to_string(types.size()) + "]: 1 to 6 expected, " +
                           std::to_string(number) + " found");
        }
        types.push_back(static_cast<TokenType>(number));
    }
    return types;
}

Result<std::vector<float>> readScores(const GgufFile& file) {
    constexpr std::string_view kKey = "tokenizer.ggml.scores";
    const GgufValue* value = file.find(kKey);
    const auto* numbers = value != nullptr ? std::get_if<std::vector<double>>(value) : nullptr;
    if (numbers == nullptr) return corrupt(std::string(kKey) + ": an array of numbers expected");
    std::vector<float> scores;
    scores.reserve(numbers->size());
    for (const double number : *numbers)
        scores.push_back(static_cast<float>(number));
    return scores;
}

Result<std::optional<TokenId>> readOptionalId(const GgufFile& file,
                                              std::string_view key,
                                              std::size_t tokenCount) {
    if (file.find(key) == nullptr) return std::optional<TokenId>();
    EPI_TRY_ASSIGN(const std::int64_t id, file.integer(key, 0, static_cast<std::int64_t>(tokenCount) - 1));
    return std::optional<TokenId>(static_cast<TokenId>(id));
}

Result<std::optional<bool>> readOptionalFlag(const GgufFile& file, std::string_view key) {
    const GgufValue* value = file.find(key);
    if (value == nullptr) return std::optional<bool>();
    const bool* flag = std::get_if<bool>(value);
    if (flag == nullptr) return corrupt(std::string(key) + ": true or false expected");
    return std::optional<bool>(*flag);
}

Result<std::string> readOptionalText(const GgufFile& file, std::string_view key, std::string_view otherwise) {
    if (file.find(key) == nullptr) return std::string(otherwise);
    return file.text(key);
}

Result<void> checkId(std::string_view what, TokenId id, std::size_t count) {
    if (id >= 0 && static_cast<std::size_t>(id) < count) return {};
    return corrupt(std::string(what) + " id " + std::to_string(id) + " is outside the " +
                   std::to_string(count) + " tokens");
}

Result<void> checkToken(const Vocabulary& vocabulary, std::size_t index) {
    const std::string& token = vocabulary.tokens[index];
    if (token.empty()) return corrupt("token " + std::to_string(index) + " is empty");
    if (token.size() > kMaxTokenBytes) {
        return corrupt("token " + std::to_string(index) + ": at most " + std::to_string(kMaxTokenBytes) +
                       " bytes expected, " + std::to_string(token.size()) + " found");
    }
    if (vocabulary.types[index] == TokenType::kByte && !byteOfToken(token)) {
        return corrupt(quotedToken(vocabulary, index) + " is typed as a byte, '<0x00>' to '<0xFF>' expected");
    }
    if (!vocabulary.scores.empty() && !std::isfinite(vocabulary.scores[index])) {
        return corrupt(quotedToken(vocabulary, index) + " has a score that is not finite");
    }
    return {};
}

}  // namespace

Result<Vocabulary> readVocabulary(const GgufFile& file) {
    Vocabulary vocabulary;
    EPI_TRY_ASSIGN(vocabulary.model, file.text("tokenizer.ggml.model"));
    EPI_TRY_ASSIGN(vocabulary.tokens, file.texts("tokenizer.ggml.tokens"));
    const std::size_t tokenCount = vocabulary.tokens.size();
    EPI_TRY_ASSIGN(vocabulary.types, readTypes(file, tokenCount));
    EPI_TRY_ASSIGN(vocabulary.preTokenizer, readOptionalText(file, "tokenizer.ggml.pre", "default"));
    if (vocabulary.model == "llama") {
        EPI_TRY_ASSIGN(vocabulary.scores, readScores(file));
    }
    if (vocabulary.model == "gpt2") {
        EPI_TRY_ASSIGN(vocabulary.merges, file.texts("tokenizer.ggml.merges"));
    }
    EPI_TRY_ASSIGN(vocabulary.unknown, readOptionalId(file, "tokenizer.ggml.unknown_token_id", tokenCount));
    EPI_TRY_ASSIGN(vocabulary.beginOfSequence,
                   readOptionalId(file, "tokenizer.ggml.bos_token_id", tokenCount));
    for (const std::string_view key :
         {"tokenizer.ggml.eos_token_id", "tokenizer.ggml.eot_token_id", "tokenizer.ggml.eom_token_id"}) {
        EPI_TRY_ASSIGN(const std::optional<TokenId> id, readOptionalId(file, key, tokenCount));
        if (id) vocabulary.endOfGeneration.push_back(*id);
    }
    EPI_TRY_ASSIGN(vocabulary.addsBeginOfSequence, readOptionalFlag(file, "tokenizer.ggml.add_bos_token"));
    EPI_TRY_ASSIGN(vocabulary.addsSpacePrefix, readOptionalFlag(file, "tokenizer.ggml.add_space_prefix"));
    return vocabulary;
}

Result<void> checkVocabulary(const Vocabulary& vocabulary) {
    const std::size_t count = vocabulary.tokens.size();
    if (count == 0 || count > kMaxTokens) {
        return corrupt("vocabulary: 1 to " + std::to_string(kMaxTokens) + " tokens expected, " +
                       std::to_string(count) + " found");
    }
    if (vocabulary.types.size() != count) {
        return corrupt("vocabulary: " + std::to_string(count) + " token types expected, " +
                       std::to_string(vocabulary.types.size()) + " found");
    }
    if (vocabulary.model == "llama" && vocabulary.scores.size() != count) {
        return corrupt("vocabulary: " + std::to_string(count) + " scores expected, " +
                       std::to_string(vocabulary.scores.size()) + " found");
    }
    std::unordered_set<std::string_view> seen;
    seen.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
        EPI_TRY(checkToken(vocabulary, i));
        if (!seen.insert(vocabulary.tokens[i]).second) {
            return corrupt(quotedToken(vocabulary, i) + " is in the vocabulary twice");
        }
    }
    for (const TokenId id : vocabulary.endOfGeneration) {
        EPI_TRY(checkId("end-of-sequence", id, count));
    }
    if (vocabulary.beginOfSequence) EPI_TRY(checkId("begin-of-sequence", *vocabulary.beginOfSequence, count));
    if (vocabulary.unknown) EPI_TRY(checkId("unknown-token", *vocabulary.unknown, count));
    return {};
}

std::optional<std::uint8_t> byteOfToken(std::string_view token) {
    const auto digit = [](char c) {
        if (c >= '0' && c <= '9') return c - '0';
        if (c >= 'A' && c <= 'F') return c - 'A' + 10;
        return -1;
    };
    if (token.size() != 6 || !token.starts_with("<0x") || token.back() != '>') return std::nullopt;
    const int high = digit(token[3]);
    const int low = digit(token[4]);
    if (high < 0 || low < 0) return std::nullopt;
    return static_cast<std::uint8_t>(high * 16 + low);
}

}  // namespace epi
