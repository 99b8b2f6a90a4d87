#include "core/tensor/rotary.h"

#include <cmath>
#include <numbers>
#include <vector>

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/stack.h>

namespace epi {
namespace {

/// Long wave lengths are slowed down by the factor, short ones kept, those between blended.
double scaleLlama3(double frequency, const Llama3RotaryScaling& scaling) {
    const double wavelength = 2.0 * std::numbers::pi / frequency;
    if (wavelength > scaling.originalContext / scaling.lowFrequencyFactor) return frequency / scaling.factor;
    if (wavelength < scaling.originalContext / scaling.highFrequencyFactor) return frequency;
    const double blend = (scaling.originalContext / wavelength - scaling.lowFrequencyFactor) /
                         (scaling.highFrequencyFactor - scaling.lowFrequencyFactor);
    return (1.0 - blend) * frequency / scaling.factor + blend * frequency;
}

}  // namespace

at::Tensor rotaryFrequencies(const RotarySpec& spec, const at::Tensor& frequencyFactors) {
    std::vector<double> frequencies;
    for (std::int32_t i = 0; i < spec.dimensions / 2; ++i) {
        double frequency = std::pow(spec.base, -2.0 * i / spec.dimensions) / spec.linearFactor;
        if (spec.llama3) frequency = scaleLlama3(frequency, *spec.llama3);
        frequencies.push_back(frequency);
    }
    at::Tensor tensor =
        at::from_blob(frequencies.data(), {static_cast<std::int64_t>(frequencies.size())}, at::kDouble)
            .clone();
    if (frequencyFactors.defined()) tensor.div_(frequencyFactors.to(at::kCPU, at::kDouble));
    return tensor;
}

RotaryTable rotaryTable(const at::Tensor& frequencies,
                        std::span<const std::int64_t> positions,
                        c10::Device device) {
    const auto rows = static_cast<std::int64_t>(positions.size());
    const at::Tensor angles =
        at::from_blob(const_cast<std::int64_t*>(positions.data()), {rows, 1, 1}, at::kLong).to(at::kDouble) *
        frequencies;
    return {.cosines = angles.cos().to(device, at::kFloat), .sines = angles.sin().to(device, at::kFloat)};
}

at::Tensor rotate(const at::Tensor& x, const RotarySpec& spec, const RotaryTable& table) {
    const std::int64_t headDim = x.size(2);
    const at::Tensor part = x.narrow(2, 0, spec.dimensions).to(at::kFloat);
    at::Tensor rotated;
    if (spec.pairing == RotarySpec::Pairing::kNeighbours) {
        const at::Tensor pairs = part.unflatten(2, {spec.dimensions / 2, 2});
        const at::Tensor first = pairs.select(3, 0);
        const at::Tensor second = pairs.select(3, 1);
        rotated = at::stack({first * table.cosines - second * table.sines,
                             second * table.cosines + first * table.sines},
                            3)
                      .flatten(2);
    } else {
        const std::int64_t half = spec.dimensions / 2;
        const at::Tensor first = part.narrow(2, 0, half);
        const at::Tensor second = part.narrow(2, half, half);
        rotated = at::cat(
            {first * table.cosines - second * table.sines, second * table.cosines + first * table.sines}, 2);
    }
    rotated = rotated.to(x.scalar_type());
    if (headDim == spec.dimensions) return rotated;
    return at::cat({rotated, x.narrow(2, spec.dimensions, headDim - spec.dimensions)}, 2);
}

}  // namespace epi
