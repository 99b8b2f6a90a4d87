#include "core/recall/question_words.h"

#include <algorithm>
#include <array>

#include "core/text/unicode.h"

namespace epi {
namespace {

// Sorted. Words that stand in questions and texts alike whatever they are about.
constexpr std::array<std::string_view, 133> kFunctionWords{
    "a",       "about", "after",   "again",  "all",    "also",     "am",        "an",        "and",
    "any",     "are",   "as",      "at",     "be",     "because",  "been",      "before",    "being",
    "between", "both",  "but",     "by",     "can",    "could",    "d",         "did",       "do",
    "does",    "doing", "don",     "down",   "during", "each",     "few",       "for",       "from",
    "further", "had",   "has",     "have",   "having", "he",       "her",       "here",      "hers",
    "herself", "him",   "himself", "his",    "how",    "i",        "if",        "in",        "into",
    "is",      "it",    "its",     "itself", "just",   "ll",       "m",         "me",        "more",
    "most",    "my",    "myself",  "no",     "nor",    "not",      "now",       "of",        "off",
    "on",      "once",  "only",    "or",     "other",  "our",      "ours",      "ourselves", "out",
    "over",    "own",   "re",      "s",      "same",   "she",      "should",    "so",        "some",
    "such",    "t",     "than",    "that",   "the",    "their",    "theirs",    "them",      "themselves",
    "then",    "there", "these",   "they",   "this",   "those",    "through",   "to",        "too",
    "under",   "until", "up",      "ve",     "very",   "was",      "we",        "were",      "what",
    "when",    "where", "which",   "while",  "who",    "whom",     "whose",     "why",       "will",
    "with",    "would", "you",     "your",   "yours",  "yourself", "yourselves"};

char lowered(char character) {
    return character >= 'A' && character <= 'Z' ? static_cast<char>(character - 'A' + 'a') : character;
}

}  // namespace

std::vector<std::string> questionWords(std::string_view question) {
    std::vector<std::string> words;
    std::string word;
    const auto end = [&] {
        const bool isNew = !word.empty() && !std::ranges::binary_search(kFunctionWords, word) &&
                           std::ranges::find(words, word) == words.end();
        if (isNew) words.push_back(word);
        word.clear();
    };
    for (std::size_t at = 0; at < question.size();) {
        const CodePoint point = decodeCodePoint(question, at);
        if (isLetter(point.value) || isNumber(point.value)) {
            for (std::size_t byte = at; byte < at + point.length; ++byte)
                word += lowered(question[byte]);
        } else {
            end();
        }
        at += point.length;
    }
    end();
    return words;
}

}  // namespace epi
