#include "core/base/heap.h"

#if defined(__GLIBC__)
#include <malloc.h>
#endif

namespace epi {

void keepFreedBlocks() {
#if defined(__GLIBC__)
    constexpr int kLargestKept = 32 << 20;  // glibc takes no more
    constexpr int kMostFree = 512 << 20;
    (void)::mallopt(M_MMAP_THRESHOLD, kLargestKept);
    (void)::mallopt(M_TRIM_THRESHOLD, kMostFree);
#endif
}

void returnFreedBlocks() {
#if defined(__GLIBC__)
    ::malloc_trim(0);
#endif
}

}  // namespace epi
