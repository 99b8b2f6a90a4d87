// EpiChat's own JSON: a list whose first value says what the file is and whose other values are chats, with
// everything a chat has. The exporter core/transfer/exporters/json.cpp writes it; what one side changes the
// other follows, and the version grows when older programs can no longer read it.

#include "core/transfer/chat_builder.h"
#include "core/transfer/epichat_json.h"

namespace epi {
namespace {

Result<std::vector<std::string>> stringsIn(const JsonReader& object, std::string_view key) {
    EPI_TRY_ASSIGN(const auto member, object.find(key));
    if (!member) return std::vector<std::string>();
    return member->strings();
}

Result<std::int64_t> integerIn(const JsonReader& object, std::string_view key) {
    EPI_TRY_ASSIGN(const auto member, object.find(key));
    if (!member) return std::int64_t{0};
    return member->integer(0);
}

/// A place in a list of `count`; nothing when it is absent or null.
Result<std::optional<std::size_t>> placeIn(const JsonReader& object,
                                           std::string_view key,
                                           std::size_t count) {
    EPI_TRY_ASSIGN(const auto member, object.find(key));
    if (!member || member->isNull()) return std::optional<std::size_t>();
    if (count == 0) return member->error("there is no message before this one");
    EPI_TRY_ASSIGN(const std::int64_t place, member->integer(0, static_cast<std::int64_t>(count) - 1));
    return std::optional(static_cast<std::size_t>(place));
}

Result<PortableMessage> readMessage(const JsonReader& source, std::size_t messagesBefore) {
    PortableMessage message;
    EPI_TRY_ASSIGN(message.id, textIn(source, "id"));
    EPI_TRY_ASSIGN(message.parent, placeIn(source, "parent", messagesBefore));
    EPI_TRY_ASSIGN(const JsonReader role, source.at("role"));
    EPI_TRY_ASSIGN(const std::string roleName, role.string());
    auto known = roleFromName(roleName);
    if (!known) return role.error(known.error().message);
    message.role = *known;
    EPI_TRY_ASSIGN(message.speaker, textIn(source, "speaker"));
    EPI_TRY_ASSIGN(const JsonReader text, source.at("text"));
    EPI_TRY_ASSIGN(message.text, text.string());
    EPI_TRY_ASSIGN(message.caption, textIn(source, "caption"));
    EPI_TRY_ASSIGN(message.session, textIn(source, "session"));
    EPI_TRY_ASSIGN(message.state, textIn(source, "state"));
    if (message.state.empty()) message.state = "complete";
    EPI_TRY_ASSIGN(message.details, textIn(source, "details"));
    EPI_TRY_ASSIGN(message.createdAtMs, integerIn(source, "created_at_ms"));
    EPI_TRY_ASSIGN(message.leftBranch, integerIn(source, "left_branch"));
    EPI_TRY_ASSIGN(const std::int64_t removedAtMs, integerIn(source, "removed_at_ms"));
    if (removedAtMs > 0) message.removedAtMs = removedAtMs;
    EPI_TRY_ASSIGN(const auto pinned, source.find("pinned"));
    message.isPinned = pinned && pinned->isTrue();
    return message;
}

Result<void> readMessages(const JsonReader& source, PortableChat& chat) {
    EPI_TRY_ASSIGN(const JsonReader messages, source.at("messages"));
    EPI_TRY_ASSIGN(const auto elements, messages.elements());
    for (const JsonReader& element : elements) {
        EPI_TRY_ASSIGN(PortableMessage message, readMessage(element, chat.messages.size()));
        chat.messages.push_back(std::move(message));
    }
    EPI_TRY_ASSIGN(chat.current, placeIn(source, "current", chat.messages.size()));
    return {};
}

Result<void> readQuestions(const JsonReader& source, PortableChat& chat) {
    EPI_TRY_ASSIGN(const auto questions, source.find("questions"));
    if (!questions) return {};
    EPI_TRY_ASSIGN(const auto elements, questions->elements());
    for (const JsonReader& element : elements) {
        BenchmarkQuestion question;
        EPI_TRY_ASSIGN(question.question, textIn(element, "question"));
        EPI_TRY_ASSIGN(question.answer, textIn(element, "answer"));
        EPI_TRY_ASSIGN(const std::int64_t category, integerIn(element, "category"));
        question.category = static_cast<std::int32_t>(category);
        EPI_TRY_ASSIGN(question.evidence, stringsIn(element, "evidence"));
        EPI_TRY_ASSIGN(question.adversarialAnswer, textIn(element, "adversarial_answer"));
        chat.questions.push_back(std::move(question));
    }
    return {};
}

Result<PortableChat> readChat(const JsonReader& source) {
    PortableChat chat;
    EPI_TRY_ASSIGN(const JsonReader uid, source.at("uid"));
    EPI_TRY_ASSIGN(chat.uid, uid.string());
    if (chat.uid.empty()) return uid.error("an empty text is no identity");
    EPI_TRY_ASSIGN(chat.sourceId, textIn(source, "source_id"));
    EPI_TRY_ASSIGN(chat.title, textIn(source, "title"));
    EPI_TRY_ASSIGN(const JsonReader layout, source.at("layout"));
    EPI_TRY_ASSIGN(const std::string layoutName, layout.string());
    auto known = historyLayoutFromName(layoutName);
    if (!known) return layout.error(known.error().message);
    chat.layout = *known;
    EPI_TRY_ASSIGN(chat.speakers, stringsIn(source, "speakers"));
    EPI_TRY_ASSIGN(chat.systemPrompt, textIn(source, "system_prompt"));
    EPI_TRY_ASSIGN(chat.memory, textIn(source, "memory"));
    EPI_TRY_ASSIGN(chat.sampling, textIn(source, "sampling"));
    EPI_TRY_ASSIGN(chat.draft, textIn(source, "draft"));
    EPI_TRY_ASSIGN(chat.folder, textIn(source, "folder"));
    EPI_TRY_ASSIGN(chat.tags, stringsIn(source, "tags"));
    EPI_TRY_ASSIGN(const auto pinned, source.find("pinned"));
    EPI_TRY_ASSIGN(const auto archived, source.find("archived"));
    chat.isPinned = pinned && pinned->isTrue();
    chat.isArchived = archived && archived->isTrue();
    EPI_TRY_ASSIGN(chat.createdAtMs, integerIn(source, "created_at_ms"));
    EPI_TRY_ASSIGN(chat.updatedAtMs, integerIn(source, "updated_at_ms"));
    EPI_TRY(readMessages(source, chat));
    EPI_TRY(readQuestions(source, chat));
    return chat;
}

Result<std::vector<ReadChat>> read(const JsonReader& source) {
    std::vector<ReadChat> chats;
    EPI_TRY_ASSIGN(const auto format, source.find("format"));
    if (format) {
        EPI_TRY_ASSIGN(const JsonReader version, source.at("version"));
        EPI_TRY(version.integer(1, kEpichatJsonVersion));
        return chats;
    }
    EPI_TRY_ASSIGN(PortableChat chat, readChat(source));
    chats.push_back({std::move(chat), {}});
    return chats;
}

bool recognises(const JsonReader& first) {
    if (!hasMembers(first, {"format", "version"})) return false;
    const auto format = textIn(first, "format");
    return format && *format == kEpichatJsonFormat;
}

}  // namespace

EPI_CHAT_FORMAT(epichat){
    .id = "epichat", .title = "EpiChat JSON", .kind = JsonChatFormat{.recognises = recognises, .read = read}};

}  // namespace epi
