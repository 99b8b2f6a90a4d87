// LoCoMo (Maharana et al. 2024): conversations between two named people over many dated sessions, with
// questions. One array of records, one record, or the pre-release's flat records whose sessions are members
// of the record itself.

#include <map>

#include "core/base/json_reader.h"
#include "core/eval/importer.h"
#include "core/eval/session_record.h"

namespace epi {
namespace {

constexpr std::int64_t kCategories = 5;  // multi-hop, temporal, open-domain, single-hop, adversarial

/// Text and, in six records, whole numbers.
Result<std::string> readAnswer(const JsonReader& reader) {
    if (!reader.isInteger()) return reader.string();
    EPI_TRY_ASSIGN(const std::int64_t number, reader.integer());
    return std::to_string(number);
}

Result<BenchmarkQuestion> readQuestion(const JsonReader& reader) {
    BenchmarkQuestion question;
    EPI_TRY_ASSIGN(const JsonReader text, reader.at("question"));
    EPI_TRY_ASSIGN(question.question, text.string());
    EPI_TRY_ASSIGN(const JsonReader category, reader.at("category"));
    EPI_TRY_ASSIGN(const std::int64_t number, category.integer(1, kCategories));
    question.category = static_cast<std::int32_t>(number);
    EPI_TRY_ASSIGN(const JsonReader evidence, reader.at("evidence"));
    EPI_TRY_ASSIGN(question.evidence, evidence.strings());
    EPI_TRY_ASSIGN(question.adversarialAnswer, optionalString(reader, "adversarial_answer"));
    EPI_TRY_ASSIGN(const auto answer, reader.find("answer"));
    if (answer) {
        EPI_TRY_ASSIGN(question.answer, readAnswer(*answer));
    } else if (question.adversarialAnswer.empty()) {
        return reader.error("key 'answer' missing");
    }
    return question;
}

/// As named by the record, or else in the order in which they first speak.
Result<std::vector<std::string>> readSpeakers(const JsonReader& holder, const SessionRecord& sessions) {
    std::vector<std::string> speakers;
    for (const std::string_view key : {"speaker_a", "speaker_b"}) {
        EPI_TRY_ASSIGN(std::string speaker, optionalString(holder, key));
        if (!speaker.empty()) speakers.push_back(std::move(speaker));
    }
    return speakers.empty() ? speakersOf(sessions) : speakers;
}

Result<void> readConversation(const JsonReader& record, ImportReport& report) {
    EPI_TRY_ASSIGN(const auto wrapped, record.find("conversation"));
    const JsonReader& holder = wrapped ? *wrapped : record;
    ImportedConversation conversation;
    EPI_TRY_ASSIGN(conversation.sourceId, optionalString(record, "sample_id"));
    EPI_TRY_ASSIGN(SessionRecord sessions, readSessionRecord(holder, "text"));
    EPI_TRY_ASSIGN(conversation.speakers, readSpeakers(holder, sessions));
    conversation.title = namesJoined(conversation.speakers);
    const std::map<std::int32_t, std::string> dates = sessions.dates;
    conversation.sessions = datedSessions(std::move(sessions));
    EPI_TRY_ASSIGN(const JsonReader questions, record.at("qa"));
    EPI_TRY_ASSIGN(const auto elements, questions.elements());
    for (const JsonReader& element : elements) {
        EPI_TRY_ASSIGN(BenchmarkQuestion question, readQuestion(element));
        conversation.questions.push_back(std::move(question));
    }
    addSessionNotices(conversation, dates, report);
    report.conversations.push_back(std::move(conversation));
    return {};
}

Result<ImportReport> read(std::string_view text) {
    EPI_TRY_ASSIGN(const JsonDocument document, JsonDocument::parse(text));
    const JsonReader root = document.root();
    ImportReport report;
    if (!root.isArray()) {
        EPI_TRY(readConversation(root, report));
        return report;
    }
    EPI_TRY_ASSIGN(const auto records, root.elements());
    for (const JsonReader& record : records) {
        EPI_TRY(readConversation(record, report));
    }
    return report;
}

/// By keys that only this format has together; RealTalk has the same ones and calls the text of a turn
/// otherwise.
bool recognises(std::string_view text) {
    const auto has = [text](std::string_view key) {
        return text.find(key) != std::string_view::npos;
    };
    return has("\"session_1\"") && has("\"dia_id\"") && has("\"qa\"") && !has("\"clean_text\"");
}

}  // namespace

EPI_IMPORTER(locomo){.id = "locomo", .title = "LoCoMo", .recognises = recognises, .read = read};

}  // namespace epi
