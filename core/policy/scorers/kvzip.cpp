// The attention that a block pays to itself when it is repeated: what is needed to write it down again
// (KVzip, arXiv 2505.23416, block by block). An entry keeps the score of its own block, since later ones do
// not repeat it.
#include <array>

#include "core/policy/scorer.h"

namespace epi::scorers {
namespace {

constexpr std::array kParameters{
    ScorerParameter{.name = "keep",
                    .value = 1.0,
                    .summary = "0: entries of earlier blocks are scored again by every block, as EpiCache's "
                               "comparison does"}};

ProbeRequest probe(const ScorerParameters& /*parameters*/) {
    return {.kind = ProbeKind::kRepeatedBlock};
}

bool keepsScores(const ScorerParameters& parameters) {
    return parameters.isOn("keep");
}

at::Tensor score(const LayerView& layer) {
    return layer.probeScores;
}

}  // namespace

EPI_SCORER(kvzip){.id = "kvzip",
                  .title = "Block reconstruction",
                  .summary = "what repeating the block looks at (KVzip)",
                  .parameters = kParameters,
                  .probe = probe,
                  .keepsScores = keepsScores,
                  .score = score};

}  // namespace epi::scorers
