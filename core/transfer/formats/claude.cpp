// Claude's conversations.json: a list of conversations (or one) with their messages in the member
// "chat_messages". Newer exports link messages to their parents; older ones are one branch.

#include <algorithm>
#include <optional>

#include "core/transfer/chat_builder.h"
#include "core/transfer/timestamp.h"

namespace epi {
namespace {

/// Why a block of this type is left out; nothing for text.
std::optional<LeftOut> reasonToLeaveOut(std::string_view type) {
    if (type == "text") return std::nullopt;
    if (type == "thinking") return LeftOut::kReasoning;
    if (type == "tool_use" || type == "tool_result") return LeftOut::kToolTurn;
    if (type == "image" || type == "document") return LeftOut::kAttachment;
    return LeftOut::kUnknownPart;
}

/// The text blocks, a blank line between them; nothing when there is none.
Result<std::string> textOfBlocks(const JsonReader& content, ReadChat& read) {
    EPI_TRY_ASSIGN(const auto blocks, content.elements());
    std::string text;
    for (const JsonReader& block : blocks) {
        EPI_TRY_ASSIGN(const std::string type, textIn(block, "type"));
        if (const auto reason = reasonToLeaveOut(type)) {
            ++read.leftOut[*reason];
            continue;
        }
        EPI_TRY_ASSIGN(const std::string piece, textIn(block, "text"));
        if (!hasText(piece)) continue;
        if (!text.empty()) text += "\n\n";
        text += piece;
    }
    return text;
}

Result<void> countFiles(const JsonReader& source, ReadChat& read) {
    for (const std::string_view key : {"attachments", "files"}) {
        EPI_TRY_ASSIGN(const auto list, source.find(key));
        if (!list || !list->isArray()) continue;
        EPI_TRY_ASSIGN(const auto files, list->elements());
        if (!files.empty()) read.leftOut[LeftOut::kAttachment] += static_cast<std::int64_t>(files.size());
    }
    return {};
}

Result<LinkedMessage> readMessage(const JsonReader& source, ReadChat& read) {
    LinkedMessage link;
    EPI_TRY_ASSIGN(link.id, textIn(source, "uuid"));
    EPI_TRY_ASSIGN(link.parentId, textIn(source, "parent_message_uuid"));
    PortableMessage message;
    message.id = link.id;
    EPI_TRY_ASSIGN(message.createdAtMs, timestampIn(source, "created_at"));
    EPI_TRY_ASSIGN(const auto content, source.find("content"));
    if (content && content->isArray()) {
        EPI_TRY_ASSIGN(message.text, textOfBlocks(*content, read));
    }
    if (message.text.empty()) {
        EPI_TRY_ASSIGN(message.text, textIn(source, "text"));
    }
    EPI_TRY(countFiles(source, read));
    EPI_TRY_ASSIGN(const std::string sender, textIn(source, "sender"));
    if (sender != "human" && sender != "assistant") {
        ++read.leftOut[LeftOut::kUnknownPart];
    } else if (!hasText(message.text)) {
        ++read.leftOut[LeftOut::kEmptyTurn];
    } else {
        message.role = sender == "human" ? Role::kUser : Role::kAssistant;
        link.message = std::move(message);
    }
    return link;
}

/// Without links every message follows the one before it; ids that are missing are made up.
void linkInOrder(std::vector<LinkedMessage>& links) {
    const bool areLinked =
        std::ranges::any_of(links, [](const LinkedMessage& link) { return !link.parentId.empty(); });
    for (std::size_t i = 0; i < links.size(); ++i) {
        if (links[i].id.empty()) {
            links[i].id = "message " + std::to_string(i + 1);
            if (links[i].message) links[i].message->id = std::to_string(i + 1);
        }
        if (!areLinked && i > 0) links[i].parentId = links[i - 1].id;
    }
}

Result<std::vector<ReadChat>> read(const JsonReader& source) {
    ReadChat read;
    EPI_TRY_ASSIGN(const std::string id, textIn(source, "uuid"));
    EPI_TRY_ASSIGN(read.chat.title, textIn(source, "name"));
    EPI_TRY_ASSIGN(read.chat.createdAtMs, timestampIn(source, "created_at"));
    EPI_TRY_ASSIGN(read.chat.updatedAtMs, timestampIn(source, "updated_at"));
    EPI_TRY_ASSIGN(const JsonReader messages, source.at("chat_messages"));
    EPI_TRY_ASSIGN(const auto elements, messages.elements());
    std::vector<LinkedMessage> links;
    links.reserve(elements.size());
    for (const JsonReader& element : elements) {
        EPI_TRY_ASSIGN(LinkedMessage link, readMessage(element, read));
        links.push_back(std::move(link));
    }
    linkInOrder(links);
    EPI_TRY_ASSIGN(std::string currentId, textIn(source, "current_leaf_message_uuid"));
    if (currentId.empty() && !links.empty()) currentId = links.back().id;
    addLinked(std::move(links), currentId, read);
    read.chat.uid = "claude:" + (id.empty() ? contentKey(read.chat) : id);
    std::vector<ReadChat> chats;
    chats.push_back(std::move(read));
    return chats;
}

bool recognises(const JsonReader& first) {
    return hasMembers(first, {"uuid", "chat_messages"});
}

}  // namespace

EPI_CHAT_FORMAT(claude){
    .id = "claude", .title = "Claude", .kind = JsonChatFormat{.recognises = recognises, .read = read}};

}  // namespace epi
