#pragma once

#include "core/base/cancel_token.h"
#include "core/base/result.h"
#include "core/engine/block_prefill.h"

namespace epi {

/// Reads what a BlockPrefill reads, but each block that is evicted in two passes: the block over all layers,
/// then its patched prompt over all layers, and only then the cut of every layer. What block prefill is
/// measured beside; it keeps the same entries. The cache has a block's rows in every layer. Requires: the
/// score looks at the patched prompt alone, and no position is counted anew. Errors as BlockPrefill.
Result<void> readInTwoPasses(const Executor& executor,
                             KvCache& cache,
                             const PrefillTask& task,
                             const CancelToken& cancel);

}  // namespace epi
