#include "core/tensor/attention.h"

#include <algorithm>
#include <limits>
#include <vector>

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/full.h>
#include <ATen/ops/logsumexp.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/scaled_dot_product_attention.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/zeros.h>

namespace epi {
namespace {

// Rows that attend in one call: bounds the mask and, for probes, the score matrix, and keeps both near the
// caches.
constexpr std::int64_t kRowsPerCall = 256;
constexpr double kLogOfNothing = -1e30;

/// -infinity where row i (position first + i) must not see an entry, 0 elsewhere: [rows, entries], fp32.
at::Tensor maskFor(std::span<const std::int32_t> positions,
                   const AttentionSpec& spec,
                   std::int64_t firstPosition,
                   std::int64_t rows,
                   const at::TensorOptions& options) {
    const at::Tensor entries = at::from_blob(const_cast<std::int32_t*>(positions.data()),
                                             {1, static_cast<std::int64_t>(positions.size())},
                                             at::kInt)
                                   .to(options.device(), at::kLong);
    const at::Tensor queries =
        at::arange(firstPosition, firstPosition + rows, options.dtype(at::kLong)).unsqueeze(1);
    at::Tensor hidden = entries.gt(queries);
    if (spec.window)
        hidden = hidden.logical_or(entries.le(queries - static_cast<std::int64_t>(*spec.window)));
    return at::zeros({rows, entries.size(1)}, options.dtype(at::kFloat))
        .masked_fill_(hidden, -std::numeric_limits<float>::infinity());
}

/// Whether row `position` and all rows before it that attend see every one of these entries.
bool isAllVisible(std::span<const std::int32_t> positions, const AttentionSpec& spec, std::int64_t position) {
    return positions.empty() ||
           (positions.back() <= position && (!spec.window || positions.front() > position - *spec.window));
}

/// [rows, heads, headDim] to [count, group, rows, headDim] for the query heads of a run of KV heads.
at::Tensor groupQueries(const at::Tensor& query, const AttentionSpec& spec, const HeadRun& run) {
    const std::int64_t group = spec.heads / spec.kvHeads;
    return query.view({query.size(0), spec.kvHeads, group, spec.headDim})
        .narrow(1, run.firstHead, run.count)
        .permute({1, 2, 0, 3});
}

/// Inverse of groupQueries over all runs: [kvHeads, group, rows, headDim] to [rows, heads * headDim].
at::Tensor joinHeads(const std::vector<at::Tensor>& perRun, std::int64_t rows) {
    return (perRun.size() == 1 ? perRun.front() : at::cat(perRun)).permute({2, 0, 1, 3}).reshape({rows, -1});
}

/// Turns logits into the weights of each row and returns the logarithm of each row's sum, [..., 1]; a row
/// that sees nothing gets no weights. One pass computes the exponentials, which is what probes spend most of
/// their time with; the sum follows from the largest weight, which is that of the largest logit.
at::Tensor toWeights(at::Tensor& logits, bool mayHideAll) {
    if (logits.size(-1) == 0)
        return at::full({logits.size(0), logits.size(1), 1}, kLogOfNothing, logits.options());
    const at::Tensor largest = logits.amax({-1}, true).clamp_min_(kLogOfNothing);
    logits = at::softmax(logits, -1);
    if (mayHideAll) logits.masked_fill_(largest.le(kLogOfNothing), 0.0);
    const at::Tensor weight = logits.amax({-1}, true).clamp_min_(std::numeric_limits<float>::min());
    return largest - weight.log_();
}

}  // namespace

at::Tensor attendAppended(const LayerArena& arena,
                          const AttentionSpec& spec,
                          const at::Tensor& query,
                          std::int64_t firstPosition) {
    const std::int64_t rows = query.size(0);
    const std::int64_t group = spec.heads / spec.kvHeads;
    std::vector<at::Tensor> perRun;
    for (const HeadRun& run : arena.runs()) {
        const at::Tensor queries = groupQueries(query, spec, run);
        const auto positions = arena.positions(static_cast<std::int32_t>(run.firstHead));
        std::vector<at::Tensor> chunks;
        for (std::int64_t first = 0; first < rows; first += kRowsPerCall) {
            const std::int64_t count = std::min(kRowsPerCall, rows - first);
            // Later rows of this call are the last entries: what lies behind the chunk's last row is never
            // seen.
            const std::int64_t visible = run.length - rows + first + count;
            const auto seen = positions.first(static_cast<std::size_t>(visible));
            const auto expand = [&](const at::Tensor& entries) {
                return entries.narrow(1, 0, visible)
                    .to(query.scalar_type())
                    .unsqueeze(1)
                    .expand({run.count, group, visible, spec.headDim});
            };
            std::optional<at::Tensor> mask;
            if (count > 1 || !isAllVisible(seen, spec, firstPosition + first)) {
                mask = maskFor(seen, spec, firstPosition + first, count, query.options())
                           .to(query.scalar_type());
            }
            chunks.push_back(at::scaled_dot_product_attention(queries.narrow(2, first, count),
                                                              expand(run.keys),
                                                              expand(run.values),
                                                              mask,
                                                              0.0,
                                                              false,
                                                              spec.scale));
        }
        perRun.push_back(chunks.size() == 1 ? chunks.front() : at::cat(chunks, 2));
    }
    return joinHeads(perRun, rows);
}

ProbeAttention attendProbe(const LayerArena& arena, const AttentionSpec& spec, const ProbeRows& rows) {
    const std::int64_t count = rows.query.size(0);
    const std::int64_t last = rows.firstPosition + count - 1;
    std::vector<std::int32_t> own(static_cast<std::size_t>(count));
    for (std::int64_t i = 0; i < count; ++i)
        own[static_cast<std::size_t>(i)] = static_cast<std::int32_t>(rows.firstPosition + i);

    std::vector<at::Tensor> outputs;
    std::vector<at::Tensor> scores;
    for (const HeadRun& run : arena.runs()) {
        const auto positions = arena.positions(static_cast<std::int32_t>(run.firstHead));
        for (std::int64_t head = 0; head < run.count; ++head) {
            const HeadRun one{.firstHead = run.firstHead + head,
                              .count = 1,
                              .length = run.length,
                              .keys = {},
                              .values = {}};
            const at::Tensor queries =
                groupQueries(rows.query, spec, one).squeeze(0).to(at::kFloat);  // [group, rows, d]
            const at::Tensor keys = run.keys.select(0, head).to(at::kFloat);
            const at::Tensor values = run.values.select(0, head).to(at::kFloat);
            const at::Tensor ownKeys = rows.keys.select(0, one.firstHead).to(at::kFloat);
            const at::Tensor ownValues = rows.values.select(0, one.firstHead).to(at::kFloat);
            ScoreAccumulator score(rows.reduction);
            std::vector<at::Tensor> chunks;
            for (std::int64_t first = 0; first < count; first += kRowsPerCall) {
                const std::int64_t size = std::min(kRowsPerCall, count - first);
                const at::Tensor q = queries.narrow(1, first, size);
                at::Tensor past = at::matmul(q, keys.t()).mul_(spec.scale);  // [group, size, entries]
                if (spec.window && !isAllVisible(positions, spec, last)) {
                    past.add_(maskFor(positions, spec, rows.firstPosition + first, size, q.options()));
                }
                const at::Tensor pastLogSum = toWeights(past, spec.window.has_value());
                if (!rows.wantsOutput && !rows.reduction.countsOwnKeys) {
                    if (!spec.window) score.add(past);
                    continue;
                }
                at::Tensor self = at::matmul(q, ownKeys.narrow(0, 0, first + size).t()).mul_(spec.scale);
                self.add_(maskFor(std::span(own).first(static_cast<std::size_t>(first + size)),
                                  spec,
                                  rows.firstPosition + first,
                                  size,
                                  q.options()));
                const at::Tensor selfLogSum = at::logsumexp(self, {-1}, true);
                const at::Tensor logSum = at::logsumexp(at::cat({pastLogSum, selfLogSum}, -1), {-1}, true);
                const at::Tensor pastShare = (pastLogSum - logSum).exp_();  // [group, size, 1]
                if (!spec.window) score.add(rows.reduction.countsOwnKeys ? past * pastShare : past);
                if (!rows.wantsOutput) continue;
                at::Tensor output = at::matmul(past, values).mul_(pastShare);
                output.add_(at::matmul(self.sub_(logSum).exp_(), ownValues.narrow(0, 0, first + size)));
                chunks.push_back(output);
            }
            if (rows.wantsOutput)
                outputs.push_back((chunks.size() == 1 ? chunks.front() : at::cat(chunks, 1)).unsqueeze(0));
            if (!spec.window) scores.push_back(score.result());
        }
    }
    ProbeAttention attention;
    if (rows.wantsOutput) attention.output = joinHeads(outputs, count).to(rows.query.scalar_type());
    if (!scores.empty()) attention.scores = at::cat(scores);
    return attention;
}

}  // namespace epi
