#include "tests/gpu/attention_check.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdio>
#include <limits>
#include <numeric>
#include <string>
#include <vector>

#include "core/base/rng.h"

#include "cuda/decode/device_buffer.h"
#include "cuda/kernels/prefill.h"

namespace epi::cuda {
namespace {

// Weights are rounded to bf16, by 2^-9 at most, and so is the output.
constexpr double kMaxOutputDifference = 4e-3;
constexpr double kMaxLogSumDifference = 1e-3;
constexpr double kMaxScoreDifference = 1e-3;
constexpr int kRowsLookedAt = 96;

using Bf16 = std::uint16_t;

float wide(Bf16 value) {
    return std::bit_cast<float>(static_cast<std::uint32_t>(value) << 16);
}

Bf16 narrow(float value) {
    const auto bits = std::bit_cast<std::uint32_t>(value);
    return static_cast<Bf16>((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

/// About normal: the sum of four uniform numbers.
std::vector<Bf16> randomValues(std::size_t count, float size, Rng& rng) {
    std::vector<Bf16> values(count);
    for (Bf16& value : values) {
        const std::uint64_t bits = rng.next();
        float sum = -2.0F;
        for (int part = 0; part < 4; ++part)
            sum += static_cast<float>(bits >> 16 * part & 0xffff) / 65536.0F;
        value = narrow(sum * 1.73F * size);
    }
    return values;
}

template <typename T>
Result<DeviceBuffer> upload(const std::vector<T>& values) {
    const std::size_t bytes = values.size() * sizeof(T);
    EPI_TRY_ASSIGN(DeviceBuffer buffer, DeviceBuffer::allocate(std::max<std::size_t>(bytes, 16)));
    EPI_CUDA_TRY("copying",
                 cudaMemcpy(buffer.template as<void>(), values.data(), bytes, cudaMemcpyHostToDevice));
    return buffer;
}

template <typename T>
Result<std::vector<T>> download(const DeviceBuffer& buffer, std::size_t count) {
    std::vector<T> values(count);
    EPI_CUDA_TRY("copying",
                 cudaMemcpy(values.data(), buffer.as<void>(), count * sizeof(T), cudaMemcpyDeviceToHost));
    return values;
}

struct Case {
    std::vector<std::int32_t> lengths;  // per KV head, the appended rows among them
    int group = 1;
    int headDim = 128;
    int appended = 0;
    int probes = 0;
    int slack = 40;  // rows behind each head's entries
};

/// A layer's inputs on both sides, and what the kernels made of them.
struct Layer {
    static Result<Layer> create(const Case& what) {
        Layer layer;
        layer.what = what;
        Rng rng(static_cast<std::uint64_t>(what.appended * 31 + what.probes));
        const auto heads = what.lengths.size();
        for (const std::int32_t length : what.lengths) {
            layer.starts.push_back(layer.arenaRows);
            layer.offsets.push_back(layer.entries);
            layer.arenaRows += length + what.slack;
            layer.entries += length;
        }
        const auto values = [&](std::int64_t rows, float size) {
            return randomValues(static_cast<std::size_t>(rows * what.headDim), size, rng);
        };
        const auto sequences = static_cast<std::int64_t>(heads) * what.group;
        layer.appendedQuery = values(sequences * what.appended, 2.0F);
        layer.probeQuery = values(sequences * what.probes, 2.0F);
        layer.keys = values(layer.arenaRows, 1.0F);
        layer.values = values(layer.arenaRows, 1.0F);
        layer.probeKeys = values(static_cast<std::int64_t>(heads) * what.probes, 1.0F);
        layer.probeValues = values(static_cast<std::int64_t>(heads) * what.probes, 1.0F);
        layer.fillSlack();
        EPI_TRY(layer.toDevice());
        return layer;
    }

    Result<void> run(cudaStream_t stream) {
        EPI_CUDA_TRY("attention", attendRows(attention(), stream));
        EPI_CUDA_TRY("scores", probeScores(scoring(), stream));
        EPI_CUDA_TRY("running", cudaStreamSynchronize(stream));
        return {};
    }

    [[nodiscard]] AttendRowsArgs attention() const {
        return {.appendedQuery = buffers[0].as<void>(),
                .probeQuery = buffers[1].as<void>(),
                .keys = buffers[2].as<void>(),
                .values = buffers[3].as<void>(),
                .probeKeys = buffers[4].as<void>(),
                .probeValues = buffers[5].as<void>(),
                .starts = buffers[6].as<std::int32_t>(),
                .lengths = buffers[7].as<std::int32_t>(),
                .output = buffers[9].as<void>(),
                .pastLogSum = buffers[10].as<float>(),
                .arenaRows = arenaRows,
                .appended = what.appended,
                .probes = what.probes,
                .kvHeads = static_cast<std::int32_t>(what.lengths.size()),
                .group = what.group,
                .headDim = what.headDim,
                .scale = scale()};
    }

    [[nodiscard]] ProbeScoresArgs scoring() const {
        return {.query = buffers[1].as<void>(),
                .keys = buffers[2].as<void>(),
                .starts = buffers[6].as<std::int32_t>(),
                .lengths = buffers[7].as<std::int32_t>(),
                .offsets = buffers[8].as<std::int32_t>(),
                .logSum = buffers[10].as<float>(),
                .scores = buffers[11].as<float>(),
                .arenaRows = arenaRows,
                .entries = entries,
                .longest = *std::max_element(what.lengths.begin(), what.lengths.end()),
                .probeRows = what.probes,
                .kvHeads = static_cast<std::int32_t>(what.lengths.size()),
                .group = what.group,
                .headDim = what.headDim,
                .scale = scale()};
    }

    [[nodiscard]] float scale() const { return 1.0F / std::sqrt(static_cast<float>(what.headDim)); }
    [[nodiscard]] std::size_t outputValues() const {
        return static_cast<std::size_t>(what.appended + what.probes) * what.lengths.size() *
               static_cast<std::size_t>(what.group * what.headDim);
    }
    [[nodiscard]] std::size_t probeSequences() const {
        return what.lengths.size() * static_cast<std::size_t>(what.group * what.probes);
    }

    Case what;
    std::vector<std::int32_t> starts;
    std::vector<std::int32_t> offsets;
    std::int32_t arenaRows = 0;
    std::int32_t entries = 0;
    std::vector<Bf16> appendedQuery;
    std::vector<Bf16> probeQuery;
    std::vector<Bf16> keys;
    std::vector<Bf16> values;
    std::vector<Bf16> probeKeys;
    std::vector<Bf16> probeValues;
    std::array<DeviceBuffer, 12> buffers;

private:
    void fillSlack() {
        constexpr Bf16 kNan = 0x7fc0;
        for (std::size_t head = 0; head < starts.size(); ++head) {
            const auto first = static_cast<std::ptrdiff_t>(starts[head] + what.lengths[head]) * what.headDim;
            const auto count = static_cast<std::ptrdiff_t>(what.slack) * what.headDim;
            std::fill_n(keys.begin() + first, count, kNan);
            std::fill_n(values.begin() + first, count, kNan);
        }
    }

    Result<void> toDevice() {
        EPI_TRY_ASSIGN(buffers[0], upload(appendedQuery));
        EPI_TRY_ASSIGN(buffers[1], upload(probeQuery));
        EPI_TRY_ASSIGN(buffers[2], upload(keys));
        EPI_TRY_ASSIGN(buffers[3], upload(values));
        EPI_TRY_ASSIGN(buffers[4], upload(probeKeys));
        EPI_TRY_ASSIGN(buffers[5], upload(probeValues));
        EPI_TRY_ASSIGN(buffers[6], upload(starts));
        EPI_TRY_ASSIGN(buffers[7], upload(what.lengths));
        EPI_TRY_ASSIGN(buffers[8], upload(offsets));
        // What is not written stays NaN.
        EPI_TRY_ASSIGN(buffers[9], upload(std::vector<Bf16>(outputValues(), 0x7fc0)));
        const float nan = std::numeric_limits<float>::quiet_NaN();
        EPI_TRY_ASSIGN(buffers[10], upload(std::vector<float>(probeSequences(), nan)));
        EPI_TRY_ASSIGN(buffers[11], upload(std::vector<float>(static_cast<std::size_t>(entries), nan)));
        return {};
    }
};

double dot(const Bf16* a, const Bf16* b, int count) {
    double sum = 0.0;
    for (int i = 0; i < count; ++i)
        sum += static_cast<double>(wide(a[i])) * static_cast<double>(wide(b[i]));
    return sum;
}

/// Softmax in double precision over runs of keys.
struct Softmax {
    explicit Softmax(int headDim) : output(static_cast<std::size_t>(headDim)) {}

    void see(const Bf16* query, const Bf16* keys, const Bf16* values, int count, double scale) {
        const auto width = static_cast<int>(output.size());
        for (int key = 0; key < count; ++key) {
            const std::ptrdiff_t at = static_cast<std::ptrdiff_t>(key) * width;
            const double weight = std::exp(dot(query, keys + at, width) * scale);
            sum += weight;
            for (int i = 0; i < width; ++i)
                output[static_cast<std::size_t>(i)] += weight * static_cast<double>(wide(values[at + i]));
        }
    }
    double sum = 0.0;
    std::vector<double> output;
};

struct Differences {
    double output = 0.0;
    double logSum = 0.0;
    double score = 0.0;
    [[nodiscard]] bool isSmall() const {
        return output < kMaxOutputDifference && logSum < kMaxLogSumDifference && score < kMaxScoreDifference;
    }
};

Result<Differences> compare(const Layer& layer) {
    const Case& what = layer.what;
    const auto heads = static_cast<int>(what.lengths.size());
    EPI_TRY_ASSIGN(const auto output, download<Bf16>(layer.buffers[9], layer.outputValues()));
    EPI_TRY_ASSIGN(const auto logSums, download<float>(layer.buffers[10], layer.probeSequences()));
    EPI_TRY_ASSIGN(const auto scores,
                   download<float>(layer.buffers[11], static_cast<std::size_t>(layer.entries)));
    const auto scale = static_cast<double>(layer.scale());
    Differences differences;
    double error = 0.0;
    double norm = 0.0;
    const auto take = [](double& worst, double value) {
        worst = value <= worst ? worst : value;
    };  // NaN wins
    Rng rng(7);
    const int tokens = what.appended + what.probes;
    for (int look = 0; look < kRowsLookedAt; ++look) {
        // The first and the last rows of both kinds, then any.
        const std::array edges{0, what.appended - 1, what.appended, tokens - 1};
        const int token = look < 4 ? std::clamp(edges[static_cast<std::size_t>(look)], 0, tokens - 1)
                                   : static_cast<int>(rng.below(static_cast<std::uint64_t>(tokens)));
        const int head = static_cast<int>(rng.below(static_cast<std::uint64_t>(heads)));
        const int member = static_cast<int>(rng.below(static_cast<std::uint64_t>(what.group)));
        const std::ptrdiff_t arena =
            std::ptrdiff_t{layer.starts[static_cast<std::size_t>(head)]} * what.headDim;
        const int length = what.lengths[static_cast<std::size_t>(head)];
        Softmax softmax(what.headDim);
        const bool isProbe = token >= what.appended;
        if (isProbe) {
            const int row = token - what.appended;
            const std::ptrdiff_t sequence = std::ptrdiff_t{head} * what.probes;
            const Bf16* const query =
                layer.probeQuery.data() + ((sequence + row) * what.group + member) * what.headDim;
            softmax.see(query, layer.keys.data() + arena, layer.values.data() + arena, length, scale);
            const double expected = std::log(softmax.sum);
            const double found = static_cast<double>(logSums[static_cast<std::size_t>(
                std::ptrdiff_t{member} * heads * what.probes + sequence + row)]);
            if (length > 0) take(differences.logSum, std::abs(found - expected));
            softmax.see(query,
                        layer.probeKeys.data() + sequence * what.headDim,
                        layer.probeValues.data() + sequence * what.headDim,
                        row + 1,
                        scale);
        } else {
            const std::ptrdiff_t sequence = std::ptrdiff_t{head} * what.appended + token;
            softmax.see(layer.appendedQuery.data() + (sequence * what.group + member) * what.headDim,
                        layer.keys.data() + arena,
                        layer.values.data() + arena,
                        length - what.appended + token + 1,
                        scale);
        }
        const std::ptrdiff_t first =
            (std::ptrdiff_t{token} * heads * what.group + head * what.group + member) * what.headDim;
        for (int i = 0; i < what.headDim; ++i) {
            const double expected = softmax.output[static_cast<std::size_t>(i)] / softmax.sum;
            const auto found = static_cast<double>(wide(output[static_cast<std::size_t>(first + i)]));
            error += (found - expected) * (found - expected);
            norm += expected * expected;
        }
    }
    differences.output = std::sqrt(error / norm);
    for (int look = 0; look < kRowsLookedAt / 2 && layer.entries > 0 && what.probes > 0; ++look) {
        const int head = static_cast<int>(rng.below(static_cast<std::uint64_t>(heads)));
        const int length = what.lengths[static_cast<std::size_t>(head)];
        if (length == 0) continue;
        const int key =
            look == 0 ? length - 1 : static_cast<int>(rng.below(static_cast<std::uint64_t>(length)));
        const std::ptrdiff_t at =
            std::ptrdiff_t{layer.starts[static_cast<std::size_t>(head)] + key} * what.headDim;
        double best = -std::numeric_limits<double>::infinity();
        for (int row = 0; row < what.probes; ++row) {
            for (int member = 0; member < what.group; ++member) {
                const std::ptrdiff_t sequence = std::ptrdiff_t{head} * what.probes + row;
                const double logit =
                    scale * dot(layer.probeQuery.data() + (sequence * what.group + member) * what.headDim,
                                layer.keys.data() + at,
                                what.headDim);
                const auto logSum = static_cast<double>(logSums[static_cast<std::size_t>(
                    std::ptrdiff_t{member} * heads * what.probes + sequence)]);
                best = std::max(best, logit - logSum);
            }
        }
        const auto found = static_cast<double>(
            scores[static_cast<std::size_t>(layer.offsets[static_cast<std::size_t>(head)] + key)]);
        take(differences.score, std::abs(found / std::exp(best) - 1.0));
    }
    return differences;
}

double median(std::vector<double> values) {
    std::nth_element(
        values.begin(), values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2), values.end());
    return values[values.size() / 2];
}

/// Seconds of one call of twenty, the median of five.
template <typename Run>
Result<double> measure(Run&& run, cudaStream_t stream) {
    constexpr int kCalls = 20;
    cudaEvent_t start = nullptr;
    cudaEvent_t end = nullptr;
    EPI_CUDA_TRY("event", cudaEventCreate(&start));
    EPI_CUDA_TRY("event", cudaEventCreate(&end));
    std::vector<double> seconds;
    for (int repeat = 0; repeat < 6; ++repeat) {
        EPI_CUDA_TRY("event", cudaEventRecord(start, stream));
        for (int call = 0; call < kCalls; ++call)
            EPI_CUDA_TRY("launch", run());
        EPI_CUDA_TRY("event", cudaEventRecord(end, stream));
        EPI_CUDA_TRY("event", cudaEventSynchronize(end));
        float milliseconds = 0.0F;
        EPI_CUDA_TRY("event", cudaEventElapsedTime(&milliseconds, start, end));
        if (repeat > 0) seconds.push_back(static_cast<double>(milliseconds) / 1e3 / kCalls);
    }
    static_cast<void>(cudaEventDestroy(start));
    static_cast<void>(cudaEventDestroy(end));
    return median(seconds);
}

}  // namespace

Result<bool> checkAttention(cudaStream_t stream) {
    const std::array cases{
        Case{.lengths = {300, 128, 129}, .group = 4, .appended = 100, .probes = 70},
        Case{.lengths = {2048, 2500, 2049}, .group = 4, .appended = 2048, .probes = 1024},
        Case{.lengths = {700, 701}, .group = 7, .appended = 33, .probes = 0, .slack = 200},
        Case{.lengths = {1, 40, 5000}, .group = 3, .headDim = 64, .appended = 1, .probes = 5},
        Case{.lengths = {256, 384}, .group = 1, .headDim = 64, .appended = 128, .probes = 129, .slack = 0},
        Case{.lengths = {0, 0}, .group = 2, .appended = 0, .probes = 300},
        Case{.lengths = {64, 4000}, .group = 3, .headDim = 64, .appended = 0, .probes = 257},
        Case{.lengths = {513}, .group = 8, .appended = 513, .probes = 128},
    };
    bool isGood = true;
    for (const Case& what : cases) {
        EPI_TRY_ASSIGN(Layer layer, Layer::create(what));
        EPI_TRY(layer.run(stream));
        EPI_TRY_ASSIGN(const Differences found, compare(layer));
        std::printf(
            "attention %zu x %d heads of %d, %d rows, %d of a probe: output %.1e, log-sum %.1e, score "
            "%.1e%s\n",
            what.lengths.size(),
            what.group,
            what.headDim,
            what.appended,
            what.probes,
            found.output,
            found.logSum,
            found.score,
            found.isSmall() ? "" : " TOO LARGE");
        isGood = isGood && found.isSmall();
    }
    return isGood;
}

Result<void> benchAttention(cudaStream_t stream) {
    constexpr int kAppended = 2048;
    constexpr int kProbes = 1024;
    const Case what{.lengths = {6144, 5000, 7288, 6144, 6100, 6188, 4200, 8088},
                    .group = 4,
                    .appended = kAppended,
                    .probes = kProbes,
                    .slack = 0};
    EPI_TRY_ASSIGN(const Layer layer, Layer::create(what));
    double seen = 0.0;  // keys, by all rows of one query head per KV head
    for (const std::int32_t length : what.lengths) {
        seen += kAppended * (length - (kAppended - 1) / 2.0);
        seen += kProbes * (length + (kProbes + 1) / 2.0);
    }
    const double attentionWork = 4.0 * what.headDim * what.group * seen;
    const double scoreWork = 2.0 * what.headDim * what.group * kProbes * static_cast<double>(layer.entries);
    const AttendRowsArgs attention = layer.attention();
    EPI_TRY_ASSIGN(const double attending, measure([&] { return attendRows(attention, stream); }, stream));
    const ProbeScoresArgs scoring = layer.scoring();
    EPI_TRY_ASSIGN(const double scores, measure([&] { return probeScores(scoring, stream); }, stream));
    std::printf("attention of a block, llama-8b: %.3f ms, %.0f TFLOP/s; scores %.3f ms, %.0f TFLOP/s\n",
                attending * 1e3,
                attentionWork / attending / 1e12,
                scores * 1e3,
                scoreWork / scores / 1e12);
    return {};
}

}  // namespace epi::cuda
