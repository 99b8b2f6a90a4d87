#pragma once

#include <cstddef>
#include <string>
#include <utility>

#include <cuda_runtime_api.h>

#include "core/base/result.h"

namespace epi::cuda {

/// kOutOfMemory with needed and free bytes, or kInternal with the runtime's own words.
inline Error cudaFailure(const std::string& what, cudaError_t error) {
    return {error == cudaErrorMemoryAllocation ? ErrorCode::kOutOfMemory : ErrorCode::kInternal,
            what + ": " + cudaGetErrorString(error)};
}

#define EPI_CUDA_TRY(what, expression)                                                      \
    do {                                                                                    \
        if (const cudaError_t epi_cuda_error = (expression); epi_cuda_error != cudaSuccess) \
            return ::epi::cuda::cudaFailure(what, epi_cuda_error);                          \
    } while (false)

/// Memory on the device, or pinned memory on the host.
template <bool kIsPinned>
class Buffer {
public:
    Buffer() = default;
    Buffer(Buffer&& other) noexcept
        : data_(std::exchange(other.data_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}
    Buffer& operator=(Buffer&& other) noexcept {
        std::swap(data_, other.data_);
        std::swap(bytes_, other.bytes_);
        return *this;
    }
    ~Buffer() { release(); }

    static Result<Buffer> allocate(std::size_t bytes) {
        Buffer buffer;
        const cudaError_t error =
            kIsPinned ? cudaMallocHost(&buffer.data_, bytes) : cudaMalloc(&buffer.data_, bytes);
        if (error != cudaSuccess) {
            static_cast<void>(cudaGetLastError());  // an allocation that failed is no reason to stop
            std::size_t free = 0;
            std::size_t total = 0;
            static_cast<void>(cudaMemGetInfo(&free, &total));
            return Error{ErrorCode::kOutOfMemory,
                         std::to_string(bytes) + " bytes of " + (kIsPinned ? "pinned" : "GPU") +
                             " memory are needed, " + std::to_string(free) + " are free on the GPU"};
        }
        buffer.bytes_ = bytes;
        return buffer;
    }

    template <typename T>
    [[nodiscard]] T* as(std::size_t offsetBytes = 0) const {
        return reinterpret_cast<T*>(static_cast<std::byte*>(data_) + offsetBytes);
    }
    [[nodiscard]] std::size_t bytes() const { return bytes_; }

private:
    void release() {
        if (data_ == nullptr) return;
        static_cast<void>(kIsPinned ? cudaFreeHost(data_) : cudaFree(data_));
    }

    void* data_ = nullptr;
    std::size_t bytes_ = 0;
};

using DeviceBuffer = Buffer<false>;
using PinnedBuffer = Buffer<true>;

}  // namespace epi::cuda
