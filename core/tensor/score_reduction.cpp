#include "core/tensor/score_reduction.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/maximum.h>

namespace epi {
namespace {

void accumulate(at::Tensor& sum, const at::Tensor& more) {
    sum = sum.defined() ? sum.add_(more) : more;
}

}  // namespace

void ScoreAccumulator::add(const at::Tensor& weights) {
    using Rows = ScoreReduction::Rows;
    rows_ += weights.size(1);
    switch (reduction_.rows) {
        case Rows::kMax: {
            const bool isOne = reduction_.heads == ScoreReduction::Heads::kMax;
            const at::Tensor best = isOne ? weights.amax({0, 1}).unsqueeze(0) : weights.amax(1);
            first_ = first_.defined() ? at::maximum(first_, best) : best;
            return;
        }
        case Rows::kSum:
        case Rows::kMean:
            return accumulate(first_, weights.sum(1));
        case Rows::kRootMeanSquare:
            return accumulate(first_, weights.square().sum(1));
        case Rows::kVariance:
            accumulate(first_, weights.sum(1));
            return accumulate(second_, weights.square().sum(1));
        case Rows::kHits:
            return accumulate(first_, weights.ge(reduction_.hitWeight).sum(1).to(weights.scalar_type()));
    }
}

at::Tensor ScoreAccumulator::result() const {
    using Rows = ScoreReduction::Rows;
    if (!first_.defined()) return {};
    const auto count = static_cast<double>(rows_);
    at::Tensor perHead = first_;
    if (reduction_.rows == Rows::kMean) perHead = first_ / count;
    if (reduction_.rows == Rows::kRootMeanSquare) perHead = (first_ / count).sqrt();
    if (reduction_.rows == Rows::kVariance)
        perHead = (second_ / count - (first_ / count).square()).clamp_min(0.0);
    return reduction_.heads == ScoreReduction::Heads::kMax ? perHead.amax(0) : perHead.mean(0);
}

}  // namespace epi
