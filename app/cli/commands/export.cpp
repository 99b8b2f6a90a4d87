#include <memory>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "app/cli/command_line.h"
#include "app/cli/database_option.h"
#include "core/base/printable.h"
#include "core/transfer/chat_exporter.h"
#include "storage/store.h"

namespace epi {
namespace {

struct ExportArguments {
    ConversationArguments source;
    std::string format = "json";
    std::string file;
};

Result<std::vector<std::int64_t>> chosen(Store& store, const std::string& conversation) {
    std::vector<std::int64_t> ids;
    if (!conversation.empty()) {
        EPI_TRY_ASSIGN(const ConversationRecord record, store.findConversation(conversation));
        ids.push_back(record.id);
        return ids;
    }
    EPI_TRY_ASSIGN(const auto conversations, store.conversations());
    for (const ConversationRecord& record : conversations)
        ids.push_back(record.id);
    return ids;
}

Result<void> exportChats(const ExportArguments& arguments, const CommandContext& context) {
    EPI_TRY_ASSIGN(const ChatExporter* exporter, findChatExporter(arguments.format));
    EPI_TRY_ASSIGN(Store store, openDatabase(arguments.source.database, DatabaseAccess::kExisting));
    EPI_TRY_ASSIGN(const auto ids, chosen(store, arguments.source.conversation));
    EPI_TRY_ASSIGN(ChatExport file, ChatExport::open(arguments.file, *exporter, "EpiChat"));
    std::int64_t messages = 0;
    for (const std::int64_t id : ids) {
        if (context.cancel.isCancelled()) return Error{ErrorCode::kCancelled, "the export was cancelled"};
        EPI_TRY_ASSIGN(const PortableChat chat, store.portableChat(id));
        EPI_TRY(file.add(chat));
        messages += static_cast<std::int64_t>(chat.messages.size());
    }
    EPI_TRY(file.finish());
    context.output.print({{"file", arguments.file},
                          {"format", exporter->id},
                          {"chats", ids.size()},
                          {"messages", messages},
                          {"bytes", file.writtenBytes()}},
                         counted(std::ssize(ids), "chat") + ", " + counted(messages, "message") + ", " +
                             counted(static_cast<std::int64_t>(file.writtenBytes()), "byte") + ": " +
                             printable(arguments.file, kMaxPrintablePath));
    return {};
}

}  // namespace
}  // namespace epi

EPI_COMMANDS(export) {
    const auto arguments = std::make_shared<epi::ExportArguments>();
    CLI::App& command = commandLine.add(
        {"export", "Write the chats of a database to a file; a file of that name is replaced"},
        [arguments](const epi::CommandContext& context) { return epi::exportChats(*arguments, context); });
    epi::addDatabaseOption(command, arguments->source.database);
    command.add_option("--conversation",
                       arguments->source.conversation,
                       "Row id, or source id such as conv-26; without it all that is not in the bin");
    command.add_option("--format",
                       arguments->format,
                       "json (everything, can be imported again), markdown or html (the branch shown)");
    command.add_option("--out", arguments->file, "The file to write")->required();
}
