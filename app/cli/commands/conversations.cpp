#include <memory>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "app/cli/command_line.h"
#include "app/cli/database_option.h"
#include "core/base/printable.h"
#include "core/eval/importer.h"
#include "storage/store.h"

namespace epi {
namespace {

using nlohmann::json;

struct StoreOptions {
    std::string database;
    std::string file;
};

json describe(const ConversationRecord& conversation) {
    return {{"id", conversation.id},
            {"source_id", conversation.sourceId},
            {"title", conversation.title},
            {"layout", name(conversation.layout)},
            {"speakers", conversation.speakers},
            {"messages", conversation.messageCount},
            {"questions", conversation.questionCount},
            {"updated_at_ms", conversation.updatedAtMs}};
}

std::string lineOf(const ConversationRecord& conversation) {
    return std::to_string(conversation.id) + "\t" + printable(conversation.sourceId) + "\t" +
           groupedSigned(conversation.messageCount) + " messages\t" +
           groupedSigned(conversation.questionCount) + " questions\t" + printable(conversation.title) + "\n";
}

Result<void> importConversations(const StoreOptions& options, const CommandContext& context) {
    EPI_TRY_ASSIGN(const ImportReport report, importFile(options.file));
    EPI_TRY_ASSIGN(Store store, openDatabase(options.database, DatabaseAccess::kCreate));
    json imported = json::array();
    std::string lines;
    for (const ImportedConversation& conversation : report.conversations) {
        if (context.cancel.isCancelled()) return Error{ErrorCode::kCancelled, "the import was cancelled"};
        EPI_TRY_ASSIGN(const std::int64_t id, store.importConversation(conversation));
        EPI_TRY_ASSIGN(const ConversationRecord record, store.conversation(id));
        imported.push_back(describe(record));
        lines += lineOf(record);
    }
    if (!context.output.isJson()) {
        for (const std::string& notice : report.notices)
            context.output.notice(notice);
    }
    context.output.print({{"conversations", std::move(imported)}, {"notices", report.notices}}, lines);
    return {};
}

Result<void> listConversations(const StoreOptions& options, const CommandContext& context) {
    EPI_TRY_ASSIGN(Store store, openDatabase(options.database, DatabaseAccess::kExisting));
    EPI_TRY_ASSIGN(const std::vector<ConversationRecord> conversations, store.conversations());
    json described = json::array();
    std::string lines;
    for (const ConversationRecord& conversation : conversations) {
        described.push_back(describe(conversation));
        lines += lineOf(conversation);
    }
    context.output.print({{"conversations", std::move(described)}}, lines);
    return {};
}

}  // namespace
}  // namespace epi

EPI_COMMANDS(conversations) {
    const auto options = std::make_shared<epi::StoreOptions>();
    CLI::App& importCommand = commandLine.add({"import", "Add the conversations of a file to a database"},
                                              [options](const epi::CommandContext& context) {
                                                  return epi::importConversations(*options, context);
                                              });
    importCommand.add_option("FILE", options->file, "Conversations in a known format")->required();
    epi::addDatabaseOption(importCommand, options->database);
    CLI::App& listCommand = commandLine.add(
        {"conversations", "List the conversations of a database"},
        [options](const epi::CommandContext& context) { return epi::listConversations(*options, context); });
    epi::addDatabaseOption(listCommand, options->database);
}
