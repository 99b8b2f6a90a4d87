#include "core/tensor/cpu/vector_operations.h"

#include <array>
#include <cmath>

#include "core/tensor/cpu/exponential.h"

namespace epi::cpu {
namespace {

float sumOfSquares(std::span<const float> x) {
    // Eight sums side by side, which is what lets the loop be vectorised.
    std::array<float, 8> sums{};
    std::size_t i = 0;
    for (; i + sums.size() <= x.size(); i += sums.size()) {
        for (std::size_t lane = 0; lane < sums.size(); ++lane)
            sums[lane] += x[i + lane] * x[i + lane];
    }
    float sum = 0.0F;
    for (; i < x.size(); ++i)
        sum += x[i] * x[i];
    for (const float part : sums)
        sum += part;
    return sum;
}

}  // namespace

void rmsNorm(std::span<const float> x, const float* weight, float epsilon, float* y) {
    const float mean = sumOfSquares(x) / static_cast<float>(x.size());
    const float scale = 1.0F / std::sqrt(mean + epsilon);
    for (std::size_t i = 0; i < x.size(); ++i)
        y[i] = x[i] * scale * weight[i];
}

void add(std::span<float> x, const float* y) {
    for (std::size_t i = 0; i < x.size(); ++i)
        x[i] += y[i];
}

void gateSilu(std::span<float> gate, const float* up) {
    for (std::size_t i = 0; i < gate.size(); ++i)
        gate[i] = gate[i] / (1.0F + exponential(-gate[i])) * up[i];
}

void gateGeluTanh(std::span<float> gate, const float* up) {
    // 0.5 (1 + tanh(u)) = 1 / (1 + e^-2u)
    constexpr float kSlope = 0.7978845608F;  // sqrt(2 / pi)
    constexpr float kCubic = 0.044715F;
    for (std::size_t i = 0; i < gate.size(); ++i) {
        const float g = gate[i];
        const float u = kSlope * (g + kCubic * g * g * g);
        gate[i] = g / (1.0F + exponential(-2.0F * u)) * up[i];
    }
}

void rotateNeighbours(const Rotation& rotation, float* head) {
    for (std::size_t i = 0; i < rotation.cosines.size(); ++i) {
        const float first = head[2 * i];
        const float second = head[2 * i + 1];
        head[2 * i] = first * rotation.cosines[i] - second * rotation.sines[i];
        head[2 * i + 1] = second * rotation.cosines[i] + first * rotation.sines[i];
    }
}

void rotateHalves(const Rotation& rotation, float* head) {
    const std::size_t half = rotation.cosines.size();
    for (std::size_t i = 0; i < half; ++i) {
        const float first = head[i];
        const float second = head[i + half];
        head[i] = first * rotation.cosines[i] - second * rotation.sines[i];
        head[i + half] = second * rotation.cosines[i] + first * rotation.sines[i];
    }
}

}  // namespace epi::cpu
