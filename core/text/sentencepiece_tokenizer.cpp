#include "core/text/sentencepiece_tokenizer.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <sentencepiece_processor.h>

#include "core/text/protobuf_writer.h"
#include "core/text/unicode.h"
#include "core/text/vocabulary_tokenizer.h"

namespace epi {
namespace {

constexpr std::string_view kSpaceMark = "\u2581";  // how sentencepiece writes a space
constexpr std::size_t kMaxSectionBytes = std::size_t{1} << 16;

std::string replaced(std::string_view text, std::string_view from, std::string_view to) {
    std::string result;
    result.reserve(text.size());
    std::size_t begin = 0;
    for (std::size_t at = text.find(from); at != std::string_view::npos; at = text.find(from, begin)) {
        result += text.substr(begin, at - begin);
        result += to;
        begin = at + from.size();
    }
    result += text.substr(begin);
    return result;
}

/// Where to cut `text` so that the first part has at most kMaxSectionBytes: pieces hold spaces at their
/// beginning only, so that a cut in front of a word's space changes nothing.
std::size_t sectionLength(std::string_view text) {
    if (text.size() <= kMaxSectionBytes) return text.size();
    for (std::size_t length = kMaxSectionBytes; length > kMaxSectionBytes / 2; --length) {
        if (text[length] == ' ' && text[length - 1] != ' ') return length;
    }
    std::size_t length = kMaxSectionBytes;
    while ((static_cast<std::uint8_t>(text[length]) & 0xC0U) == 0x80U)
        --length;
    return length;
}

class SentencepieceEncoder final : public TextEncoder {
public:
    using IdOfByte = std::array<TokenId, 256>;

    SentencepieceEncoder(std::unique_ptr<sentencepiece::SentencePieceProcessor> processor,
                         const IdOfByte& idOfByte,
                         bool addsSpacePrefix)
        : processor_(std::move(processor)), idOfByte_(idOfByte), addsSpacePrefix_(addsSpacePrefix) {}

    /// A literal space mark is a space to sentencepiece, in user-defined tokens too.
    [[nodiscard]] std::string prepare(std::string_view text) const override {
        std::string prepared = replaced(text, kSpaceMark, " ");
        if (addsSpacePrefix_) prepared.insert(prepared.begin(), ' ');
        return prepared;
    }

    void append(std::string_view text, std::vector<TokenId>& ids) const override {
        std::size_t begin = 0;
        for (std::size_t position = 0; position < text.size();) {
            const CodePoint point = decodeCodePoint(text, position);
            if (point.state != CodePoint::State::kComplete) {
                appendValid(text.substr(begin, position - begin), ids);
                appendBytes(text.substr(position, point.length), ids);
                begin = position + point.length;
            }
            position += point.length;
        }
        appendValid(text.substr(begin), ids);
    }

private:
    void appendValid(std::string_view text, std::vector<TokenId>& ids) const {
        while (!text.empty()) {
            const std::string_view section = text.substr(0, sectionLength(text));
            std::vector<int> sectionIds;
            if (processor_->Encode(section, &sectionIds).ok()) {
                ids.insert(ids.end(), sectionIds.begin(), sectionIds.end());
            } else {
                appendBytes(section, ids);
            }
            text.remove_prefix(section.size());
        }
    }

    void appendBytes(std::string_view bytes, std::vector<TokenId>& ids) const {
        for (const char byte : bytes)
            ids.push_back(idOfByte_[static_cast<std::uint8_t>(byte)]);
    }

