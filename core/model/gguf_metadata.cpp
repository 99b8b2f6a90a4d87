#include "core/model/gguf_metadata.h"

#include <cmath>

namespace epi {
namespace {

constexpr std::int64_t kMaxLayers = 512;
constexpr std::int64_t kMaxDimension = 65536;
constexpr std::int64_t kMaxHeads = 1024;
constexpr std::int64_t kMaxContext = 1 << 26;
constexpr std::int64_t kMaxVocabulary = 1 << 22;
constexpr double kDefaultRotaryBase = 10000.0;

Result<double> positive(const GgufFile& file, const std::string& key, std::optional<double> fallback) {
    if (fallback && file.find(key) == nullptr) return *fallback;
    EPI_TRY_ASSIGN(const double value, file.number(key));
    if (std::isfinite(value) && value > 0.0) return value;
    return Error{ErrorCode::kCorruptData,
                 file.path().filename().string() + ": '" + key + "' is " + std::to_string(value) +
                     ", a positive number is expected"};
}

Result<std::int32_t> count(const GgufFile& file, const std::string& key, std::int64_t max) {
    EPI_TRY_ASSIGN(const std::int64_t value, file.integer(key, 1, max));
    return static_cast<std::int32_t>(value);
}

}  // namespace

bool RotarySpec::operator==(const RotarySpec& other) const {
    const bool sameScaling = llama3.has_value() == other.llama3.has_value() &&
                             (!llama3 || (llama3->factor == other.llama3->factor &&
                                          llama3->lowFrequencyFactor == other.llama3->lowFrequencyFactor &&
                                          llama3->highFrequencyFactor == other.llama3->highFrequencyFactor &&
                                          llama3->originalContext == other.llama3->originalContext));
    return sameScaling && pairing == other.pairing && base == other.base && dimensions == other.dimensions &&
           linearFactor == other.linearFactor && frequencyFactors == other.frequencyFactors;
}

std::string layerTensor(std::int32_t index, const std::string& what) {
    return "blk." + std::to_string(index) + "." + what;
}

Result<DecoderMetadata> readDecoderMetadata(const GgufFile& file, const std::string& prefix) {
    DecoderMetadata metadata;
    EPI_TRY_ASSIGN(metadata.layers, count(file, prefix + ".block_count", kMaxLayers));
    EPI_TRY_ASSIGN(metadata.dimension, count(file, prefix + ".embedding_length", kMaxDimension));
    EPI_TRY_ASSIGN(metadata.heads, count(file, prefix + ".attention.head_count", kMaxHeads));
    metadata.kvHeads = metadata.heads;
    if (const std::string key = prefix + ".attention.head_count_kv"; file.find(key) != nullptr) {
        EPI_TRY_ASSIGN(metadata.kvHeads, count(file, key, metadata.heads));
    }
    if (metadata.heads % metadata.kvHeads != 0) {
        return Error{ErrorCode::kCorruptData,
                     file.path().filename().string() + ": '" + prefix + ".attention.head_count' is " +
                         std::to_string(metadata.heads) + ", not a multiple of the " +
                         std::to_string(metadata.kvHeads) + " KV heads"};
    }
    if (const std::string key = prefix + ".attention.key_length"; file.find(key) != nullptr) {
        EPI_TRY_ASSIGN(metadata.headDim, count(file, key, kMaxDimension));
    } else if (metadata.dimension % metadata.heads == 0) {
        metadata.headDim = metadata.dimension / metadata.heads;
    }
    if (metadata.headDim < 2 || metadata.headDim % 2 != 0) {
        return Error{ErrorCode::kCorruptData,
                     file.path().filename().string() + ": '" + prefix + ".embedding_length' is " +
                         std::to_string(metadata.dimension) + ", which " + std::to_string(metadata.heads) +
                         " heads cannot share evenly"};
    }
    EPI_TRY_ASSIGN(metadata.trainedContext, count(file, prefix + ".context_length", kMaxContext));
    EPI_TRY_ASSIGN(metadata.normEpsilon, positive(file, prefix + ".attention.layer_norm_rms_epsilon", {}));
    EPI_TRY_ASSIGN(metadata.rotaryBase, positive(file, prefix + ".rope.freq_base", kDefaultRotaryBase));
    EPI_TRY_ASSIGN(const std::vector<std::string> tokens, file.texts("tokenizer.ggml.tokens"));
    if (tokens.empty() || static_cast<std::int64_t>(tokens.size()) > kMaxVocabulary) {
        return Error{ErrorCode::kCorruptData,
                     file.path().filename().string() + ": 'tokenizer.ggml.tokens' has " +
                         std::to_string(tokens.size()) + " entries, 1 to " + std::to_string(kMaxVocabulary) +
                         " are expected"};
    }
    metadata.vocabulary = static_cast<std::int32_t>(tokens.size());
    return metadata;
}

Result<void> readRotaryScaling(const GgufFile& file, const std::string& prefix, RotarySpec& rotary) {
    const std::string typeKey = prefix + ".rope.scaling.type";
    if (file.find(typeKey) == nullptr) return {};
    EPI_TRY_ASSIGN(const std::string type, file.text(typeKey));
    if (type == "none") return {};
    EPI_TRY_ASSIGN(const double factor, positive(file, prefix + ".rope.scaling.factor", 1.0));
    if (type == "linear") {
        rotary.linearFactor = factor;
        return {};
    }
    if (type == "llama3") {
        Llama3RotaryScaling scaling;
        scaling.factor = factor;
        EPI_TRY_ASSIGN(scaling.lowFrequencyFactor,
                       positive(file, prefix + ".rope.scaling.low_freq_factor", 1.0));
        EPI_TRY_ASSIGN(scaling.highFrequencyFactor,
                       positive(file, prefix + ".rope.scaling.high_freq_factor", 4.0));
        EPI_TRY_ASSIGN(scaling.originalContext,
                       positive(file, prefix + ".rope.scaling.original_context_length", 8192.0));
        if (scaling.highFrequencyFactor <= scaling.lowFrequencyFactor) {
            return Error{ErrorCode::kCorruptData,
                         file.path().filename().string() + ": '" + prefix +
                             ".rope.scaling.high_freq_factor' is " +
                             std::to_string(scaling.highFrequencyFactor) + ", not above the low one"};
        }
        rotary.llama3 = scaling;
        return {};
    }
    return Error{ErrorCode::kUnsupported,
                 file.path().filename().string() + ": '" + typeKey + "' is '" + type +
                     "', only none, linear and llama3 are supported"};
}

ModelSpec commonSpec(const GgufFile& file, const DecoderMetadata& metadata, const std::string& architecture) {
    ModelSpec spec;
    spec.architecture = architecture;
    spec.vocabulary = metadata.vocabulary;
    spec.dimension = metadata.dimension;
    spec.trainedContext = metadata.trainedContext;
    spec.embedding = "token_embd.weight";
    spec.outputNorm = {.weight = "output_norm.weight", .epsilon = metadata.normEpsilon};
    const bool isTied = file.findTensor("output.weight") == nullptr;
    spec.output.weight = isTied ? spec.embedding : "output.weight";
    return spec;
}

LayerSpec commonLayer(const DecoderMetadata& metadata, std::int32_t index, const RotarySpec& rotary) {
    const auto norm = [&](const std::string& what) {
        return NormSpec{.weight = layerTensor(index, what), .epsilon = metadata.normEpsilon};
    };
    LayerSpec layer;
    AttentionSpec& attention = layer.attention;
    attention.inputNorm = norm("attn_norm.weight");
    attention.query.weight = layerTensor(index, "attn_q.weight");
    attention.key.weight = layerTensor(index, "attn_k.weight");
    attention.value.weight = layerTensor(index, "attn_v.weight");
    attention.output.weight = layerTensor(index, "attn_output.weight");
    attention.rotary = rotary;
    attention.heads = metadata.heads;
    attention.kvHeads = metadata.kvHeads;
    attention.headDim = metadata.headDim;
    attention.scale = 1.0 / std::sqrt(static_cast<double>(metadata.headDim));
    FeedForwardSpec& feedForward = layer.feedForward;
    feedForward.inputNorm = norm("ffn_norm.weight");
    feedForward.gate.weight = layerTensor(index, "ffn_gate.weight");
    feedForward.up.weight = layerTensor(index, "ffn_up.weight");
    feedForward.down.weight = layerTensor(index, "ffn_down.weight");
    return layer;
}

}  // namespace epi
