#include "tests/gpu/draw_check.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/base/rng.h"
#include "core/sampling/sampler.h"

#include "cuda/decode/decode_bench.h"
#include "cuda/decode/decode_graph.h"
#include "cuda/decode/sampling.h"
#include "cuda/kernels/sample_token.h"

namespace epi::cuda {
namespace {

constexpr std::size_t kCandidates = 132;  // that a product leaves, one per block
constexpr std::size_t kHistory = 200;     // tokens that the penalty is for, some of them twice
constexpr std::int32_t kTimed = 151936;   // tokens

/// Logits of a kind, on the host.
enum class Kind { kEqual, kClose, kPeaked, kSteps, kBelowZero, kAroundZero, kHuge };
constexpr std::array kKinds{Kind::kEqual,
                            Kind::kClose,
                            Kind::kPeaked,
                            Kind::kSteps,
                            Kind::kBelowZero,
                            Kind::kAroundZero,
                            Kind::kHuge};

float logitOf(Kind kind, Rng& random) {
    double normal = -6.0;
    for (int i = 0; i < 12; ++i)
        normal += random.uniform();
    switch (kind) {
        case Kind::kEqual:
            return 1.5F;
        case Kind::kClose:
            return static_cast<float>(random.uniform());
        case Kind::kPeaked:
            return static_cast<float>(random.below(10000) == 0 ? 16.0 + 2.0 * normal : 3.0 * normal);
        case Kind::kSteps:
            return static_cast<float>(std::round(3.0 * normal));
        case Kind::kBelowZero:
            return static_cast<float>(3.0 * normal - 30.0);
        case Kind::kAroundZero:
            return random.below(2) == 0 ? -0.0F : (random.below(2) == 0 ? 0.0F : static_cast<float>(-normal));
        case Kind::kHuge:
            return static_cast<float>(normal * 1e37);
    }
    return 0.0F;
}

std::vector<float> logitsOf(Kind kind, std::int32_t vocabulary, Rng& random) {
    std::vector<float> logits;
    for (std::int32_t i = 0; i < vocabulary; ++i)
        logits.push_back(logitOf(kind, random));
    return logits;
}

/// Every combination of values on both sides of what changes the way.
std::vector<SamplingOptions> allOptions() {
    std::vector<SamplingOptions> all;
    for (const double penalty : {1.0, 1.3}) {
        SamplingOptions options;
        options.repetitionPenalty = penalty;
        all.push_back(options);
        for (const double temperature : {1e-300, 0.05, 0.7, 1.0, 30.0}) {
            options.temperature = temperature;
            for (const std::int32_t topK : {0, 1, 40, 5000}) {
                options.topK = topK;
                for (const double topP : {1.0, 0.9, 0.3, 1e-15}) {
                    options.topP = topP;
                    for (const double minP : {0.0, 0.05, 1.0}) {
                        options.minP = minP;
                        all.push_back(options);
                    }
                }
            }
        }
    }
    return all;
}

/// The drawing kernel with its buffers, for one size of vocabulary.
class Drawing {
public:
    static Result<Drawing> create(std::int32_t vocabulary, DeviceTraits traits, cudaStream_t stream) {
        Drawing drawing;
        drawing.vocabulary_ = vocabulary;
        drawing.traits_ = traits;
        drawing.stream_ = stream;
        const auto size = static_cast<std::size_t>(vocabulary);
        const auto words = static_cast<std::size_t>(seenWords(vocabulary));
        EPI_TRY_ASSIGN(drawing.logits_, DeviceBuffer::allocate(size * sizeof(float)));
        EPI_TRY_ASSIGN(drawing.candidates_, DeviceBuffer::allocate(kCandidates * sizeof(Candidate)));
        EPI_TRY_ASSIGN(drawing.state_, DeviceBuffer::allocate(sizeof(SamplingState)));
        EPI_TRY_ASSIGN(drawing.seen_, DeviceBuffer::allocate(words * sizeof(std::uint32_t)));
        EPI_TRY_ASSIGN(drawing.chosen_, DeviceBuffer::allocate(sizeof(Candidate)));
        return drawing;
    }

    /// The blocks of the product that the logits come of leave the best of each.
    Result<void> setLogits(const std::vector<float>& logits) {
        std::vector<Candidate> candidates;
        for (std::size_t block = 0; block < kCandidates; ++block) {
            Candidate best{.logit = -std::numeric_limits<float>::infinity(), .id = 0};
            const std::size_t last = (block + 1) * logits.size() / kCandidates;
            for (std::size_t i = block * logits.size() / kCandidates; i < last; ++i) {
                if (!std::isfinite(logits[i])) {
                    best.logit = std::numeric_limits<float>::quiet_NaN();
                } else if (logits[i] > best.logit) {
                    best = {.logit = logits[i], .id = static_cast<std::int32_t>(i)};
                }
            }
            candidates.push_back(best);
        }
        EPI_TRY(copy(logits_, logits.data(), logits.size() * sizeof(float)));
        return copy(candidates_, candidates.data(), candidates.size() * sizeof(Candidate));
    }

