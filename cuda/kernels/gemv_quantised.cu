#include "cuda/kernels/gemv_kernel.cuh"

namespace epi::cuda {

GemvKernel gemvKernelFor(WeightFormat format) {
    switch (format) {
        case WeightFormat::kQ8_0:
            return gemv_kernel<static_cast<int>(WeightFormat::kQ8_0)>;
        case WeightFormat::kQ4_0:
            return gemv_kernel<static_cast<int>(WeightFormat::kQ4_0)>;
        case WeightFormat::kQ4_1:
            return gemv_kernel<static_cast<int>(WeightFormat::kQ4_1)>;
        case WeightFormat::kQ5_0:
            return gemv_kernel<static_cast<int>(WeightFormat::kQ5_0)>;
        case WeightFormat::kQ4_K:
            return gemv_kernel<static_cast<int>(WeightFormat::kQ4_K)>;
        case WeightFormat::kQ5_K:
            return gemv_kernel<static_cast<int>(WeightFormat::kQ5_K)>;
        case WeightFormat::kQ6_K:
            return gemv_kernel<static_cast<int>(WeightFormat::kQ6_K)>;
        case WeightFormat::kBf16:
            break;
    }
    return nullptr;
}

}  // namespace epi::cuda
