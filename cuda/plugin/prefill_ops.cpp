#include "cuda/plugin/prefill_ops.h"

#include <c10/cuda/CUDAStream.h>

#include "cuda/kernels/prefill.h"

namespace epi::cuda {
namespace {

template <auto kLaunch, typename Args>
bool onCurrentStream(const Args& args) {
    return kLaunch(args, c10::cuda::getCurrentCUDAStream()) == cudaSuccess;
}

constexpr EpiPrefillOps kOps{.normRows = onCurrentStream<normRows, NormRowsArgs>,
                             .gatedActivation = onCurrentStream<gatedActivation, GatedActivationArgs>,
                             .rotateAppend = onCurrentStream<rotateAppend, RotateAppendArgs>,
                             .joinAttention = onCurrentStream<joinAttention, JoinAttentionArgs>,
                             .probeScores = onCurrentStream<probeScores, ProbeScoresArgs>};

}  // namespace

const EpiPrefillOps* prefillOps() {
    return &kOps;
}

}  // namespace epi::cuda
