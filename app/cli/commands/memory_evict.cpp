#include <memory>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "app/cli/command_line.h"
#include "app/cli/json_input.h"
#include "app/cli/model_path.h"
#include "app/cli/token_arguments.h"
#include "core/base/file.h"
#include "core/base/printable.h"
#include "core/engine/model_tools.h"
#include "core/model/language_model.h"

namespace epi {
namespace {

using nlohmann::json;

struct EvictOptions {
    ModelArguments model;
    std::string idsFile;
    std::string promptIdsFile;
    std::string questionIdsFile;
    std::string layerBudgetsFile;
    std::string level;
    std::string out;
    EvictionReplay replay;
};

Result<EvictionReplay> replayOf(const EvictOptions& options) {
    EvictionReplay replay = options.replay;
    EPI_TRY_ASSIGN(replay.ids, readIntegers(options.idsFile));
    if (!options.promptIdsFile.empty()) {
        EPI_TRY_ASSIGN(replay.prompt, readIntegers(options.promptIdsFile));
    }
    if (!options.questionIdsFile.empty()) {
        EPI_TRY_ASSIGN(replay.question, readIntegers(options.questionIdsFile));
    }
    if (!options.layerBudgetsFile.empty()) {
        EPI_TRY_ASSIGN(replay.layerBudgets, readIntegers(options.layerBudgetsFile));
    }
    if (!options.level.empty()) {
        EPI_TRY_ASSIGN(replay.level, budgetLevelFromName(options.level));
    }
    if (replay.prefixTokens > static_cast<std::int64_t>(replay.ids.size())) {
        return Error{ErrorCode::kInvalidArgument,
                     "the prefix has " + std::to_string(replay.prefixTokens) + " tokens, the history " +
                         std::to_string(replay.ids.size())};
    }
    return replay;
}

json describe(const EvictionReplayReport& report) {
    json blocks = json::array();
    for (const EvictionReplayBlock& block : report.blocks) {
        blocks.push_back({{"kept", block.kept},
                          {"threshold_kept", block.thresholdKept},
                          {"threshold_dropped", block.thresholdDropped}});
    }
    json described{{"blocks", std::move(blocks)},
                   {"layer_budgets", report.layerBudgets},
                   {"peak_entries", report.peakEntriesPerHead},
                   {"peak_entries_bound", report.peakEntriesBound}};
    if (!report.answer) return described;
    json seconds = json::array();
    json gaps = json::array();
    for (const GreedyGap& gap : report.greedy.gaps) {
        seconds.push_back(gap.second);
        gaps.push_back(gap.gap);
    }
    described["top"] = report.answer->top;
    described["logsumexp"] = report.answer->logSumExp;
    described["greedy_ids"] = report.greedy.ids;
    described["greedy_gap"] = std::move(gaps);
    described["greedy_second_ids"] = std::move(seconds);
    described["greedy_best_logit"] = report.greedy.gapLogits;
    return described;
}

Result<void> evict(const EvictOptions& options, const CommandContext& context) {
    EPI_TRY_ASSIGN(const EvictionReplay replay, replayOf(options));
    EPI_TRY_ASSIGN(const auto model, loadModel(options.model, context.output, context.cancel));
    EPI_TRY(checkTokens(replay.ids, model->info().vocabulary, "history"));
    EPI_TRY(checkTokens(replay.prompt, model->info().vocabulary, "patched prompt"));
    EPI_TRY(checkTokens(replay.question, model->info().vocabulary, "question"));
    EPI_TRY_ASSIGN(const EvictionReplayReport report, replayEviction(*model, replay));
    EPI_TRY(writeFileAtomically(options.out, describe(report).dump() + "\n"));
    context.output.print({{"out", options.out},
                          {"blocks", report.blocks.size()},
                          {"peak_entries", report.peakEntriesPerHead},
                          {"peak_entries_bound", report.peakEntriesBound}},
                         counted(std::ssize(report.blocks), "block") + ", at most " +
                             counted(report.peakEntriesPerHead, "entry", "entries") +
                             " per layer and head of " + groupedSigned(report.peakEntriesBound) + " allowed");
    return {};
}

}  // namespace
}  // namespace epi

EPI_COMMANDS(memory_evict) {
    const auto options = std::make_shared<epi::EvictOptions>();
    CLI::App& group = commandLine.addGroup({"memory", "Build and look at the memories of conversations"});
    CLI::App& command = commandLine.add(
        {"evict", "Read token ids block by block under a budget and write down what is kept"},
        [options](const epi::CommandContext& context) { return epi::evict(*options, context); },
        &group);
    epi::addModelOptions(command, options->model);
    epi::EvictionReplay& replay = options->replay;
    command.add_option("--ids", options->idsFile, "JSON array: the history's token ids")->required();
    command.add_option("--prompt-ids",
                       options->promptIdsFile,
                       "JSON array: the patched prompt, or for a score that repeats each block (kvzip) what "
                       "asks for it; scores that need neither go without");
    command.add_option("--prefix", replay.prefixTokens, "Tokens of the history that are template text")
        ->check(CLI::Range(0, 1 << 24))
        ->required();
    command.add_option("--budget", replay.budget, "Mean entries per layer and head")->required();
    command.add_option("--block", replay.block, "Tokens read at a time")->required();
    command.add_option("--preset", replay.preset, "What is pinned, and where the prompt begins")->required();
    command.add_option("--level", options->level, "pair or pair-uniform; without it the preset's");
    command.add_option("--score", replay.score, "What an entry is worth; without it the preset's");
    command.add_option("--head-floor", replay.headFloor, "Share of a budget that each head keeps at least")
        ->check(CLI::Range(0.0, 1.0));
    command.add_option("--layer-budgets", options->layerBudgetsFile, "JSON array: a budget for each layer");
    command.add_option(
        "--question-ids", options->questionIdsFile, "JSON array: a question to answer at the end");
    command.add_option("--out", options->out, "JSON file to write")->required();
}
