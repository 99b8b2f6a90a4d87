#include <memory>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "app/cli/command_line.h"
#include "app/cli/json_input.h"
#include "app/cli/model_path.h"
#include "app/cli/token_arguments.h"
#include "core/engine/model_tools.h"
#include "core/model/language_model.h"

namespace epi {
namespace {

using nlohmann::json;

struct LogitsOptions {
    ModelArguments model;
    std::vector<TokenId> ids;
    std::string idsFile;
    std::int64_t last = 1;
    std::vector<TokenId> probe;
};

json describe(const LogitsRow& row, bool hasProbe) {
    json described{
        {"logsumexp", row.logSumExp}, {"mean", row.mean}, {"std", row.standardDeviation}, {"top", row.top}};
    if (hasProbe) described["probe"] = row.probe;
    return described;
}

std::string lineOf(const LogitsRow& row) {
    std::string line = "logsumexp " + std::to_string(row.logSumExp) + ", best";
    for (std::size_t i = 0; i < std::min<std::size_t>(5, row.top.size()); ++i) {
        line += " " + std::to_string(row.top[i].first) + ":" + std::to_string(row.top[i].second);
    }
    return line + "\n";
}

Result<void> printLogits(const LogitsOptions& options, const CommandContext& context) {
    std::vector<TokenId> ids = options.ids;
    if (!options.idsFile.empty()) {
        EPI_TRY_ASSIGN(ids, readIntegers(options.idsFile));
    }
    if (ids.empty()) return Error{ErrorCode::kInvalidArgument, "no token ids are given"};
    EPI_TRY_ASSIGN(const auto model, loadModel(options.model, context.output, context.cancel));
    EPI_TRY(checkTokens(ids, model->info().vocabulary, "ids"));
    EPI_TRY(checkTokens(options.probe, model->info().vocabulary, "probe"));
    EPI_TRY_ASSIGN(const LogitsReport report, reportLogits(*model, ids, options.last, options.probe));
    json positions = json::array();
    std::string lines;
    for (const LogitsRow& row : report.positions) {
        positions.push_back(describe(row, !options.probe.empty()));
        lines += lineOf(row);
    }
    context.output.print({{"positions", std::move(positions)}, {"next_logprob", report.nextLogProbability}},
                         lines);
    return {};
}

}  // namespace
}  // namespace epi

EPI_COMMANDS(logits) {
    const auto options = std::make_shared<epi::LogitsOptions>();
    CLI::App& command = commandLine.add(
        {"logits", "Run token ids through a model and print its logits"},
        [options](const epi::CommandContext& context) { return epi::printLogits(*options, context); });
    epi::addModelOptions(command, options->model);
    CLI::Option_group& input = *command.add_option_group("Input");
    input.add_option("--ids", options->ids, "Token ids, separated by commas")->delimiter(',');
    input.add_option("--ids-file", options->idsFile, "JSON array of token ids");
    input.require_option(1);
    command.add_option("--last", options->last, "How many of the last positions are described")
        ->check(CLI::PositiveNumber)
        ->capture_default_str();
    command.add_option("--probe", options->probe, "Ids whose logits are wanted, separated by commas")
        ->delimiter(',');
}
