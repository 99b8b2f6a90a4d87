#include "storage/full_text_query.h"

#include <algorithm>

#include "core/text/unicode.h"
#include "storage/full_text_functions.h"

namespace epi {
namespace {

std::string phrase(std::string_view word) {
    std::string quoted = "\"";
    for (const char character : word) {
        if (character == '\0') continue;  // would end the query
        if (character == '"') quoted += '"';
        quoted += character;
    }
    return quoted + '"';
}

/// Whether FTS5 finds a token in it; a phrase without one would match nothing.
bool hasToken(std::string_view word) {
    for (std::size_t at = 0; at < word.size();) {
        const CodePoint point = decodeCodePoint(word, at);
        if (isLetter(point.value) || isNumber(point.value)) return true;
        at += point.length;
    }
    return false;
}

std::vector<std::string_view> wordsOf(std::string_view text) {
    std::vector<std::string_view> words;
    std::size_t begin = 0;
    const auto end = [&](std::size_t at) {
        const std::string_view word = text.substr(begin, at - begin);
        if (hasToken(word)) words.push_back(word);
    };
    for (std::size_t at = 0; at < text.size();) {
        const CodePoint point = decodeCodePoint(text, at);
        if (isSpace(point.value) || point.value == 0) {
            end(at);
            begin = at + point.length;
        }
        at += point.length;
    }
    end(text.size());
    return words;
}

}  // namespace

std::string matchAny(std::span<const std::string> words) {
    std::string query;
    for (const std::string& word : words.first(std::min<std::size_t>(words.size(), kMaxPhrases))) {
        if (!query.empty()) query += " OR ";
        query += phrase(word);
    }
    return query;
}

std::string matchTyped(std::string_view typed) {
    std::vector<std::string_view> words = wordsOf(typed);
    words.resize(std::min<std::size_t>(words.size(), kMaxPhrases));
    std::string query;
    for (const std::string_view word : words) {
        if (!query.empty()) query += ' ';
        query += phrase(word) + " *";
    }
    return query;
}

}  // namespace epi
