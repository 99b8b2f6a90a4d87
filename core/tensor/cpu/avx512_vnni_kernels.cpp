// As for AVX2, with the dot product of bytes of AVX-512 (Ice Lake, Zen 4) on 256-bit registers: reading the
// weights takes longer than multiplying them, so that wider registers would win nothing.
#include "core/tensor/cpu/x86_kernels.h"

namespace epi::cpu {
namespace {

struct Instructions {
    /// Sums of four products of an unsigned and a signed byte, per 32-bit lane.
    static __m256i dot(__m256i numbers, __m256i x) {
        return _mm256_dpbusd_epi32(_mm256_setzero_si256(), numbers, x);
    }
};

bool isSupported() {
    return kAvx2Kernels.isSupported() && __builtin_cpu_supports("avx512vl") &&
           __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vnni");
}

}  // namespace

const Kernels kAvx512VnniKernels{.name = "AVX512-VNNI",
                                 .isSupported = isSupported,
                                 .quantize = quantize,
                                 .multiply = multiply<Instructions>,
                                 .attend = attend,
                                 .toHalf = toHalf};

}  // namespace epi::cpu
