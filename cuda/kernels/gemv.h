#pragma once

#include <cstddef>
#include <cstdint>

#include "cuda/kernels/launch.h"
#include "cuda/kernels/weight_rows.h"

namespace epi::cuda {

/// Weight rows in groups of four that are multiplied with the same activations: four rows of one matrix, or
/// two of each of two matrices.
struct RowQuads {
    const std::byte* first = nullptr;   // quad 0; kBf16: its rows 0 and 1
    const std::byte* second = nullptr;  // kBf16: rows 2 and 3 of quad 0
    std::int64_t rowBytes = 0;
    std::int64_t stride = 0;  // bytes from a quad to the next
    int quads = 0;
    int rows = 0;  // of each matrix; the last quad may have fewer than four
    bool isPaired = false;
    WeightFormat format = WeightFormat::kBf16;
    int fullBytes = 0;  // of one row of a full tile, and of its last tile; filled in by the launcher
    int lastBytes = 0;
};
[[nodiscard]] RowQuads quadsOf(const WeightRows& matrix);
/// Requires: the two agree in shape and format, and share their quads.
[[nodiscard]] RowQuads quadsOf(const WeightRows& first, const WeightRows& second);

/// A candidate for the greedy token: the best logit of some rows. NaN where a logit is not finite.
struct Candidate {
    float logit;
    std::int32_t id;
};

/// What happens to the products; r counts the rows of all sources.
enum class GemvOutput : std::int32_t {
    kStore,   // out[r] = product (+ bias[r])
    kAddTo,   // out[r] += product: the residual stream
    kGate,    // gated[i] = activation(row i of the first matrix) * row i of the second, bf16
    kLogits,  // out[r] = product, and each block's best into candidates[block]
};
enum class GateActivation : std::int32_t { kSilu, kGeluTanh };

/// y = W f(x), one vector, W of at most three matrices (or pairs of them) with equal columns, all but the
/// last of a multiple of four rows. The input is either a
/// residual stream that is normed here (RMSNorm; every block does it again, from the L2 cache), or bf16
/// activations as they are.
struct GemvArgs {
    RowQuads sources[3];
    int sourceCount = 1;
    int columns = 0;
    int rows = 0;  // of the result

    const float* residual = nullptr;    // [columns]; null: `activations` is the input
    const float* normWeight = nullptr;  // [columns]
    float normEpsilon = 0.0F;
    /// A branch that is still to be added to the residual, after a norm of its own (Gemma 3): [columns], null
    /// for none. The sum goes to residualOut, which must not be `residual`.
    const float* branch = nullptr;
    const float* branchNormWeight = nullptr;
    float branchNormEpsilon = 0.0F;
    float* residualOut = nullptr;
    const std::uint16_t* activations = nullptr;  // bf16 [columns]

    GemvOutput output = GemvOutput::kStore;
    GateActivation gate = GateActivation::kSilu;
    float* out = nullptr;
    const float* bias = nullptr;
    std::uint16_t* gated = nullptr;   // bf16 [rows]
    Candidate* candidates = nullptr;  // [blocks]

    int tileWidth = 0;  // columns of a full tile; this and what follows is filled in by the launcher
    int stages = 0;
    int stageBytes = 0;
};

/// Shared memory for this many input columns as 8-bit numbers and as bf16.
EPI_HOST_DEVICE constexpr int activationBytes(int columns, bool isQuantised, bool hasFloats) {
    const int quants = columns / kBlockColumns * (kBlockColumns + 8);
    return (isQuantised ? (quants + 15) / 16 * 16 : 0) + (hasFloats ? columns * 2 : 0);
}

/// Whether the sources of a product are kept in different formats.
[[nodiscard]] bool isMixed(const GemvArgs& args);
/// Sets the tiles of a product whose full ones have so many columns, a multiple of every source's own.
void setTiles(GemvArgs& args, int tileWidth);

/// Largest input that the norm takes.
inline constexpr int kMaxNormColumns = 8192;

/// One block per multiprocessor. cudaErrorInvalidValue for a shape that it cannot do.
/// Traffic: every weight once, columns * (4 or 2) bytes per block from the L2 cache.
[[nodiscard]] cudaError_t gemv(const GemvArgs& args,
                               const DeviceTraits& traits,
                               const Launch& launch,
                               int slotBytes = kSlotBytes);

}  // namespace epi::cuda
