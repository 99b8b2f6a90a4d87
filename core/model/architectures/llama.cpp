// Llama 2 and 3, Mistral, TinyLlama, SmolLM2: no biases, SiLU gate, rotary pairs stored as neighbours.
#include "core/model/architecture.h"
#include "core/model/gguf_metadata.h"

namespace epi::architectures {
namespace {

Result<ModelSpec> describe(const GgufFile& file) {
    EPI_TRY_ASSIGN(const DecoderMetadata metadata, readDecoderMetadata(file, "llama"));
    RotarySpec rotary{.pairing = RotarySpec::Pairing::kNeighbours, .base = metadata.rotaryBase};
    rotary.dimensions = metadata.headDim;
    if (file.find("llama.rope.dimension_count") != nullptr) {
        EPI_TRY_ASSIGN(const std::int64_t dimensions,
                       file.integer("llama.rope.dimension_count", 2, metadata.headDim));
        rotary.dimensions = static_cast<std::int32_t>(dimensions);
    }
    EPI_TRY(readRotaryScaling(file, "llama", rotary));
    if (file.findTensor("rope_freqs.weight") != nullptr) rotary.frequencyFactors = "rope_freqs.weight";

    ModelSpec spec = commonSpec(file, metadata, "llama");
    for (std::int32_t index = 0; index < metadata.layers; ++index) {
        spec.layers.push_back(commonLayer(metadata, index, rotary));
    }
    return spec;
}

}  // namespace

EPI_ARCHITECTURE(llama){
    .id = "llama", .summary = "Llama 2 and 3, Mistral, TinyLlama, SmolLM2", .describe = describe};

}  // namespace epi::architectures
