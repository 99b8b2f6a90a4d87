// Gemma 3 (text): per-head norms on query and key, norms on both branches, scaled embeddings, and five layers
// with a sliding window for each one that sees everything.
#include <cmath>

#include "core/model/architecture.h"
#include "core/model/gguf_metadata.h"

namespace epi::architectures {
namespace {

// Neither is in the file: windowed layers keep the base of Gemma 2, and every sixth layer is global.
constexpr double kWindowedRotaryBase = 10000.0;
constexpr std::int32_t kLayersPerGlobal = 6;
// The 27B model, known by its layers, scales queries by dimension / heads (168), not by the length of a head
// (128). That is not in the file either.
constexpr std::int32_t kLayersOf27B = 62;

Result<ModelSpec> describe(const GgufFile& file) {
    EPI_TRY_ASSIGN(const DecoderMetadata metadata, readDecoderMetadata(file, "gemma3"));
    EPI_TRY_ASSIGN(const std::int64_t window,
                   file.integer("gemma3.attention.sliding_window", 1, metadata.trainedContext));
    RotarySpec global{.pairing = RotarySpec::Pairing::kHalves, .base = metadata.rotaryBase};
    global.dimensions = metadata.headDim;
    RotarySpec windowed = global;
    windowed.base = kWindowedRotaryBase;
    EPI_TRY(readRotaryScaling(file, "gemma3", global));

    ModelSpec spec = commonSpec(file, metadata, "gemma3");
    spec.embeddingScale = std::sqrt(static_cast<double>(metadata.dimension));
    for (std::int32_t index = 0; index < metadata.layers; ++index) {
        const auto norm = [&](const std::string& what) {
            return NormSpec{.weight = layerTensor(index, what), .epsilon = metadata.normEpsilon};
        };
        const bool isGlobal = (index + 1) % kLayersPerGlobal == 0;
        LayerSpec layer = commonLayer(metadata, index, isGlobal ? global : windowed);
        if (metadata.layers == kLayersOf27B)
            layer.attention.scale =
                std::sqrt(static_cast<double>(metadata.heads) / static_cast<double>(metadata.dimension));
        if (!isGlobal) layer.attention.window = static_cast<std::int32_t>(window);
        layer.attention.queryNorm = norm("attn_q_norm.weight");
        layer.attention.keyNorm = norm("attn_k_norm.weight");
        layer.attention.outputNorm = norm("post_attention_norm.weight");
        layer.feedForward.outputNorm = norm("post_ffw_norm.weight");
        layer.feedForward.activation = FeedForwardSpec::Activation::kGeluTanh;
        spec.layers.push_back(std::move(layer));
    }
    return spec;
}

}  // namespace

EPI_ARCHITECTURE(gemma3){.id = "gemma3", .summary = "Gemma 3, text only", .describe = describe};

}  // namespace epi::architectures
