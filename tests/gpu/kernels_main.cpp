// Compares the kernels with sums in double precision on the CPU: attention and scores of block prefill, the
// tokens that are drawn, and whole decode steps of small random models of every weight format and of every
// feature that an architecture has. Exit code 1 when a difference is too large, 77 where there is no GPU.
// With arguments it does one of the three, or measures:
//   epichat-kernels attention | draws | steps
//   epichat-kernels bench SHAPE FORMAT CACHE[,CACHE...] [overlap=0|1] [slot=BYTES]
#include <bit>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include "tests/gpu/attention_check.h"
#include "tests/gpu/draw_check.h"
#include "tests/gpu/reference_decoder.h"

#include "cuda/decode/decode_bench.h"
#include "cuda/decode/decode_graph.h"

namespace epi::cuda {
namespace {

constexpr int kSkipped = 77;
constexpr int kSteps = 5;
// One product: both sides round the activations alike, what is left are fp32 sums (and, where a value lies
// between two roundings, one step of it).
constexpr double kMaxProductDifference = 1e-3;
// A whole step: the softmax's weights are bf16 in the kernels, an error of 2^-9 at most, which later
// roundings to bf16 or 8 bits may amplify. How far they do is measured: the reference is run a second time
// with an error of that size in its input, and the kernels may not be farther away than three times that.
constexpr double kDisturbance = 1.0 / 512.0;
constexpr double kMaxShareOfDisturbance = 3.0;

constexpr WeightFormat kFormats[] = {WeightFormat::kBf16,
                                     WeightFormat::kQ8_0,
                                     WeightFormat::kQ4_0,
                                     WeightFormat::kQ4_1,
                                     WeightFormat::kQ5_0,
                                     WeightFormat::kQ4_K,
                                     WeightFormat::kQ5_K,
                                     WeightFormat::kQ6_K};

/// ||a - b|| / ||b||; NaN never passes a comparison.
double difference(std::span<const float> a, const std::vector<double>& b) {
    double error = 0.0;
    double norm = 0.0;
    for (std::size_t i = 0; i < b.size(); ++i) {
        error += (static_cast<double>(a[i]) - b[i]) * (static_cast<double>(a[i]) - b[i]);
        norm += b[i] * b[i];
    }
    return std::sqrt(error / norm);
}

struct Case {
    ModelShape shape;
    WeightFormat format;
    std::vector<std::int64_t> lengths;  // per KV head
};

/// Several steps of one model, the tokens being those that the kernels choose.
Result<bool> check(const Case& what, bool overlaps, cudaStream_t stream) {
    EPI_TRY_ASSIGN(const SyntheticModel model, SyntheticModel::create(what.shape, what.format, true, stream));
    EPI_TRY_ASSIGN(const SyntheticCache cache,
                   SyntheticCache::create(what.shape, what.lengths, kSteps + 1, stream));
    EPI_TRY_ASSIGN(ReferenceDecoder reference, ReferenceDecoder::create(model, cache));
    EPI_TRY_ASSIGN(DecodeGraph graph,
                   DecodeGraph::create(model.model(), stream, {.overlapsKernels = overlaps}));
    std::int32_t token = 3;
    EPI_TRY(graph.begin(cache.layers(), cache.nextPosition(), token));
    EPI_TRY_ASSIGN(ReferenceDecoder disturbed, ReferenceDecoder::create(model, cache, kDisturbance));
    double worst = 0.0;
    double allowed = 0.0;
    bool isSame = true;
    bool isNear = true;
    for (int step = 1; step <= kSteps; ++step) {
        EPI_TRY(graph.launch());
        EPI_TRY_ASSIGN(const std::int32_t chosen, graph.token(step));
        EPI_TRY_ASSIGN(const std::span<const float> logits, graph.logits());
        const std::vector<double> expected = reference.step(token);
        const std::vector<double> elsewhere = disturbed.step(token);
        const double error = difference(logits, expected);
        const double limit = kMaxShareOfDisturbance *
                             difference(std::vector<float>(elsewhere.begin(), elsewhere.end()), expected);
        isNear = isNear && error < limit;
        if (!(error < worst)) {
            worst = error;
            allowed = limit;
        }
        // The token must be the best of the kernel's own logits, of equals the first.
        std::size_t best = 0;
        for (std::size_t i = 1; i < logits.size(); ++i)
            best = logits[i] > logits[best] ? i : best;
        isSame = isSame && chosen == static_cast<std::int32_t>(best);
        token = chosen;
    }
    const bool isGood = isNear && isSame;
    std::printf("%-6s %-5s d=%d heads %d/%d x %d, cache %lld..: difference %.1e of %.1e%s%s\n",
                std::string(what.shape.name).c_str(),
                std::string(name(what.format)).c_str(),
                what.shape.dimension,
                what.shape.heads,
                what.shape.kvHeads,
                what.shape.headDim,
                static_cast<long long>(what.lengths[0]),
                worst,
                allowed,
                isSame ? "" : ", WRONG TOKEN",
                isGood ? "" : "  FAILED");
    std::fflush(stdout);
    return isGood;
}

/// One product of each kind by itself, with inputs that both sides have exactly.
Result<bool> checkProducts(WeightFormat format, cudaStream_t stream) {
    const ModelShape shape{.name = "one",
                           .dimension = 2304,
                           .layers = 1,
                           .heads = 6,
                           .kvHeads = 2,
                           .headDim = 128,
                           .feedForward = 14336,
                           .vocabulary = 1003};
    EPI_TRY_ASSIGN(const SyntheticModel model, SyntheticModel::create(shape, format, true, stream));
    DeviceTraits traits;
    EPI_CUDA_TRY("device", deviceTraits(traits));
    const DecodeLayer& layer = model.model().layers[0];
    std::vector<float> x;
    for (int i = 0; i < shape.feedForward; ++i)
        x.push_back(static_cast<float>(roundToBf16(std::sin(i * 0.7) * (1.0 + i % 13) + 0.01 * i / 100.0)));
    std::vector<std::uint16_t> packed;
    for (const float value : x)
        packed.push_back(static_cast<std::uint16_t>(std::bit_cast<std::uint32_t>(value) >> 16));
    EPI_TRY_ASSIGN(const DeviceBuffer residual, DeviceBuffer::allocate(x.size() * sizeof(float)));
    EPI_TRY_ASSIGN(const DeviceBuffer activations, DeviceBuffer::allocate(packed.size() * 2));
    EPI_TRY_ASSIGN(const DeviceBuffer out, DeviceBuffer::allocate(x.size() * sizeof(float)));
    const auto copy = [](const DeviceBuffer& target, const void* source, std::size_t bytes) {
        return cudaMemcpy(target.as<void>(), source, bytes, cudaMemcpyHostToDevice);
    };
    EPI_CUDA_TRY("copy", copy(residual, x.data(), residual.bytes()));
    EPI_CUDA_TRY("copy", copy(activations, packed.data(), activations.bytes()));
    const std::vector<double> whole(x.begin(), x.end());
    const std::vector<double> part(x.begin(), x.begin() + shape.dimension);
    EPI_TRY_ASSIGN(const std::vector<float> weight, toHost(layer.attentionNorm.weight, shape.dimension));

    GemvArgs normed;
    normed.sources[0] = quadsOf(model.model().output);  // an odd number of rows
    normed.rows = shape.vocabulary;
    normed.columns = shape.dimension;
    normed.residual = residual.as<float>();
    normed.normWeight = layer.attentionNorm.weight;
    normed.normEpsilon = 1e-5F;
    normed.out = out.as<float>();
    GemvArgs plain;
    plain.sources[0] = quadsOf(layer.down);
    plain.rows = shape.dimension;
    plain.columns = shape.feedForward;
    plain.activations = activations.as<std::uint16_t>();
    plain.out = out.as<float>();

    double worst = 0.0;
    const auto compare =
        [&](const GemvArgs& args, std::size_t matrix, const std::vector<double>& input) -> Result<void> {
        EPI_CUDA_TRY("poison", cudaMemset(out.as<void>(), 0xff, out.bytes()));
        EPI_CUDA_TRY("product", gemv(args, traits, {stream, false}));
        EPI_CUDA_TRY("product", cudaStreamSynchronize(stream));
        EPI_TRY_ASSIGN(const std::vector<float> got, toHost(out.as<float>(), args.rows));
        EPI_TRY_ASSIGN(const HostMatrix host, toHost(model.matrices()[matrix]));
        const double error = difference(got, host.times(input));
        if (!(error < worst)) worst = error;
        return {};
    };
    EPI_TRY(compare(normed, 7, rmsNorm(part, weight, 1e-5)));
    EPI_TRY(compare(plain, 6, whole));
    std::printf("product %-5s: difference %.1e\n", std::string(name(format)).c_str(), worst);
    return worst < kMaxProductDifference;
}

Result<bool> checkAll(cudaStream_t stream) {
    const ModelShape llama{.name = "llama",
                           .dimension = 2304,
                           .layers = 2,
                           .heads = 8,
                           .kvHeads = 2,
                           .headDim = 128,
                           .feedForward = 2560,
                           .vocabulary = 1003};
    ModelShape mixed = llama;
    mixed.name = "mixed";
    mixed.mixesFormats = true;
    const ModelShape qwen{.name = "qwen",
                          .dimension = 896,
                          .layers = 2,
                          .heads = 14,
                          .kvHeads = 2,
                          .headDim = 64,
                          .feedForward = 1024,
                          .vocabulary = 777,
                          .hasBias = true};
    const ModelShape gemma{.name = "gemma",
                           .dimension = 640,
                           .layers = 3,
                           .heads = 4,
                           .kvHeads = 1,
                           .headDim = 256,
                           .feedForward = 2048,
                           .vocabulary = 515,
                           .hasHeadNorms = true,
                           .hasBranchNorms = true,
                           .window = 100};
    const ModelShape tiny{.name = "tiny",
                          .dimension = 576,
                          .layers = 2,
                          .heads = 9,
                          .kvHeads = 3,
                          .headDim = 64,
                          .feedForward = 1536,
                          .vocabulary = 600};
    bool isGood = true;
    const auto add =
        [&](const ModelShape& shape, WeightFormat format, std::vector<std::int64_t> lengths) -> Result<void> {
        for (const bool overlaps : {false, true}) {
            EPI_TRY_ASSIGN(const bool isOne, check({shape, format, lengths}, overlaps, stream));
            isGood = isGood && isOne;
        }
        return {};
    };
    for (const WeightFormat format : kFormats) {
        EPI_TRY_ASSIGN(const bool isOne, checkProducts(format, stream));
        isGood = isGood && isOne;
    }
    for (const WeightFormat format : kFormats)
        EPI_TRY(add(llama, format, {1500, 333}));
    EPI_TRY(add(llama, WeightFormat::kQ4_0, {0, 0}));
    EPI_TRY(add(mixed, WeightFormat::kQ4_K, {300, 20}));
    EPI_TRY(add(qwen, WeightFormat::kBf16, {700, 701}));
    EPI_TRY(add(qwen, WeightFormat::kQ5_0, {17, 4000}));  // d = 896
    EPI_TRY(add(qwen, WeightFormat::kQ4_K, {64, 65}));    // falls back to bf16 where columns do not fit
    EPI_TRY(add(gemma, WeightFormat::kQ8_0, {900}));
    EPI_TRY(add(gemma, WeightFormat::kBf16, {90}));
    EPI_TRY(add(tiny, WeightFormat::kBf16, {1, 40, 5000}));
    EPI_TRY(add(tiny, WeightFormat::kQ4_1, {129, 128, 127}));
    return isGood;
}

struct Check {
    const char* name;
    Result<bool> (*run)(cudaStream_t stream);
    Result<void> (*measure)(cudaStream_t stream);  // null: nothing
};

constexpr Check kChecks[] = {{"attention", checkAttention, benchAttention},
                             {"draws", checkDraws, measureDraws},
                             {"steps", checkAll, nullptr}};

std::vector<std::int64_t> numbers(const char* text) {
    std::vector<std::int64_t> values;
    for (char* end = nullptr; *text != '\0'; text = *end == ',' ? end + 1 : end)
        values.push_back(std::strtoll(text, &end, 10));
    return values;
}

Result<void> bench(int count, char** arguments, cudaStream_t stream) {
    EPI_TRY_ASSIGN(const Ceilings ceilings, measureCeilings(stream));
    std::printf("copy %.0f GB/s, read %.0f GB/s\n", ceilings.copyRate / 1e9, ceilings.readRate / 1e9);
    DecodeGraph::Options options;
    for (int i = 3; i < count; ++i) {
        if (std::strncmp(arguments[i], "overlap=", 8) == 0) options.overlapsKernels = arguments[i][8] == '1';
        if (std::strncmp(arguments[i], "slot=", 5) == 0) options.slotBytes = std::atoi(arguments[i] + 5);
    }
    const ModelShape* const shape = findShape(arguments[0]);
    WeightFormat format = WeightFormat::kBf16;
    if (shape == nullptr || !weightFormatFromName(arguments[1], format)) {
        return Error{ErrorCode::kInvalidArgument, "unknown shape or format"};
    }
    EPI_TRY_ASSIGN(const SyntheticModel model, SyntheticModel::create(*shape, format, false, stream));
    const auto lengths = numbers(arguments[2]);
    EPI_TRY_ASSIGN(const auto timings, measureDecode(model, lengths, 64, 5, options, stream));
    for (const DecodeTiming& timing : timings) {
        const double floor = static_cast<double>(timing.weightBytes + timing.cacheBytes) / ceilings.readRate;
        std::printf(
            "%s %s cache %lld: %.1f tokens/s (%.4f ms, %.4f to %.4f), %.3f GB, floor %.1f tokens/s, %.1f "
            "%%\n",
            arguments[0],
            arguments[1],
            static_cast<long long>(timing.cacheLength),
            1.0 / timing.seconds,
            timing.seconds * 1e3,
            timing.fastest * 1e3,
            timing.slowest * 1e3,
            static_cast<double>(timing.weightBytes + timing.cacheBytes) / 1e9,
            1.0 / floor,
            floor / timing.seconds * 100.0);
    }
    return {};
}

}  // namespace
}  // namespace epi::cuda

