#pragma once

#include "core/tensor/cuda_plugin.h"

namespace epi::cuda {

/// The kernels of block prefill, launched on LibTorch's current stream.
const EpiPrefillOps* prefillOps();

}  // namespace epi::cuda
