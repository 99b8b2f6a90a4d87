#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "core/base/result.h"
#include "core/base/rng.h"
#include "core/engine/options.h"
#include "core/text/tokenizer.h"

namespace epi {

/// kInvalidArgument names the first option that makes no sense and its value.
Result<void> checkSampling(const SamplingOptions& options);

/// Chooses next tokens. In this order: repetition penalty (Keskar et al. 2019), temperature, top-k, top-p
/// (Holtzman et al. 2020), min-p. Temperature 0 takes the best token after the penalty, of equals the lower
/// id. The same seed, logits and history give the same tokens. One thread.
class Sampler {
public:
    /// Requires: options that pass checkSampling.
    explicit Sampler(const SamplingOptions& options);

    /// The next token. `logits` has one value per token of the vocabulary; the penalty applies to every token
    /// of `history`, however often it is there, and ignores ids outside the vocabulary. kInternal when a
    /// logit is NaN or infinite, or there are none.
    Result<TokenId> sample(std::span<const float> logits, std::span<const TokenId> history);

private:
    struct Candidate {
        TokenId id;
        float logit;
        double weight;  // proportional to its probability
    };

    [[nodiscard]] std::span<const float> penalised(std::span<const float> logits,
                                                   std::span<const TokenId> history);
    [[nodiscard]] TokenId draw(std::span<const float> logits, TokenId best);
    [[nodiscard]] TokenId drawFromAll(std::span<const float> logits, float best);
    void keepBest(std::span<const float> logits, float best);
    [[nodiscard]] bool keepBestFrom(std::span<const float> logits, double least, double wanted);

    SamplingOptions options_;
    Rng rng_;
    std::vector<float> scores_;          // kept to save an allocation per token
    std::vector<Candidate> candidates_;  // likewise
    std::vector<float> weights_;
    std::vector<TokenId> ids_;
};

/// The two best tokens (ties: lower id first) and how far apart they are: how safe a greedy choice is.
struct GreedyGap {
    TokenId best = 0;
    TokenId second = 0;
    float gap = 0.0F;
};
/// kInternal when a logit is NaN or infinite, or there are fewer than two.
Result<GreedyGap> greedyGap(std::span<const float> logits);

}  // namespace epi
