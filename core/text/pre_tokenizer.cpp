#include "core/text/pre_tokenizer.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>
#include <string>

#include "core/text/unicode.h"

namespace epi {
namespace {

enum class CharacterClass : std::uint8_t { kLetter, kNumber, kSpace, kSymbol };

struct Character {
    char32_t value;
    CharacterClass kind;
    std::size_t offset;  // bytes
};
using Characters = std::span<const Character>;

CharacterClass classify(char32_t value) {
    if (isLetter(value)) return CharacterClass::kLetter;
    if (isNumber(value)) return CharacterClass::kNumber;
    if (isSpace(value)) return CharacterClass::kSpace;
    return CharacterClass::kSymbol;
}

std::vector<Character> decodeCharacters(std::string_view text) {
    std::vector<Character> characters;
    characters.reserve(text.size());
    for (std::size_t position = 0; position < text.size();) {
        const CodePoint point = decodeCodePoint(text, position);
        characters.push_back({point.value, classify(point.value), position});
        position += point.length;
    }
    return characters;
}

bool hasKind(Characters text, std::size_t at, CharacterClass kind) {
    return at < text.size() && text[at].kind == kind;
}

bool isLineEnd(Characters text, std::size_t at) {
    return at < text.size() && (text[at].value == '\r' || text[at].value == '\n');
}

std::size_t endOfRun(Characters text, std::size_t at, CharacterClass kind) {
    while (hasKind(text, at, kind))
        ++at;
    return at;
}

char32_t letterAt(Characters text, std::size_t at, bool anyCase) {
    if (at >= text.size()) return 0;
    const char32_t value = text[at].value;
    return anyCase && value >= 'A' && value <= 'Z' ? value + ('a' - 'A') : value;
}

/// End of 's 't 're 've 'm 'll 'd at `at`, or `at`.
std::size_t matchContraction(Characters text, std::size_t at, bool anyCase) {
    if (text[at].value != '\'') return at;
    const char32_t first = letterAt(text, at + 1, anyCase);
    if (first == 's' || first == 't' || first == 'm' || first == 'd') return at + 2;
    const char32_t second = letterAt(text, at + 2, anyCase);
    const bool isPair = ((first == 'r' || first == 'v') && second == 'e') || (first == 'l' && second == 'l');
    return isPair ? at + 3 : at;
}

/// White space that is not part of what follows: `\s+(?!\S)|\s+`, so a run leaves its last character to the
/// word behind it.
std::size_t matchSpaces(Characters text, std::size_t at) {
    const std::size_t end = endOfRun(text, at, CharacterClass::kSpace);
    return end == text.size() || end == at + 1 ? end : end - 1;
}

/// '(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
std::size_t matchGpt2(Characters text, std::size_t at) {
    if (const std::size_t end = matchContraction(text, at, false); end > at) return end;
    const std::size_t word = at + (text[at].value == ' ' ? 1 : 0);
    if (word < text.size() && text[word].kind != CharacterClass::kSpace) {
        return endOfRun(text, word, text[word].kind);
    }
    return matchSpaces(text, at);
}

/// (?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,maxDigits}| ?[^\s\p{L}\p{N}]+[\r\n]*|
/// \s*[\r\n]+|\s+(?!\S)|\s+
std::size_t matchWithLineEnds(Characters text, std::size_t at, std::size_t maxDigits) {
    if (const std::size_t end = matchContraction(text, at, true); end > at) return end;
    const CharacterClass kind = text[at].kind;
    if (kind == CharacterClass::kLetter) return endOfRun(text, at, kind);
    if (kind == CharacterClass::kNumber) {
        return endOfRun(text.first(std::min(text.size(), at + maxDigits)), at, kind);
    }
    if (!isLineEnd(text, at) && hasKind(text, at + 1, CharacterClass::kLetter)) {
        return endOfRun(text, at + 1, CharacterClass::kLetter);
    }
    const std::size_t word = at + (text[at].value == ' ' ? 1 : 0);
    if (hasKind(text, word, CharacterClass::kSymbol)) {
        std::size_t end = endOfRun(text, word, CharacterClass::kSymbol);
        while (isLineEnd(text, end))
            ++end;
        return end;
    }
    for (std::size_t end = endOfRun(text, at, CharacterClass::kSpace); end > at; --end) {
        if (isLineEnd(text, end - 1)) return end;
    }
    return matchSpaces(text, at);
}

/// Every number character alone, GPT-2's expression on what lies between them as if it were a whole text.
std::size_t matchDigitsThenGpt2(Characters text, std::size_t at, std::size_t& sectionEnd) {
    if (text[at].kind == CharacterClass::kNumber) return at + 1;
    if (at >= sectionEnd) {
        sectionEnd = at;
        while (sectionEnd < text.size() && text[sectionEnd].kind != CharacterClass::kNumber)
            ++sectionEnd;
    }
    return matchGpt2(text.first(sectionEnd), at);
}

}  // namespace

Result<PreTokenizer> PreTokenizer::byName(std::string_view name) {
    struct Row {
        std::string_view name;
        Pattern pattern;
    };
    constexpr std::array kRows{
        Row{"gpt-2", Pattern::kGpt2},
        Row{"default", Pattern::kGpt2},
        Row{"smollm", Pattern::kDigitsThenGpt2},
        Row{"starcoder", Pattern::kDigitsThenGpt2},
        Row{"qwen2", Pattern::kQwen2},
        Row{"llama-bpe", Pattern::kLlama3},
        Row{"llama3", Pattern::kLlama3},
        Row{"llama-v3", Pattern::kLlama3},
    };
    for (const Row& row : kRows) {
        if (row.name == name) return PreTokenizer(row.pattern);
    }
    return Error{ErrorCode::kUnsupported, "unknown pre-tokenizer '" + quotable(name) + "'"};
}

std::vector<std::string_view> PreTokenizer::split(std::string_view text) const {
    const std::vector<Character> characters = decodeCharacters(text);
    const Characters all(characters);
    std::vector<std::string_view> words;
    std::size_t sectionEnd = 0;
    for (std::size_t at = 0; at < all.size();) {
        std::size_t end = at;
        switch (pattern_) {
            case Pattern::kGpt2:
                end = matchGpt2(all, at);
                break;
            case Pattern::kDigitsThenGpt2:
                end = matchDigitsThenGpt2(all, at, sectionEnd);
                break;
            case Pattern::kQwen2:
                end = matchWithLineEnds(all, at, 1);
                break;
            case Pattern::kLlama3:
                end = matchWithLineEnds(all, at, 3);
                break;
        }
        const std::size_t endOffset = end < all.size() ? all[end].offset : text.size();
        words.push_back(text.substr(all[at].offset, endOffset - all[at].offset));
        at = end;
    }
    return words;
}

bool PreTokenizer::normalisesToNfc() const {
    return pattern_ == Pattern::kQwen2;
}

bool PreTokenizer::takesWholeWords() const {
    return pattern_ == Pattern::kLlama3;
}

bool PreTokenizer::addsBeginOfSequence() const {
    return pattern_ == Pattern::kLlama3;
}

}  // namespace epi
