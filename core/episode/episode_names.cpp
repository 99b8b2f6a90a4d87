#include "core/episode/episode_names.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <map>
#include <string_view>

#include "core/text/unicode.h"

namespace epi {
namespace {

constexpr std::size_t kShortestWord = 3;  // letters

// Sorted.
constexpr auto kCommonWords = std::to_array<std::string_view>(
    {"about",   "actually", "after",   "again",   "all",     "almost",     "along",     "already",   "also",
     "always",  "am",       "amazing", "and",     "any",     "anything",   "are",       "aren",      "around",
     "as",      "at",       "awesome", "back",    "be",      "because",    "been",      "before",    "being",
     "best",    "better",   "but",     "can",     "come",    "cool",       "could",     "couldn",    "did",
     "didn",    "do",       "does",    "doesn",   "doing",   "don",        "done",      "down",      "each",
     "else",    "enough",   "even",    "ever",    "every",   "everything", "feel",      "few",       "first",
     "for",     "from",     "get",     "getting", "give",    "glad",       "go",        "going",     "good",
     "got",     "great",    "guess",   "had",     "happy",   "has",        "hasn",      "have",      "haven",
     "having",  "he",       "hello",   "help",    "her",     "here",       "hey",       "him",       "his",
     "hope",    "how",      "if",      "in",      "into",    "is",         "isn",       "it",        "its",
     "just",    "keep",     "know",    "last",    "let",     "life",       "like",      "little",    "lol",
     "long",    "look",     "looking", "looks",   "lot",     "love",       "made",      "make",      "makes",
     "making",  "many",     "may",     "maybe",   "me",      "mean",       "might",     "more",      "most",
     "much",    "must",     "my",      "need",    "never",   "new",        "nice",      "no",        "not",
     "nothing", "now",      "of",      "off",     "oh",      "on",         "once",      "one",       "only",
     "or",      "other",    "our",     "out",     "over",    "own",        "people",    "pretty",    "put",
     "quite",   "really",   "right",   "said",    "same",    "say",        "see",       "seems",     "shared",
     "she",     "should",   "since",   "so",      "some",    "someone",    "something", "sometimes", "soon",
     "sounds",  "still",    "such",    "super",   "sure",    "take",       "than",      "thank",     "thanks",
     "that",    "the",      "their",   "them",    "then",    "there",      "these",     "they",      "thing",
     "things",  "think",    "this",    "those",   "though",  "thought",    "through",   "time",      "to",
     "today",   "together", "too",     "totally", "try",     "two",        "under",     "until",     "up",
     "us",      "use",      "very",    "wait",    "want",    "wanted",     "was",       "wasn",      "way",
     "we",      "well",     "went",    "were",    "what",    "when",       "where",     "which",     "while",
     "who",     "why",      "will",    "with",    "without", "won",        "wonderful", "would",     "wouldn",
     "wow",     "yeah",     "year",    "years",   "yes",     "yet",        "you",       "your"});
static_assert(std::ranges::is_sorted(kCommonWords));

struct Word {
    std::vector<std::int64_t> counts;  // per text
    std::string shown;                 // as written; in lower case once it was seen so
    bool isSeenInLowerCase = false;
};

/// Calls `found` with every word of a text, as written and in lower case.
template <typename Found>
void forEachWord(std::string_view text, const Found& found) {
    std::string written;
    std::string lower;
    std::size_t letters = 0;
    const auto end = [&] {
        if (letters >= kShortestWord && !std::ranges::binary_search(kCommonWords, std::string_view(lower)))
            found(written, lower);
        written.clear();
        lower.clear();
        letters = 0;
    };
    for (std::size_t position = 0; position < text.size();) {
        const CodePoint point = decodeCodePoint(text, position);
        if (point.state == CodePoint::State::kComplete && isLetter(point.value)) {
            written += text.substr(position, point.length);
            appendUtf8(lower, toLower(point.value));
            ++letters;
        } else {
            end();
        }
        position += point.length;
    }
    end();
}

}  // namespace

std::vector<std::string> distinctiveWords(std::span<const std::string> texts, std::size_t words) {
    std::map<std::string, Word> known;
    std::vector<double> lengths(texts.size(), 0.0);
    for (std::size_t index = 0; index < texts.size(); ++index) {
        forEachWord(texts[index], [&](const std::string& written, const std::string& lower) {
            Word& word = known[lower];
            word.counts.resize(texts.size(), 0);
            ++word.counts[index];
            word.isSeenInLowerCase = word.isSeenInLowerCase || written == lower;
            word.shown = word.isSeenInLowerCase ? lower : written;
            lengths[index] += 1.0;
        });
    }
    double meanLength = 0.0;
    for (const double length : lengths)
        meanLength += length / static_cast<double>(texts.size());

    std::vector<std::string> names;
    for (std::size_t index = 0; index < texts.size(); ++index) {
        std::vector<std::pair<double, const std::string*>> ranked;
        for (const auto& [lower, word] : known) {
            if (word.counts[index] == 0) continue;
            double all = 0.0;
            for (const std::int64_t count : word.counts)
                all += static_cast<double>(count);
            const double share = static_cast<double>(word.counts[index]) / lengths[index];
            ranked.emplace_back(share * std::log(1.0 + meanLength / all), &word.shown);
        }
        std::ranges::stable_sort(ranked, std::ranges::greater{}, [](const auto& each) { return each.first; });
        std::string& name = names.emplace_back();
        for (std::size_t i = 0; i < std::min(words, ranked.size()); ++i)
            name += (i == 0 ? "" : ", ") + *ranked[i].second;
    }
    return names;
}

}  // namespace epi