int main(int argc, char** argv) {
    int devices = 0;
    if (const cudaError_t error = cudaGetDeviceCount(&devices); error != cudaSuccess || devices == 0) {
        std::printf("skipped: %s\n", error != cudaSuccess ? cudaGetErrorString(error) : "no GPU");
        return epi::cuda::kSkipped;
    }
    cudaStream_t stream = nullptr;
    if (cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking) != cudaSuccess) return 1;
    if (argc >= 5 && std::strcmp(argv[1], "bench") == 0) {
        const auto done = epi::cuda::bench(argc - 2, argv + 2, stream);
        if (!done) std::fprintf(stderr, "%s\n", done.error().message.c_str());
        return done ? 0 : 1;
    }
    const std::string only = argc == 2 ? argv[1] : "";
    bool isGood = true;
    for (const epi::cuda::Check& check : epi::cuda::kChecks) {
        if (!only.empty() && only != check.name) continue;
        const auto isOneGood = check.run(stream);
        const auto measured = check.measure != nullptr ? check.measure(stream) : epi::Result<void>();
        if (!isOneGood || !measured) {
            std::fprintf(stderr, "%s\n", (isOneGood ? measured.error() : isOneGood.error()).message.c_str());
            return 1;
        }
        isGood = isGood && *isOneGood;
    }
    std::printf(isGood ? "kernels: passed\n" : "kernels: FAILED\n");
    return isGood ? 0 : 1;
}
