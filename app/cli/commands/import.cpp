#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "app/cli/command_line.h"
#include "app/cli/database_option.h"
#include "core/base/printable.h"
#include "core/transfer/chat_import.h"
#include "storage/store.h"

namespace epi {
namespace {

using nlohmann::json;

struct ImportArguments {
    std::string database;
    std::string file;
    bool isPreview = false;
};

/// What happened to one chat of the file, or would.
struct ChatLine {
    json described;
    std::string text;
};

ChatLine lineOf(const PortableChat& chat, const ImportOutcome& outcome) {
    const auto questions = static_cast<std::int64_t>(chat.questions.size());
    const auto messages = static_cast<std::int64_t>(activeBranch(chat).size());
    ChatLine line;
    line.described = {{"id", outcome.conversationId},
                      {"source_id", chat.sourceId},
                      {"title", chat.title},
                      {"layout", name(chat.layout)},
                      {"speakers", chat.speakers},
                      {"messages", messages},
                      {"all_messages", chat.messages.size()},
                      {"questions", questions},
                      {"change", name(outcome.change)},
                      {"new_messages", outcome.newMessages}};
    line.text = std::to_string(outcome.conversationId) + "\t" + std::string(name(outcome.change)) + "\t" +
                counted(messages, "message") + "\t" + counted(questions, "question") + "\t" +
                printable(chat.title) + "\n";
    return line;
}

json describe(const ImportSummary& summary) {
    json leftOut = json::object();
    for (const auto& [reason, count] : summary.leftOut)
        leftOut[std::string(name(reason))] = count;
    json problems = json::array();
    for (const ImportProblem& problem : summary.problems)
        problems.push_back({{"where", problem.where}, {"reason", problem.reason}});
    return {{"format", summary.format},
            {"chats", summary.chats},
            {"all_messages", summary.messages},
            {"left_out", std::move(leftOut)},
            {"problems", std::move(problems)},
            {"notices", summary.notices}};
}

void noteProblems(const ImportSummary& summary, const Output& output) {
    for (const std::string& notice : summary.notices)
        output.notice(notice);
    for (const auto& [reason, count] : summary.leftOut)
        output.notice("left out, " + std::string(name(reason)) + ": " + groupedSigned(count));
    for (const ImportProblem& problem : summary.problems)
        output.notice(problem.where + " was not imported: " + problem.reason);
}

/// The database to look at for a preview; none is made for it.
Result<std::optional<Store>> storeFor(const ImportArguments& arguments) {
    auto store = arguments.isPreview ? openDatabase(arguments.database, DatabaseAccess::kExisting)
                                     : openWritableDatabase(arguments.database, DatabaseAccess::kCreate);
    if (store) return std::optional(*std::move(store));
    if (arguments.isPreview && store.error().code == ErrorCode::kNotFound) return std::optional<Store>();
    return store.error();
}

Result<void> importFile(const ImportArguments& arguments, const CommandContext& context) {
    std::optional<Store> store;
    json conversations = json::array();
    std::string lines;
    const auto take = [&](const ReadChat& read) -> Result<void> {
        // Opened with the first chat: a file that is none makes no database.
        if (!store) {
            EPI_TRY_ASSIGN(store, storeFor(arguments));
        }
        ImportOutcome outcome;
        if (!store) {
            outcome.newMessages = static_cast<std::int64_t>(read.chat.messages.size());
        } else {
            EPI_TRY_ASSIGN(
                outcome,
                arguments.isPreview ? store->previewImport(read.chat) : store->importChat(read.chat));
        }
        ChatLine line = lineOf(read.chat, outcome);
        conversations.push_back(std::move(line.described));
        lines += line.text;
        return {};
    };
    EPI_TRY_ASSIGN(const ImportSummary summary,
                   importChats(arguments.file, take, {.cancel = context.cancel}));
    json described = describe(summary);
    described["preview"] = arguments.isPreview;
    described["conversations"] = std::move(conversations);
    context.output.print(described, lines);
    if (!context.output.isJson()) noteProblems(summary, context.output);
    if (!summary.damage) return {};
    return Error(*summary.damage).with("the rest of " + printable(arguments.file, kMaxPrintablePath));
}

}  // namespace
}  // namespace epi

EPI_COMMANDS(import) {
    const auto arguments = std::make_shared<epi::ImportArguments>();
    CLI::App& command = commandLine.add(
        {"import", "Add the chats of a file to a database; what is there already stays as it is"},
        [arguments](const epi::CommandContext& context) { return epi::importFile(*arguments, context); });
    command.add_option("FILE", arguments->file, "Chats in a known format")->required();
    command.add_flag("--preview", arguments->isPreview, "Only say what would be imported");
    epi::addDatabaseOption(command, arguments->database);
}
