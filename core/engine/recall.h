#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "core/base/cancel_token.h"
#include "core/base/result.h"
#include "core/engine/passage_index.h"
#include "core/recall/quotation.h"
#include "core/recall/ranked_turn.h"
#include "core/text/tokenizer.h"

namespace epi {

/// A question whose passages are looked for.
struct RecallTask {
    std::span<const Turn> turns;
    const PassageIndex& index;         // of these turns
    const SentenceEmbedder* embedder;  // null: by words alone
    const Tokenizer& tokenizer;
    std::string question;
    std::span<const RankedTurn> passages;  // from full-text search, best first
    std::int64_t budget = 0;               // R, tokens
    /// Whether the memory holds all of a unit anyway; empty: of none.
    std::function<bool(const PassageUnit& unit)> isKept;
    CancelToken cancel;
};

struct Recalled {
    std::string text;  // what is put between memory and question; empty: nothing
    std::vector<QuotedPassage> passages;
    std::int64_t tokens = 0;  // of the text, never more than the budget
};

/// The passages of a history that match a question best, by words and by meaning, quoted word for word:
/// rankings of windows of three units joined by reciprocal rank, packed into the budget.
Result<Recalled> recallPassages(const RecallTask& task);

}  // namespace epi
