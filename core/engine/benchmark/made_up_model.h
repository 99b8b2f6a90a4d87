#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "core/base/result.h"
#include "core/engine/options.h"

namespace epi {

class LanguageModel;

/// The sizes of a model whose weights are made up, for measurements that need no file.
struct ModelShape {
    std::string_view id;
    std::int32_t layers = 0;
    std::int32_t dimension = 0;
    std::int32_t heads = 0;
    std::int32_t kvHeads = 0;
    std::int32_t headDim = 0;
    std::int32_t feedForward = 0;
    std::int32_t vocabulary = 0;
};

/// kInvalidArgument lists the known ones: llama-8b, qwen-7b, llama-1b, smollm2-135m, tiny.
Result<ModelShape> shapeById(std::string_view id);

/// A model of that shape with random weights, made on the device, and a tokenizer of words (see
/// makeUpTokenizer). Random, since products of zeros run faster than real ones. kOutOfMemory, kUnsupported.
Result<std::unique_ptr<LanguageModel>> makeUpModel(const ModelShape& shape,
                                                   DeviceChoice device,
                                                   ComputeMode compute);

}  // namespace epi
