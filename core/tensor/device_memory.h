#pragma once

#include <cstdint>
#include <string>

namespace epi {

/// Why CUDA cannot be used; empty when it can. Opens the plug-in at the first call.
std::string cudaUnavailableReason();

/// What kind of reason that is.
enum class CudaObstacle { kNone, kNoDriver, kNoPlugin, kOther };
CudaObstacle cudaObstacle();

/// Largest number of bytes held on the GPU since the last call; 0 without one.
std::int64_t takePeakDeviceBytes();

/// Bytes of the GPU's memory that nobody holds, LibTorch's allocator included; 0 without a GPU.
std::int64_t freeDeviceBytes();

/// The same with what LibTorch's allocator keeps for later.
std::int64_t availableDeviceBytes();

/// Gives what LibTorch's allocator keeps for later back to the GPU. Nothing without one.
void releaseDeviceMemory();

/// Waits for the GPU, so that a time can be taken. Nothing without one.
void synchronizeDevice();

struct DeviceRows {
    void* keys = nullptr;
    void* values = nullptr;
    const std::int32_t* rows = nullptr;  // on the device; null: 0, 1, 2, ...
};

/// Copies `count` rows of keys and values from one place on the GPU to another that does not overlap it, in
/// one launch. False when there is no kernel for it: the caller uses LibTorch's operations.
bool copyDeviceRows(const DeviceRows& source,
                    const DeviceRows& target,
                    std::int64_t count,
                    std::int64_t rowBytes);

}  // namespace epi
