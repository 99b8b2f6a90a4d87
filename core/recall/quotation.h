#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/chat/conversation.h"
#include "core/chat/wording.h"
#include "core/recall/passage_units.h"

namespace epi {

/// What was quoted to the model: bytes [firstByte, endByte) of a turn's text.
struct QuotedPassage {
    std::int64_t turnId = 0;
    std::int64_t firstByte = 0;
    std::int64_t endByte = 0;
    double score = 0.0;       // in the ranking that brought it
    std::int64_t tokens = 0;  // of its line

    bool operator==(const QuotedPassage&) const = default;
};

/// What stands before the quoted passages of a session; empty for a session without a date.
std::string quotationHeader(const Turn& turn, const Wording& wording);

/// The units (ascending) quoted word for word inside the wording's `quotation`, each session's under its
/// date, with an empty line where something between two of them is left out. Content of a prompt, never
/// template text.
std::string quotationText(std::span<const Turn> turns,
                          std::span<const PassageUnit> units,
                          std::span<const std::size_t> chosen,
                          const Wording& wording);

}  // namespace epi
