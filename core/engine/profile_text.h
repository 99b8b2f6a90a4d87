#pragma once

#include <cstdint>
#include <vector>

#include "core/text/tokenizer.h"

namespace epi {

/// A long text to profile a model with: a story in which pass phrases are hidden, and at its end the
/// questions for them with their answers, so that reading it takes both near and far context. Exactly
/// `tokens` tokens; always the same ones. Requires: tokens > 0.
std::vector<TokenId> profileTokens(const Tokenizer& tokenizer, std::int64_t tokens);

}  // namespace epi
