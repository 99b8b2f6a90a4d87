#include <memory>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "app/cli/command_line.h"
#include "app/cli/database_option.h"
#include "core/base/printable.h"
#include "storage/store.h"

namespace epi {
namespace {

using nlohmann::json;

struct StoreOptions {
    std::string database;
};

json describe(const ConversationRecord& conversation) {
    return {{"id", conversation.id},
            {"source_id", conversation.sourceId},
            {"title", conversation.title},
            {"layout", name(conversation.layout)},
            {"speakers", conversation.speakers},
            {"messages", conversation.messageCount},
            {"questions", conversation.questionCount},
            {"folder", conversation.folder},
            {"tags", conversation.tags},
            {"pinned", conversation.isPinned},
            {"archived", conversation.isArchived},
            {"updated_at_ms", conversation.updatedAtMs}};
}

std::string lineOf(const ConversationRecord& conversation) {
    return std::to_string(conversation.id) + "\t" + printable(conversation.sourceId) + "\t" +
           counted(conversation.messageCount, "message") + "\t" +
           counted(conversation.questionCount, "question") + "\t" + printable(conversation.title) + "\n";
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
    CLI::App& listCommand = commandLine.add(
        {"conversations", "List the conversations of a database"},
        [options](const epi::CommandContext& context) { return epi::listConversations(*options, context); });
    epi::addDatabaseOption(listCommand, options->database);
}
