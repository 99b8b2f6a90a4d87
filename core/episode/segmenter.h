#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/chat/conversation.h"
#include "core/chat/wording.h"

namespace epi {

/// The smallest piece of a history that segments are made of.
struct Utterance {
    std::int64_t turnId = 0;
    std::string speaker;
    std::string text;
};

/// Consecutive utterances that are embedded and clustered as one (EpiCache, equation 4).
struct Segment {
    std::string text;                   // one line per utterance, as the wording has it
    std::vector<std::int64_t> turnIds;  // turns it takes text from, in order, each once
};

/// The utterances of a history in order. Narrated layout: one per turn. Chat layout: one per message, spoken
/// by "User" or "Assistant"; an assistant message of more than 500 characters becomes one utterance per
/// sentence, where a piece of 10 characters or fewer stays with the one before it.
std::vector<Utterance> utterances(HistoryLayout layout, std::span<const Turn> turns);

/// The history cut into segments of `utterancesPerSegment` utterances, without overlap; the last may be
/// shorter. Sessions do not matter here. Requires: utterancesPerSegment > 0.
std::vector<Segment> segmentHistory(HistoryLayout layout,
                                    std::span<const Turn> turns,
                                    std::int32_t utterancesPerSegment,
                                    const Wording& wording = {});

}  // namespace epi
