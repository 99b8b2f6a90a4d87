#include "core/engine/benchmark/ceilings.h"

#include <cmath>
#include <functional>
#include <vector>

#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/randn.h>
#include <c10/core/InferenceMode.h>

#include "core/engine/benchmark/bench_row.h"
#include "core/engine/benchmark/stopwatch.h"
#include "core/tensor/cpu/kernels.h"
#include "core/tensor/device_bench.h"
#include "core/tensor/device_memory.h"
#include "core/tensor/guard.h"

namespace epi {
namespace {

constexpr std::int64_t kBytesOnGpu = 512 << 20;
constexpr std::int64_t kBytesOnCpu = 128 << 20;
constexpr std::int64_t kTransferBytes = 256 << 20;
constexpr std::int64_t kMatrixOnGpu = 8192;
constexpr std::int64_t kMatrixOnCpu = 1024;
constexpr int kWarmUps = 2;
constexpr int kRepeats = 5;

/// The median of what `work` takes.
double secondsOf(c10::Device device, const std::function<void()>& work) {
    Stopwatch watch(device);
    std::vector<double> seconds;
    for (int i = 0; i < kWarmUps + kRepeats; ++i) {
        watch.start();
        work();
        const double elapsed = watch.stop();
        if (i >= kWarmUps) seconds.push_back(elapsed);
    }
    return spreadOf(std::move(seconds)).median;
}

double matmulRate(const Placement& placement) {
    const bool isOnCpu = placement.device.is_cpu();
    const std::int64_t size = isOnCpu ? kMatrixOnCpu : kMatrixOnGpu;
    const bool isRounded = isOnCpu && placement.keepsBlocks && cpu::multipliesBfloat16();
    const auto options = placement.options(isRounded ? c10::kBFloat16 : placement.type);
    const at::Tensor a = at::randn({size, size}, options);
    const at::Tensor b = at::randn({size, size}, options);
    return 2.0 * std::pow(static_cast<double>(size), 3) /
           secondsOf(placement.device, [&] { at::matmul(a, b); });
}

/// By LibTorch's operations.
BenchCeilings measureGenerally(const Placement& placement) {
    const std::int64_t bytes = placement.device.is_cpu() ? kBytesOnCpu : kBytesOnGpu;
    const at::Tensor source =
        at::ones({bytes / static_cast<std::int64_t>(sizeof(float))}, placement.options(c10::kFloat));
    const at::Tensor target = at::empty_like(source);
    const auto moved = static_cast<double>(bytes);
    return {.copyRate = 2.0 * moved / secondsOf(placement.device, [&] { target.copy_(source); }),
            .readRate = moved / secondsOf(placement.device, [&] { source.sum(); }),
            .matmulRate = matmulRate(placement)};
}

void measureTransfers(const Placement& placement, BenchCeilings& ceilings) {
    const at::Tensor host =
        at::empty({kTransferBytes}, at::TensorOptions().dtype(at::kByte).pinned_memory(true));
    const at::Tensor device = at::empty({kTransferBytes}, placement.options(at::kByte));
    const auto moved = static_cast<double>(kTransferBytes);
    ceilings.uploadRate = moved / secondsOf(placement.device, [&] { device.copy_(host, true); });
    ceilings.downloadRate = moved / secondsOf(placement.device, [&] { host.copy_(device, true); });
}

}  // namespace

Result<BenchCeilings> measureCeilings(const Placement& placement) {
    const c10::InferenceMode inference;
    return guarded("measuring the machine", [&]() -> Result<BenchCeilings> {
        if (placement.device.is_cpu()) return measureGenerally(placement);
        BenchCeilings ceilings;
        if (const auto own = measureDeviceCeilings()) {
            ceilings = {.copyRate = own->copyRate,
                        .readRate = own->readRate,
                        .matmulRate = own->matmulRate,
                        .sustainedMatmulRate = own->sustainedMatmulRate};
            if (placement.type != c10::kBFloat16) {
                ceilings.matmulRate = matmulRate(placement);
                ceilings.sustainedMatmulRate = 0.0;
            }
        } else if (own.error().code == ErrorCode::kUnsupported) {
            ceilings = measureGenerally(placement);
        } else {
            return own.error();
        }
        measureTransfers(placement, ceilings);
        releaseDeviceMemory();  // so that what follows has all of it
        return ceilings;
    });
}

}  // namespace epi
