// The newest entries and the first ones of all (StreamingLLM, arXiv 2309.17453): a score by position alone.
// Our caches keep original positions, where the paper numbers entries by their place in the cache.
#include <array>

#include <ATen/ops/empty.h>

#include "core/policy/scorer.h"

namespace epi::scorers {
namespace {

constexpr std::array kParameters{
    ScorerParameter{.name = "sinks", .value = 4.0, .most = 65536.0, .summary = "first entries that stay"}};

at::Tensor score(const LayerView& layer) {
    const double sinks = layer.parameters.at("sinks");
    at::Tensor scores = at::empty({layer.arena.totalLength()}, at::kFloat);
    float* next = scores.mutable_data_ptr<float>();
    for (std::int32_t head = 0; head < layer.arena.shape().kvHeads; ++head) {
        for (const std::int32_t position : layer.arena.positions(head)) {
            const double age = (position + 1.0) / static_cast<double>(layer.nextPosition);
            *next++ = static_cast<float>(position < sinks ? 2.0 - age : age);
        }
    }
    return scores;
}

}  // namespace

EPI_SCORER(recency){.id = "recency",
                    .title = "Sinks and recent",
                    .summary = "the first entries and the newest (StreamingLLM)",
                    .parameters = kParameters,
                    .score = score};

}  // namespace epi::scorers
