// LongMemEval (Wu et al. 2024): conversations of a user with an assistant over many sessions, each record
// with one question; files that share one history among several questions are read, too. Sessions are put in
// the order of their dates, which files do not keep.
//
// A turn's source id is "<session id>:<number>". Evidence names the turns that are marked as holding the
// answer, or, where a session's turns are not marked, the session ("<session id>").

#include <algorithm>
#include <array>

#include "core/base/json_reader.h"
#include "core/eval/importer.h"

namespace epi {
namespace {

/// A category is the place of its type in this list, from 1.
constexpr std::array<std::string_view, 6> kTypes{"single-session-user",
                                                 "single-session-assistant",
                                                 "single-session-preference",
                                                 "multi-session",
                                                 "temporal-reasoning",
                                                 "knowledge-update"};

struct Session {
    std::string id;
    ImportedSession session;
    std::vector<std::string> marked;  // source ids of the turns that hold an answer
};

Result<std::string> speakerOf(const JsonReader& turn) {
    EPI_TRY_ASSIGN(const JsonReader role, turn.at("role"));
    EPI_TRY_ASSIGN(const std::string name, role.string());
    if (name == "user") return std::string("User");
    if (name == "assistant") return std::string("Assistant");
    return role.error("user or assistant expected");
}

Result<void> readTurns(const JsonReader& reader, Session& session) {
    EPI_TRY_ASSIGN(const auto turns, reader.elements());
    for (const JsonReader& element : turns) {
        ImportedTurn turn;
        turn.sourceId = session.id + ":" + std::to_string(session.session.turns.size() + 1);
        EPI_TRY_ASSIGN(turn.speaker, speakerOf(element));
        EPI_TRY_ASSIGN(const JsonReader content, element.at("content"));
        EPI_TRY_ASSIGN(turn.text, content.string());
        EPI_TRY_ASSIGN(const auto mark, element.find("has_answer"));
        if (mark) {
            EPI_TRY_ASSIGN(const bool isMarked, mark->boolean());
            if (isMarked) session.marked.push_back(turn.sourceId);
        }
        session.session.turns.push_back(std::move(turn));
    }
    return {};
}

Result<std::vector<Session>> readSessions(const JsonReader& record) {
    EPI_TRY_ASSIGN(const JsonReader dates, record.at("haystack_dates"));
    EPI_TRY_ASSIGN(const std::vector<std::string> dateTexts, dates.strings());
    EPI_TRY_ASSIGN(const JsonReader ids, record.at("haystack_session_ids"));
    EPI_TRY_ASSIGN(const std::vector<std::string> idTexts, ids.strings());
    EPI_TRY_ASSIGN(const JsonReader haystack, record.at("haystack_sessions"));
    EPI_TRY_ASSIGN(const auto elements, haystack.elements());
    if (dateTexts.size() != elements.size() || idTexts.size() != elements.size()) {
        return haystack.error(std::to_string(elements.size()) + " sessions, " +
                              std::to_string(dateTexts.size()) + " dates and " +
                              std::to_string(idTexts.size()) + " ids");
    }
    std::vector<Session> sessions;
    for (std::size_t i = 0; i < elements.size(); ++i) {
        Session session{.id = idTexts[i], .session = {0, dateTexts[i], {}}, .marked = {}};
        EPI_TRY(readTurns(elements[i], session));
        sessions.push_back(std::move(session));
    }
    // "2023/05/20 (Sat) 02:21" sorts as text.
    std::ranges::stable_sort(sessions, {}, [](const Session& session) { return session.session.date; });
    for (std::size_t i = 0; i < sessions.size(); ++i)
        sessions[i].session.number = static_cast<std::int32_t>(i + 1);
    return sessions;
}

Result<std::int32_t> readCategory(const JsonReader& record) {
    EPI_TRY_ASSIGN(const JsonReader type, record.at("question_type"));
    EPI_TRY_ASSIGN(const std::string name, type.string());
    const auto found = std::ranges::find(kTypes, name);
    if (found == kTypes.end()) return type.error("unknown question type");
    return static_cast<std::int32_t>(found - kTypes.begin()) + 1;
}

/// Text, or in some records a whole number.
Result<std::string> readAnswer(const JsonReader& reader) {
    if (!reader.isInteger()) return reader.string();
    EPI_TRY_ASSIGN(const std::int64_t number, reader.integer());
    return std::to_string(number);
}

std::vector<std::string> evidenceIn(const std::vector<Session>& sessions,
                                    const std::vector<std::string>& sessionIds) {
    std::vector<std::string> evidence;
    for (const std::string& id : sessionIds) {
        const auto session = std::ranges::find(sessions, id, &Session::id);
        const bool isMarked = session != sessions.end() && !session->marked.empty();
        if (isMarked) {
            evidence.insert(evidence.end(), session->marked.begin(), session->marked.end());
        } else {
            evidence.push_back(id);
        }
    }
    return evidence;
}

struct Asked {
    std::vector<JsonReader> questions;
    std::vector<JsonReader> answers;
    std::vector<JsonReader> sessionIds;
};

/// One question, or several that share the history.
Result<Asked> readAsked(const JsonReader& record) {
    Asked asked;
    EPI_TRY_ASSIGN(const JsonReader ids, record.at("answer_session_ids"));
    EPI_TRY_ASSIGN(const auto several, record.find("questions"));
    if (!several) {
        EPI_TRY_ASSIGN(JsonReader question, record.at("question"));
        EPI_TRY_ASSIGN(JsonReader answer, record.at("answer"));
        asked.questions.push_back(std::move(question));
        asked.answers.push_back(std::move(answer));
        asked.sessionIds.push_back(ids);
        return asked;
    }
    EPI_TRY_ASSIGN(asked.questions, several->elements());
    EPI_TRY_ASSIGN(const JsonReader answers, record.at("answers"));
    EPI_TRY_ASSIGN(asked.answers, answers.elements());
    EPI_TRY_ASSIGN(asked.sessionIds, ids.elements());
    if (asked.answers.size() != asked.questions.size() || asked.sessionIds.size() != asked.questions.size()) {
        return several->error(std::to_string(asked.questions.size()) + " questions, " +
                              std::to_string(asked.answers.size()) + " answers and " +
                              std::to_string(asked.sessionIds.size()) + " lists of sessions");
    }
    return asked;
}

Result<ImportedConversation> readRecord(const JsonReader& record) {
    ImportedConversation conversation;
    EPI_TRY_ASSIGN(const JsonReader id, record.at("question_id"));
    EPI_TRY_ASSIGN(conversation.sourceId, id.string());
    conversation.title = "LongMemEval " + conversation.sourceId;
    conversation.speakers = {"User", "Assistant"};
    EPI_TRY_ASSIGN(const std::vector<Session> sessions, readSessions(record));
    EPI_TRY_ASSIGN(const std::int32_t category, readCategory(record));
    EPI_TRY_ASSIGN(const Asked asked, readAsked(record));
    for (std::size_t i = 0; i < asked.questions.size(); ++i) {
        BenchmarkQuestion question;
        EPI_TRY_ASSIGN(question.question, asked.questions[i].string());
        EPI_TRY_ASSIGN(question.answer, readAnswer(asked.answers[i]));
        EPI_TRY_ASSIGN(const std::vector<std::string> ids, asked.sessionIds[i].strings());
        question.evidence = evidenceIn(sessions, ids);
        question.category = category;
        conversation.questions.push_back(std::move(question));
    }
    for (const Session& session : sessions)
        conversation.sessions.push_back(session.session);
    return conversation;
}

Result<ImportReport> read(std::string_view text) {
    EPI_TRY_ASSIGN(const JsonDocument document, JsonDocument::parse(text));
    EPI_TRY_ASSIGN(const auto records, document.root().elements());
    ImportReport report;
    for (const JsonReader& record : records) {
        EPI_TRY_ASSIGN(ImportedConversation conversation, readRecord(record));
        report.conversations.push_back(std::move(conversation));
    }
    return report;
}

bool recognises(std::string_view text) {
    return text.find("\"haystack_sessions\"") != std::string_view::npos &&
           text.find("\"haystack_dates\"") != std::string_view::npos;
}

}  // namespace

EPI_IMPORTER(longmemeval){
    .id = "longmemeval", .title = "LongMemEval", .recognises = recognises, .read = read};

}  // namespace epi
