#pragma once

#include <cstdint>
#include <vector>

#include "core/engine/layer_profile.h"
#include "core/engine/memory_plan.h"
#include "core/model/model_spec.h"

namespace epi {

/// M_l of every layer: shared by the preset's rule where the model has a profile, the same for all otherwise.
/// Budgets count the layers that see everything; one with a sliding window keeps that window, whatever the
/// budget, and is listed with its size. No layer gets less than `pinned` entries per head, as far as M
/// allows.
std::vector<std::int32_t> planLayerBudgets(const ModelSpec& spec,
                                           const ResolvedOptions& resolved,
                                           const LayerProfile* profile,
                                           std::int64_t pinned);

}  // namespace epi
