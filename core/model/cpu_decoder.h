#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include <ATen/core/TensorBody.h>

#include "core/base/result.h"
#include "core/kv/kv_cache.h"
#include "core/model/model_spec.h"
#include "core/model/weights.h"
#include "core/tensor/cpu/head_attention.h"
#include "core/tensor/cpu/matrix_product.h"
#include "core/text/tokenizer.h"

namespace epi {

/// One row of a model that stays in the cache, the step that replies are written with: the same numbers as
/// the Executor's, on plain memory, since LibTorch's cost per operation is as large as the work of one row.
/// Weights are read as they lie in the file, keys and values in fp16. One thread.
class CpuDecoder {
public:
    /// A rotary embedding as in the Executor: frequencies [dimensions / 2], fp32.
    struct Rotary {
        std::span<const at::Tensor> frequencies;  // the distinct ones
        std::span<const std::size_t> ofLayer;     // which of them each layer uses
    };
    /// `spec`, `weights` and `pool` must outlive it. Requires: weights held as blocks on the CPU.
    CpuDecoder(const ModelSpec& spec, const Weights& weights, const Rotary& rotary, cpu::ThreadPool& pool);

    /// Logits [1, vocabulary], fp32; undefined when none are wanted. kOutOfMemory when the cache has no room.
    Result<at::Tensor> step(TokenId id, std::int64_t position, bool wantsLogits, KvCache& cache);

private:
    struct Norm {
        const float* weight = nullptr;  // null: none
        float epsilon = 0.0F;
    };
    struct Matrix {
        cpu::BlockMatrix blocks;
        const float* bias = nullptr;  // null: none
    };
    struct Layer {
        const LayerSpec* spec = nullptr;
        std::size_t rotary = 0;
        Norm attentionInput, query, key, attentionOutput, feedForwardInput, feedForwardOutput;
        Matrix queryMatrix, keyMatrix, valueMatrix, outputMatrix, gate, up, down;
    };
    /// Cosines and sines of one position.
    struct Angles {
        std::vector<float> cosines;
        std::vector<float> sines;
    };
    /// A matrix and where its product belongs.
    struct Target {
        const Matrix& matrix;
        std::span<float> y;
    };

    void prepareLayer(const LayerSpec& spec, const Weights& weights, std::size_t rotary);
    void setAngles(std::int64_t position);
    void multiply(std::span<const float> x, std::initializer_list<Target> targets);
    Result<void> attention(const Layer& layer, std::int64_t position, LayerArena& arena);
    void rotateHeads(const Layer& layer, const Norm& norm, std::span<float> heads) const;
    void attend(const Layer& layer, std::int64_t position, const LayerArena& arena);
    void feedForward(const Layer& layer);
    void addBranch(const Norm& norm, std::span<float> branch);

    const ModelSpec& spec_;
    const cpu::Kernels& kernels_;
    cpu::ThreadPool& pool_;
    std::vector<std::vector<float>> frequencies_;
    std::vector<Angles> angles_;  // per distinct rotary
    std::vector<Layer> layers_;
    const Weight& embedding_;
    Norm outputNorm_;
    Matrix output_;
    // The row on its way through a layer.
    std::vector<float> x_, normed_, query_, key_, value_, attended_, branch_, gate_, up_;
    std::vector<cpu::Product> products_;
    std::vector<cpu::HeadEntries> heads_;
    cpu::Activations activations_;
    cpu::HeadAttention headAttention_;
};

}  // namespace epi
