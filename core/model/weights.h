#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>

#include <ATen/core/TensorBody.h>

#include "core/base/cancel_token.h"
#include "core/base/result.h"
#include "core/format/gguf.h"
#include "core/model/model_spec.h"
#include "core/tensor/placement.h"

namespace epi {

/// A matrix [rows, columns] of the model as held in memory: decoded, or (Placement::keepsBlocks) as it lies
/// in the file. `linear` and `embed` in core/model/linear.h take both.
struct Weight {
    TensorType type = TensorType::kF32;  // in the file
    std::int64_t rows = 0;
    std::int64_t columns = 0;
    at::Tensor values;  // [rows, columns] in the placement's type; undefined where only blocks are kept
    at::Tensor
        blocks;  // [rows, bytes per row], bytes of whole blocks of `type`; undefined where there are none
};

/// Bytes read and bytes in all.
using LoadProgress = std::function<void(std::int64_t done, std::int64_t total)>;

/// Every tensor that a ModelSpec names, checked against the shape the spec implies and placed.
/// Immutable after load: any thread.
class Weights {
public:
    /// kCorruptData names a tensor that is missing, has another shape, or holds a value that is not finite.
    static Result<Weights> load(const GgufFile& file,
                                const ModelSpec& spec,
                                const Placement& placement,
                                const LoadProgress& progress,
                                const CancelToken& cancel);

    /// Made-up values for every tensor a spec names, drawn on the placement's device, for measurements.
    static Weights random(const ModelSpec& spec, std::int64_t feedForwardWidth, const Placement& placement);

    /// Requires: the spec names it.
    [[nodiscard]] const Weight& matrix(const std::string& name) const { return matrices_.at(name); }
    /// fp32 vectors: norms, biases, frequency factors. Requires: the spec names it.
    [[nodiscard]] const at::Tensor& vector(const std::string& name) const { return vectors_.at(name); }

    /// Frees the blocks of matrices that are also decoded, in place of which a decoder holds `decoderBytes`.
    void dropBlocks(std::int64_t decoderBytes);

    [[nodiscard]] std::int64_t bytes() const { return bytes_; }
    /// BLAKE2b-256 over the file's header, the spec and the xxh3 of each tensor's blocks: names what the
    /// model computes.
    [[nodiscard]] const std::string& fingerprint() const { return fingerprint_; }

private:
    std::unordered_map<std::string, Weight> matrices_;
    std::unordered_map<std::string, at::Tensor> vectors_;
    std::int64_t bytes_ = 0;
    std::string fingerprint_;
};

}  // namespace epi
