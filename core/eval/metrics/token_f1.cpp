// Bag-of-words F1 of EpiCache's evaluation (Kim et al. 2025), one rule for all categories: lower case, ASCII
// punctuation deleted, a/an/the dropped, zero to nine as digits, no stemming. Two empty texts score 0.

#include <algorithm>
#include <array>
#include <map>
#include <string>
#include <vector>

#include "core/eval/metric.h"
#include "core/text/unicode.h"

#include <utf8proc.h>

namespace epi {
namespace {

constexpr char32_t kCapitalIWithDot = 0x130;
constexpr char32_t kCombiningDotAbove = 0x307;

struct Replacement {
    std::string_view word;
    std::string_view by;
};
constexpr std::array kReplacements{Replacement{"a", " "},
                                   Replacement{"an", " "},
                                   Replacement{"the", " "},
                                   Replacement{"zero", "0"},
                                   Replacement{"one", "1"},
                                   Replacement{"two", "2"},
                                   Replacement{"three", "3"},
                                   Replacement{"four", "4"},
                                   Replacement{"five", "5"},
                                   Replacement{"six", "6"},
                                   Replacement{"seven", "7"},
                                   Replacement{"eight", "8"},
                                   Replacement{"nine", "9"}};

bool isAsciiPunctuation(char32_t character) {
    return (character >= '!' && character <= '/') || (character >= ':' && character <= '@') ||
           (character >= '[' && character <= '`') || (character >= '{' && character <= '~');
}

/// What a word is made of, and where a text is split, for the official scorer's language.
bool isWordCharacter(char32_t character) {
    return isLetter(character) || isNumber(character);
}
bool isSeparator(char32_t character) {
    return isSpace(character) || (character >= 0x1c && character <= 0x1f);
}

/// Lower-case characters of `text` without ASCII punctuation. Bytes that are not UTF-8 become U+FFFD.
std::u32string lowerWithoutPunctuation(std::string_view text) {
    std::u32string characters;
    characters.reserve(text.size());
    for (std::size_t position = 0; position < text.size();) {
        const CodePoint point = decodeCodePoint(text, position);
        position += point.length;
        if (isAsciiPunctuation(point.value)) continue;
        if (point.value == kCapitalIWithDot) {
            characters += {U'i', kCombiningDotAbove};
        } else {
            characters += static_cast<char32_t>(utf8proc_tolower(static_cast<utf8proc_int32_t>(point.value)));
        }
    }
    return characters;
}

/// Appends a maximal run of word characters, or what stands for it.
void appendWord(std::string_view word, std::string& text) {
    const auto found = std::find_if(kReplacements.begin(),
                                    kReplacements.end(),
                                    [word](const auto& candidate) { return candidate.word == word; });
    text += found != kReplacements.end() ? found->by : word;
}

/// The normalised text's words. A token may be several runs of word characters ("a’s" is "’s").
std::vector<std::string> tokens(std::string_view text) {
    std::vector<std::string> found(1);
    std::string word;
    const auto endToken = [&found] {
        if (!found.back().empty()) found.emplace_back();
    };
    const auto endWord = [&] {
        std::string replaced;
        appendWord(word, replaced);
        word.clear();
        if (replaced == " ") return endToken();
        found.back() += replaced;
    };
    for (const char32_t character : lowerWithoutPunctuation(text)) {
        if (isWordCharacter(character)) {
            appendUtf8(word, character);
            continue;
        }
        endWord();
        if (isSeparator(character)) {
            endToken();
        } else {
            appendUtf8(found.back(), character);
        }
    }
    endWord();
    if (found.back().empty()) found.pop_back();
    return found;
}

double score(std::string_view answer, std::string_view gold) {
    const std::vector<std::string> answerTokens = tokens(answer);
    const std::vector<std::string> goldTokens = tokens(gold);
    std::map<std::string_view, std::size_t> remaining;
    for (const std::string& token : goldTokens) {
        ++remaining[token];
    }
    std::size_t common = 0;
    for (const std::string& token : answerTokens) {
        const auto found = remaining.find(token);
        if (found == remaining.end() || found->second == 0) continue;
        --found->second;
        ++common;
    }
    if (common == 0) return 0.0;
    const double precision = static_cast<double>(common) / static_cast<double>(answerTokens.size());
    const double recall = static_cast<double>(common) / static_cast<double>(goldTokens.size());
    return 2.0 * precision * recall / (precision + recall);
}

}  // namespace

EPI_METRIC(token_f1){.id = "token_f1", .title = "F1", .score = score};

}  // namespace epi
