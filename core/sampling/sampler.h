#pragma once

#include <cstddef>
#include <cstdint>
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
/// (Holtzman et al. 2020), min-p; then one of the tokens that are left is drawn, going through them in order
/// of their ids. Temperature 0 takes the best token after the penalty. Of equal tokens the lower id is the
/// better. The same seed, logits and history give the same tokens, here and on a GPU
/// (cuda/kernels/sample_token.h, which this is the reference for). One thread.
class Sampler {
public:
    /// Requires: options that pass checkSampling.
    explicit Sampler(const SamplingOptions& options);

    /// The next token. `logits` has one value per token of the vocabulary; the penalty applies to every token
    /// of `history`, however often it is there, and ignores ids outside the vocabulary. kInternal when a
    /// logit is NaN or infinite, or there are none.
    Result<TokenId> sample(std::span<const float> logits, std::span<const TokenId> history);

    [[nodiscard]] const SamplingOptions& options() const { return options_; }
    /// Where its random numbers go on: one is drawn per token, none at temperature 0.
    [[nodiscard]] const Rng& random() const { return rng_; }

private:
    struct Candidate {
        TokenId id;
        float logit;
        std::uint64_t mass;  // proportional to its probability
    };

    [[nodiscard]] std::span<const float> penalised(std::span<const float> logits,
                                                   std::span<const TokenId> history);
    [[nodiscard]] TokenId draw(std::span<const float> logits, TokenId best);
    void takeFrom(std::span<const float> logits, double least, float best);
    void keepBest(std::span<const float> logits, float best);
    [[nodiscard]] bool keepBestFrom(std::span<const float> logits,
                                    double reach,
                                    float best,
                                    std::uint64_t wanted);
    [[nodiscard]] double leastLogit(float best) const;

    SamplingOptions options_;
    Rng rng_;
    // Kept to save allocations per token.
    std::vector<float> scores_;
    std::vector<float> taken_;
    std::vector<std::uint64_t> masses_;
    std::vector<Candidate> candidates_;
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
