// EpiChat's own JSON: everything a chat has, so that reading it again loses nothing. The members are read by
// core/transfer/formats/epichat.cpp.

#include <nlohmann/json.hpp>

#include "core/transfer/chat_exporter.h"
#include "core/transfer/epichat_json.h"

namespace epi {
namespace {

using nlohmann::ordered_json;

std::string lineOf(const ordered_json& value) {
    return value.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

ordered_json placeOf(const std::optional<std::size_t>& place) {
    return place ? ordered_json(*place) : ordered_json(nullptr);
}

ordered_json describe(const PortableMessage& message) {
    ordered_json value{{"id", message.id},
                       {"parent", placeOf(message.parent)},
                       {"role", name(message.role)},
                       {"speaker", message.speaker},
                       {"text", message.text},
                       {"caption", message.caption},
                       {"session", message.session},
                       {"state", message.state},
                       {"details", message.details},
                       {"created_at_ms", message.createdAtMs}};
    if (message.leftBranch > 0) value["left_branch"] = message.leftBranch;
    if (message.removedAtMs) value["removed_at_ms"] = *message.removedAtMs;
    if (message.isPinned) value["pinned"] = true;
    return value;
}

ordered_json describe(const BenchmarkQuestion& question) {
    return {{"question", question.question},
            {"answer", question.answer},
            {"category", question.category},
            {"evidence", question.evidence},
            {"adversarial_answer", question.adversarialAnswer}};
}

std::string begin(std::string_view) {
    return "[" + lineOf({{"format", kEpichatJsonFormat}, {"version", kEpichatJsonVersion}});
}

std::string write(const PortableChat& chat) {
    ordered_json value{{"uid", chat.uid},
                       {"source_id", chat.sourceId},
                       {"title", chat.title},
                       {"layout", name(chat.layout)},
                       {"speakers", chat.speakers},
                       {"system_prompt", chat.systemPrompt},
                       {"memory", chat.memory},
                       {"sampling", chat.sampling},
                       {"draft", chat.draft},
                       {"folder", chat.folder},
                       {"tags", chat.tags},
                       {"pinned", chat.isPinned},
                       {"archived", chat.isArchived},
                       {"created_at_ms", chat.createdAtMs},
                       {"updated_at_ms", chat.updatedAtMs},
                       {"current", placeOf(chat.current)}};
    ordered_json messages = ordered_json::array();
    for (const PortableMessage& message : chat.messages)
        messages.push_back(describe(message));
    value["messages"] = std::move(messages);
    ordered_json questions = ordered_json::array();
    for (const BenchmarkQuestion& question : chat.questions)
        questions.push_back(describe(question));
    value["questions"] = std::move(questions);
    return ",\n" + lineOf(value);
}

std::string end() {
    return "]\n";
}

}  // namespace

EPI_CHAT_EXPORTER(json){.id = "json",
                        .title = "EpiChat JSON, everything",
                        .extension = "json",
                        .begin = begin,
                        .write = write,
                        .end = end};

}  // namespace epi
