#include "core/kv/working_area.h"

#include <utility>

#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>

namespace epi {

WorkingArea::WorkingArea(std::int64_t numbers, const Placement& placement)
    : keys_(at::empty({numbers}, placement.options(placement.cacheType))), values_(at::empty_like(keys_)) {}

std::int64_t WorkingArea::allocatedBytes() const {
    return static_cast<std::int64_t>(keys_.nbytes() + values_.nbytes());
}

EntryRows WorkingArea::view(std::int64_t rows, std::int64_t headDim) const {
    const auto part = [&](const at::Tensor& all) {
        return all.narrow(0, 0, rows * headDim).view({rows, headDim});
    };
    return {.keys = part(keys_), .values = part(values_)};
}

bool WorkingArea::take() {
    return !std::exchange(isTaken_, true);
}

}  // namespace epi
