#include "core/tensor/rotary.h"

#include <cmath>
#include <numbers>
#include <span>

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/pow.h>
#include <ATen/ops/stack.h>

#include "core/tensor/upload.h"

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
    const at::Tensor exponents = at::arange(0, spec.dimensions, 2, at::kFloat).div_(spec.dimensions);
    at::Tensor frequencies = at::pow(spec.base, exponents).reciprocal_().div_(spec.linearFactor);
    if (spec.llama3) {
        const std::span<float> values(frequencies.mutable_data_ptr<float>(),
                                      static_cast<std::size_t>(frequencies.numel()));
        for (float& value : values)
            value = static_cast<float>(scaleLlama3(value, *spec.llama3));
    }
    if (frequencyFactors.defined()) frequencies.div_(frequencyFactors.to(at::kCPU, at::kFloat));
    return frequencies;
}

RotaryTable rotaryTable(const at::Tensor& frequencies,
                        std::span<const std::int64_t> positions,
                        c10::Device device) {
    const auto rows = static_cast<std::int64_t>(positions.size());
    const at::Tensor angles =
        toDevice(positions, frequencies.device()).to(at::kFloat).view({rows, 1, 1}) * frequencies;
    return {.cosines = angles.cos().to(device), .sines = angles.sin().to(device)};
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
