#include <algorithm>
#include <array>
#include <vector>

#include "core/tensor/cpu/kernels.h"

namespace epi::cpu {
namespace {

// From slowest to fastest.
constexpr std::array kAll {
    &kPortableKernels,
#if defined(__x86_64__)
        &kAvx2Kernels, &kAvxVnniKernels, &kAvx512VnniKernels,
#endif
};

}  // namespace

bool takesQuantized(TensorType type) {
    switch (type) {
        case TensorType::kQ4_0:
        case TensorType::kQ4_1:
        case TensorType::kQ5_0:
        case TensorType::kQ5_1:
        case TensorType::kQ8_0:
        case TensorType::kQ4_K:
        case TensorType::kQ5_K:
        case TensorType::kQ6_K:
            return true;
        default:
            return false;
    }
}

std::int64_t attentionScratch(std::int64_t group, std::int64_t headDim) {
    // A tile of entries in fp32 and their scores: see tileEntries.
    constexpr std::int64_t kTileFloats = 4096;
    constexpr std::int64_t kFewestEntries = 8;
    return std::max(kTileFloats, kFewestEntries * headDim) +
           group * std::max(kTileFloats / headDim, kFewestEntries);
}

void multiplyDecodedRows(const BlockMatrix& matrix,
                         const float* x,
                         const RowRange& rows,
                         float* y,
                         float (*multiplyRow)(const float* row, std::int64_t columns, const float* x)) {
    thread_local std::vector<float> values;
    values.resize(static_cast<std::size_t>(matrix.columns));
    for (std::int64_t i = 0; i < rows.count; ++i) {
        const std::byte* row = matrix.blocks + (rows.first + i) * matrix.rowBytes;
        dequantize(matrix.type, {row, static_cast<std::size_t>(matrix.rowBytes)}, values);
        y[i] = multiplyRow(values.data(), matrix.columns, x);
    }
}

std::span<const Kernels* const> allKernels() {
    return kAll;
}

const Kernels& bestKernels() {
    static const Kernels& best = **std::find_if(
        kAll.rbegin(), kAll.rend(), [](const Kernels* kernels) { return kernels->isSupported(); });
    return best;
}

bool multipliesBfloat16() {
#if defined(__x86_64__)
    return __builtin_cpu_supports("avx512bf16");
#else
    return false;
#endif
}

}  // namespace epi::cpu
