// ChatGPT's conversations.json: a list of conversations (or one), each a tree of nodes in the member
// "mapping". What is read is what ChatGPT shows: texts of the user and the assistant that are not addressed
// to a tool. Nodes without a message and nodes left out are links of the tree.

#include <algorithm>

#include "core/transfer/chat_builder.h"
#include "core/transfer/timestamp.h"

namespace epi {
namespace {

struct Node {
    LinkedMessage link;
    std::int64_t createdAtMs = 0;
};

/// The member of an object that need not be there, or null.
Result<std::optional<JsonReader>> objectIn(const JsonReader& object, std::string_view key) {
    EPI_TRY_ASSIGN(auto member, object.find(key));
    if (member && !member->isObject()) member.reset();
    return member;
}

/// Text parts joined by line ends; everything else is an image or a file.
Result<std::string> textOf(const JsonReader& content, ReadChat& read) {
    EPI_TRY_ASSIGN(const auto parts, content.find("parts"));
    if (!parts) return textIn(content, "text");
    EPI_TRY_ASSIGN(const auto elements, parts->elements());
    std::string text;
    bool isFirst = true;
    for (const JsonReader& part : elements) {
        if (!part.isString()) {
            if (!part.isNull()) ++read.leftOut[LeftOut::kAttachment];
            continue;
        }
        EPI_TRY_ASSIGN(const std::string piece, part.string());
        if (!hasText(piece)) continue;
        if (!isFirst) text += '\n';
        isFirst = false;
        text += piece;
    }
    return text;
}

std::optional<LeftOut> reasonToLeaveOut(std::string_view role,
                                        std::string_view contentType,
                                        std::string_view recipient,
                                        bool isHidden) {
    if (role == "system") return LeftOut::kSystemTurn;
    if (role == "tool" || (!recipient.empty() && recipient != "all")) return LeftOut::kToolTurn;
    if (role != "user" && role != "assistant") return LeftOut::kUnknownPart;
    if (contentType == "user_editable_context") return LeftOut::kSystemTurn;
    if (contentType == "thoughts" || contentType == "reasoning_recap") return LeftOut::kReasoning;
    if (contentType == "code" || contentType == "execution_output" || contentType.starts_with("tether_"))
        return LeftOut::kToolTurn;
    if (contentType != "text" && contentType != "multimodal_text") return LeftOut::kUnknownPart;
    if (isHidden) return LeftOut::kHiddenTurn;
    return std::nullopt;
}

Result<std::optional<PortableMessage>> readMessage(const JsonReader& source, ReadChat& read) {
    EPI_TRY_ASSIGN(const auto author, objectIn(source, "author"));
    EPI_TRY_ASSIGN(const auto content, objectIn(source, "content"));
    EPI_TRY_ASSIGN(const auto metadata, objectIn(source, "metadata"));
    EPI_TRY_ASSIGN(const std::string recipient, textIn(source, "recipient"));
    if (!author || !content) {
        ++read.leftOut[LeftOut::kUnknownPart];
        return std::optional<PortableMessage>();
    }
    EPI_TRY_ASSIGN(const std::string role, textIn(*author, "role"));
    EPI_TRY_ASSIGN(const std::string contentType, textIn(*content, "content_type"));
    bool isHidden = false;
    if (metadata) {
        EPI_TRY_ASSIGN(const auto hidden, metadata->find("is_visually_hidden_from_conversation"));
        isHidden = hidden && hidden->isTrue();
        EPI_TRY_ASSIGN(const auto attachments, metadata->find("attachments"));
        if (attachments && attachments->isArray()) {
            EPI_TRY_ASSIGN(const auto files, attachments->elements());
            if (!files.empty()) read.leftOut[LeftOut::kAttachment] += static_cast<std::int64_t>(files.size());
        }
    }
    auto reason = reasonToLeaveOut(role, contentType, recipient, isHidden);
    PortableMessage message;
    if (!reason || reason == LeftOut::kSystemTurn) {
        EPI_TRY_ASSIGN(message.text, textOf(*content, read));
        const bool isEmpty = !hasText(message.text);
        if (!reason && isEmpty) reason = LeftOut::kEmptyTurn;
        // An empty system turn begins every conversation: nothing is lost with it.
        if (role == "system" && isEmpty) return std::optional<PortableMessage>();
    }
    if (reason) {
        ++read.leftOut[*reason];
        return std::optional<PortableMessage>();
    }
    message.role = role == "user" ? Role::kUser : Role::kAssistant;
    return std::optional(std::move(message));
}

Result<Node> readNode(const std::string& id, const JsonReader& source, ReadChat& read) {
    Node node;
    node.link.id = id;
    EPI_TRY_ASSIGN(node.link.parentId, textIn(source, "parent"));
    EPI_TRY_ASSIGN(const auto message, objectIn(source, "message"));
    if (!message) return node;
    EPI_TRY_ASSIGN(node.createdAtMs, timestampIn(*message, "create_time"));
    EPI_TRY_ASSIGN(node.link.message, readMessage(*message, read));
    if (node.link.message) {
        node.link.message->id = id;
        node.link.message->createdAtMs = node.createdAtMs;
    }
    return node;
}

/// The end that was written last, for exports that do not say which one was shown.
std::string newestEnd(const std::vector<Node>& nodes) {
    std::vector<std::string_view> parents;
    for (const Node& node : nodes)
        parents.push_back(node.link.parentId);
    std::ranges::sort(parents);
    const Node* newest = nullptr;
    for (const Node& node : nodes) {
        if (std::ranges::binary_search(parents, node.link.id)) continue;
        if (newest == nullptr || node.createdAtMs > newest->createdAtMs) newest = &node;
    }
    return newest == nullptr ? "" : newest->link.id;
}

Result<std::vector<ReadChat>> read(const JsonReader& source) {
    ReadChat read;
    EPI_TRY_ASSIGN(std::string id, textIn(source, "conversation_id"));
    if (id.empty()) {
        EPI_TRY_ASSIGN(id, textIn(source, "id"));
    }
    EPI_TRY_ASSIGN(read.chat.title, textIn(source, "title"));
    EPI_TRY_ASSIGN(read.chat.createdAtMs, timestampIn(source, "create_time"));
    EPI_TRY_ASSIGN(read.chat.updatedAtMs, timestampIn(source, "update_time"));
    EPI_TRY_ASSIGN(const auto archived, source.find("is_archived"));
    read.chat.isArchived = archived && archived->isTrue();
    EPI_TRY_ASSIGN(const JsonReader mapping, source.at("mapping"));
    EPI_TRY_ASSIGN(const auto members, mapping.members());
    std::vector<Node> nodes;
    nodes.reserve(members.size());
    for (const JsonReader::Member& member : members) {
        EPI_TRY_ASSIGN(Node node, readNode(member.key, member.value, read));
        nodes.push_back(std::move(node));
    }
    std::ranges::stable_sort(nodes, {}, &Node::createdAtMs);

    EPI_TRY_ASSIGN(const auto current, source.find("current_node"));
    EPI_TRY_ASSIGN(std::string currentId, textIn(source, "current_node"));
    if (!current || current->isNull()) currentId = newestEnd(nodes);
    std::vector<LinkedMessage> links;
    links.reserve(nodes.size());
    for (Node& node : nodes)
        links.push_back(std::move(node.link));
    addLinked(std::move(links), currentId, read);
    read.chat.uid = "chatgpt:" + (id.empty() ? contentKey(read.chat) : id);
    std::vector<ReadChat> chats;
    chats.push_back(std::move(read));
    return chats;
}

bool recognises(const JsonReader& first) {
    const auto mapping = first.isObject() ? first.find("mapping") : Result(std::optional<JsonReader>());
    return mapping && *mapping && (*mapping)->isObject();
}

}  // namespace

EPI_CHAT_FORMAT(chatgpt){
    .id = "chatgpt", .title = "ChatGPT", .kind = JsonChatFormat{.recognises = recognises, .read = read}};

}  // namespace epi
