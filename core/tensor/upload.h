#pragma once

#include <algorithm>
#include <cstdint>
#include <span>

#include <ATen/core/TensorBody.h>
#include <ATen/ops/empty.h>

namespace epi {

/// A small table as a tensor on `device`. On a GPU it goes by way of pinned memory, so that neither side
/// waits for the other: the work queued before it is still running when this returns.
template <typename T>
at::Tensor toDevice(std::span<const T> values, c10::Device device) {
    at::Tensor host = at::empty(
        {static_cast<std::int64_t>(values.size())},
        at::TensorOptions().dtype(c10::CppTypeToScalarType<T>::value).pinned_memory(device.is_cuda()));
    std::copy(values.begin(), values.end(), host.mutable_data_ptr<T>());
    return device.is_cuda() ? host.to(device, /*non_blocking=*/true) : host;
}

}  // namespace epi
