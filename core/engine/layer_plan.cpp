#include "core/engine/layer_plan.h"

namespace epi {
namespace {

// The power that the released scripts use for Qwen; the preset's is the one for Llama.
constexpr double kReleasedPowerOfQwen = 1.3;

}  // namespace

std::vector<std::int32_t> planLayerBudgets(const ModelSpec& spec,
                                           const ResolvedOptions& resolved,
                                           const LayerProfile* profile,
                                           std::int64_t pinned) {
    LayerSplit split = resolved.preset.layers;
    const bool isReleased = split.rule == LayerSplit::Rule::kReleased;
    if (isReleased && spec.architecture.starts_with("qwen")) split.power = kReleasedPowerOfQwen;
    // A dense memory has to hold the whole history in every layer.
    if (resolved.isDense) split = {};
    const bool isProfiled = profile != nullptr && profile->tokenSimilarity.size() == spec.layers.size();
    std::vector<double> similarities;
    std::int64_t globalLayers = 0;
    for (std::size_t layer = 0; layer < spec.layers.size(); ++layer) {
        if (spec.layers[layer].attention.window) continue;
        ++globalLayers;
        if (!isProfiled) continue;
        similarities.push_back(isReleased ? profile->windowSimilarity[layer]
                                          : profile->tokenSimilarity[layer]);
    }
    const std::vector<std::int32_t> shared =
        layerBudgets(split, similarities, globalLayers, resolved.options.budget, pinned);
    std::vector<std::int32_t> budgets;
    auto next = shared.begin();
    for (const LayerSpec& layer : spec.layers)
        budgets.push_back(layer.attention.window ? *layer.attention.window : *next++);
    return budgets;
}

}  // namespace epi
