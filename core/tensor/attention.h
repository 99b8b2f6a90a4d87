#pragma once

#include <cstdint>

#include <ATen/core/TensorBody.h>

#include "core/kv/layer_arena.h"
#include "core/model/model_spec.h"
#include "core/tensor/score_reduction.h"

namespace epi {

/// Attention of the newest `rows` entries of every head over all entries of their head, causal, within the
/// window where the spec has one. `query` is [rows, heads, headDim], rotated; the rows' own keys and values
/// are in the arena already, at consecutive positions from `firstPosition`. Returns [rows, heads * headDim].
at::Tensor attendAppended(const LayerArena& arena,
                          const AttentionSpec& spec,
                          const at::Tensor& query,
                          std::int64_t firstPosition);

/// A prompt that looks at the cache and leaves nothing in it.
struct ProbeRows {
    at::Tensor query;   // [rows, heads, headDim], rotated
    at::Tensor keys;    // [kvHeads, rows, headDim], rotated
    at::Tensor values;  // [kvHeads, rows, headDim]
    std::int64_t firstPosition = 0;
    ScoreReduction reduction{};
    bool wantsOutput = true;
};

struct ProbeAttention {
    at::Tensor output;  // [rows, heads * headDim]; undefined unless it is wanted
    /// Per entry of the arena, head-major [totalLength], fp32: the softmax weights that the probe's rows give
    /// it, reduced. By default the largest one of any row of any query head of the group, the softmax running
    /// over the arena's entries alone (EpiCache, equation 3 as released). Undefined where the layer has a
    /// window.
    at::Tensor scores;
};

/// Attention of probe rows over all entries of the arena (no mask, but for a window) and, causally, over each
/// other.
ProbeAttention attendProbe(const LayerArena& arena, const AttentionSpec& spec, const ProbeRows& rows);

}  // namespace epi
