// LibreChat's export of one conversation: messages in a list linked by parentMessageId, or (recursive) each
// with the messages that follow it in the member "children".

#include <algorithm>
#include <optional>

#include "core/transfer/chat_builder.h"
#include "core/transfer/timestamp.h"

namespace epi {
namespace {

struct Found {
    LinkedMessage link;
    std::int64_t createdAtMs = 0;
};

/// Why a part of this type is left out; nothing for text.
std::optional<LeftOut> reasonToLeaveOut(std::string_view type) {
    if (type == "text") return std::nullopt;
    if (type == "think") return LeftOut::kReasoning;
    if (type == "tool_call") return LeftOut::kToolTurn;
    return LeftOut::kUnknownPart;
}

/// The text of a message: the member "text", or in newer exports the text parts of "content".
Result<std::string> textOf(const JsonReader& source, ReadChat& read) {
    EPI_TRY_ASSIGN(std::string text, textIn(source, "text"));
    EPI_TRY_ASSIGN(const auto content, source.find("content"));
    if (hasText(text) || !content || !content->isArray()) return text;
    EPI_TRY_ASSIGN(const auto parts, content->elements());
    for (const JsonReader& part : parts) {
        EPI_TRY_ASSIGN(const std::string type, textIn(part, "type"));
        if (const auto reason = reasonToLeaveOut(type)) {
            ++read.leftOut[*reason];
            continue;
        }
        EPI_TRY_ASSIGN(const std::string piece, textIn(part, "text"));
        if (!text.empty()) text += "\n\n";
        text += piece;
    }
    return text;
}

Result<Found> readMessage(const JsonReader& source, ReadChat& read) {
    Found found;
    EPI_TRY_ASSIGN(found.link.id, textIn(source, "messageId"));
    EPI_TRY_ASSIGN(found.link.parentId, textIn(source, "parentMessageId"));
    EPI_TRY_ASSIGN(found.createdAtMs, timestampIn(source, "createdAt"));
    PortableMessage message;
    message.id = found.link.id;
    message.createdAtMs = found.createdAtMs;
    EPI_TRY_ASSIGN(message.text, textOf(source, read));
    EPI_TRY_ASSIGN(const JsonReader isUser, source.at("isCreatedByUser"));
    message.role = isUser.isTrue() ? Role::kUser : Role::kAssistant;
    EPI_TRY_ASSIGN(const auto isError, source.find("error"));
    EPI_TRY_ASSIGN(const auto isUnfinished, source.find("unfinished"));
    if (isUnfinished && isUnfinished->isTrue()) message.state = "stopped";
    EPI_TRY_ASSIGN(const auto files, source.find("files"));
    if (files && files->isArray()) {
        EPI_TRY_ASSIGN(const auto list, files->elements());
        if (!list.empty()) read.leftOut[LeftOut::kAttachment] += static_cast<std::int64_t>(list.size());
    }
    if (isError && isError->isTrue()) {
        ++read.leftOut[LeftOut::kFailedTurn];
    } else if (!hasText(message.text)) {
        ++read.leftOut[LeftOut::kEmptyTurn];
    } else {
        found.link.message = std::move(message);
    }
    return found;
}

/// Takes `messages` and all below them. Nested at most as deep as JSON may be.
Result<void> collect(const JsonReader& messages,
                     const std::string& parentId,
                     std::vector<Found>& all,
                     ReadChat& read) {
    EPI_TRY_ASSIGN(const auto elements, messages.elements());
    for (const JsonReader& element : elements) {
        EPI_TRY_ASSIGN(Found found, readMessage(element, read));
        if (found.link.id.empty()) found.link.id = "message " + std::to_string(all.size() + 1);
        if (!parentId.empty()) found.link.parentId = parentId;
        const std::string id = found.link.id;
        all.push_back(std::move(found));
        EPI_TRY_ASSIGN(const auto children, element.find("children"));
        if (children && children->isArray()) EPI_TRY(collect(*children, id, all, read));
    }
    return {};
}

/// The last message of the branch that was written to last.
std::string newestEnd(const std::vector<Found>& all) {
    std::vector<std::string_view> parents;
    for (const Found& found : all)
        parents.push_back(found.link.parentId);
    std::ranges::sort(parents);
    const Found* newest = nullptr;
    for (const Found& found : all) {
        if (std::ranges::binary_search(parents, found.link.id)) continue;
        if (newest == nullptr || found.createdAtMs >= newest->createdAtMs) newest = &found;
    }
    return newest == nullptr ? "" : newest->link.id;
}

Result<std::vector<ReadChat>> read(const JsonReader& source) {
    ReadChat read;
    EPI_TRY_ASSIGN(const std::string id, textIn(source, "conversationId"));
    EPI_TRY_ASSIGN(read.chat.title, textIn(source, "title"));
    EPI_TRY_ASSIGN(const auto options, source.find("options"));
    if (options && options->isObject()) {
        EPI_TRY_ASSIGN(read.chat.systemPrompt, textIn(*options, "promptPrefix"));
    }
    EPI_TRY_ASSIGN(const JsonReader messages, source.at("messages"));
    std::vector<Found> all;
    EPI_TRY(collect(messages, "", all, read));
    const std::string currentId = newestEnd(all);
    std::vector<LinkedMessage> links;
    for (Found& found : all) {
        if (found.createdAtMs > 0) {
            if (read.chat.createdAtMs == 0) read.chat.createdAtMs = found.createdAtMs;
            read.chat.createdAtMs = std::min(read.chat.createdAtMs, found.createdAtMs);
            read.chat.updatedAtMs = std::max(read.chat.updatedAtMs, found.createdAtMs);
        }
        links.push_back(std::move(found.link));
    }
    addLinked(std::move(links), currentId, read);
    read.chat.uid = "librechat:" + (id.empty() ? contentKey(read.chat) : id);
    std::vector<ReadChat> chats;
    chats.push_back(std::move(read));
    return chats;
}

bool recognises(const JsonReader& first) {
    if (!hasMembers(first, {"conversationId", "messages"})) return false;
    const auto messages = first.find("messages");
    const auto elements = (*messages)->elements();
    return elements && (elements->empty() || hasMembers(elements->front(), {"messageId", "isCreatedByUser"}));
}

}  // namespace

EPI_CHAT_FORMAT(librechat){
    .id = "librechat", .title = "LibreChat", .kind = JsonChatFormat{.recognises = recognises, .read = read}};

}  // namespace epi
