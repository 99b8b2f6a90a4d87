// The length of an entry's value: what it can add to an output at most. Meant to be combined with another.
#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>

#include "core/policy/scorer.h"

namespace epi::scorers {
namespace {

at::Tensor score(const LayerView& layer) {
    std::vector<at::Tensor> scores;
    for (const HeadRun& run : layer.arena.runs())
        scores.push_back(run.values.to(at::kFloat).norm(2, {-1}, false).reshape({-1}));
    return at::cat(scores);
}

}  // namespace

EPI_SCORER(value_norm){
    .id = "value_norm", .title = "Value norm", .summary = "entries with long values", .score = score};

}  // namespace epi::scorers
