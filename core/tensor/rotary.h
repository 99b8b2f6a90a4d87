#pragma once

#include <cstdint>
#include <span>

#include <ATen/core/TensorBody.h>

#include "core/model/model_spec.h"
#include "core/tensor/placement.h"

namespace epi {

/// Cosines and sines of one rotary specification for some rows: [rows, 1, dimensions / 2], fp32.
struct RotaryTable {
    at::Tensor cosines;
    at::Tensor sines;
};

/// The frequencies of a specification with all its scalings, [dimensions / 2], fp32 on the CPU: models are
/// trained with angles rounded to fp32, and at position 3,000 more exact ones move attention scores by up to
/// 1e-3. `frequencyFactors` is the tensor that the specification names, or undefined.
at::Tensor rotaryFrequencies(const RotarySpec& spec, const at::Tensor& frequencyFactors);

/// Computed where `frequencies` are, for rows on `device`.
RotaryTable rotaryTable(const at::Tensor& frequencies,
                        std::span<const std::int64_t> positions,
                        c10::Device device);

/// Rotates the first `dimensions` elements of every head: x [rows, heads, headDim] in any type, computed in
/// fp32.
at::Tensor rotate(const at::Tensor& x, const RotarySpec& spec, const RotaryTable& table);

}  // namespace epi
