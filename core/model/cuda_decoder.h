#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "core/model/row_decoder.h"
#include "core/model/weights.h"
#include "core/tensor/cuda_plugin.h"

namespace epi {

/// Decodes on the GPU through the CUDA plug-in's kernels: weights as in the file, rearranged; keys and values
/// in bf16. One CUDA graph per step, whatever the lengths of the heads are.
class CudaDecoder final : public RowDecoder {
public:
    /// The distinct rotary embeddings as in the Executor: frequencies [dimensions / 2], fp32 on the CPU.
    struct Rotary {
        std::span<const at::Tensor> frequencies;
        std::span<const std::size_t> ofLayer;
    };
    /// Whether the plug-in has the kernels.
    static bool isAvailable();
    /// Whether the kernels take blocks of this type; other matrices are read as bf16.
    static bool takesBlocks(const Weight& weight);

    /// `spec` and the bf16 values in `weights` must outlive it, their blocks need not. Requires:
    /// isAvailable(), weights on the GPU in bf16. kUnsupported for a shape that the kernels cannot do,
    /// kOutOfMemory.
    static Result<std::unique_ptr<CudaDecoder>> create(const ModelSpec& spec,
                                                       const Weights& weights,
                                                       const Rotary& rotary);

    Result<at::Tensor> step(TokenId id, std::int64_t position, bool wantsLogits, KvCache& cache) override;
    Result<std::unique_ptr<ReplyStream>> writeReply(const ReplyStart& start, KvCache& cache) override;

    /// Bytes on the GPU that it holds besides the weights.
    [[nodiscard]] std::int64_t bytes() const { return ops_->bytes(decoder_.get()); }

private:
    struct Destroy {
        void operator()(EpiDecoder* decoder) const;
    };
    /// Where the next row of a head will be, as the device counts.
    struct HeadEnd {
        std::int64_t start = 0;
        std::int64_t length = 0;
        bool operator==(const HeadEnd&) const = default;
    };

    class Stream;

    CudaDecoder(const ModelSpec& spec, EpiDecoder* decoder);
    [[nodiscard]] std::vector<HeadEnd> ends(const KvCache& cache) const;
    Result<void> prepare(TokenId id, std::int64_t position, const KvCache& cache);
    Result<void> begin(TokenId id, std::int64_t position, const KvCache& cache, const EpiSampling* sampling);
    Result<void> launch();
    Result<void> appendRow(KvCache& cache);

    const ModelSpec& spec_;
    const EpiDecoderOps* ops_;
    std::unique_ptr<EpiDecoder, Destroy> decoder_;
    // What the device expects next; another cache, place or position begins anew.
    const void* keys_ = nullptr;
    std::vector<HeadEnd> ends_;
    std::int64_t position_ = -1;
    std::int32_t launched_ = 0;  // steps since the device was begun
};

}  // namespace epi
