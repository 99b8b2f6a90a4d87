#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "core/format/ggml_blocks.h"

/// The inner loops of decoding on a CPU, on plain pointers. Each exists as a scalar reference and for sets of
/// vector instructions, one file each, compiled for that set; which set runs is decided when the program
/// runs.
namespace epi::cpu {

/// A matrix as it lies in a model file: row r starts at blocks + r * rowBytes.
struct BlockMatrix {
    TensorType type = TensorType::kF32;
    std::int64_t rows = 0;
    std::int64_t columns = 0;
    std::int64_t rowBytes = 0;
    const std::byte* blocks = nullptr;
};

/// Values that share one scale in a row of activations.
inline constexpr std::int64_t kGroup = 32;

/// A row of activations in int8: x[i] is close to values[i] * scales[i / 32]. A rest of less than 32 columns
/// is left out: no matrix with such rows has quantised blocks.
struct QuantizedRow {
    std::int8_t* values = nullptr;     // [columns]
    float* scales = nullptr;           // [columns / 32]
    float* sums = nullptr;             // [columns / 32], scale times the sum of the values
    std::int16_t* halfSums = nullptr;  // [columns / 16], sums of 16 values
};

/// The same activations twice: matrices of floats take the first, quantised ones the second.
struct ActivationRow {
    const float* values = nullptr;
    QuantizedRow quantized;
};

/// Whether matrices of this type are multiplied with int8 activations.
bool takesQuantized(TensorType type);

struct RowRange {
    std::int64_t first = 0;
    std::int64_t count = 0;
};

/// Query heads that share a KV head, over consecutive entries of it. The result is not normalised, so that
/// parts of a long head can be merged.
struct AttentionSlice {
    const float* queries = nullptr;         // [group, headDim], already scaled
    const std::uint16_t* keys = nullptr;    // fp16 [entries, headDim]
    const std::uint16_t* values = nullptr;  // fp16 [entries, headDim]
    std::int64_t entries = 0;               // at least 1
    std::int64_t group = 0;
    std::int64_t headDim = 0;
    float* maxima = nullptr;   // [group] largest q.k
    float* sums = nullptr;     // [group] sum of e = exp(q.k - maximum)
    float* outputs = nullptr;  // [group, headDim] sum of e * v
    float* scratch = nullptr;  // attentionScratch() floats
};

/// Floats that a slice of this shape needs as scratch.
std::int64_t attentionScratch(std::int64_t group, std::int64_t headDim);

/// One implementation of all kernels. Stateless: any thread.
struct Kernels {
    const char* name;
    bool (*isSupported)();
    void (*quantize)(const float* x, std::int64_t columns, const QuantizedRow& row);
    /// y[i] = row (rows.first + i) of the matrix times x.
    void (*multiply)(const BlockMatrix& matrix, const ActivationRow& x, const RowRange& rows, float* y);
    void (*attend)(const AttentionSlice& slice);
    void (*toHalf)(const float* x, std::int64_t count, std::uint16_t* half);
};

/// For types without a kernel of their own: decodes row by row, and multiplies with `multiplyRow`.
void multiplyDecodedRows(const BlockMatrix& matrix,
                         const float* x,
                         const RowRange& rows,
                         float* y,
                         float (*multiplyRow)(const float* row, std::int64_t columns, const float* x));

extern const Kernels kPortableKernels;  // the scalar reference
extern const Kernels kAvx2Kernels;
extern const Kernels kAvxVnniKernels;
extern const Kernels kAvx512VnniKernels;
/// All that were compiled, the reference first, the fastest last. Some may not run on this CPU.
std::span<const Kernels* const> allKernels();
/// The fastest that this CPU supports.
const Kernels& bestKernels();
/// Whether this CPU has instructions for products of bfloat16 (AVX512-BF16: Cooper Lake, Sapphire Rapids, Zen
/// 4 and later), with which a library multiplies matrices several times as fast as in fp32.
bool multipliesBfloat16();

}  // namespace epi::cpu
