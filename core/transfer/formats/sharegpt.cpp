// ShareGPT, the format of many training sets: a list of {"id", "conversations": [{"from", "value"}]}.

#include "core/transfer/chat_builder.h"

namespace epi {
namespace {

enum class Speaker { kUser, kAssistant, kSystem, kTool, kUnknown };

Speaker speakerOf(std::string_view from) {
    if (from == "human" || from == "user") return Speaker::kUser;
    if (from == "gpt" || from == "assistant" || from == "chatgpt" || from == "bing" || from == "bard")
        return Speaker::kAssistant;
    if (from == "system") return Speaker::kSystem;
    if (from == "function_call" || from == "observation" || from == "tool") return Speaker::kTool;
    return Speaker::kUnknown;
}

Result<void> addTurn(const JsonReader& source, ReadChat& read) {
    EPI_TRY_ASSIGN(const JsonReader from, source.at("from"));
    EPI_TRY_ASSIGN(const std::string speaker, from.string());
    EPI_TRY_ASSIGN(std::string value, textIn(source, "value"));
    if (!hasText(value)) {
        ++read.leftOut[LeftOut::kEmptyTurn];
        return {};
    }
    PortableMessage message;
    message.text = std::move(value);
    switch (speakerOf(speaker)) {
        case Speaker::kUser:
            message.role = Role::kUser;
            break;
        case Speaker::kAssistant:
            message.role = Role::kAssistant;
            break;
        case Speaker::kSystem:
            if (read.chat.messages.empty() && read.chat.systemPrompt.empty()) {
                read.chat.systemPrompt = std::move(message.text);
            } else {
                ++read.leftOut[LeftOut::kSystemTurn];
            }
            return {};
        case Speaker::kTool:
            ++read.leftOut[LeftOut::kToolTurn];
            return {};
        case Speaker::kUnknown:
            ++read.leftOut[LeftOut::kUnknownPart];
            return {};
    }
    appendMessage(read, std::move(message));
    return {};
}

Result<std::vector<ReadChat>> read(const JsonReader& source) {
    ReadChat read;
    EPI_TRY_ASSIGN(const JsonReader turns, source.at("conversations"));
    EPI_TRY_ASSIGN(const auto elements, turns.elements());
    for (const JsonReader& element : elements)
        EPI_TRY(addTurn(element, read));
    EPI_TRY_ASSIGN(const auto id, source.find("id"));
    if (id && id->isString()) {
        EPI_TRY_ASSIGN(read.chat.sourceId, id->string());
    }
    // Ids such as "identity_0" are in many of these files; the content tells chats apart.
    read.chat.uid = "sharegpt:" + read.chat.sourceId + ":" + contentKey(read.chat);
    std::vector<ReadChat> chats;
    chats.push_back(std::move(read));
    return chats;
}

bool recognises(const JsonReader& first) {
    if (!hasMembers(first, {"conversations"})) return false;
    const auto turns = first.find("conversations");
    const auto elements = (*turns)->elements();
    return elements && !elements->empty() && hasMembers(elements->front(), {"from", "value"});
}

}  // namespace

EPI_CHAT_FORMAT(sharegpt){
    .id = "sharegpt", .title = "ShareGPT", .kind = JsonChatFormat{.recognises = recognises, .read = read}};

}  // namespace epi
