#include "core/transfer/chat_builder.h"

#include <algorithm>
#include <unordered_map>
#include <utility>

#include "core/text/unicode.h"

namespace epi {
namespace {

struct Links {
    std::unordered_map<std::string_view, std::size_t> indexOf;
    std::vector<std::vector<std::size_t>> children;
    std::vector<std::size_t> beginnings;
};

Links linksOf(const std::vector<LinkedMessage>& messages) {
    Links links;
    links.children.resize(messages.size());
    for (std::size_t i = 0; i < messages.size(); ++i)
        links.indexOf.emplace(messages[i].id, i);  // of two with one id the first is meant
    for (std::size_t i = 0; i < messages.size(); ++i) {
        const auto parent = links.indexOf.find(messages[i].parentId);
        const bool hasParent =
            !messages[i].parentId.empty() && parent != links.indexOf.end() && parent->second != i;
        (hasParent ? links.children[parent->second] : links.beginnings).push_back(i);
    }
    return links;
}

}  // namespace

void addLinked(std::vector<LinkedMessage> messages, std::string_view currentId, ReadChat& read) {
    const Links links = linksOf(messages);
    const auto current = links.indexOf.find(currentId);
    struct Visit {
        std::size_t index;
        std::optional<std::size_t> parent;  // place of the nearest message before it
    };
    std::vector<Visit> open;
    const auto visitLater = [&open](const std::vector<std::size_t>& indices,
                                    std::optional<std::size_t> parent) {
        for (auto index = indices.rbegin(); index != indices.rend(); ++index)
            open.push_back({*index, parent});
    };
    visitLater(links.beginnings, std::nullopt);
    std::size_t visited = 0;
    while (!open.empty()) {
        const Visit visit = open.back();
        open.pop_back();
        ++visited;
        std::optional<std::size_t> nearest = visit.parent;
        if (auto& message = messages[visit.index].message) {
            message->parent = visit.parent;
            nearest = read.chat.messages.size();
            read.chat.messages.push_back(*std::move(message));
        }
        if (current != links.indexOf.end() && current->second == visit.index) read.chat.current = nearest;
        visitLater(links.children[visit.index], nearest);
    }
    if (visited < messages.size())
        read.leftOut[LeftOut::kUnlinkedTurn] += static_cast<std::int64_t>(messages.size() - visited);
}

void appendMessage(ReadChat& read, PortableMessage message) {
    message.parent = read.chat.current;
    if (message.id.empty()) message.id = std::to_string(read.chat.messages.size() + 1);
    read.chat.current = read.chat.messages.size();
    read.chat.messages.push_back(std::move(message));
}

Result<std::string> textIn(const JsonReader& object, std::string_view key) {
    EPI_TRY_ASSIGN(const auto member, object.find(key));
    if (!member || member->isNull()) return std::string();
    return member->string();
}

bool hasMembers(const JsonReader& value, std::initializer_list<std::string_view> keys) {
    return value.isObject() && std::ranges::all_of(keys, [&value](std::string_view key) {
               const auto member = value.find(key);
               return member && member->has_value();
           });
}

bool hasText(std::string_view text) {
    for (std::size_t position = 0; position < text.size();) {
        const CodePoint point = decodeCodePoint(text, position);
        if (!isSpace(point.value)) return true;
        position += point.length;
    }
    return false;
}

}  // namespace epi
