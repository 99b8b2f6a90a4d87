// Qwen2 and Qwen2.5: biases on query, key and value, SiLU gate, rotary halves.
#include "core/model/architecture.h"
#include "core/model/gguf_metadata.h"

namespace epi::architectures {
namespace {

Result<ModelSpec> describe(const GgufFile& file) {
    EPI_TRY_ASSIGN(const DecoderMetadata metadata, readDecoderMetadata(file, "qwen2"));
    RotarySpec rotary{.pairing = RotarySpec::Pairing::kHalves, .base = metadata.rotaryBase};
    rotary.dimensions = metadata.headDim;
    EPI_TRY(readRotaryScaling(file, "qwen2", rotary));

    ModelSpec spec = commonSpec(file, metadata, "qwen2");
    for (std::int32_t index = 0; index < metadata.layers; ++index) {
        LayerSpec layer = commonLayer(metadata, index, rotary);
        layer.attention.query.bias = layerTensor(index, "attn_q.bias");
        layer.attention.key.bias = layerTensor(index, "attn_k.bias");
        layer.attention.value.bias = layerTensor(index, "attn_v.bias");
        spec.layers.push_back(std::move(layer));
    }
    return spec;
}

}  // namespace

EPI_ARCHITECTURE(qwen2){.id = "qwen2", .summary = "Qwen2 and Qwen2.5", .describe = describe};

}  // namespace epi::architectures
