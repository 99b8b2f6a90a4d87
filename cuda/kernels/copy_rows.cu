#include <algorithm>

#include "cuda/kernels/copy_rows.h"

namespace epi::cuda {
namespace {

constexpr int kThreads = 256;
constexpr std::int64_t kMaxBlocks = 65535;

// Grid-stride over 16-byte pieces of all rows, blockIdx.y chooses keys or values. Reads and writes every kept
// byte once; neighbouring threads touch neighbouring pieces of a row, so both sides stay coalesced for rows
// of 64 bytes on.
__global__ void copy_rows_kernel(CopyRowsArgs args) {
    const std::int64_t pieces = args.rowBytes / static_cast<std::int64_t>(sizeof(int4));
    const auto* source = static_cast<const int4*>(blockIdx.y == 0 ? args.sourceKeys : args.sourceValues);
    auto* target = static_cast<int4*>(blockIdx.y == 0 ? args.targetKeys : args.targetValues);
    const std::int64_t total = args.rows * pieces;
    const std::int64_t step = static_cast<std::int64_t>(gridDim.x) * blockDim.x;
    for (std::int64_t i = static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x; i < total;
         i += step) {
        const std::int64_t row = i / pieces;
        const std::int64_t piece = i % pieces;
        const std::int64_t from = args.sourceRows != nullptr ? args.sourceRows[row] : row;
        const std::int64_t to = args.targetRows != nullptr ? args.targetRows[row] : row;
        target[to * pieces + piece] = source[from * pieces + piece];
    }
}

}  // namespace

cudaError_t copyRows(const CopyRowsArgs& args, cudaStream_t stream) {
    if (args.rowBytes % static_cast<std::int64_t>(sizeof(int4)) != 0) return cudaErrorInvalidValue;
    if (args.rows == 0) return cudaSuccess;
    const std::int64_t pieces = args.rows * (args.rowBytes / static_cast<std::int64_t>(sizeof(int4)));
    const dim3 grid(static_cast<unsigned>(std::min((pieces + kThreads - 1) / kThreads, kMaxBlocks)), 2);
    copy_rows_kernel<<<grid, kThreads, 0, stream>>>(args);
    return cudaGetLastError();
}

}  // namespace epi::cuda
