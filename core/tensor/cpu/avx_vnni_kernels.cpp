// As for AVX2, with the dot product of bytes that Alder Lake brought outside AVX-512.
#include "core/tensor/cpu/x86_kernels.h"

#include <cpuid.h>

namespace epi::cpu {
namespace {

struct Instructions {
    /// Sums of four products of an unsigned and a signed byte, per 32-bit lane.
    static __m256i dot(__m256i numbers, __m256i x) {
        return _mm256_dpbusd_avx_epi32(_mm256_setzero_si256(), numbers, x);
    }
};

// Not among the names that GCC 12 knows: leaf 7, sub-leaf 1, bit 4 of EAX.
bool hasAvxVnni() {
    unsigned eax = 0;
    unsigned ebx = 0;
    unsigned ecx = 0;
    unsigned edx = 0;
    return __get_cpuid_count(7, 1, &eax, &ebx, &ecx, &edx) != 0 && (eax >> 4 & 1U) != 0;
}

bool isSupported() {
    return hasAvxVnni() && kAvx2Kernels.isSupported();
}

}  // namespace

const Kernels kAvxVnniKernels{.name = "AVX-VNNI",
                              .isSupported = isSupported,
                              .quantize = quantize,
                              .multiply = multiply<Instructions>,
                              .attend = attend,
                              .toHalf = toHalf};

}  // namespace epi::cpu
