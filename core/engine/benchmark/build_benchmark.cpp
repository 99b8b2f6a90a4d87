#include <algorithm>
#include <map>
#include <numeric>
#include <string>
#include <vector>

#include <c10/core/InferenceMode.h>

#include "core/engine/benchmark/bench_memory.h"
#include "core/engine/benchmark/made_up_text.h"
#include "core/engine/benchmark/operation_counts.h"
#include "core/engine/benchmark/stopwatch.h"
#include "core/model/executor.h"
#include "core/model/language_model.h"
#include "core/model/text_embedder.h"
#include "core/tensor/guard.h"

namespace epi {
namespace {

/// What the stages of one name took, and read.
struct StageSum {
    std::vector<double> seconds;
    std::vector<std::int64_t> tokens;

    [[nodiscard]] double total() const {
        double sum = 0.0;
        for (const double each : seconds)
            sum += each;
        return sum;
    }
};
using Stages = std::map<std::string, StageSum>;

/// Blocks that nothing is evicted after.
double sharedOperations(const Executor& executor, const BenchSizes& sizes, std::int64_t tokens) {
    double operations = 0.0;
    for (std::int64_t first = 0; first < tokens; first += sizes.block) {
        const std::int64_t end = std::min(first + sizes.block, tokens);
        operations += forwardOperations(
            executor,
            {.rows = static_cast<double>(end - first), .probes = 0.0, .entries = static_cast<double>(end)});
    }
    return operations;
}

/// Blocks that are scored and evicted, and the prompts of `known` blocks whose own rows all episodes share.
double scoredOperations(const Executor& executor,
                        const BenchSizes& sizes,
                        std::int64_t tokens,
                        std::int64_t known,
                        std::size_t promptTokens) {
    const std::int64_t prompts = (tokens + sizes.block - 1) / sizes.block + known;
    const double probes = static_cast<double>(prompts) * static_cast<double>(promptTokens);
    return forwardOperations(executor,
                             {.rows = static_cast<double>(tokens) + probes,
                              .probes = probes,
                              .entries = static_cast<double>(sizes.budget + sizes.block)});
}

/// Every block once, and behind it the prompts of all episodes.
double onePassOperations(const Executor& executor, const BenchSizes& sizes, const BuiltMemory& memory) {
    double prompt = 0.0;
    for (const EpisodeMemory& episode : memory.episodes)
        prompt += static_cast<double>(episode.prompt.size());
    const std::int64_t blocks = (memory.builtTokens + sizes.block - 1) / sizes.block;
    const double probes = static_cast<double>(blocks) * prompt;
    return forwardOperations(executor,
                             {.rows = static_cast<double>(memory.builtTokens) + probes,
                              .probes = probes,
                              .entries = static_cast<double>(sizes.budget + sizes.block)});
}

BenchRow stageRow(const char* what, const Stages& stages, const std::string& stage) {
    const auto found = stages.find(stage);
    const double total = found == stages.end() ? 0.0 : found->second.total();
    return {.row = "build",
            .what = what,
            .seconds = {.median = total, .fastest = total, .slowest = total},
            .details = {{"stage", stage}}};
}

BenchRow bytesRow(const char* what, const Stages& stages, const std::string& stage, double bytes) {
    BenchRow row = stageRow(what, stages, stage);
    row.unit = "GB/s";
    row.rate = row.seconds.median > 0.0 ? bytes / row.seconds.median / 1e9 : 0.0;
    row.details["bytes"] = bytes;
    return row;
}

/// Rows that read the history.
void addReading(const BenchRun& run, const BuiltMemory& memory, const Stages& stages, BenchRows& rows) {
    const Executor& executor = run.subject.model->executor();
    const double matmulRate = run.subject.ceilings.matmulRate;
    const auto finish = [&](BenchRow& row, double operations) {
        row.unit = "TFLOP/s";
        row.rate = operations / row.seconds.median / 1e12;
        row.floorSeconds = operations / matmulRate;
        row.limit = "multiplying";
        row.details["operations"] = operations;
    };
    double operations = 0.0;
    std::int64_t known = 0;
    if (const auto shared = stages.find("shared"); shared != stages.end()) {
        // Told first are the blocks that fit, then the one behind which each episode runs its prompt.
        const auto& told = shared->second.tokens;
        const std::int64_t tokens = std::accumulate(told.begin(), told.end(), std::int64_t{0});
        known = static_cast<std::int64_t>(told.size()) - 1;
        operations = sharedOperations(executor, run.sizes, tokens);
        BenchRow row = stageRow("what all episodes share", stages, "shared");
        row.details["tokens"] = tokens;
        finish(row, operations);
        rows.push_back(std::move(row));
    }
    if (run.sizes.isOnePass) {
        operations = onePassOperations(executor, run.sizes, memory);
        BenchRow row = stageRow("all episodes in one pass", stages, "reading");
        row.details["tokens"] = memory.builtTokens;
        finish(row, operations);
        rows.push_back(std::move(row));
    } else if (const auto reading = stages.find("reading"); reading != stages.end()) {
        const StageSum& each = reading->second;
        double first = 0.0;
        for (std::size_t i = 0; i < each.tokens.size(); ++i) {
            const double own = scoredOperations(executor,
                                                run.sizes,
                                                each.tokens[i],
                                                known,
                                                memory.episodes[i % memory.episodes.size()].prompt.size());
            operations += own;
            if (i == 0) first = own;
        }
        BenchRow row{.row = "build", .what = "the rest of one episode", .seconds = spreadOf(each.seconds)};
        row.details["stage"] = "reading";
        row.details["tokens"] = each.tokens.front();
        row.details["seconds_per_episode"] = each.seconds;
        finish(row, first);
        rows.push_back(std::move(row));
    }
    finish(rows.front(), operations);
}

Result<BenchRows> measure(const BenchRun& run, BenchMemory::State& bench) {
    const LanguageModel& model = *run.subject.model;
    Conversation& conversation = bench.conversation;
    BuildContext context = bench.context(run);
    conversation.name = "bench";
    const auto makeChat = [&](std::int64_t tokens) {
        conversation.text = madeUpChat(model.tokenizer(), tokens);
        conversation.history =
            tokenizeHistory(conversation.text, *context.chatTemplate, model.tokenizer(), context.wording);
        return static_cast<std::int64_t>(conversation.history.ids.size());
    };
    // The template's own tokens are part of the history.
    const std::int64_t found = makeChat(run.sizes.history);
    makeChat(run.sizes.history * run.sizes.history / found);
    // The first texts load libraries and kernels, which is over long before a history is embedded.
    std::vector<std::string> texts;
    for (const Turn& turn : conversation.text.turns)
        if (texts.size() < 64) texts.push_back(turn.text);
    EPI_TRY(run.subject.embedder->embed(texts, {}, run.cancel));

    Stages stages;
    std::int64_t segments = 0;
    context.progress = [&](const Progress& progress) {
        if (progress.phase == "embedding") segments = progress.total;
    };
    context.timed = [&](const BuildStage& stage) {
        StageSum& sum = stages[std::string(stage.name)];
        sum.seconds.push_back(stage.seconds);
        sum.tokens.push_back(stage.tokens);
    };
    double snapshotBytes = 0.0;
    context.built = [&](const std::string&, const KvSnapshot& snapshot, bool) {
        snapshotBytes += static_cast<double>(snapshot.bytes());
    };
    MemoryOptions options;
    options.preset = run.sizes.isOnePass ? "epicache-onepass" : "epicache";
    options.budget = static_cast<std::int32_t>(run.sizes.budget);
    options.block = static_cast<std::int32_t>(run.sizes.block);
    options.patchTokens = static_cast<std::int32_t>(run.sizes.prompt);
    options.episodes = run.sizes.episodes;
    const auto start = std::chrono::steady_clock::now();
    EPI_TRY_ASSIGN(BuiltMemory memory, buildMemory(context, conversation, options, bench.peak));
    const double total = secondsSince(start);

    BenchRows rows;
    const auto history = static_cast<double>(conversation.history.ids.size());
    rows.push_back({.row = "build",
                    .what = std::to_string(memory.episodes.size()) + " episodes of " +
                            std::to_string(conversation.history.ids.size()) + " tokens",
                    .seconds = {.median = total, .fastest = total, .slowest = total},
                    .details = {{"stage", "all"},
                                {"episodes", memory.episodes.size()},
                                {"history", conversation.history.ids.size()},
                                {"read_tokens", memory.readTokens},
                                {"history_tokens_per_second",
                                 history * static_cast<double>(memory.episodes.size()) / total}}});
    addReading(run, memory, stages, rows);
    BenchRow embedding = stageRow("embedding", stages, "embedding");
    embedding.unit = "segments/s";
    embedding.rate = static_cast<double>(segments) / std::max(1e-9, embedding.seconds.median);
    embedding.details["segments"] = segments;
    rows.push_back(std::move(embedding));
    rows.push_back(stageRow("clustering", stages, "clustering"));
    rows.push_back(stageRow("copies of what is shared", stages, "sharing"));
    BenchRow transfer = bytesRow("transfer to the computer's memory", stages, "transfer", snapshotBytes);
    if (run.subject.ceilings.downloadRate > 0.0) {
        transfer.floorSeconds = snapshotBytes / run.subject.ceilings.downloadRate;
        transfer.limit = "download";
    }
    rows.push_back(std::move(transfer));
    rows.push_back(stageRow("waiting for the files", stages, "saving"));
    BenchRow writing = bytesRow("writing the files", stages, "writing", snapshotBytes);
    writing.note = "most of it beside the reading";
    rows.push_back(std::move(writing));
    conversation.memory = std::move(memory);
    return rows;
}

}  // namespace

Result<BenchRows> benchmarkBuild(const BenchRun& run, BenchMemory& memory) {
    const c10::InferenceMode inference;
    return guarded("measuring a build", [&] { return measure(run, memory.state()); });
}

}  // namespace epi