    Result<void> setOptions(const SamplingOptions& options, const std::vector<TokenId>& history) {
        const SamplingState state = samplingState({.temperature = options.temperature,
                                                   .topK = options.topK,
                                                   .topP = options.topP,
                                                   .minP = options.minP,
                                                   .repetitionPenalty = options.repetitionPenalty,
                                                   .random = Rng(options.seed).state(),
                                                   .history = {}});
        const std::vector<std::uint32_t> seen = seenTokens(history, vocabulary_);
        EPI_TRY(copy(state_, &state, sizeof state));
        return copy(seen_, seen.data(), seen.size() * sizeof(std::uint32_t));
    }

    Result<void> launch() {
        const SampleTokenArgs args{.logits = logits_.as<float>(),
                                   .vocabulary = vocabulary_,
                                   .candidates = candidates_.as<Candidate>(),
                                   .candidateCount = static_cast<std::int32_t>(kCandidates),
                                   .state = state_.as<SamplingState>(),
                                   .seen = seen_.as<std::uint32_t>(),
                                   .chosen = chosen_.as<Candidate>()};
        EPI_CUDA_TRY("drawing", sampleToken(args, traits_, {stream_, traits_.hasBulkCopies}));
        return {};
    }

    /// Nothing where a logit is not finite.
    Result<std::optional<TokenId>> draw() {
        EPI_TRY(launch());
        Candidate chosen{};
        EPI_CUDA_TRY("drawing", cudaStreamSynchronize(stream_));
        EPI_CUDA_TRY("drawing",
                     cudaMemcpy(&chosen, chosen_.as<void>(), sizeof chosen, cudaMemcpyDeviceToHost));
        return std::isnan(chosen.logit) ? std::nullopt : std::optional<TokenId>(chosen.id);
    }

private:
    Result<void> copy(const DeviceBuffer& target, const void* source, std::size_t bytes) {
        EPI_CUDA_TRY("copy", cudaStreamSynchronize(stream_));
        EPI_CUDA_TRY("copy", cudaMemcpy(target.as<void>(), source, bytes, cudaMemcpyHostToDevice));
        return {};
    }

