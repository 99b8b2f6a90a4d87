#include "cuda/plugin/prefill_ops.h"

#include <c10/cuda/CUDAStream.h>

#include "cuda/kernels/prefill.h"
#include "cuda/kernels/warpgroup.h"

namespace epi::cuda {
namespace {

template <auto kLaunch, typename Args>
bool onCurrentStream(const Args& args) {
    return kLaunch(args, c10::cuda::getCurrentCUDAStream()) == cudaSuccess;
}

constexpr EpiPrefillOps opsOf(bool hasWarpgroups) {
    return {.normRows = onCurrentStream<normRows, NormRowsArgs>,
            .gatedActivation = onCurrentStream<gatedActivation, GatedActivationArgs>,
            .rotateAppend = onCurrentStream<rotateAppend, RotateAppendArgs>,
            .joinAttention = onCurrentStream<joinAttention, JoinAttentionArgs>,
            .probeScores = onCurrentStream<probeScores, ProbeScoresArgs>,
            .attendRows = hasWarpgroups ? onCurrentStream<attendRows, AttendRowsArgs> : nullptr};
}

constexpr EpiPrefillOps kOps = opsOf(false);
constexpr EpiPrefillOps kOpsWithWarpgroups = opsOf(true);

}  // namespace

const EpiPrefillOps* prefillOps() {
    return multiprocessorsWithWarpgroups() > 0 ? &kOpsWithWarpgroups : &kOps;
}

}  // namespace epi::cuda
