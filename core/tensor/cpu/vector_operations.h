#pragma once

#include <cstdint>
#include <span>

namespace epi::cpu {

/// y = x * weight / sqrt(mean(x^2) + epsilon); y may be x.
void rmsNorm(std::span<const float> x, const float* weight, float epsilon, float* y);

/// x += y
void add(std::span<float> x, const float* y);

/// gate = silu(gate) * up, or with the tanh form of GELU.
void gateSilu(std::span<float> gate, const float* up);
void gateGeluTanh(std::span<float> gate, const float* up);

/// Rotates the first 2 * angles values of a head by angles whose cosines and sines are given.
struct Rotation {
    std::span<const float> cosines;
    const float* sines = nullptr;
};
void rotateNeighbours(const Rotation& rotation, float* head);
void rotateHalves(const Rotation& rotation, float* head);

}  // namespace epi::cpu
