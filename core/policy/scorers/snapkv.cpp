// The attention that the newest tokens pay to an entry, mean over them and the heads of a group, smoothed
// over its neighbours in the text (SnapKV, arXiv 2404.14469). The window is read once more behind the block
// instead of taking its queries from the block itself.
#include <algorithm>
#include <array>

#include <ATen/ops/empty_like.h>

#include "core/policy/pooling.h"
#include "core/policy/scorer.h"

namespace epi::scorers {
namespace {

constexpr std::array kParameters{
    ScorerParameter{.name = "window",
                    .value = 64.0,
                    .least = 1.0,
                    .most = 4096.0,
                    .summary = "newest tokens that look back"},
    ScorerParameter{.name = "kernel",
                    .value = 7.0,
                    .least = 1.0,
                    .most = 63.0,
                    .summary = "neighbours that share the largest score, odd; 1: none"},
    ScorerParameter{.name = "max",
                    .summary = "1: the largest weight instead of the mean, as EpiCache's comparison does"}};

ProbeRequest probe(const ScorerParameters& parameters) {
    ScoreReduction reduction{.rows = ScoreReduction::Rows::kMean, .heads = ScoreReduction::Heads::kMean};
    if (parameters.isOn("max")) reduction = {};
    return {.kind = ProbeKind::kRecentWindow,
            .windowRows = static_cast<std::int64_t>(parameters.at("window")),
            .reduction = reduction};
}

at::Tensor score(const LayerView& layer) {
    const std::int32_t kernel = static_cast<std::int32_t>(layer.parameters.at("kernel")) | 1;
    const at::Tensor raw = layer.probeScores.to(at::kCPU).contiguous();
    at::Tensor scores = at::empty_like(raw);
    const float* from = raw.const_data_ptr<float>();
    float* to = scores.mutable_data_ptr<float>();
    for (std::int32_t head = 0; head < layer.arena.shape().kvHeads; ++head) {
        const auto positions = layer.arena.positions(head);
        const std::vector<float> pooled =
            poolScores({from, positions.size()}, positions, kernel, Pooling::kMax);
        to = std::copy(pooled.begin(), pooled.end(), to);
        from += positions.size();
    }
    return scores;
}

}  // namespace

EPI_SCORER(snapkv){.id = "snapkv",
                   .title = "Recent window",
                   .summary = "what the newest tokens look at (SnapKV)",
                   .parameters = kParameters,
                   .probe = probe,
                   .score = score};

}  // namespace epi::scorers
