#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <map>
#include <numeric>
#include <string>
#include <vector>

#include <c10/core/InferenceMode.h>

#include "core/engine/benchmark/bench_memory.h"
#include "core/engine/benchmark/kept_entries.h"
#include "core/engine/benchmark/stopwatch.h"
#include "core/engine/block_prefill.h"
#include "core/engine/episode_reader.h"
#include "core/engine/reading_cache.h"
#include "core/model/executor.h"
#include "core/model/language_model.h"
#include "core/tensor/device_memory.h"
#include "core/tensor/guard.h"
#include "core/tensor/spare_blocks.h"

namespace epi {
namespace {

/// The reading of all episodes of a memory.
struct Passes {
    double seconds = 0.0;
    std::map<std::string, double> stages;  // of a build
    std::vector<KvSnapshot> kept;
};

/// The history ends with this token: turns are whole and seldom end with a block.
Conversation firstTokens(Conversation conversation, std::int64_t tokens) {
    std::vector<TokenId>& ids = conversation.history.ids;
    ids.resize(std::min(ids.size(), static_cast<std::size_t>(tokens)));
    for (TurnSpan& turn : conversation.history.turns)
        turn.endToken = std::min(turn.endToken, static_cast<std::int64_t>(ids.size()));
    return conversation;
}

/// Every episode for itself, as the method was published: the patched prompt runs behind every block, also
/// while the history still fits the budget. Memory for the copies is locked beside it, as in a build.
Result<Passes> readApart(const BenchRun& run, const Conversation& conversation) {
    const BuiltMemory& memory = *conversation.memory;
    const Executor& executor = run.subject.model->executor();
    SpareBlocks spares(executor.placement().device.is_cuda() ? devicePageLock() : PageLock{});
    std::int64_t copyBytes = 0;
    Passes passes;
    for (const EpisodeMemory& episode : memory.episodes) {
        MemoryPeak peak;
        EPI_TRY_ASSIGN(KvCache cache, makeReadingCache(*run.subject.model, memory, peak));
        PrefillTask task{.ids = conversation.history.ids,
                         .block = run.sizes.block,
                         .rule = evictionRule(memory, conversation.history),
                         .prompt = episode.prompt};
        const auto left = [&] {
            return static_cast<std::int64_t>(task.ids.size()) - task.readTokens;
        };
        synchronizeDevice();
        const auto start = std::chrono::steady_clock::now();
        spares.prepare(copyBytes);
        while (left() >= task.block && !exceedsBudget(cache, executor.spec(), task.rule, task.block)) {
            const auto block = std::span(task.ids).subspan(static_cast<std::size_t>(task.readTokens),
                                                           static_cast<std::size_t>(task.block));
            task.readTokens += task.block;
            const ForwardRequest request{.groups = {{.kind = RowGroup::Kind::kAppend,
                                                     .ids = block,
                                                     .firstPosition = cache.nextPosition()},
                                                    {.kind = RowGroup::Kind::kProbe,
                                                     .ids = task.prompt,
                                                     .firstPosition = cache.nextPosition() + task.block}},
                                         .logitRows = 0,
                                         .hook = nullptr,
                                         .cancel = run.cancel};
            EPI_TRY(executor.forward(request, cache));
        }
        EPI_TRY(BlockPrefill(executor, cache, std::move(task)).run(run.cancel));
        synchronizeDevice();
        passes.seconds += secondsSince(start);
        copyBytes = cache.snapshotBytes();
        passes.kept.push_back(cache.snapshotIn(spares.takeOrMake(copyBytes)));
    }
    return passes;
}

/// All episodes as a build reads them. Here, too, copies of what is read are no part of it.
Result<Passes> readTogether(BuildContext context, const Conversation& conversation) {
    const BuiltMemory& memory = *conversation.memory;
    std::vector<std::int32_t> episodes(memory.episodes.size());
    std::iota(episodes.begin(), episodes.end(), 0);
    Passes passes;
    context.timed = [&](const BuildStage& stage) {
        if (stage.name == "transfer") return;
        passes.seconds += stage.seconds;
        passes.stages[std::string(stage.name)] += stage.seconds;
    };
    MemoryPeak peak;
    EpisodeReader reader(context, conversation, memory);
    EPI_TRY(reader.read(episodes, peak, [&](std::int32_t, KvSnapshot snapshot) -> Result<void> {
        passes.kept.push_back(std::move(snapshot));
        return {};
    }));
    return passes;
}

Result<BenchRows> measure(const BenchRun& run, const BenchMemory::State& bench) {
    if (!bench.conversation.memory)
        return Error{ErrorCode::kInvalidArgument, "no memory was built that could be read again"};
    const Conversation conversation = firstTokens(bench.conversation, run.sizes.history);
    EPI_TRY_ASSIGN(const Passes apart, readApart(run, conversation));
    EPI_TRY_ASSIGN(const Passes together, readTogether(bench.context(run), conversation));
    std::int64_t different = 0;
    std::int64_t entries = 0;
    for (std::size_t episode = 0; episode < apart.kept.size(); ++episode) {
        different += differingEntries(apart.kept[episode], together.kept[episode]);
        entries += apart.kept[episode].entries();
    }
    const auto rowOf = [&](const char* what, double seconds) {
        return BenchRow{.row = "sharing",
                        .what = std::to_string(apart.kept.size()) + what,
                        .seconds = {.median = seconds, .fastest = seconds, .slowest = seconds}};
    };
    BenchRow one = rowOf(" passes for themselves, a prompt behind every block", apart.seconds);
    BenchRow two = rowOf(" passes that read once what they share", together.seconds);
    const double gain = apart.seconds / together.seconds;
    two.details["times_as_fast"] = gain;
    two.details["differing_entries"] = different;
    two.details["seconds_by_stage"] = together.stages;
    std::array<char, 32> times{};
    std::snprintf(times.data(), times.size(), "%.2f times as fast, ", gain);
    two.note =
        times.data() + std::to_string(different) + " of " + std::to_string(entries) + " entries kept differ";
    return BenchRows{std::move(one), std::move(two)};
}

}  // namespace

Result<BenchRows> benchmarkSharing(const BenchRun& run, BenchMemory& memory) {
    const c10::InferenceMode inference;
    return guarded("measuring what passes share", [&] { return measure(run, memory.state()); });
}

}  // namespace epi
