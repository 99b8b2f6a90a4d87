// The attention that the episode's patched prompt pays to an entry: the largest weight any of its tokens
// gives it (EpiCache, arXiv 2509.17396, equation 3).
#include <array>

#include "core/policy/scorer.h"

namespace epi::scorers {
namespace {

constexpr std::array kParameters{
    ScorerParameter{.name = "mean",
                    .summary = "1: the mean over the prompt's tokens instead of the largest weight"},
    ScorerParameter{.name = "own_keys",
                    .summary = "1: the prompt's own keys share in the softmax, so that weights are smaller"}};

ProbeRequest probe(const ScorerParameters& parameters) {
    const bool isMean = parameters.isOn("mean");
    return {.kind = ProbeKind::kPatchedPrompt,
            .reduction = {.rows = isMean ? ScoreReduction::Rows::kMean : ScoreReduction::Rows::kMax,
                          .heads = isMean ? ScoreReduction::Heads::kMean : ScoreReduction::Heads::kMax,
                          .countsOwnKeys = parameters.isOn("own_keys")}};
}

at::Tensor score(const LayerView& layer) {
    return layer.probeScores;
}

}  // namespace

EPI_SCORER(attention){.id = "attention",
                      .title = "Attention of the episode",
                      .summary = "what the episode's patched prompt looks at (EpiCache)",
                      .parameters = kParameters,
                      .probe = probe,
                      .score = score};

}  // namespace epi::scorers
