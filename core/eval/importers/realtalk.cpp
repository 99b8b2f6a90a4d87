// RealTalk (Lee et al. 2025): ten conversations of real people over three weeks, one file each, with
// questions. Like LoCoMo's, except for the names of a few members; a file has no id of its own, so that the
// two speakers are its name.

#include <map>

#include "core/base/json_reader.h"
#include "core/eval/importer.h"
#include "core/eval/session_record.h"

namespace epi {
namespace {

constexpr std::int64_t kCategories = 3;  // multi-hop, temporal, commonsense

Result<BenchmarkQuestion> readQuestion(const JsonReader& reader) {
    BenchmarkQuestion question;
    EPI_TRY_ASSIGN(const JsonReader text, reader.at("question"));
    EPI_TRY_ASSIGN(question.question, text.string());
    EPI_TRY_ASSIGN(const JsonReader answer, reader.at("answer"));
    EPI_TRY_ASSIGN(question.answer, answer.string());
    EPI_TRY_ASSIGN(const JsonReader category, reader.at("category"));
    EPI_TRY_ASSIGN(const std::int64_t number, category.integer(1, kCategories));
    question.category = static_cast<std::int32_t>(number);
    EPI_TRY_ASSIGN(const JsonReader evidence, reader.at("evidence"));
    EPI_TRY_ASSIGN(question.evidence, evidence.strings());
    return question;
}

Result<std::vector<std::string>> readSpeakers(const JsonReader& root, const SessionRecord& sessions) {
    std::vector<std::string> speakers;
    EPI_TRY_ASSIGN(const auto names, root.find("name"));
    if (!names) return speakersOf(sessions);
    for (const std::string_view key : {"speaker_1", "speaker_2"}) {
        EPI_TRY_ASSIGN(const JsonReader name, names->at(key));
        EPI_TRY_ASSIGN(std::string speaker, name.string());
        speakers.push_back(std::move(speaker));
    }
    return speakers;
}

Result<ImportReport> read(std::string_view text) {
    EPI_TRY_ASSIGN(const JsonDocument document, JsonDocument::parse(text));
    const JsonReader root = document.root();
    EPI_TRY_ASSIGN(SessionRecord sessions, readSessionRecord(root, "clean_text"));
    ImportedConversation conversation;
    EPI_TRY_ASSIGN(conversation.speakers, readSpeakers(root, sessions));
    conversation.title = namesJoined(conversation.speakers);
    conversation.sourceId = "realtalk";
    for (const std::string& speaker : conversation.speakers)
        conversation.sourceId += "-" + speaker;
    const std::map<std::int32_t, std::string> dates = sessions.dates;
    conversation.sessions = datedSessions(std::move(sessions));
    EPI_TRY_ASSIGN(const JsonReader questions, root.at("qa"));
    EPI_TRY_ASSIGN(const auto elements, questions.elements());
    for (const JsonReader& element : elements) {
        EPI_TRY_ASSIGN(BenchmarkQuestion question, readQuestion(element));
        conversation.questions.push_back(std::move(question));
    }
    ImportReport report;
    addSessionNotices(conversation, dates, report);
    report.conversations.push_back(std::move(conversation));
    return report;
}

bool recognises(std::string_view text) {
    const auto has = [text](std::string_view key) {
        return text.find(key) != std::string_view::npos;
    };
    return has("\"session_1\"") && has("\"clean_text\"") && has("\"qa\"");
}

}  // namespace

EPI_IMPORTER(realtalk){.id = "realtalk", .title = "RealTalk", .recognises = recognises, .read = read};

}  // namespace epi
