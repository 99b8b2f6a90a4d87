// The scalar reference: one definition of each kernel that is easy to check, for CPUs without vector
// instructions and as the oracle of all other files.
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <vector>

#include "core/format/half.h"
#include "core/tensor/cpu/kernels.h"

namespace epi::cpu {
namespace {

constexpr float kLargest = 127.0F;

void quantize(const float* x, std::int64_t columns, const QuantizedRow& row) {
    for (std::int64_t group = 0; group < columns / kGroup; ++group) {
        const float* values = x + group * kGroup;
        float largest = 0.0F;
        for (std::int64_t i = 0; i < kGroup; ++i)
            largest = std::max(largest, std::abs(values[i]));
        const float scale = largest / kLargest;
        const float inverse = largest > 0.0F ? kLargest / largest : 0.0F;
        std::int32_t halfSums[2] = {0, 0};
        for (std::int64_t i = 0; i < kGroup; ++i) {
            const auto value = static_cast<std::int8_t>(std::nearbyint(values[i] * inverse));
            row.values[group * kGroup + i] = value;
            halfSums[i / 16] += value;
        }
        row.scales[group] = scale;
        row.sums[group] = scale * static_cast<float>(halfSums[0] + halfSums[1]);
        row.halfSums[2 * group] = static_cast<std::int16_t>(halfSums[0]);
        row.halfSums[2 * group + 1] = static_cast<std::int16_t>(halfSums[1]);
    }
}

void multiply(const BlockMatrix& matrix, const ActivationRow& x, const RowRange& rows, float* y) {
    const auto columns = static_cast<std::size_t>(matrix.columns);
    thread_local std::vector<float> weights;
    thread_local std::vector<float> activations;
    weights.resize(columns);
    activations.assign(x.values, x.values + columns);
    if (takesQuantized(matrix.type)) {
        for (std::size_t i = 0; i < columns; ++i) {
            activations[i] =
                static_cast<float>(x.quantized.values[i]) * x.quantized.scales[i / std::size_t{kGroup}];
        }
    }
    for (std::int64_t i = 0; i < rows.count; ++i) {
        const std::byte* row = matrix.blocks + (rows.first + i) * matrix.rowBytes;
        dequantize(matrix.type, {row, static_cast<std::size_t>(matrix.rowBytes)}, weights);
        double sum = 0.0;
        for (std::size_t column = 0; column < columns; ++column)
            sum += static_cast<double>(weights[column]) * static_cast<double>(activations[column]);
        y[i] = static_cast<float>(sum);
    }
}

void attendHead(const AttentionSlice& slice, std::int64_t head) {
    const float* query = slice.queries + head * slice.headDim;
    float* output = slice.outputs + head * slice.headDim;
    thread_local std::vector<double> scores;
    scores.assign(static_cast<std::size_t>(slice.entries), 0.0);
    double maximum = -std::numeric_limits<double>::infinity();
    for (std::int64_t entry = 0; entry < slice.entries; ++entry) {
        double& score = scores[static_cast<std::size_t>(entry)];
        for (std::int64_t i = 0; i < slice.headDim; ++i)
            score += static_cast<double>(query[i]) *
                     static_cast<double>(floatFromHalf(slice.keys[entry * slice.headDim + i]));
        maximum = std::max(maximum, score);
    }
    slice.maxima[head] = static_cast<float>(maximum);
    std::vector<double> sums(static_cast<std::size_t>(slice.headDim), 0.0);
    double total = 0.0;
    for (std::int64_t entry = 0; entry < slice.entries; ++entry) {
        const double weight =
            std::exp(scores[static_cast<std::size_t>(entry)] - static_cast<double>(slice.maxima[head]));
        total += weight;
        for (std::int64_t i = 0; i < slice.headDim; ++i)
            sums[static_cast<std::size_t>(i)] +=
                weight * static_cast<double>(floatFromHalf(slice.values[entry * slice.headDim + i]));
    }
    slice.sums[head] = static_cast<float>(total);
    for (std::int64_t i = 0; i < slice.headDim; ++i)
        output[i] = static_cast<float>(sums[static_cast<std::size_t>(i)]);
}

void attend(const AttentionSlice& slice) {
    for (std::int64_t head = 0; head < slice.group; ++head)
        attendHead(slice, head);
}

/// fp32 to the nearest half, ties to even; beyond the range to infinity.
std::uint16_t halfFromFloat(float value) {
    const auto bits = std::bit_cast<std::uint32_t>(value);
    const auto sign = static_cast<std::uint16_t>(bits >> 16 & 0x8000U);
    const std::uint32_t magnitude = bits & 0x7fffffffU;
    constexpr std::uint32_t kInfinity = 0x7f800000U;
    constexpr std::uint32_t kTooLarge = 0x477ff000U;        // 65,520 rounds to infinity
    constexpr std::uint32_t kSmallestNormal = 0x38800000U;  // 2^-14
    if (magnitude > kInfinity) return sign | 0x7e00U;
    if (magnitude >= kTooLarge) return sign | 0x7c00U;
    if (magnitude < kSmallestNormal) {
        // Adding 0.5 leaves the half's subnormal steps of 2^-24 in the low bits, rounded by the addition.
        const float shifted = std::bit_cast<float>(magnitude) + 0.5F;
        return static_cast<std::uint16_t>(sign | (std::bit_cast<std::uint32_t>(shifted) - 0x3f000000U));
    }
    const std::uint32_t rounded = magnitude + 0xfffU + (magnitude >> 13 & 1U) - (112U << 23);
    return static_cast<std::uint16_t>(sign | rounded >> 13);
}

void toHalf(const float* x, std::int64_t count, std::uint16_t* half) {
    for (std::int64_t i = 0; i < count; ++i)
        half[i] = halfFromFloat(x[i]);
}

}  // namespace

const Kernels kPortableKernels{.name = "portable",
                               .isSupported = [] { return true; },
                               .quantize = quantize,
                               .multiply = multiply,
                               .attend = attend,
                               .toHalf = toHalf};

}  // namespace epi::cpu
