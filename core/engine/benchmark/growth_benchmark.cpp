#include <algorithm>

#include <c10/core/InferenceMode.h>

#include "core/engine/benchmark/bench_memory.h"
#include "core/engine/benchmark/stopwatch.h"
#include "core/engine/episode_store.h"
#include "core/engine/generation.h"
#include "core/model/language_model.h"
#include "core/tensor/device_memory.h"
#include "core/tensor/guard.h"

namespace epi {
namespace {

constexpr std::int32_t kSwitches = 10;
constexpr std::int32_t kTokensPerSwitch = 100;
constexpr std::int32_t kWarmUpRounds = 2;

Result<BenchRows> measure(const BenchRun& run, BenchMemory::State& memory) {
    if (!memory.conversation.memory)
        return Error{ErrorCode::kInvalidArgument, "no memory was built to switch in"};
    const BuiltMemory& built = *memory.conversation.memory;
    const LanguageModel& model = *run.subject.model;
    const auto episodes =
        built.sharesCache ? std::int32_t{1} : static_cast<std::int32_t>(built.episodes.size());
    const BuildContext context = memory.context(run);
    // Half of the episodes on the device, so that switches also move caches out and in.
    const std::int64_t resident = std::max<std::int64_t>(1, episodes / 2);
    EpisodeStore store(
        memory.folder,
        {.deviceBytes = resident * cacheBytes(model, built), .memoryBytes = std::int64_t{1} << 42});
    store.setOnGpu(model.info().isOnGpu);
    GenerationRequest request{.prompt = {1},
                              .sampling = {},
                              .stopAtEnd = false,
                              .recordGaps = false,
                              .onText = {},
                              .cancel = run.cancel};
    request.sampling.maxTokens = kTokensPerSwitch;
    std::int64_t tokens = 0;
    const auto askEpisode = [&](std::int32_t episode) -> Result<void> {
        EPI_TRY_ASSIGN(const EpisodeStore::Opened opened,
                       store.open(context, memory.conversation, episode, memory.peak));
        const KvCache::Mark mark = opened.cache->mark();
        EPI_TRY_ASSIGN(const Generation reply, generate(model, *opened.cache, request));
        if (reply.reason == "cancelled") return Error{ErrorCode::kCancelled, "the measurement was cancelled"};
        opened.cache->truncate(mark);
        tokens += static_cast<std::int64_t>(reply.ids.size());
        store.lockAhead();  // as an engine does that has nothing else to do
        store.finishLocking();
        return {};
    };
    for (std::int32_t i = 0; i < kWarmUpRounds * episodes; ++i)
        EPI_TRY(askEpisode(i % episodes));
    synchronizeDevice();
    tokens = 0;
    const std::int64_t before = freeDeviceBytes();
    const auto start = std::chrono::steady_clock::now();
    for (std::int32_t i = 0; i < kSwitches; ++i)
        EPI_TRY(askEpisode(i % episodes));
    synchronizeDevice();
    const double seconds = secondsSince(start);
    const std::int64_t grown = before - freeDeviceBytes();
    return BenchRows{{.row = "memory",
                      .what = "growth over " + std::to_string(tokens) + " tokens and " +
                              std::to_string(kSwitches) + " switches",
                      .seconds = {.median = seconds, .fastest = seconds, .slowest = seconds},
                      .rate = static_cast<double>(grown),
                      .unit = "bytes",
                      .details = {{"grown_bytes", grown}, {"tokens", tokens}, {"switches", kSwitches}},
                      .note = grown == 0 ? "" : "grew by " + std::to_string(grown) + " bytes"}};
}

}  // namespace

Result<BenchRows> benchmarkGrowth(const BenchRun& run, BenchMemory& memory) {
    const c10::InferenceMode inference;
    return guarded("measuring growth", [&] { return measure(run, memory.state()); });
}

}  // namespace epi
