#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "app/cli/command_line.h"
#include "app/cli/database_option.h"
#include "app/cli/eval_report.h"
#include "core/base/printable.h"

namespace epi {
namespace {

using nlohmann::json;

struct EvalOptions {
    ConversationArguments conversation;
    std::optional<std::int64_t> run;
    std::string out;
};

Result<RunRecord> findRun(Store& store, std::int64_t conversationId, std::optional<std::int64_t> id) {
    EPI_TRY_ASSIGN(const std::vector<RunRecord> runs, store.runs(conversationId));
    for (const RunRecord& run : runs) {
        if (!id || run.id == *id) return run;  // the newest comes first
    }
    const std::string which = id ? "no run " + std::to_string(*id) : std::string("no run");
    return Error{ErrorCode::kNotFound,
                 "conversation " + std::to_string(conversationId) + " has " + which +
                     ", 'eval list' prints what there is"};
}

Result<void> exportRun(const EvalOptions& options, const CommandContext& context) {
    EPI_TRY_ASSIGN(Store store, openDatabase(options.conversation.database, DatabaseAccess::kExisting));
    EPI_TRY_ASSIGN(const ConversationRecord record,
                   store.findConversation(options.conversation.conversation));
    EPI_TRY_ASSIGN(const RunRecord run, findRun(store, record.id, options.run));
    EPI_TRY_ASSIGN(const EvalReport report, reportOf(store, record, run));
    EPI_TRY(writeReport(options.out, report));
    context.output.print({{"run", run.id}, {"rows", report.rows.size()}, {"out", options.out}},
                         counted(std::ssize(report.rows), "answer") + " of run " + std::to_string(run.id) +
                             " written to " + printable(options.out, kMaxPrintablePath));
    return {};
}

Result<void> listRuns(const EvalOptions& options, const CommandContext& context) {
    EPI_TRY_ASSIGN(Store store, openDatabase(options.conversation.database, DatabaseAccess::kExisting));
    std::vector<ConversationRecord> conversations;
    if (options.conversation.conversation.empty()) {
        EPI_TRY_ASSIGN(conversations, store.conversations());
    } else {
        EPI_TRY_ASSIGN(const ConversationRecord record,
                       store.findConversation(options.conversation.conversation));
        conversations.push_back(record);
    }
    json described = json::array();
    std::string lines;
    for (const ConversationRecord& conversation : conversations) {
        EPI_TRY_ASSIGN(const std::vector<RunRecord> runs, store.runs(conversation.id));
        for (const RunRecord& run : runs) {
            described.push_back({{"id", run.id},
                                 {"conversation", conversation.id},
                                 {"source_id", conversation.sourceId},
                                 {"state", run.state},
                                 {"answers", run.answerCount},
                                 {"started_at_ms", run.startedAtMs},
                                 {"finished_at_ms", run.finishedAtMs},
                                 {"settings", json::parse(run.settings, nullptr, false)}});
            lines += std::to_string(run.id) + "\t" + printable(conversation.sourceId) + "\t" +
                     printable(run.state) + "\t" + counted(run.answerCount, "answer") + "\n";
        }
    }
    context.output.print({{"runs", std::move(described)}}, lines);
    return {};
}

}  // namespace
}  // namespace epi

EPI_COMMANDS(eval) {
    using epi::CommandContext;
    const auto options = std::make_shared<epi::EvalOptions>();
    CLI::App& group = commandLine.addGroup({"eval", "Answer and score the questions of benchmarks"});
    CLI::App& exportCommand = commandLine.add(
        {"export", "Write the answers of a run to a file"},
        [options](const CommandContext& context) { return epi::exportRun(*options, context); },
        &group);
    epi::addConversationOptions(exportCommand, options->conversation);
    exportCommand.add_option("--run", options->run, "Id of the run; without it the newest");
    exportCommand.add_option("--out", options->out, "File to write, .csv or .json")->required();
    CLI::App& listCommand = commandLine.add(
        {"list", "List the evaluation runs of a database"},
        [options](const CommandContext& context) { return epi::listRuns(*options, context); },
        &group);
    epi::addConversationOptions(listCommand, options->conversation);
    listCommand.get_option("--conversation")->required(false);
}
