#include "core/recall/window_ranking.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace epi {
namespace {

constexpr double kSaturation = 1.2;            // k1
constexpr double kLengthNormalisation = 0.75;  // b

/// Sums over the window around each message.
std::vector<double> windowSums(const std::vector<double>& values) {
    std::vector<double> sums(values.size());
    for (std::size_t i = 0; i < values.size(); ++i) {
        sums[i] = values[i] + (i > 0 ? values[i - 1] : 0.0) + (i + 1 < values.size() ? values[i + 1] : 0.0);
    }
    return sums;
}

}  // namespace

std::vector<RankedTurn> rankWindows(const TermCounts& counts) {
    const std::size_t size = counts.messages.size();
    const auto windows = static_cast<double>(size);
    std::vector<double> lengths;
    double totalLength = 0.0;
    for (const MessageTerms& message : counts.messages)
        lengths.push_back(static_cast<double>(message.bytes) + 1.0);
    lengths = windowSums(lengths);
    for (const double length : lengths)
        totalLength += length;
    const double meanLength = totalLength / std::max(1.0, windows);

    std::vector<double> scores(size, 0.0);
    for (std::size_t word = 0; word < static_cast<std::size_t>(counts.words); ++word) {
        std::vector<double> frequencies;
        for (const MessageTerms& message : counts.messages) {
            frequencies.push_back(word < message.counts.size() ? message.counts[word] : 0.0);
        }
        frequencies = windowSums(frequencies);
        const auto matching =
            static_cast<double>(std::ranges::count_if(frequencies, [](double f) { return f > 0; }));
        const double rarity = std::log(1.0 + (windows - matching + 0.5) / (matching + 0.5));
        for (std::size_t i = 0; i < size; ++i) {
            const double norm = 1.0 - kLengthNormalisation + kLengthNormalisation * lengths[i] / meanLength;
            scores[i] +=
                rarity * frequencies[i] * (kSaturation + 1.0) / (frequencies[i] + kSaturation * norm);
        }
    }
    std::vector<RankedTurn> ranking;
    for (std::size_t i = 0; i < size; ++i) {
        if (scores[i] > 0.0) ranking.push_back({counts.messages[i].messageId, scores[i]});
    }
    std::ranges::stable_sort(ranking, std::ranges::greater(), &RankedTurn::score);
    return ranking;
}

}  // namespace epi
