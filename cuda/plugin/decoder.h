#pragma once

#include "core/tensor/cuda_plugin.h"

namespace epi::cuda {

/// The decode step behind the plug-in's border.
const EpiDecoderOps& decoderOps();
const EpiBenchOps& benchOps();

}  // namespace epi::cuda