    std::int32_t vocabulary_ = 0;
    DeviceTraits traits_;
    cudaStream_t stream_ = nullptr;
    DeviceBuffer logits_;
    DeviceBuffer candidates_;
    DeviceBuffer state_;
    DeviceBuffer seen_;
    DeviceBuffer chosen_;
};

struct Tally {
    long draws = 0;
    long different = 0;
};

/// Some tokens in a row with one seed, the ones drawn joining the history.
Result<void> compare(const std::vector<float>& logits,
                     const SamplingOptions& options,
                     int draws,
                     Rng& random,
                     std::span<Drawing> drawings,
                     Tally& tally) {
    std::vector<TokenId> history;
    while (history.size() < kHistory)
        history.push_back(static_cast<TokenId>(random.below(logits.size())));
    std::vector<std::optional<TokenId>> expected;
    Sampler sampler(options);
    std::vector<TokenId> growing = history;
    for (int i = 0; i < draws; ++i) {
        const auto token = sampler.sample(logits, growing);
        expected.push_back(token ? std::optional<TokenId>(*token) : std::nullopt);
        if (token) growing.push_back(*token);
    }
    for (Drawing& drawing : drawings) {
        EPI_TRY(drawing.setOptions(options, history));
        for (int i = 0; i < draws; ++i) {
            // The penalty was put on what is there.
            if (options.repetitionPenalty != 1.0) EPI_TRY(drawing.setLogits(logits));
            EPI_TRY_ASSIGN(const std::optional<TokenId> token, drawing.draw());
            ++tally.draws;
            if (token == expected[static_cast<std::size_t>(i)]) continue;
            if (++tally.different > 20) continue;
            std::printf(
                "DIFFERENT: %zu logits, temperature %g, top-k %d, top-p %g, min-p %g, penalty %g: "
                "draw %d is %d, on the CPU %d\n",
                logits.size(),
                options.temperature,
                options.topK,
                options.topP,
                options.minP,
                options.repetitionPenalty,
                i,
                token.value_or(-1),
                expected[static_cast<std::size_t>(i)].value_or(-1));
        }
        if (options.repetitionPenalty != 1.0) EPI_TRY(drawing.setLogits(logits));
    }
    return {};
}

Result<Tally> compareKernel(cudaStream_t stream) {
    DeviceTraits traits;
    EPI_CUDA_TRY("device", deviceTraits(traits));
    DeviceTraits alone = traits;
    alone.hasBulkCopies = false;  // one block, as on GPUs without clusters
    const std::vector<SamplingOptions> options = allOptions();
    Rng random(17);
    Tally tally;
    for (const std::int32_t vocabulary : {1, 2, 33, 5000, 49152, 151936, 262144}) {
        std::vector<Drawing> drawings;
        for (const DeviceTraits& kind : {traits, alone}) {
            EPI_TRY_ASSIGN(Drawing drawing, Drawing::create(vocabulary, kind, stream));
            drawings.push_back(std::move(drawing));
        }
        const Tally before = tally;
        for (const Kind kind : kKinds) {
            std::vector<float> logits = logitsOf(kind, vocabulary, random);
            for (Drawing& drawing : drawings)
                EPI_TRY(drawing.setLogits(logits));
            // Of the large vocabularies, which take the CPU long, a share of the combinations.
            const std::uint64_t every = vocabulary > 5000 ? 8 : 1;
            for (SamplingOptions one : options) {
                if (random.below(every) != 0) continue;
                one.seed = random.next();
                EPI_TRY(compare(logits, one, 3, random, drawings, tally));
            }
            SamplingOptions many;
            many.temperature = 0.8;
            many.topP = 0.95;
            EPI_TRY(compare(logits, many, 100, random, drawings, tally));
            for (const float strange : {std::numeric_limits<float>::quiet_NaN(),
                                        std::numeric_limits<float>::infinity(),
                                        -std::numeric_limits<float>::infinity()}) {
                logits[random.below(logits.size())] = strange;
                for (Drawing& drawing : drawings)
                    EPI_TRY(drawing.setLogits(logits));
                for (const double penalty : {1.0, 1.3}) {
                    many.repetitionPenalty = penalty;
                    EPI_TRY(compare(logits, many, 1, random, drawings, tally));
                }
            }
        }
        std::printf("drawn from %d logits: %ld of %ld tokens differ from the CPU's\n",
                    vocabulary,
                    tally.different - before.different,
                    tally.draws - before.draws);
        std::fflush(stdout);
    }
    return tally;
}

/// A reply that the graph draws by itself, all of its steps ahead of the host, and the one that the host
/// draws from the graph's logits.
Result<Tally> compareReplies(cudaStream_t stream) {
    constexpr int kSteps = 64;
    const ModelShape* const shape = findShape("tiny");
    if (shape == nullptr) return Error{ErrorCode::kInternal, "no shape tiny"};
    EPI_TRY_ASSIGN(const SyntheticModel model,
                   SyntheticModel::create(*shape, WeightFormat::kBf16, false, stream));
    EPI_TRY_ASSIGN(const SyntheticCache cache, SyntheticCache::create(*shape, {300, 20}, kSteps + 1, stream));
    Tally tally;
    for (const bool overlaps : {false, true}) {
        EPI_TRY_ASSIGN(DecodeGraph graph,
                       DecodeGraph::create(model.model(), stream, {.overlapsKernels = overlaps}));
        for (SamplingOptions options : allOptions()) {
            if (options.temperature == 0.05 || options.topP == 0.3) continue;
            options.seed = 3;
            std::vector<TokenId> history{3, 5, 8, 13, 21};
            const Sampling sampling{.temperature = options.temperature,
                                    .topK = options.topK,
                                    .topP = options.topP,
                                    .minP = options.minP,
                                    .repetitionPenalty = options.repetitionPenalty,
                                    .random = Rng(options.seed).state(),
                                    .history = history};
            EPI_TRY(graph.begin(cache.layers(), cache.nextPosition(), history.back(), sampling));
            for (int step = 0; step < kSteps; ++step)
                EPI_TRY(graph.launch());
            std::vector<TokenId> drawn;
            for (int step = 1; step <= kSteps; ++step) {
                EPI_TRY_ASSIGN(const std::int32_t token, graph.token(step));
                drawn.push_back(token);
            }
            Sampler sampler(options);
            EPI_TRY(graph.begin(cache.layers(), cache.nextPosition(), history.back()));
            for (const TokenId token : drawn) {
                EPI_TRY(graph.launch());
                EPI_TRY_ASSIGN(const std::span<const float> logits, graph.logits());
                EPI_TRY_ASSIGN(const TokenId expected, sampler.sample(logits, history));
                ++tally.draws;
                if (expected != token) ++tally.different;
                // Further on with the device's token, so that one difference is counted once.
                history.push_back(token);
                EPI_TRY(graph.feed(token));
            }
        }
    }
    std::printf("drawn in replies: %ld of %ld tokens differ from the CPU's\n", tally.different, tally.draws);
    return tally;
}

/// Seconds per draw, many in one graph as the steps of a reply are, so that the host is not what is measured.
Result<double> timeDraws(Drawing& drawing, cudaStream_t stream) {
    constexpr int kDraws = 200;
    constexpr int kRepeats = 5;
    EPI_CUDA_TRY("draws", cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal));
    Result<void> launched;
    for (int i = 0; i < kDraws && launched; ++i)
        launched = drawing.launch();
    cudaGraph_t graph = nullptr;
    cudaGraphExec_t executable = nullptr;
    EPI_CUDA_TRY("draws", cudaStreamEndCapture(stream, &graph));
    EPI_TRY(launched);
    EPI_CUDA_TRY("draws", cudaGraphInstantiate(&executable, graph, 0));
    EPI_TRY_ASSIGN(Stopwatch watch, Stopwatch::create());
    double fastest = std::numeric_limits<double>::infinity();
    for (int repeat = -1; repeat < kRepeats; ++repeat) {  // one run to warm up
        EPI_TRY(watch.start(stream));
        EPI_CUDA_TRY("draws", cudaGraphLaunch(executable, stream));
        EPI_TRY_ASSIGN(const double seconds, watch.stop(stream));
        if (repeat >= 0) fastest = std::min(fastest, seconds / kDraws);
    }
    EPI_CUDA_TRY("draws", cudaGraphExecDestroy(executable));
    EPI_CUDA_TRY("draws", cudaGraphDestroy(graph));
    return fastest;
}

}  // namespace

