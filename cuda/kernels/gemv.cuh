#pragma once

#include "cuda/kernels/gemv.h"

namespace epi::cuda {

inline constexpr int kGemvWarps = 8;
inline constexpr int kGemvThreads = kGemvWarps * 32;

using GemvKernel = void (*)(GemvArgs);

// One object file per family, so that they compile side by side.
GemvKernel gemvKernelBf16();
GemvKernel gemvKernelFor(WeightFormat format);  // null for kBf16
GemvKernel gemvKernelMixed();                   // sources of different formats

}  // namespace epi::cuda
