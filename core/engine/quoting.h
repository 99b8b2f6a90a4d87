#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "core/engine/turn_reader.h"
#include "core/recall/recall.h"

namespace epi {

class TextEmbedder;

/// What stands between memory and question for one answer only: rows of the cache that are taken out again
/// once the reply is there.
struct Quotation {
    std::int64_t at = 0;      // index of its first token among the question's
    std::int64_t tokens = 0;  // 0: nothing is quoted
    std::vector<QuotedPassage> passages;
};

/// A question whose passages are looked for in a conversation.
struct QuotingTask {
    const TurnReading& reading;  // has read all turns
    std::string question;
    std::span<const PassageCandidate> byWords;
    std::span<const double> byMeaning;  // [units]; empty: by words alone
    std::span<const PassageUnit> units;
    std::int64_t budget = 0;
};

/// The passages to quote: without those that the cache holds whole, every token in every head that sees
/// everything.
Recalled passagesToQuote(const QuotingTask& task);

}  // namespace epi
