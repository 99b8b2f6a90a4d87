#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/base/result.h"
#include "core/format/gguf.h"
#include "core/model/model_spec.h"

namespace epi {

/// The numbers that decoders of all architectures have in their metadata, read under the architecture's
/// prefix
/// ("llama.block_count") and range-checked.
struct DecoderMetadata {
    std::int32_t layers = 0;
    std::int32_t dimension = 0;
    std::int32_t heads = 0;
    std::int32_t kvHeads = 0;
    std::int32_t headDim = 0;
    std::int32_t trainedContext = 0;
    std::int32_t vocabulary = 0;
    double normEpsilon = 0.0;
    double rotaryBase = 0.0;
};

Result<DecoderMetadata> readDecoderMetadata(const GgufFile& file, const std::string& prefix);

/// "llama3" and linear rope scaling where the metadata asks for them; another kind is kUnsupported.
Result<void> readRotaryScaling(const GgufFile& file, const std::string& prefix, RotarySpec& rotary);

/// The parts that all architectures share: embedding, output (tied when the file has none) and the final
/// norm.
ModelSpec commonSpec(const GgufFile& file, const DecoderMetadata& metadata, const std::string& architecture);

/// Attention and feed-forward of layer `index` with the usual tensor names, without biases and extra norms.
LayerSpec commonLayer(const DecoderMetadata& metadata, std::int32_t index, const RotarySpec& rotary);

/// "blk.<index>.<what>"
std::string layerTensor(std::int32_t index, const std::string& what);

}  // namespace epi
