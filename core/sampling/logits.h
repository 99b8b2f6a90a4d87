#pragma once

#include <optional>
#include <span>
#include <vector>

#include "core/text/tokenizer.h"

namespace epi {

// Passes over the logits of a whole vocabulary, fp32 [vocabulary]: some 150,000 values per token, so each is
// written to be vectorised. The results are the same whatever instructions the CPU has.

/// The best token, of equals the first; nothing when a logit is NaN or infinite, or there are none.
std::optional<TokenId> bestToken(std::span<const float> logits);

/// The tokens whose logits are at least `least`, in order of their ids.
void tokensFrom(std::span<const float> logits, double least, std::vector<TokenId>& ids);

/// Writes e^((logit - best) / temperature) to `weights`, of the same length, and returns their sum.
double weigh(std::span<const float> logits, float best, double temperature, std::span<float> weights);

}  // namespace epi
