#pragma once

#include <cstdint>
#include <string>

namespace epi {

/// Why CUDA cannot be used; empty when it can. Opens the plug-in at the first call.
std::string cudaUnavailableReason();

/// Largest number of bytes held on the GPU since the last call; 0 without one.
std::int64_t takePeakDeviceBytes();

/// Waits for the GPU, so that a time can be taken. Nothing without one.
void synchronizeDevice();

}  // namespace epi
