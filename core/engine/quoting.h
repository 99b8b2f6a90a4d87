#pragma once

#include <algorithm>
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

/// Tokens that may be quoted before a question.
struct QuotingRoom {
    std::int64_t passages = 0;  // of the memory's options
    std::int64_t pinned = 0;    // for pinned turns that the memory was built without; 0: there are none

    [[nodiscard]] std::int64_t rows() const { return std::max(passages, pinned); }
};
/// Such turns may take half of the rows behind the memory where its options quote less.
QuotingRoom quotingRoom(const BuiltMemory& memory, std::span<const PassageCandidate> candidates);

/// A question whose passages are looked for in a conversation.
struct QuotingTask {
    const TurnReading& reading;  // has read all turns
    std::string question;
    std::span<const PassageCandidate> byWords;
    std::span<const double> byMeaning;  // [units]; empty: by words alone
    std::span<const PassageUnit> units;
    std::int64_t budget = 0;
    std::int64_t pinnedBudget = 0;
};

/// The passages to quote: without those that the cache holds whole, every token in every head that sees
/// everything.
Recalled passagesToQuote(const QuotingTask& task);

}  // namespace epi
