#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include <ATen/core/TensorBody.h>

#include "core/base/result.h"
#include "core/kv/kv_cache.h"
#include "core/model/executor.h"
#include "core/model/model_spec.h"
#include "core/model/weights.h"
#include "core/tensor/prefill_ops.h"
#include "core/tensor/rotary.h"

namespace epi {

/// A model's layers over many rows on a GPU, in bf16, with few large launches: matrix products by LibTorch,
/// attention by the plug-in where it has a kernel for the GPU and by LibTorch's flash attention elsewhere,
/// everything between them by fused kernels. What the Executor's own walk computes, up
/// to rounding. The hook of a layer runs while the GPU is busy with the next one, so that selecting entries
/// on the CPU costs no time; eviction therefore lags one layer behind. One thread.
class FusedLayers {
public:
    /// Null where it cannot serve: no such GPU, another type than bf16, layers with a window or with norms on
    /// their branches, head dimensions without a kernel. The arguments must outlive it.
    static std::unique_ptr<FusedLayers> create(const ModelSpec& spec,
                                               const Weights& weights,
                                               const Placement& placement);

    struct Input {
        at::Tensor x;  // [appended + probes, dimension], bf16
        std::int64_t appended = 0;
        std::int64_t probes = 0;
        std::int64_t appendPosition = 0;
        std::int64_t placed = 0;                     // appended without running them
        const ComputedRows* computed = nullptr;      // theirs
        std::span<const RotaryTable> tables;         // the distinct ones
        std::span<const std::size_t> rotaryOfLayer;  // index into them
    };

    /// The hidden states after the last layer, [appended + probes, dimension]; undefined when no logits are
    /// wanted, as the last layer is then left as soon as its entries are cached and scored. Errors as
    /// Executor::forward.
    Result<at::Tensor> run(const ForwardRequest& request, const Input& input, KvCache& cache) const;

private:
    FusedLayers(const ModelSpec& spec, const Weights& weights, const EpiPrefillOps& ops)
        : spec_(spec), weights_(weights), ops_(ops) {}

    const ModelSpec& spec_;
    const Weights& weights_;
    const EpiPrefillOps& ops_;
};

}  // namespace epi
