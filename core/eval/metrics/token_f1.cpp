// Bag-of-words F1 of EpiCache's evaluation (Kim et al. 2025), one rule for all categories: lower case, ASCII
// punctuation deleted, a/an/the dropped, zero to nine as digits, no stemming. Two empty texts score 0.

#include <algorithm>
#include <array>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "core/eval/metric.h"

#include <utf8proc.h>

namespace epi {
namespace {

constexpr utf8proc_int32_t kCapitalIWithDot = 0x130;
constexpr utf8proc_int32_t kCombiningDotAbove = 0x307;

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

bool isAsciiPunctuation(utf8proc_int32_t character) {
    return (character >= '!' && character <= '/') || (character >= ':' && character <= '@') ||
           (character >= '[' && character <= '`') || (character >= '{' && character <= '~');
}

/// Letters and numbers: what a word is made of for the official scorer's regular expressions.
bool isWordCharacter(utf8proc_int32_t character) {
    switch (utf8proc_category(character)) {
        case UTF8PROC_CATEGORY_LU:
        case UTF8PROC_CATEGORY_LL:
        case UTF8PROC_CATEGORY_LT:
        case UTF8PROC_CATEGORY_LM:
        case UTF8PROC_CATEGORY_LO:
        case UTF8PROC_CATEGORY_ND:
        case UTF8PROC_CATEGORY_NL:
        case UTF8PROC_CATEGORY_NO:
            return true;
        default:
            return false;
    }
}

bool isWhitespace(utf8proc_int32_t character) {
    if ((character >= 0x09 && character <= 0x0d) || (character >= 0x1c && character <= 0x1f)) return true;
    if (character == 0x85) return true;
    const utf8proc_category_t category = utf8proc_category(character);
    return category == UTF8PROC_CATEGORY_ZS || category == UTF8PROC_CATEGORY_ZL ||
           category == UTF8PROC_CATEGORY_ZP;
}

/// Lower-case characters of `text` without ASCII punctuation. Bytes that are not UTF-8 become U+FFFD.
std::vector<utf8proc_int32_t> lowerWithoutPunctuation(std::string_view text) {
    std::vector<utf8proc_int32_t> characters;
    characters.reserve(text.size());
    while (!text.empty()) {
        utf8proc_int32_t character = 0;
        const auto* bytes = reinterpret_cast<const utf8proc_uint8_t*>(text.data());
        const auto used = utf8proc_iterate(bytes, static_cast<utf8proc_ssize_t>(text.size()), &character);
        text.remove_prefix(used > 0 ? static_cast<std::size_t>(used) : 1);
        if (used <= 0) character = 0xfffd;
        if (isAsciiPunctuation(character)) continue;
        if (character == kCapitalIWithDot) {
            characters.insert(characters.end(), {'i', kCombiningDotAbove});
        } else {
            characters.push_back(utf8proc_tolower(character));
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
    for (const utf8proc_int32_t character : lowerWithoutPunctuation(text)) {
        std::array<utf8proc_uint8_t, 4> bytes;
        const auto count = static_cast<std::size_t>(utf8proc_encode_char(character, bytes.data()));
        const std::string_view encoded(reinterpret_cast<const char*>(bytes.data()), count);
        if (isWordCharacter(character)) {
            word += encoded;
            continue;
        }
        endWord();
        if (isWhitespace(character)) {
            endToken();
        } else {
            found.back() += encoded;
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
