#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/base/result.h"

namespace epi {

/// What the GPU reaches with nothing else to do, measured now.
struct DeviceCeilings {
    double copyRate = 0.0;             // bytes per second, read plus written
    double readRate = 0.0;             // bytes per second
    double matmulRate = 0.0;           // FLOP per second of a bf16 product
    double sustainedMatmulRate = 0.0;  // the same after a second of products
};

/// A decoder of random weights, made on the GPU.
struct DeviceDecodeBench {
    std::string shape;    // "llama-8b", ...
    std::string weights;  // "bf16", "q4_0", ...
    std::vector<std::int64_t> cacheLengths;
    std::int32_t tokens = 64;
    std::int32_t repeats = 5;
};

struct DeviceDecodeTiming {
    std::int64_t weightBytes = 0;  // read per token
    std::int64_t cacheBytes = 0;   // read per token
    double seconds = 0.0;          // per token: the median
    double fastest = 0.0;
    double slowest = 0.0;
};

/// Name of the GPU; empty without one.
std::string deviceName();

/// kUnsupported where there is no GPU or the plug-in has no kernels of its own, kOutOfMemory.
Result<DeviceCeilings> measureDeviceCeilings();
/// One timing per cache length. Errors as above, kInvalidArgument for an unknown shape or type of weights.
Result<std::vector<DeviceDecodeTiming>> timeDeviceDecode(const DeviceDecodeBench& bench);

}  // namespace epi
