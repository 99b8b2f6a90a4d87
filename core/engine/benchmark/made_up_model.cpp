#include "core/engine/benchmark/made_up_model.h"

#include <array>
#include <cmath>

#include <c10/core/InferenceMode.h>

#include "core/engine/benchmark/made_up_text.h"
#include "core/model/executor.h"
#include "core/model/language_model.h"
#include "core/tensor/guard.h"
#include "core/tensor/placement.h"

namespace epi {
namespace {

constexpr std::array kShapes{
    ModelShape{"llama-8b", 32, 4096, 32, 8, 128, 14336, 128256},
    ModelShape{"qwen-7b", 28, 3584, 28, 4, 128, 18944, 152064},
    ModelShape{"llama-1b", 16, 2048, 32, 8, 64, 8192, 128256},
    ModelShape{"smollm2-135m", 30, 576, 9, 3, 64, 1536, 49152},
    ModelShape{"tiny", 2, 256, 4, 2, 64, 512, 1024},
};

ModelSpec specOf(const ModelShape& shape) {
    ModelSpec spec{.architecture = std::string(shape.id),
                   .vocabulary = shape.vocabulary,
                   .dimension = shape.dimension,
                   .trainedContext = 1 << 20,
                   .embedding = "embedding",
                   .outputNorm = {.weight = "norm"},
                   .output = {.weight = "output"}};
    for (std::int32_t index = 0; index < shape.layers; ++index) {
        const std::string at = "layer." + std::to_string(index) + ".";
        LayerSpec layer{.attention = {.inputNorm = {.weight = "norm"},
                                      .query = {.weight = at + "query"},
                                      .key = {.weight = at + "key"},
                                      .value = {.weight = at + "value"},
                                      .output = {.weight = at + "output"},
                                      .rotary = {.base = 500000.0, .dimensions = shape.headDim},
                                      .heads = shape.heads,
                                      .kvHeads = shape.kvHeads,
                                      .headDim = shape.headDim,
                                      .scale = 1.0 / std::sqrt(shape.headDim)},
                        .feedForward = {.inputNorm = {.weight = "norm"},
                                        .gate = {.weight = at + "gate"},
                                        .up = {.weight = at + "up"},
                                        .down = {.weight = at + "down"}}};
        spec.layers.push_back(std::move(layer));
    }
    return spec;
}

}  // namespace

Result<ModelShape> shapeById(std::string_view id) {
    std::string known;
    for (const ModelShape& shape : kShapes) {
        if (shape.id == id) return shape;
        known += (known.empty() ? "" : ", ") + std::string(shape.id);
    }
    return Error{ErrorCode::kInvalidArgument,
                 "unknown shape '" + std::string(id) + "', expected one of " + known};
}

Result<std::unique_ptr<LanguageModel>> makeUpModel(const ModelShape& shape,
                                                   DeviceChoice device,
                                                   ComputeMode compute) {
    const c10::InferenceMode inference;
    EPI_TRY_ASSIGN(const PlacementChoice choice, choosePlacement(device, compute));
    EPI_TRY_ASSIGN(auto tokenizer, makeUpTokenizer(shape.vocabulary));
    Placement placement = choice.placement;
    placement.keepsBlocks = false;  // made-up weights have no blocks
    return guarded("making up a model", [&]() -> Result<std::unique_ptr<LanguageModel>> {
        ModelSpec spec = specOf(shape);
        Weights weights = Weights::random(spec, shape.feedForward, placement);
        const ModelInfo info{.title = std::string(shape.id) + ", random weights",
                             .path = {},
                             .architecture = std::string(shape.id),
                             .device = choice.deviceName,
                             .notice = choice.notice,
                             .decoderNotice = {},
                             .fingerprint = "made up " + std::string(shape.id)};
        return LanguageModel::assemble(
            {.info = info,
             .templateText = {},
             .tokenizer = std::move(tokenizer),
             .executor = std::make_unique<Executor>(std::move(spec), std::move(weights), placement)});
    });
}

}  // namespace epi
