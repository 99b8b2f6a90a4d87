#pragma once

#include "core/tensor/cuda_plugin.h"

namespace epi {

/// The GPU's fused operations of block prefill; null without a GPU that has them. Opens the plug-in at the
/// first call.
const EpiPrefillOps* prefillOps();

}  // namespace epi
