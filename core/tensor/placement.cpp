#include "core/tensor/placement.h"

#include <algorithm>
#include <filesystem>
#include <mutex>
#include <string>
#include <thread>

#include <ATen/Context.h>
#include <c10/core/CachingDeviceAllocator.h>

#include "core/tensor/cuda_plugin.h"
#include "core/tensor/device_memory.h"
#include "core/tensor/guard.h"
#include "core/tensor/prefill_ops.h"

#include <dlfcn.h>
#include <unistd.h>

namespace epi {
namespace {

constexpr const char* kPluginFile = "libepi_cuda.so";

struct OpenedPlugin {
    EpiCudaOps ops{};
    std::string reason;                            // why it cannot be used; empty when it can
    CudaObstacle obstacle = CudaObstacle::kOther;  // what kind of reason that is
};

/// Beside the program when built, in ../lib/epichat when installed.
std::filesystem::path findPlugin() {
    std::error_code error;
    const std::filesystem::path program = std::filesystem::read_symlink("/proc/self/exe", error);
    for (const auto& folder :
         {program.parent_path(), program.parent_path().parent_path() / "lib" / "epichat"}) {
        if (std::filesystem::exists(folder / kPluginFile, error)) return folder / kPluginFile;
    }
    return {};
}

OpenedPlugin openPlugin() {
    OpenedPlugin opened;
    if (::access("/dev/nvidiactl", F_OK) != 0) {
        opened.reason = "no NVIDIA driver was found";
        opened.obstacle = CudaObstacle::kNoDriver;
        return opened;
    }
    const std::filesystem::path file = findPlugin();
    if (file.empty()) {
        opened.reason = std::string(kPluginFile) + " is not installed";
        opened.obstacle = CudaObstacle::kNoPlugin;
        return opened;
    }
    void* handle = ::dlopen(file.c_str(), RTLD_NOW | RTLD_GLOBAL);
    if (handle == nullptr) {
        const char* reason = ::dlerror();
        opened.reason = reason != nullptr ? reason : "the CUDA plug-in could not be opened";
        return opened;
    }
    const auto open = reinterpret_cast<EpiCudaOpen>(::dlsym(handle, kCudaEntryPoint));
    if (open == nullptr) {
        opened.reason = std::string(kPluginFile) + " has no " + kCudaEntryPoint;
        return opened;
    }
    if (const char* reason = open(kEpiCudaAbiVersion, &opened.ops); reason != nullptr) {
        opened.reason = reason;
        return opened;
    }
    // Its allocator tells nothing before that, and the first model is checked against the memory that is
    // free.
    const auto ready = guarded("starting CUDA", []() -> Result<void> {
        at::globalContext().lazyInitDevice(c10::kCUDA);
        return {};
    });
    if (!ready) opened.reason = ready.error().message;
    return opened;
}

/// Opened once; it stays loaded, since LibTorch cannot be unloaded.
const OpenedPlugin& plugin() {
    static const OpenedPlugin opened = openPlugin();
    return opened;
}

/// Activations are fp32, which costs nothing beside the weights that are read. Keys and values are fp16: as
/// small as bf16 with an eighth of its rounding error, and no model's keys come near 65,504.
Placement fastOnCpu() {
    return {
        .device = c10::Device(c10::kCPU), .type = c10::kFloat, .cacheType = c10::kHalf, .keepsBlocks = true};
}

}  // namespace

const EpiCudaOps* cudaOps() {
    return plugin().reason.empty() ? &plugin().ops : nullptr;
}

std::string cudaUnavailableReason() {
    return plugin().reason;
}

CudaObstacle cudaObstacle() {
    return plugin().reason.empty() ? CudaObstacle::kNone : plugin().obstacle;
}

std::int64_t takePeakDeviceBytes() {
    return plugin().reason.empty() ? plugin().ops.takePeakBytes() : 0;
}

std::int64_t freeDeviceBytes() {
    return plugin().reason.empty() ? std::max<std::int64_t>(0, plugin().ops.freeBytes()) : 0;
}

std::int64_t availableDeviceBytes() {
    if (!plugin().reason.empty()) return 0;
    constexpr auto kAll = static_cast<std::size_t>(c10::CachingAllocator::StatType::AGGREGATE);
    const auto stats = c10::getDeviceAllocator(c10::kCUDA)->getDeviceStats(0);
    return freeDeviceBytes() + stats.reserved_bytes[kAll].current - stats.allocated_bytes[kAll].current;
}

void releaseDeviceMemory() {
    if (plugin().reason.empty()) c10::getDeviceAllocator(c10::kCUDA)->emptyCache();
}

void synchronizeDevice() {
    if (plugin().reason.empty()) plugin().ops.synchronize();
}

const EpiPrefillOps* prefillOps() {
    return plugin().reason.empty() ? plugin().ops.prefill : nullptr;
}

bool copyDeviceRows(const DeviceRows& source,
                    const DeviceRows& target,
                    std::int64_t count,
                    std::int64_t rowBytes) {
    if (!plugin().reason.empty() || plugin().ops.copyRows == nullptr || rowBytes % 16 != 0) return false;
    const EpiCopyRows rows{.sourceKeys = source.keys,
                           .sourceValues = source.values,
                           .targetKeys = target.keys,
                           .targetValues = target.values,
                           .sourceRows = source.rows,
                           .targetRows = target.rows,
                           .rows = count,
                           .rowBytes = rowBytes};
    return plugin().ops.copyRows(&rows);
}

std::string_view typeName(c10::ScalarType type) {
    return type == c10::kFloat ? "f32" : type == c10::kHalf ? "f16" : "bf16";
}

std::optional<c10::ScalarType> typeFromName(std::string_view name) {
    for (const c10::ScalarType type : {c10::kFloat, c10::kHalf, c10::kBFloat16}) {
        if (typeName(type) == name) return type;
    }
    return std::nullopt;
}

std::string precisionOf(const Placement& placement) {
    return std::string(typeName(placement.cacheType)) +
           (placement.keepsBlocks ? ", quantised activations" : "");
}

Result<PlacementChoice> choosePlacement(DeviceChoice device, ComputeMode compute) {
    PlacementChoice choice;
    const bool isFast = compute == ComputeMode::kFast;
    choice.placement = isFast ? fastOnCpu() : Placement{};
    choice.deviceName = "CPU, " + std::to_string(std::thread::hardware_concurrency()) + " threads";
    if (device == DeviceChoice::kCpu) return choice;
    if (plugin().reason.empty()) {
        const c10::ScalarType type = isFast ? c10::kBFloat16 : c10::kFloat;
        choice.placement = {.device = c10::Device(c10::kCUDA, 0), .type = type, .cacheType = type};
        choice.placement.copiesBlocks = isFast && plugin().ops.decoder != nullptr;
        choice.deviceName = plugin().ops.deviceName;
        // cuDNN's attention makes a plan for every new shape, and here nearly every shape is new.
        at::globalContext().setSDPUseCuDNN(false);
        return choice;
    }
    if (device == DeviceChoice::kCuda) {
        return Error{ErrorCode::kUnsupported, "CUDA cannot be used: " + plugin().reason};
    }
    choice.notice = plugin().reason;
    return choice;
}

}  // namespace epi
