#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <type_traits>
#include <vector>

#include "cuda/decode/decode_model.h"
#include "cuda/decode/device_buffer.h"
#include "cuda/decode/sampling.h"

namespace epi::cuda {

/// Decodes token by token. One step is one CUDA graph of five kernels per layer and two for the head, three
/// where tokens are drawn; it chooses the token itself and prepares the step that reads it, so that steps can
/// be launched ahead of what the host has seen. Cache lengths, positions and splits are data, so one graph
/// serves every episode. One thread; its work is in order with everything on `stream`.
class DecodeGraph {
public:
    struct Options {
        bool overlapsKernels = true;  // programmatic dependent launch, where the GPU has it
        int slotBytes = kSlotBytes;   // shared memory of a block
    };

    /// kUnsupported names what the kernels cannot do, kOutOfMemory needed and free bytes.
    static Result<DecodeGraph> create(DecodeModel model, cudaStream_t stream, const Options& options);

    /// Makes the next step read `token` at `position` behind these entries, and the steps from there on
    /// choose their tokens so. Waits for the stream.
    Result<void> begin(std::span<const CacheLayer> cache,
                       std::int64_t position,
                       std::int32_t token,
                       const Sampling& sampling = {});

    /// Puts one step on the stream. The cache must have room for its row: step n appends row lengths + n - 1
    /// of every head.
    Result<void> launch();

    /// Waits for the token that step `step` (from 1) chose. kInternal when its logits are not finite.
    Result<std::int32_t> token(int step);

    /// Replaces the token that the next step reads, which is the one after the last launched. For tokens that
    /// the host draws from `logits`.
    Result<void> feed(std::int32_t token);

    /// Logits of the last step, fp32 [vocabulary] in pinned memory; a penalty is on them. Waits for the
    /// stream.
    Result<std::span<const float>> logits();

    [[nodiscard]] int launched() const { return launched_; }
    [[nodiscard]] const DecodeModel& model() const { return model_; }
    [[nodiscard]] std::int64_t workspaceBytes() const { return static_cast<std::int64_t>(work_.bytes()); }

private:
    struct DestroyGraph {
        void operator()(cudaGraphExec_t graph) const { static_cast<void>(cudaGraphExecDestroy(graph)); }
    };

    /// The steps of one kind, and what was written into them.
    struct Captured {
        std::unique_ptr<std::remove_pointer_t<cudaGraphExec_t>, DestroyGraph> graph;
        std::vector<std::uint16_t*> keys;
        std::vector<std::uint16_t*> values;
        int windowCount = 0;
    };

    DecodeGraph(DecodeModel model, cudaStream_t stream, const Options& options);
    Result<void> allocate();
    Result<void> upload(std::span<const CacheLayer> cache, std::int64_t position);
    Result<void> uploadWindows(std::span<const CacheLayer> cache, std::int64_t position);
    Result<void> uploadSampling(const Sampling& sampling);
    [[nodiscard]] Captured& captured() { return captured_[draws_ ? 1 : 0]; }
    Result<void> capture();
    cudaError_t launchLayer(std::size_t index, bool isFirst);
    cudaError_t launchHead();
    [[nodiscard]] NextTokenArgs nextTokenArgs() const;
    [[nodiscard]] Launch overlapping() const { return {stream_, overlaps_}; }

    DecodeModel model_;
    cudaStream_t stream_ = nullptr;
    Options options_;
    DeviceTraits traits_;
    bool overlaps_ = false;

    DeviceBuffer work_;
    DeviceBuffer tables_;   // ranges and items of all layers
    DeviceBuffer windows_;  // WindowedHead of all windowed layers, then positions
    PinnedBuffer ring_;
    PinnedBuffer logits_;
    std::vector<std::uint16_t*> keys_;  // per layer
    std::vector<std::uint16_t*> values_;
    int blocks_ = 0;  // of the attention kernel
    int windowCount_ = 0;
    int launched_ = 0;
    bool draws_ = false;    // the tokens of the steps from the last beginning on
    Captured captured_[2];  // that take the best token, and that draw

    // Into work_.
    float* residual_[2] = {};
    float* projections_ = nullptr;
    float* branch_ = nullptr;
    float* logitsOnDevice_ = nullptr;
    float* partials_ = nullptr;
    std::uint16_t* attended_ = nullptr;
    std::uint16_t* gated_ = nullptr;
    float2* turns_ = nullptr;
    Candidate* candidates_ = nullptr;
    std::int32_t* tickets_ = nullptr;
    DecodeState* state_ = nullptr;
    SamplingState* sampling_ = nullptr;
    std::uint32_t* seen_ = nullptr;
    Candidate* drawn_ = nullptr;
    float* current_ = nullptr;  // the residual stream while a step is put together
};

}  // namespace epi::cuda
