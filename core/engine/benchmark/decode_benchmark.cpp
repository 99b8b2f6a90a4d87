#include <algorithm>
#include <chrono>
#include <vector>

#include <c10/core/InferenceMode.h>

#include "core/base/rng.h"
#include "core/engine/benchmark/benchmarks.h"
#include "core/engine/benchmark/operation_counts.h"
#include "core/engine/benchmark/stopwatch.h"
#include "core/engine/generation.h"
#include "core/model/executor.h"
#include "core/model/language_model.h"
#include "core/tensor/device_memory.h"
#include "core/tensor/guard.h"

namespace epi {
namespace {

/// Reads random tokens into the cache; the seconds it took.
Result<double> fill(const BenchRun& run, KvCache& cache, std::int64_t tokens) {
    const LanguageModel& model = *run.subject.model;
    Rng random(static_cast<std::uint64_t>(tokens));
    const auto start = std::chrono::steady_clock::now();
    for (std::int64_t read = 0; read < tokens;) {
        std::vector<TokenId> ids(static_cast<std::size_t>(std::min(run.sizes.block, tokens - read)));
        for (TokenId& id : ids)
            id = static_cast<TokenId>(random.below(static_cast<std::uint64_t>(model.info().vocabulary)));
        EPI_TRY(model.executor().forward(
            {.groups = {{.kind = RowGroup::Kind::kAppend, .ids = ids, .firstPosition = cache.nextPosition()}},
             .logitRows = 0,
             .hook = nullptr,
             .cancel = run.cancel},
            cache));
        read += static_cast<std::int64_t>(ids.size());
    }
    synchronizeDevice();
    return secondsSince(start);
}

Result<BenchRow> measure(const BenchRun& run, std::int64_t length, std::int32_t tokens) {
    const LanguageModel& model = *run.subject.model;
    const Executor& executor = model.executor();
    const std::vector<std::int64_t> rows(executor.spec().layers.size(), length + tokens + 2);
    KvCache cache(executor.spec(), rows, executor.placement());
    EPI_TRY_ASSIGN(const double promptSeconds, fill(run, cache, length));
    GenerationRequest request{.prompt = {1},
                              .sampling = {},
                              .stopAtEnd = false,
                              .recordGaps = false,
                              .onText = {},
                              .cancel = run.cancel};
    request.sampling.maxTokens = tokens;
    const KvCache::Mark mark = cache.mark();
    std::vector<double> seconds;
    for (std::int32_t repeat = 0; repeat <= run.sizes.repeats; ++repeat) {
        EPI_TRY_ASSIGN(const Generation reply, generate(model, cache, request));
        if (reply.reason == "cancelled") return Error{ErrorCode::kCancelled, "the measurement was cancelled"};
        cache.truncate(mark);
        if (repeat == 0) continue;  // makes graphs and buffers
        seconds.push_back(reply.decodeSeconds / static_cast<double>(reply.ids.size()));
    }
    const std::int64_t weightBytes = decodedWeightBytes(executor);
    const std::int64_t cacheBytes = decodedCacheBytes(executor, length);
    BenchRow row{
        .row = "decode",
        .what = "the model's weights, cache " + std::to_string(length),
        .seconds = spreadOf(std::move(seconds)),
        .unit = "tokens/s",
        .floorSeconds = static_cast<double>(weightBytes + cacheBytes) / run.subject.ceilings.readRate,
        .limit = "reading",
        .details = {{"cache", length},
                    {"weights", "of the model"},
                    {"tokens", tokens},
                    {"weight_bytes", weightBytes},
                    {"cache_bytes", cacheBytes}}};
    row.rate = 1.0 / row.seconds.median;
    if (length > 0) row.details["prompt_tokens_per_second"] = static_cast<double>(length) / promptSeconds;
    return row;
}

}  // namespace

Result<BenchRows> benchmarkDecode(const BenchRun& run,
                                  std::span<const std::int64_t> lengths,
                                  std::int32_t tokens) {
    const c10::InferenceMode inference;
    return guarded("measuring replies", [&]() -> Result<BenchRows> {
        BenchRows rows;
        for (const std::int64_t length : lengths) {
            EPI_TRY_ASSIGN(BenchRow row, measure(run, length, tokens));
            rows.push_back(std::move(row));
        }
        return rows;
    });
}

}  // namespace epi
