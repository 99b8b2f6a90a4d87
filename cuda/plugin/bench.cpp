#include <algorithm>
#include <cmath>
#include <cstdio>
#include <string>
#include <vector>

#include <ATen/core/TensorBody.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/randn.h>
#include <c10/core/InferenceMode.h>
#include <c10/cuda/CUDAStream.h>

#include "core/tensor/guard.h"

#include "cuda/decode/decode_bench.h"
#include "cuda/plugin/decoder.h"

namespace epi::cuda {
namespace {

constexpr std::int64_t kMatrixSize = 8192;
constexpr int kProducts = 12;
constexpr double kSustainedSeconds = 1.0;

bool fail(EpiFailure* failure, const Error& error) {
    *failure = {.isOutOfMemory = error.code == ErrorCode::kOutOfMemory,
                .isUnsupported = error.code == ErrorCode::kUnsupported,
                .message = {}};
    std::snprintf(failure->message, sizeof failure->message, "%s", error.message.c_str());
    return false;
}

struct MatmulRates {
    double first = 0.0;      // a few products after a pause
    double sustained = 0.0;  // the last of a second's
};

/// FLOP per second of LibTorch's bf16 product of random matrices.
Result<MatmulRates> matmulRates() {
    return guarded("matrix product", [&]() -> Result<MatmulRates> {
        const c10::InferenceMode inference;
        const auto options = at::TensorOptions().device(c10::kCUDA).dtype(at::kBFloat16);
        const at::Tensor a = at::randn({kMatrixSize, kMatrixSize}, options);
        const at::Tensor b = at::randn({kMatrixSize, kMatrixSize}, options);
        const cudaStream_t stream = c10::cuda::getCurrentCUDAStream();
        EPI_TRY_ASSIGN(Stopwatch watch, Stopwatch::create());
        const auto timed = [&](int products) -> Result<double> {
            EPI_TRY(watch.start(stream));
            for (int i = 0; i < products; ++i)
                const at::Tensor product = at::mm(a, b);
            EPI_TRY_ASSIGN(const double elapsed, watch.stop(stream));
            return elapsed / products;
        };
        std::vector<double> seconds;
        for (int i = 0; i < kProducts; ++i) {
            EPI_TRY_ASSIGN(const double one, timed(1));
            if (i >= 3) seconds.push_back(one);
        }
        std::ranges::sort(seconds);
        double last = 0.0;
        for (double passed = 0.0; passed < kSustainedSeconds; passed += kProducts * last) {
            EPI_TRY_ASSIGN(last, timed(kProducts));
        }
        const double operations = 2.0 * std::pow(static_cast<double>(kMatrixSize), 3);
        return MatmulRates{.first = operations / seconds[seconds.size() / 2], .sustained = operations / last};
    });
}

struct BenchStream {
    cudaStream_t stream = nullptr;
    BenchStream() { static_cast<void>(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking)); }
    ~BenchStream() { static_cast<void>(cudaStreamDestroy(stream)); }
    BenchStream(const BenchStream&) = delete;
    BenchStream& operator=(const BenchStream&) = delete;
};

bool ceilings(EpiCeilings* result, EpiFailure* failure) {
    const BenchStream own;
    const auto memory = measureCeilings(own.stream);
    if (!memory) return fail(failure, memory.error());
    const auto matmul = matmulRates();
    if (!matmul) return fail(failure, matmul.error());
    *result = {.copyRate = memory->copyRate,
               .readRate = memory->readRate,
               .matmulRate = matmul->first,
               .sustainedMatmulRate = matmul->sustained};
    return true;
}

Result<void> timeDecode(const EpiBenchRequest& request, EpiBenchTiming* timings) {
    const ModelShape* const shape = findShape(request.shape);
    if (shape == nullptr) {
        return Error{ErrorCode::kInvalidArgument, "unknown shape: " + std::string(request.shape)};
    }
    WeightFormat format = WeightFormat::kBf16;
    if (!weightFormatFromName(request.weights, format)) {
        return Error{ErrorCode::kInvalidArgument, "unknown type of weights: " + std::string(request.weights)};
    }
    const BenchStream own;
    EPI_TRY_ASSIGN(const SyntheticModel model, SyntheticModel::create(*shape, format, false, own.stream));
    const std::span lengths(request.cacheLengths, static_cast<std::size_t>(request.cacheCount));
    EPI_TRY_ASSIGN(const std::vector<DecodeTiming> measured,
                   measureDecode(model, lengths, request.steps, request.repeats, {}, own.stream));
    for (std::size_t i = 0; i < measured.size(); ++i) {
        timings[i] = {.weightBytes = measured[i].weightBytes,
                      .cacheBytes = measured[i].cacheBytes,
                      .seconds = measured[i].seconds,
                      .fastest = measured[i].fastest,
                      .slowest = measured[i].slowest};
    }
    return {};
}

bool decode(const EpiBenchRequest* request, EpiBenchTiming* timings, EpiFailure* failure) {
    const auto done = timeDecode(*request, timings);
    return done.has_value() || fail(failure, done.error());
}

}  // namespace

const EpiBenchOps& benchOps() {
    static const EpiBenchOps ops{.ceilings = ceilings, .decode = decode};
    return ops;
}

}  // namespace epi::cuda
