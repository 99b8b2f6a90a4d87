#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <ATen/core/TensorBody.h>
#include <c10/core/Device.h>
#include <c10/core/ScalarType.h>

#include "core/base/result.h"
#include "core/engine/options.h"

namespace epi {

/// Where tensors live and in which form weights, activations and caches are held.
struct Placement {
    c10::Device device = c10::Device(c10::kCPU);
    c10::ScalarType type = c10::kFloat;       // of activations, and of matrices that are decoded
    c10::ScalarType cacheType = c10::kFloat;  // of keys and values
    /// Matrices stay as the model file's blocks; `linear` works on them.
    bool keepsBlocks = false;
    /// Matrices are decoded, and a copy of their blocks is beside them until the CUDA decoder is made.
    bool copiesBlocks = false;

    [[nodiscard]] at::TensorOptions options() const { return at::TensorOptions().device(device).dtype(type); }
    [[nodiscard]] at::TensorOptions options(c10::ScalarType other) const {
        return at::TensorOptions().device(device).dtype(other);
    }
};

/// "f32", "f16" or "bf16"; the type of that name, nothing for another text.
std::string_view typeName(c10::ScalarType type);
std::optional<c10::ScalarType> typeFromName(std::string_view name);

/// Names the form of what is computed: of keys and values, and of activations.
std::string precisionOf(const Placement& placement);

/// The placement for a choice of device and compute mode, and why it is the CPU where CUDA was not asked
/// away.
struct PlacementChoice {
    Placement placement;
    std::string deviceName;  // "NVIDIA H200" or "CPU, 2 threads"
    std::string notice;      // why CUDA is not used; empty when it is, or was not wanted
};

/// kAuto takes the GPU when the CUDA plug-in opens, kCuda fails with its reason. Loads the plug-in once.
Result<PlacementChoice> choosePlacement(DeviceChoice device, ComputeMode compute);

}  // namespace epi
