#include "cuda/kernels/gemv_kernel.cuh"

namespace epi::cuda {

GemvKernel gemvKernelMixed() {
    return gemv_kernel<kMixedFormats>;
}

}  // namespace epi::cuda
