#pragma once

#include <algorithm>
#include <cstdint>
#include <span>

#include <ATen/core/TensorBody.h>
#include <ATen/ops/empty.h>

namespace epi {

/// A small table on the host, to be filled and uploaded to `device`.
template <typename T>
at::Tensor tableFor(c10::Device device, std::int64_t count) {
    return at::empty(
        {count},
        at::TensorOptions().dtype(c10::CppTypeToScalarType<T>::value).pinned_memory(device.is_cuda()));
}

/// Such a table as a tensor on `device`. On a GPU it goes by way of pinned memory, so that neither side waits
/// for the other: the work queued before it is still running when this returns.
inline at::Tensor upload(const at::Tensor& table, c10::Device device) {
    return device.is_cuda() ? table.to(device, /*non_blocking=*/true) : table;
}

/// A small table as a tensor on `device`, in the same way.
template <typename T>
at::Tensor toDevice(std::span<const T> values, c10::Device device) {
    const at::Tensor table = tableFor<T>(device, static_cast<std::int64_t>(values.size()));
    std::copy(values.begin(), values.end(), table.mutable_data_ptr<T>());
    return upload(table, device);
}

/// Numbers of any type as fp32 on the host, complete when this returns. A GPU's go by way of pinned memory,
/// too, into which it writes without a stage in between.
inline at::Tensor toHostFloats(const at::Tensor& numbers) {
    const at::Tensor wide = numbers.to(at::kFloat).contiguous();
    if (!wide.is_cuda()) return wide;
    return at::empty(wide.sizes(), at::TensorOptions().dtype(at::kFloat).pinned_memory(true)).copy_(wide);
}

}  // namespace epi