    std::unique_ptr<sentencepiece::SentencePieceProcessor> processor_;
    IdOfByte idOfByte_;  // the unknown token's id where the vocabulary has no byte tokens
    bool addsSpacePrefix_;
};

/// User-defined tokens are cut out of the text before the library sees it, so they are control pieces to it:
/// neither looked for in text (it reads past a buffer when more than 64 of them begin alike) nor made by a
/// merge.
TokenType typeForLibrary(const Vocabulary& vocabulary, std::size_t index, TokenId unknown) {
    if (static_cast<TokenId>(index) == unknown) return TokenType::kUnknown;
    const TokenType type = vocabulary.types[index];
    return type == TokenType::kUserDefined ? TokenType::kControl : type;
}

/// sentencepiece's ModelProto. Its piece types have the numbers of GGUF.
std::string serialiseModel(const Vocabulary& vocabulary, TokenId unknown, bool hasByteTokens) {
    ProtobufWriter model;
    for (std::size_t i = 0; i < vocabulary.tokens.size(); ++i) {
        ProtobufWriter piece;
        piece.bytes(1, replaced(vocabulary.tokens[i], " ", kSpaceMark));
        piece.number(2, vocabulary.scores[i]);
        piece.integer(3, static_cast<std::uint64_t>(typeForLibrary(vocabulary, i, unknown)));
        model.bytes(1, piece.message());
    }
    ProtobufWriter trainer;
    constexpr std::uint64_t kBpe = 2;
    trainer.integer(3, kBpe);
    trainer.integer(4, vocabulary.tokens.size());
    trainer.integer(35, hasByteTokens ? 1 : 0);
    model.bytes(2, trainer.message());
    ProtobufWriter normalizer;
    normalizer.bytes(1, "identity");
    normalizer.integer(3, 0);  // add_dummy_prefix: done by prepare
    normalizer.integer(4, 0);  // remove_extra_whitespaces
    normalizer.integer(5, 1);  // escape_whitespaces
    model.bytes(3, normalizer.message());
    return model.message();
}

/// Some files type the unknown token as control and name it by its id.
Result<TokenId> findUnknown(const Vocabulary& vocabulary) {
    const auto typed = std::ranges::find(vocabulary.types, TokenType::kUnknown);
    if (typed != vocabulary.types.end()) return static_cast<TokenId>(typed - vocabulary.types.begin());
    if (vocabulary.unknown) return *vocabulary.unknown;
    return Error{ErrorCode::kCorruptData, "vocabulary: one unknown token expected, none found"};
}

/// The ids of bytes: the byte tokens, or the unknown token in a vocabulary without any.
struct ByteTokens {
    SentencepieceEncoder::IdOfByte idOfByte{};
    std::size_t count = 0;
};

Result<ByteTokens> readByteTokens(const Vocabulary& vocabulary, TokenId unknown) {
    ByteTokens bytes;
    bytes.idOfByte.fill(unknown);
    for (std::size_t i = 0; i < vocabulary.tokens.size(); ++i) {
        if (vocabulary.types[i] != TokenType::kByte) continue;
        bytes.idOfByte[*byteOfToken(vocabulary.tokens[i])] = static_cast<TokenId>(i);
        ++bytes.count;
    }
    if (bytes.count != 0 && bytes.count != bytes.idOfByte.size()) {
        return Error{ErrorCode::kCorruptData,
                     "vocabulary: 0 or 256 byte tokens expected, " + std::to_string(bytes.count) + " found"};
    }
    return bytes;
}

std::string pieceText(const Vocabulary& vocabulary, std::size_t index) {
    const std::string& token = vocabulary.tokens[index];
    switch (vocabulary.types[index]) {
        case TokenType::kByte:
            return std::string(1, static_cast<char>(*byteOfToken(token)));
        case TokenType::kUnknown:
            return "\uFFFD";
        case TokenType::kNormal:
        case TokenType::kControl:
        case TokenType::kUserDefined:
        case TokenType::kUnused:
            break;
    }
    return replaced(token, kSpaceMark, " ");
}

}  // namespace

Result<std::unique_ptr<Tokenizer>> makeSentencepieceTokenizer(const Vocabulary& vocabulary) {
    EPI_TRY(checkVocabulary(vocabulary));
    EPI_TRY_ASSIGN(const TokenId unknown, findUnknown(vocabulary));
    EPI_TRY_ASSIGN(const ByteTokens bytes, readByteTokens(vocabulary, unknown));

    TokenizerParts parts;
    parts.pieces.reserve(vocabulary.tokens.size());
    for (std::size_t i = 0; i < vocabulary.tokens.size(); ++i) {
        parts.pieces.push_back(pieceText(vocabulary, i));
        const auto id = static_cast<TokenId>(i);
        if (vocabulary.types[i] == TokenType::kUserDefined) parts.userDefined.add(parts.pieces.back(), id);
        if (vocabulary.types[i] == TokenType::kControl) parts.control.add(vocabulary.tokens[i], id);
    }
    auto processor = std::make_unique<sentencepiece::SentencePieceProcessor>();
    const auto status =
        processor->LoadFromSerializedProto(serialiseModel(vocabulary, unknown, bytes.count != 0));
    if (!status.ok()) {
        return Error{ErrorCode::kCorruptData,
                     "sentencepiece refuses the vocabulary: " + quotable(status.ToString(), 200)};
    }
    parts.encoder = std::make_unique<SentencepieceEncoder>(
        std::move(processor), bytes.idOfByte, vocabulary.addsSpacePrefix.value_or(true));
    parts.addsBeginOfSequence = vocabulary.addsBeginOfSequence.value_or(true);
    return std::unique_ptr<Tokenizer>(std::make_unique<VocabularyTokenizer>(vocabulary, std::move(parts)));
}

}  // namespace epi
