// Minus the cosine between a key and the mean direction of its head's keys: what is unlike the rest stays
// (KeyDiff, arXiv 2504.15364). Keys are taken as they are cached, after the rotary embedding.
#include <array>

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>

#include "core/policy/scorer.h"

namespace epi::scorers {
namespace {

constexpr double kSmallestNorm = 1e-12;
constexpr std::array kParameters{ScorerParameter{
    .name = "shared_anchor",
    .summary = "1: behind the first block one mean over the keys of all heads, not of unit length, as "
               "EpiCache's comparison has it"}};

/// Unit keys of every run of equal heads: [count, length, headDim], fp32.
std::vector<at::Tensor> unitKeys(const LayerArena& arena) {
    std::vector<at::Tensor> perRun;
    for (const HeadRun& run : arena.runs()) {
        const at::Tensor keys = run.keys.to(at::kFloat);
        perRun.push_back(keys / keys.norm(2, {-1}, true).clamp_min(kSmallestNorm));
    }
    return perRun;
}

at::Tensor score(const LayerView& layer) {
    const std::vector<at::Tensor> perRun = unitKeys(layer.arena);
    const bool isReleased = layer.parameters.isOn("shared_anchor");
    const bool isShared = isReleased && layer.nextPosition > layer.blockTokens;
    at::Tensor shared;  // sum, then mean, over all heads
    if (isShared) {
        for (const at::Tensor& keys : perRun) {
            const at::Tensor sum = keys.sum(at::IntArrayRef{0, 1});
            shared = shared.defined() ? shared + sum : sum;
        }
        shared = shared / static_cast<double>(layer.arena.totalLength());
    }
    std::vector<at::Tensor> scores;
    for (const at::Tensor& keys : perRun) {
        if (keys.size(1) == 0) continue;
        at::Tensor anchor = isShared ? shared : keys.mean(at::IntArrayRef{1}, true);
        if (!isReleased) anchor = anchor / anchor.norm(2, {-1}, true).clamp_min(kSmallestNorm);
        scores.push_back((keys * anchor).sum(at::IntArrayRef{-1}).neg().reshape({-1}));
    }
    return at::cat(scores);
}

}  // namespace

EPI_SCORER(keydiff){.id = "keydiff",
                    .title = "Key difference",
                    .summary = "keys that are unlike the mean of their head (KeyDiff)",
                    .parameters = kParameters,
                    .score = score};

}  // namespace epi::scorers
