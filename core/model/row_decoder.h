#pragma once

#include <cstdint>

#include <ATen/core/TensorBody.h>

#include "core/base/result.h"
#include "core/kv/kv_cache.h"
#include "core/text/tokenizer.h"

namespace epi {

/// One row of a model that stays in the cache, the step that replies are written with: the same numbers as
/// the Executor's, within the rounding of its types, without LibTorch's cost per operation. One thread.
class RowDecoder {
public:
    virtual ~RowDecoder() = default;

    /// Reads `id` at `position`. Logits [1, vocabulary], fp32; undefined when none are wanted. kOutOfMemory
    /// when the cache has no room.
    virtual Result<at::Tensor> step(TokenId id, std::int64_t position, bool wantsLogits, KvCache& cache) = 0;
};

}  // namespace epi
