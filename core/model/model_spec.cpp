#include "core/model/model_spec.h"

#include <nlohmann/json.hpp>

namespace epi {
namespace {

using nlohmann::json;

json describe(const NormSpec& norm) {
    return {norm.weight, norm.epsilon};
}

json describe(const std::optional<NormSpec>& norm) {
    return norm ? describe(*norm) : json();
}

json describe(const LinearSpec& linear) {
    return {linear.weight, linear.bias};
}

json describe(const RotarySpec& rotary) {
    json llama3;
    if (const auto& scaling = rotary.llama3) {
        llama3 = {scaling->factor,
                  scaling->lowFrequencyFactor,
                  scaling->highFrequencyFactor,
                  scaling->originalContext};
    }
    return {
        rotary.pairing, rotary.base, rotary.dimensions, rotary.linearFactor, llama3, rotary.frequencyFactors};
}

json describe(const AttentionSpec& attention) {
    return {describe(attention.inputNorm),
            describe(attention.query),
            describe(attention.key),
            describe(attention.value),
            describe(attention.output),
            describe(attention.queryNorm),
            describe(attention.keyNorm),
            describe(attention.outputNorm),
            describe(attention.rotary),
            attention.heads,
            attention.kvHeads,
            attention.headDim,
            attention.scale,
            attention.window ? json(*attention.window) : json()};
}

json describe(const FeedForwardSpec& feedForward) {
    return {describe(feedForward.inputNorm),
            describe(feedForward.gate),
            describe(feedForward.up),
            describe(feedForward.down),
            feedForward.activation,
            describe(feedForward.outputNorm)};
}

}  // namespace

std::string toText(const ModelSpec& spec) {
    json layers = json::array();
    for (const LayerSpec& layer : spec.layers)
        layers.push_back({describe(layer.attention), describe(layer.feedForward)});
    const json all{spec.architecture,
                   spec.vocabulary,
                   spec.dimension,
                   spec.trainedContext,
                   spec.embedding,
                   spec.embeddingScale,
                   std::move(layers),
                   describe(spec.outputNorm),
                   describe(spec.output)};
    return all.dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace epi
