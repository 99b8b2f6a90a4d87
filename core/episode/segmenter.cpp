#include "core/episode/segmenter.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cstddef>
#include <string_view>

namespace epi {
namespace {

constexpr std::int64_t kLongMessage = 500;  // characters; longer assistant messages are split
constexpr std::int64_t kShortPiece = 10;    // characters; pieces up to this length do not stand alone
constexpr std::string_view kSpace = " \t\n\v\f\r";
constexpr std::string_view kSentenceEnd = ".!?";

/// UTF-8 characters: every byte that does not continue one.
std::int64_t characterCount(std::string_view text) {
    return std::ranges::count_if(text, [](char byte) { return (byte & 0xC0) != 0x80; });
}

std::string_view trimmed(std::string_view text) {
    const std::size_t first = text.find_first_not_of(kSpace);
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

/// Where the sentence that begins at `start` ends: behind a run of . ! ? that white space or the end follows.
std::size_t sentenceEnd(std::string_view text, std::size_t start) {
    for (std::size_t mark = text.find_first_of(kSentenceEnd, start); mark != std::string_view::npos;) {
        const std::size_t after = std::min(text.find_first_not_of(kSentenceEnd, mark), text.size());
        if (after == text.size() || kSpace.find(text[after]) != std::string_view::npos) return after;
        mark = text.find_first_of(kSentenceEnd, after);
    }
    return text.size();
}

/// Pieces of `text` that together hold all of it but the white space between them.
std::vector<std::string_view> sentences(std::string_view text) {
    std::vector<std::size_t> ends;
    for (std::size_t start = 0, end = 0; start < text.size(); start = end) {
        end = sentenceEnd(text, start);
        const bool isShort = characterCount(trimmed(text.substr(start, end - start))) <= kShortPiece;
        // A short piece at the very beginning has none before it and stays with the one behind it.
        if (!isShort) {
            ends.push_back(end);
        } else if (!ends.empty()) {
            ends.back() = end;
        }
    }
    if (ends.empty()) ends.push_back(text.size());

    std::vector<std::string_view> pieces;
    std::size_t start = 0;
    for (const std::size_t end : ends) {
        pieces.push_back(trimmed(text.substr(start, end - start)));
        start = end;
    }
    return pieces;
}

std::string_view chatSpeaker(Role role) {
    switch (role) {
        case Role::kSystem:
            return "System";
        case Role::kUser:
            return "User";
        case Role::kAssistant:
            return "Assistant";
    }
    return {};
}

}  // namespace

std::vector<Utterance> utterances(HistoryLayout layout, std::span<const Turn> turns) {
    std::vector<Utterance> result;
    result.reserve(turns.size());
    for (const Turn& turn : turns) {
        if (layout == HistoryLayout::kNarrated) {
            const std::string_view speaker = turn.speaker.empty() ? chatSpeaker(turn.role) : turn.speaker;
            result.push_back({turn.id, std::string(speaker), turn.text});
            continue;
        }
        const std::string speaker(chatSpeaker(turn.role));
        if (turn.role == Role::kAssistant && characterCount(turn.text) > kLongMessage) {
            for (const std::string_view sentence : sentences(turn.text))
                result.push_back({turn.id, speaker, std::string(sentence)});
        } else {
            result.push_back({turn.id, speaker, turn.text});
        }
    }
    return result;
}

std::vector<Segment> segmentHistory(HistoryLayout layout,
                                    std::span<const Turn> turns,
                                    std::int32_t utterancesPerSegment,
                                    const Wording& wording) {
    assert(utterancesPerSegment > 0);
    const std::vector<Utterance> all = utterances(layout, turns);
    const auto size = static_cast<std::size_t>(utterancesPerSegment);
    std::vector<Segment> segments;
    segments.reserve(all.size() / size + 1);
    for (std::size_t index = 0; index < all.size(); ++index) {
        if (index % size == 0) segments.emplace_back();
        Segment& segment = segments.back();
        segment.text += fill(
            wording.segmentTurn,
            std::array{WordingValue{"speaker", all[index].speaker}, WordingValue{"text", all[index].text}});
        if (segment.turnIds.empty() || segment.turnIds.back() != all[index].turnId)
            segment.turnIds.push_back(all[index].turnId);
    }
    return segments;
}

}  // namespace epi
