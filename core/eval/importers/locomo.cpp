// LoCoMo (Maharana et al. 2024): conversations between two named people over many dated sessions, with
// questions. One array of records, one record, or the pre-release's flat records whose sessions are members
// of the record itself.

#include <algorithm>
#include <charconv>
#include <map>
#include <set>

#include "core/base/json_reader.h"
#include "core/base/printable.h"
#include "core/eval/importer.h"

namespace epi {
namespace {

constexpr std::int64_t kCategories = 5;  // multi-hop, temporal, open-domain, single-hop, adversarial

/// "session_12" and "session_12_date_time".
struct SessionKey {
    std::int32_t number = 0;
    bool isDate = false;
};

std::optional<SessionKey> parseSessionKey(std::string_view key) {
    constexpr std::string_view kPrefix = "session_";
    if (!key.starts_with(kPrefix)) return std::nullopt;
    key.remove_prefix(kPrefix.size());
    SessionKey parsed;
    const auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), parsed.number);
    if (error != std::errc() || parsed.number < 0) return std::nullopt;
    const std::string_view rest(end, static_cast<std::size_t>(key.data() + key.size() - end));
    if (!rest.empty() && rest != "_date_time") return std::nullopt;
    parsed.isDate = !rest.empty();
    return parsed;
}

/// The text of a member that need not be there.
Result<std::string> optionalString(const JsonReader& object, std::string_view key) {
    EPI_TRY_ASSIGN(const auto member, object.find(key));
    if (!member) return std::string();
    return member->string();
}

Result<ImportedTurn> readTurn(const JsonReader& reader) {
    ImportedTurn turn;
    EPI_TRY_ASSIGN(turn.sourceId, optionalString(reader, "dia_id"));
    EPI_TRY_ASSIGN(const JsonReader speaker, reader.at("speaker"));
    EPI_TRY_ASSIGN(turn.speaker, speaker.string());
    EPI_TRY_ASSIGN(const JsonReader text, reader.at("text"));
    EPI_TRY_ASSIGN(turn.text, text.string());
    EPI_TRY_ASSIGN(turn.caption, optionalString(reader, "blip_caption"));
    return turn;
}

Result<std::vector<ImportedTurn>> readTurns(const JsonReader& reader) {
    EPI_TRY_ASSIGN(const auto elements, reader.elements());
    std::vector<ImportedTurn> turns;
    turns.reserve(elements.size());
    for (const JsonReader& element : elements) {
        EPI_TRY_ASSIGN(ImportedTurn turn, readTurn(element));
        turns.push_back(std::move(turn));
    }
    return turns;
}

struct Sessions {
    std::map<std::int32_t, ImportedSession> byNumber;
    std::map<std::int32_t, std::string> dates;
};

Result<Sessions> readSessions(const JsonReader& holder) {
    EPI_TRY_ASSIGN(const auto members, holder.members());
    Sessions sessions;
    for (const auto& [key, value] : members) {
        const auto parsed = parseSessionKey(key);
        if (!parsed) continue;
        bool isFirst = false;
        if (parsed->isDate) {
            EPI_TRY_ASSIGN(std::string date, value.string());
            isFirst = sessions.dates.emplace(parsed->number, std::move(date)).second;
        } else {
            EPI_TRY_ASSIGN(auto turns, readTurns(value));
            ImportedSession session{parsed->number, "", std::move(turns)};
            isFirst = sessions.byNumber.emplace(parsed->number, std::move(session)).second;
        }
        if (!isFirst) return value.error("session " + std::to_string(parsed->number) + " is there twice");
    }
    if (sessions.byNumber.empty()) return holder.error("no member session_<number>");
    return sessions;
}

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
Result<std::vector<std::string>> readSpeakers(const JsonReader& holder, const Sessions& sessions) {
    std::vector<std::string> speakers;
    for (const std::string_view key : {"speaker_a", "speaker_b"}) {
        EPI_TRY_ASSIGN(std::string speaker, optionalString(holder, key));
        if (!speaker.empty()) speakers.push_back(std::move(speaker));
    }
    if (!speakers.empty()) return speakers;
    for (const auto& [number, session] : sessions.byNumber) {
        for (const ImportedTurn& turn : session.turns) {
            if (std::ranges::find(speakers, turn.speaker) == speakers.end()) speakers.push_back(turn.speaker);
        }
    }
    return speakers;
}

std::string joined(const std::vector<std::string>& speakers) {
    std::string text;
    for (const std::string& speaker : speakers) {
        if (!text.empty()) text += " and ";
        text += speaker;
    }
    return text;
}

/// What is odd about the conversation and harmless.
void addNotices(const ImportedConversation& conversation, const Sessions& sessions, ImportReport& report) {
    const auto orphans = std::ranges::count_if(
        sessions.dates, [&](const auto& date) { return !sessions.byNumber.contains(date.first); });
    const auto undated = std::ranges::count_if(
        conversation.sessions, [](const ImportedSession& session) { return session.date.empty(); });
    std::set<std::string_view> ids;
    for (const ImportedSession& session : conversation.sessions) {
        for (const ImportedTurn& turn : session.turns) {
            ids.insert(turn.sourceId);
        }
    }
    std::ptrdiff_t unresolved = 0;
    for (const BenchmarkQuestion& question : conversation.questions) {
        unresolved += std::ranges::count_if(question.evidence,
                                            [&](const std::string& id) { return !ids.contains(id); });
    }

    const std::string& name = conversation.sourceId.empty() ? conversation.title : conversation.sourceId;
    const auto add = [&](const char* what, std::ptrdiff_t count) {
        if (count > 0) report.notices.push_back(printable(name) + ": " + what + ": " + std::to_string(count));
    };
    add("dates without a session, left out", orphans);
    add("sessions without a date", undated);
    add("references to evidence that name no turn", unresolved);
}

Result<void> readConversation(const JsonReader& record, ImportReport& report) {
    EPI_TRY_ASSIGN(const auto wrapped, record.find("conversation"));
    const JsonReader& holder = wrapped ? *wrapped : record;
    ImportedConversation conversation;
    EPI_TRY_ASSIGN(conversation.sourceId, optionalString(record, "sample_id"));
    EPI_TRY_ASSIGN(Sessions sessions, readSessions(holder));
    EPI_TRY_ASSIGN(conversation.speakers, readSpeakers(holder, sessions));
    conversation.title = joined(conversation.speakers);
    for (auto& [number, session] : sessions.byNumber) {
        if (const auto date = sessions.dates.find(number); date != sessions.dates.end()) {
            session.date = date->second;
        }
        conversation.sessions.push_back(std::move(session));
    }
    EPI_TRY_ASSIGN(const JsonReader questions, record.at("qa"));
    EPI_TRY_ASSIGN(const auto elements, questions.elements());
    for (const JsonReader& element : elements) {
        EPI_TRY_ASSIGN(BenchmarkQuestion question, readQuestion(element));
        conversation.questions.push_back(std::move(question));
    }
    addNotices(conversation, sessions, report);
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
