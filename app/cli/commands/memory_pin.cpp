#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "app/cli/command_line.h"
#include "app/cli/database_option.h"
#include "core/base/printable.h"

namespace epi {
namespace {

using nlohmann::json;

constexpr std::size_t kMaxPrintableText = 200;

struct PinCommandOptions {
    ConversationArguments conversation;
    std::vector<std::int64_t> pinned;
    std::vector<std::int64_t> unpinned;
};

Result<void> checkBelongs(Store& store, const ConversationRecord& record, std::int64_t messageId) {
    EPI_TRY_ASSIGN(const MessageRecord message, store.message(messageId));
    if (message.conversationId == record.id) return {};
    return Error{
        ErrorCode::kNotFound,
        "message " + std::to_string(messageId) + " is not in conversation " + std::to_string(record.id)};
}

Result<void> pin(const PinCommandOptions& options, const CommandContext& context) {
    EPI_TRY_ASSIGN(Store store, openWritableDatabase(options.conversation.database));
    EPI_TRY_ASSIGN(const ConversationRecord record,
                   store.findConversation(options.conversation.conversation));
    for (const std::vector<std::int64_t>* const ids : {&options.pinned, &options.unpinned}) {
        for (const std::int64_t id : *ids)
            EPI_TRY(checkBelongs(store, record, id));
    }
    EPI_TRY(store.changePins(options.pinned, options.unpinned));
    EPI_TRY_ASSIGN(const std::vector<std::int64_t> pinned, store.pinnedMessages(record.id));
    json messages = json::array();
    std::string lines;
    for (const std::int64_t id : pinned) {
        EPI_TRY_ASSIGN(const MessageRecord message, store.message(id));
        messages.push_back({{"message", id}, {"text", message.text}});
        lines += std::to_string(id) + "\t" + printable(message.text, kMaxPrintableText) + "\n";
    }
    context.output.print({{"pinned", std::move(messages)}}, lines);
    if (!options.pinned.empty() || !options.unpinned.empty())
        context.output.notice("the next `memory build` counts them; until then pinned messages are quoted");
    return {};
}

}  // namespace
}  // namespace epi

EPI_COMMANDS(memory_pin) {
    using epi::CommandContext;
    const auto options = std::make_shared<epi::PinCommandOptions>();
    CLI::App& memory = commandLine.addGroup({"memory", "Build and look at the memories of conversations"});
    CLI::App& pin = commandLine.add(
        {"pin", "Choose messages that every memory keeps whole, and print them"},
        [options](const CommandContext& context) { return epi::pin(*options, context); },
        &memory);
    epi::addConversationOptions(pin, options->conversation);
    pin.add_option("--message", options->pinned, "Ids of messages to pin, as memory recall prints them")
        ->delimiter(',');
    pin.add_option("--unpin", options->unpinned, "Ids of messages that need not stay any more")
        ->delimiter(',');
}
