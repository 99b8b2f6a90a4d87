// Qwen3 and Qwen3-Embedding (dense): norms on query and key of each head before the rotation, no biases, SiLU
// gate, rotary halves, and a head size of its own.
#include "core/model/architecture.h"
#include "core/model/gguf_metadata.h"

namespace epi::architectures {
namespace {

Result<ModelSpec> describe(const GgufFile& file) {
    EPI_TRY_ASSIGN(const DecoderMetadata metadata, readDecoderMetadata(file, "qwen3"));
    RotarySpec rotary{.pairing = RotarySpec::Pairing::kHalves, .base = metadata.rotaryBase};
    rotary.dimensions = metadata.headDim;
    EPI_TRY(readRotaryScaling(file, "qwen3", rotary));

    ModelSpec spec = commonSpec(file, metadata, "qwen3");
    for (std::int32_t index = 0; index < metadata.layers; ++index) {
        const auto norm = [&](const std::string& what) {
            return NormSpec{.weight = layerTensor(index, what), .epsilon = metadata.normEpsilon};
        };
        LayerSpec layer = commonLayer(metadata, index, rotary);
        layer.attention.queryNorm = norm("attn_q_norm.weight");
        layer.attention.keyNorm = norm("attn_k_norm.weight");
        spec.layers.push_back(std::move(layer));
    }
    return spec;
}

}  // namespace

EPI_ARCHITECTURE(qwen3){.id = "qwen3", .summary = "Qwen3 and Qwen3-Embedding", .describe = describe};

}  // namespace epi::architectures
