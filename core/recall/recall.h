#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "core/chat/conversation.h"
#include "core/chat/wording.h"
#include "core/recall/passage_candidate.h"
#include "core/recall/passage_ranking.h"
#include "core/recall/quotation.h"
#include "core/text/tokenizer.h"

namespace epi {

/// A question whose passages are looked for.
struct RecallTask {
    std::span<const Turn> turns;
    std::span<const PassageUnit> units;  // of these turns
    std::string_view question;
    std::span<const PassageCandidate> byWords;  // from full-text search
    std::span<const double> byMeaning;  // [units], cosine of the window around each; empty: by words alone
    const Tokenizer& tokenizer;
    const Wording& wording;
    std::int64_t budget = 0;        // R, tokens
    std::int64_t pinnedBudget = 0;  // what pinned turns may take where it is more
    /// Whether the memory holds all of a unit anyway; empty: of none.
    std::function<bool(const PassageUnit& unit)> isKept = {};
};

struct Recalled {
    std::string text;                     // what is put between memory and question; empty: nothing
    std::vector<TokenId> ids;             // the text as tokens, never more than the larger budget
    std::vector<QuotedPassage> passages;  // in the order of the history
    std::int64_t pinsLeftOut = 0;         // pinned turns of which something is neither held nor quoted
};

/// The passages of a history that match a question best, by words and by meaning, quoted word for word:
/// single turns and windows of three are ranked and packed into the budget. Pinned turns that the memory does
/// not hold come first; turns that ask the same question are not quoted.
Recalled recallPassages(const RecallTask& task);

}  // namespace epi
