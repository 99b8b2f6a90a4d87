// For CPUs with AVX2, FMA and F16C: Haswell and Zen and later.
#include "core/tensor/cpu/x86_kernels.h"

namespace epi::cpu {
namespace {

struct Instructions {
    /// Sums of four products of an unsigned and a signed byte, per 32-bit lane.
    static __m256i dot(__m256i numbers, __m256i x) {
        const __m256i pairs = _mm256_maddubs_epi16(numbers, x);
        return _mm256_madd_epi16(pairs, _mm256_set1_epi16(1));
    }
};

bool isSupported() {
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("f16c");
}

}  // namespace

const Kernels kAvx2Kernels{.name = "AVX2",
                           .isSupported = isSupported,
                           .quantize = quantize,
                           .multiply = multiply<Instructions>,
                           .attend = attend,
                           .toHalf = toHalf};

}  // namespace epi::cpu
