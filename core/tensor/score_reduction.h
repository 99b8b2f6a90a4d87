#pragma once

#include <ATen/core/TensorBody.h>

namespace epi {

/// How the attention weights that a probe gives to an entry become one score: first over the probe's rows,
/// then over the query heads that share the entry's KV head.
struct ScoreReduction {
    enum class Rows { kMax, kSum, kMean, kRootMeanSquare, kVariance, kHits };
    enum class Heads { kMax, kMean };
    Rows rows = Rows::kMax;
    Heads heads = Heads::kMax;
    /// Whether the probe's own keys share in the softmax; otherwise it runs over the cached entries alone, as
    /// the released EpiCache has it.
    bool countsOwnKeys = false;
    double hitWeight = 0.0;  // kHits counts the rows whose weight is at least this

    bool operator==(const ScoreReduction&) const = default;
};

/// Reduces attention weights that come in pieces, so that the whole matrix is never held.
class ScoreAccumulator {
public:
    explicit ScoreAccumulator(const ScoreReduction& reduction) : reduction_(reduction) {}

    /// Weights [heads of the group, rows, entries] of further rows, fp32.
    void add(const at::Tensor& weights);
    /// Scores [entries], fp32; undefined when nothing was added.
    [[nodiscard]] at::Tensor result() const;

private:
    ScoreReduction reduction_;
    at::Tensor first_;   // [heads, entries]: maximum, sum or count; of the sum of squares its root's square
    at::Tensor second_;  // [heads, entries]: sum of squares, where the variance needs it
    std::int64_t rows_ = 0;
};

}  // namespace epi