Result<bool> checkDraws(cudaStream_t stream) {
    EPI_TRY_ASSIGN(const Tally kernel, compareKernel(stream));
    EPI_TRY_ASSIGN(const Tally replies, compareReplies(stream));
    return kernel.different + replies.different == 0;
}

Result<void> measureDraws(cudaStream_t stream) {
    // A penalty so small that the logits stay finite: every draw puts it on them once more.
    struct Case {
        const char* name;
        double temperature;
        std::int32_t topK;
        double topP;
        double minP;
        double penalty;
    };
    constexpr std::array kCases{Case{"temperature", 0.7, 0, 1.0, 0.0, 1.0},
                                Case{"min-p 0.05", 0.7, 0, 1.0, 0.05, 1.0},
                                Case{"top-k 40", 0.7, 40, 1.0, 0.0, 1.0},
                                Case{"top-p 0.9", 0.7, 0, 0.9, 0.0, 1.0},
                                Case{"top-k 40, top-p 0.9", 0.7, 40, 0.9, 0.0, 1.0},
                                Case{"all, with a penalty", 0.7, 40, 0.9, 0.05, 1.001},
                                Case{"the best, with a penalty", 0.0, 0, 1.0, 0.0, 1.001}};
    DeviceTraits traits;
    EPI_CUDA_TRY("device", deviceTraits(traits));
    DeviceTraits alone = traits;
    alone.hasBulkCopies = false;
    for (const Kind kind : {Kind::kPeaked, Kind::kClose, Kind::kEqual}) {
        Rng random(5);
        const std::vector<float> logits = logitsOf(kind, kTimed, random);
        std::vector<TokenId> history;
        while (history.size() < kHistory)
            history.push_back(static_cast<TokenId>(random.below(logits.size())));
        for (const Case& one : kCases) {
            SamplingOptions options;
            options.temperature = one.temperature;
            options.topK = one.topK;
            options.topP = one.topP;
            options.minP = one.minP;
            options.repetitionPenalty = one.penalty;
            double seconds[2]{};
            for (int way = 0; way < 2; ++way) {
                EPI_TRY_ASSIGN(Drawing drawing, Drawing::create(kTimed, way == 0 ? traits : alone, stream));
                EPI_TRY(drawing.setLogits(logits));
                EPI_TRY(drawing.setOptions(options, history));
                EPI_TRY_ASSIGN(seconds[way], timeDraws(drawing, stream));
            }
            std::printf("draw from %d %s logits, %s: %.1f us per token, by one block %.1f us\n",
                        kTimed,
                        kind == Kind::kPeaked ? "peaked" : (kind == Kind::kClose ? "close" : "equal"),
                        one.name,
                        seconds[0] * 1e6,
                        seconds[1] * 1e6);
        }
    }
    return {};
}

}  // namespace epi::cuda
