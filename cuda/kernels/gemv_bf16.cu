#include "cuda/kernels/gemv_kernel.cuh"

namespace epi::cuda {

GemvKernel gemvKernelBf16() {
    return gemv_kernel<static_cast<int>(WeightFormat::kBf16)>;
}

}  // namespace epi::cuda
