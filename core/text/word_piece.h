#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/base/result.h"
#include "core/text/tokenizer.h"

namespace epi {

/// Uncased WordPiece as in BERT (Devlin et al. 2019) with the rules of its published tokenizer: control
/// characters dropped, accents stripped, lower case, CJK characters and punctuation alone, then the longest
/// pieces from the left. Nothing in a text is a special token. Immutable: any thread.
class WordPiece {
public:
    static constexpr std::size_t kMaxPieces = 256;

    /// Reads vocab.txt: one piece per line, its line is its id.
    static Result<WordPiece> load(const std::filesystem::path& vocabularyFile);
    /// The same from the file's text; kCorruptData for a vocabulary without [UNK], [CLS] or [SEP].
    static Result<WordPiece> parse(std::string_view vocabularyText);

    /// [CLS] pieces [SEP], at most `maxPieces` ids with these two. Reads no more of `text` than it needs.
    [[nodiscard]] std::vector<TokenId> encode(std::string_view text,
                                              std::size_t maxPieces = kMaxPieces) const;
    [[nodiscard]] std::int32_t vocabularySize() const { return size_; }

private:
    struct TextHash {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
    };
    using IdByPiece = std::unordered_map<std::string, TokenId, TextHash, std::equal_to<>>;

    WordPiece() = default;
    void appendWord(std::u32string_view word, std::vector<TokenId>& ids) const;
    [[nodiscard]] bool appendLongest(const std::string& word, std::vector<TokenId>& ids) const;

    IdByPiece beginnings_;
    IdByPiece continuations_;  // without their "##"
    std::int32_t size_ = 0;
    TokenId unknown_ = 0;
    TokenId begin_ = 0;  // [CLS]
    TokenId end_ = 0;    // [SEP]
};

}  // namespace epi
