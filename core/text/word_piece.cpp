#include "core/text/word_piece.h"

#include <algorithm>
#include <array>
#include <fstream>
#include <optional>
#include <system_error>
#include <utility>

#include "core/text/unicode.h"

#include <utf8proc.h>

namespace epi {
namespace {

constexpr std::size_t kMaxWordCharacters = 100;
constexpr std::uintmax_t kMaxFileBytes = 64U << 20;
constexpr std::string_view kContinuation = "##";

struct Range {
    char32_t first;
    char32_t last;
};

/// The blocks of Chinese characters that BERT writes as words of their own.
constexpr std::array<Range, 8> kChineseBlocks{Range{0x4E00, 0x9FFF},
                                              Range{0x3400, 0x4DBF},
                                              Range{0x20000, 0x2A6DF},
                                              Range{0x2A700, 0x2B73F},
                                              Range{0x2B740, 0x2B81F},
                                              Range{0x2B820, 0x2CEAF},
                                              Range{0xF900, 0xFAFF},
                                              Range{0x2F800, 0x2FA1F}};

bool isChinese(char32_t value) {
    return std::ranges::any_of(
        kChineseBlocks, [&](const Range& range) { return value >= range.first && value <= range.last; });
}

utf8proc_category_t category(char32_t value) {
    return utf8proc_category(static_cast<utf8proc_int32_t>(value));
}

bool isDropped(char32_t value) {
    if (value == '\t' || value == '\n' || value == '\r') return false;
    if (value == 0 || value == kReplacementCharacter) return true;
    const utf8proc_category_t kind = category(value);
    return kind == UTF8PROC_CATEGORY_CN || kind >= UTF8PROC_CATEGORY_CC;
}

bool isPunctuation(char32_t value) {
    if (value < 0x80) {
        return value > ' ' && value != 0x7F && !(value >= '0' && value <= '9') &&
               !(value >= 'A' && value <= 'Z') && !(value >= 'a' && value <= 'z');
    }
    const utf8proc_category_t kind = category(value);
    return kind >= UTF8PROC_CATEGORY_PC && kind <= UTF8PROC_CATEGORY_PO;
}

/// The canonical decomposition of `value`, in lower case and without non-spacing marks.
void appendFolded(std::u32string& text, char32_t value) {
    std::array<utf8proc_int32_t, 32> parts{};
    int boundClass = 0;
    const utf8proc_ssize_t count = utf8proc_decompose_char(static_cast<utf8proc_int32_t>(value),
                                                           parts.data(),
                                                           static_cast<utf8proc_ssize_t>(parts.size()),
                                                           UTF8PROC_DECOMPOSE,
                                                           &boundClass);
    for (std::size_t i = 0; count > 0 && i < std::min(static_cast<std::size_t>(count), parts.size()); ++i) {
        if (utf8proc_category(parts[i]) == UTF8PROC_CATEGORY_MN) continue;
        text += static_cast<char32_t>(utf8proc_tolower(parts[i]));
    }
}

}  // namespace

Result<WordPiece> WordPiece::load(const std::filesystem::path& vocabularyFile) {
    const std::string name = vocabularyFile.string();
    std::error_code error;
    const std::uintmax_t size = std::filesystem::file_size(vocabularyFile, error);
    if (error) {
        const bool isAbsent = error == std::errc::no_such_file_or_directory;
        return Error{isAbsent ? ErrorCode::kNotFound : ErrorCode::kIo, name + ": " + error.message()};
    }
    if (size > kMaxFileBytes) {
        return Error{ErrorCode::kCorruptData,
                     name + ": at most " + std::to_string(kMaxFileBytes) + " bytes expected, " +
                         std::to_string(size) + " found"};
    }
    std::ifstream file(vocabularyFile, std::ios::binary);
    std::string text(static_cast<std::size_t>(size), '\0');
    if (!file.read(text.data(), static_cast<std::streamsize>(text.size()))) {
        return Error{ErrorCode::kIo, name + ": cannot read " + std::to_string(size) + " bytes"};
    }
    Result<WordPiece> result = parse(text);
    if (!result) return std::move(result).error().with(name);
    return result;
}

Result<WordPiece> WordPiece::parse(std::string_view vocabularyText) {
    WordPiece vocabulary;
    while (!vocabularyText.empty()) {
        const std::size_t lineEnd = vocabularyText.find('\n');
        std::string_view piece = vocabularyText.substr(0, lineEnd);
        vocabularyText.remove_prefix(lineEnd == std::string_view::npos ? vocabularyText.size() : lineEnd + 1);
        if (piece.ends_with('\r')) piece.remove_suffix(1);
        const bool continues = piece.size() > kContinuation.size() && piece.starts_with(kContinuation);
        if (continues) piece.remove_prefix(kContinuation.size());
        IdByPiece& table = continues ? vocabulary.continuations_ : vocabulary.beginnings_;
        if (!table.emplace(piece, vocabulary.size_).second) {
            return Error{ErrorCode::kCorruptData,
                         "line " + std::to_string(vocabulary.size_ + 1) + ": piece '" + quotable(piece) +
                             "' is in the vocabulary twice"};
        }
        ++vocabulary.size_;
    }
    const std::array special{std::pair{std::string_view("[UNK]"), &vocabulary.unknown_},
                             std::pair{std::string_view("[CLS]"), &vocabulary.begin_},
                             std::pair{std::string_view("[SEP]"), &vocabulary.end_}};
    for (const auto& [piece, id] : special) {
        const auto found = vocabulary.beginnings_.find(piece);
        if (found == vocabulary.beginnings_.end()) {
            return Error{ErrorCode::kCorruptData, "the vocabulary has no piece '" + std::string(piece) + "'"};
        }
        *id = found->second;
    }
    return vocabulary;
}

std::vector<TokenId> WordPiece::encode(std::string_view text, std::size_t maxPieces) const {
    const std::size_t limit = std::max<std::size_t>(maxPieces, 2) - 1;
    std::vector<TokenId> ids{begin_};
    std::u32string word;
    const auto endWord = [&] {
        if (!word.empty()) appendWord(word, ids);
        word.clear();
    };
    for (std::size_t position = 0; position < text.size() && ids.size() < limit;) {
        const CodePoint point = decodeCodePoint(text, position);
        position += point.length;
        if (isDropped(point.value)) continue;
        if (isSpace(point.value)) {
            endWord();
            continue;
        }
        const bool standsAlone = isChinese(point.value);
        if (standsAlone) endWord();
        std::u32string folded;
        appendFolded(folded, point.value);
        for (const char32_t value : folded) {
            const bool splits = isPunctuation(value);
            if (splits) endWord();
            // A longer word is unknown whatever follows: no need to hold all of it.
            if (word.size() <= kMaxWordCharacters) word += value;
            if (splits) endWord();
        }
        if (standsAlone) endWord();
    }
    endWord();
    ids.resize(std::min(ids.size(), limit));
    ids.push_back(end_);
    return ids;
}

void WordPiece::appendWord(std::u32string_view word, std::vector<TokenId>& ids) const {
    std::string utf8;
    for (const char32_t value : word)
        appendUtf8(utf8, value);
    const std::size_t before = ids.size();
    if (word.size() <= kMaxWordCharacters && appendLongest(utf8, ids)) return;
    ids.resize(before);
    ids.push_back(unknown_);
}

bool WordPiece::appendLongest(const std::string& word, std::vector<TokenId>& ids) const {
    const std::string_view text = word;
    for (std::size_t begin = 0; begin < text.size();) {
        const IdByPiece& pieces = begin == 0 ? beginnings_ : continuations_;
        auto found = pieces.end();
        std::size_t length = text.size() - begin;
        for (; length > 0; --length) {
            found = pieces.find(text.substr(begin, length));
            if (found != pieces.end()) break;
        }
        if (length == 0) return false;
        ids.push_back(found->second);
        begin += length;
    }
    return true;
}

}  // namespace epi
