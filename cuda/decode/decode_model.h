#pragma once

#include <cstdint>
#include <vector>

#include "cuda/kernels/decode_attention.h"
#include "cuda/kernels/gemv.h"
#include "cuda/kernels/next_token.h"
#include "cuda/kernels/weight_rows.h"

namespace epi::cuda {

/// RMSNorm: fp32 weights on the device; null for none.
struct NormWeights {
    const float* weight = nullptr;
    float epsilon = 0.0F;
};

struct DecodeLayer {
    NormWeights attentionNorm;
    WeightRows query;
    WeightRows key;
    WeightRows value;
    const float* bias = nullptr;  // of query, key and value, one behind the other; null for none
    NormWeights queryNorm;        // per head
    NormWeights keyNorm;
    WeightRows output;
    NormWeights attentionBranchNorm;  // on the branch, before the residual sum

    NormWeights feedForwardNorm;
    WeightRows gate;
    WeightRows up;
    GateActivation activation = GateActivation::kSilu;
    WeightRows down;
    NormWeights feedForwardBranchNorm;

    int heads = 0;
    int kvHeads = 0;
    int headDim = 0;
    float scale = 0.0F;
    int rotaryKind = 0;
    int rotaryDimensions = 0;
    bool rotatesNeighbours = false;
    int window = 0;  // 0: none
};

/// A decoder's weights on the device, owned by somebody else.
struct DecodeModel {
    int vocabulary = 0;
    int dimension = 0;
    const std::uint16_t* embedding = nullptr;  // bf16 [vocabulary, dimension]
    float embeddingScale = 1.0F;
    std::vector<DecodeLayer> layers;
    NormWeights outputNorm;
    WeightRows output;
    struct Rotary {
        const float* frequencies = nullptr;
        int half = 0;
    };
    std::vector<Rotary> rotaries;  // at most kMaxRotaryKinds
};

/// Keys and values of one layer, and where each head's entries lie.
struct CacheLayer {
    std::uint16_t* keys = nullptr;                 // bf16 [rows, headDim]
    std::uint16_t* values = nullptr;               // bf16 [rows, headDim]
    std::vector<std::int64_t> starts;              // per KV head
    std::vector<std::int64_t> lengths;             // per KV head
    std::vector<const std::int32_t*> positions{};  // per KV head, on the host; only for a layer with a window
};

/// Bytes that a token needs from memory: all weights but the embedding, once.
std::int64_t weightBytesPerToken(const DecodeModel& model);

}  // namespace epi::cuda
