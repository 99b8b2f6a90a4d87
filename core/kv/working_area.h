#pragma once

#include <cstdint>

#include <ATen/core/TensorBody.h>

#include "core/tensor/placement.h"

namespace epi {

/// Keys and values, one row per entry.
struct EntryRows {
    at::Tensor keys;    // [rows, headDim]
    at::Tensor values;  // [rows, headDim]
};

/// Room that the layers of a cache use in turn while a history is read: a layer that a block makes longer
/// than its own rows lies here until it is cut. Allocated once, holds one layer at a time. One thread.
class WorkingArea {
public:
    /// For `numbers` of keys and as many of values.
    WorkingArea(std::int64_t numbers, const Placement& placement);

    [[nodiscard]] std::int64_t allocatedBytes() const;
    /// The first `rows` of it, `headDim` wide. Requires: it is as large.
    [[nodiscard]] EntryRows view(std::int64_t rows, std::int64_t headDim) const;

    /// False when a layer is in it.
    [[nodiscard]] bool take();
    void release() { isTaken_ = false; }

private:
    at::Tensor keys_;    // [numbers]
    at::Tensor values_;  // [numbers]
    bool isTaken_ = false;
};

}  // namespace epi
