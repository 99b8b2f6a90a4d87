#include "core/recall/word_ranking.h"

#include <algorithm>
#include <cmath>
#include <functional>

namespace epi {
namespace {

constexpr double kSaturation = 1.2;            // k1
constexpr double kLengthNormalisation = 0.75;  // b

using Values = std::vector<double>;

/// Sums over the window around each message.
Values windowSums(const Values& values) {
    Values sums(values.size());
    for (std::size_t i = 0; i < values.size(); ++i) {
        sums[i] = values[i] + (i > 0 ? values[i - 1] : 0.0) + (i + 1 < values.size() ? values[i + 1] : 0.0);
    }
    return sums;
}

/// Adds what one word is worth in each document, given how often it occurs there.
void addWord(const Values& frequencies, const Values& lengths, double meanLength, Values& scores) {
    const auto documents = static_cast<double>(frequencies.size());
    const auto matching =
        static_cast<double>(std::ranges::count_if(frequencies, [](double f) { return f > 0.0; }));
    const double rarity = std::log(1.0 + (documents - matching + 0.5) / (matching + 0.5));
    for (std::size_t i = 0; i < frequencies.size(); ++i) {
        const double norm = 1.0 - kLengthNormalisation + kLengthNormalisation * lengths[i] / meanLength;
        scores[i] += rarity * frequencies[i] * (kSaturation + 1.0) / (frequencies[i] + kSaturation * norm);
    }
}

double mean(const Values& values) {
    double sum = 0.0;
    for (const double value : values)
        sum += value;
    return sum / std::max(1.0, static_cast<double>(values.size()));
}

}  // namespace

std::vector<PassageCandidate> rankByWords(const TermCounts& counts, std::size_t limit) {
    const std::size_t size = counts.messages.size();
    Values lengths;
    lengths.reserve(size);
    for (const MessageTerms& message : counts.messages)
        lengths.push_back(static_cast<double>(message.bytes) + 1.0);
    const Values windowLengths = windowSums(lengths);
    const double meanLength = mean(lengths);
    const double meanWindowLength = mean(windowLengths);

    Values scores(size, 0.0);
    Values windowScores(size, 0.0);
    for (std::size_t word = 0; word < static_cast<std::size_t>(counts.words); ++word) {
        Values frequencies;
        frequencies.reserve(size);
        for (const MessageTerms& message : counts.messages)
            frequencies.push_back(word < message.counts.size() ? message.counts[word] : 0.0);
        addWord(frequencies, lengths, meanLength, scores);
        addWord(windowSums(frequencies), windowLengths, meanWindowLength, windowScores);
    }
    std::vector<PassageCandidate> ranking;
    for (std::size_t i = 0; i < size; ++i) {
        if (windowScores[i] > 0.0)
            ranking.push_back({counts.messages[i].messageId, windowScores[i], scores[i]});
    }
    std::ranges::stable_sort(ranking, std::ranges::greater(), &PassageCandidate::windowScore);
    ranking.resize(std::min(ranking.size(), limit));
    return ranking;
}

}  // namespace epi
