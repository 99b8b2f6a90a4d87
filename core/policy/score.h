#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include <ATen/core/TensorBody.h>

#include "core/base/result.h"
#include "core/engine/options.h"
#include "core/policy/scorer.h"

namespace epi {

/// A score that can be computed: one scorer, or several combined by rank. Immutable, any thread.
class Score {
public:
    /// What an episode's patched prompt looks at: EpiCache.
    Score();
    /// Of a recipe (see score_recipe.h). kInvalidArgument names an unknown scorer or parameter, a value out
    /// of its range, or a second term that keeps its scores.
    static Result<Score> bind(std::string_view recipe);

    /// What has to be run behind a block, each once.
    [[nodiscard]] std::span<const ProbeRequest> probes() const { return probes_; }
    /// Whether the caches of episodes differ.
    [[nodiscard]] bool usesPatchedPrompt() const;
    /// Whether entries keep the score of the block they came with, so that every block must be scored.
    [[nodiscard]] bool keepsScores() const;

    struct Computed {
        std::vector<float> scores;  // [totalLength], head-major
        std::vector<float> kept;    // the same of the term that keeps its scores; empty without
    };
    struct Input {
        const LayerArena& arena;
        std::int64_t nextPosition = 0;
        std::int64_t blockTokens = 0;
        /// One for each of `probes()`; undefined where a probe had no rows: newer entries are worth more
        /// then.
        std::span<const at::Tensor> probeScores;
        BudgetLevel level = BudgetLevel::kPair;  // whether heads compete
    };
    [[nodiscard]] Computed compute(const Input& input) const;

private:
    struct Term {
        const Scorer* scorer;
        ScorerParameters parameters;
        double weight;
        std::size_t probe;  // index into probes_, or none
    };

    void add(const Scorer& scorer, ScorerParameters parameters, double weight);
    static bool keepsScores(const Term& term);
    static std::vector<float> scoresOf(const Term& term, const Input& input, const at::Tensor& probeScores);

    std::vector<Term> terms_;
    std::vector<ProbeRequest> probes_;
};

}  // namespace epi
