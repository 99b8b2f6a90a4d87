#include "core/eval/session_record.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <set>

#include "core/base/printable.h"

namespace epi {
namespace {

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

Result<ImportedTurn> readTurn(const JsonReader& reader, std::string_view textKey) {
    ImportedTurn turn;
    EPI_TRY_ASSIGN(turn.sourceId, optionalString(reader, "dia_id"));
    EPI_TRY_ASSIGN(const JsonReader speaker, reader.at("speaker"));
    EPI_TRY_ASSIGN(turn.speaker, speaker.string());
    EPI_TRY_ASSIGN(const JsonReader text, reader.at(textKey));
    EPI_TRY_ASSIGN(turn.text, text.string());
    EPI_TRY_ASSIGN(turn.caption, optionalString(reader, "blip_caption"));
    return turn;
}

Result<std::vector<ImportedTurn>> readTurns(const JsonReader& reader, std::string_view textKey) {
    EPI_TRY_ASSIGN(const auto elements, reader.elements());
    std::vector<ImportedTurn> turns;
    turns.reserve(elements.size());
    for (const JsonReader& element : elements) {
        EPI_TRY_ASSIGN(ImportedTurn turn, readTurn(element, textKey));
        turns.push_back(std::move(turn));
    }
    return turns;
}

}  // namespace

Result<std::string> optionalString(const JsonReader& object, std::string_view key) {
    EPI_TRY_ASSIGN(const auto member, object.find(key));
    if (!member) return std::string();
    return member->string();
}

Result<SessionRecord> readSessionRecord(const JsonReader& holder, std::string_view textKey) {
    EPI_TRY_ASSIGN(const auto members, holder.members());
    SessionRecord sessions;
    for (const auto& [key, value] : members) {
        const auto parsed = parseSessionKey(key);
        if (!parsed) continue;
        bool isFirst = false;
        if (parsed->isDate) {
            EPI_TRY_ASSIGN(std::string date, value.string());
            isFirst = sessions.dates.emplace(parsed->number, std::move(date)).second;
        } else {
            EPI_TRY_ASSIGN(auto turns, readTurns(value, textKey));
            ImportedSession session{parsed->number, "", std::move(turns)};
            isFirst = sessions.byNumber.emplace(parsed->number, std::move(session)).second;
        }
        if (!isFirst) return value.error("session " + std::to_string(parsed->number) + " is there twice");
    }
    if (sessions.byNumber.empty()) return holder.error("no member session_<number>");
    return sessions;
}

std::vector<std::string> speakersOf(const SessionRecord& sessions) {
    std::vector<std::string> speakers;
    for (const auto& [number, session] : sessions.byNumber) {
        for (const ImportedTurn& turn : session.turns) {
            if (std::ranges::find(speakers, turn.speaker) == speakers.end()) speakers.push_back(turn.speaker);
        }
    }
    return speakers;
}

std::vector<ImportedSession> datedSessions(SessionRecord sessions) {
    std::vector<ImportedSession> dated;
    for (auto& [number, session] : sessions.byNumber) {
        if (const auto date = sessions.dates.find(number); date != sessions.dates.end()) {
            session.date = date->second;
        }
        dated.push_back(std::move(session));
    }
    return dated;
}

std::string namesJoined(const std::vector<std::string>& names) {
    std::string text;
    for (const std::string& name : names) {
        if (!text.empty()) text += " and ";
        text += name;
    }
    return text;
}

void addSessionNotices(const ImportedConversation& conversation,
                       const std::map<std::int32_t, std::string>& dates,
                       ImportReport& report) {
    std::set<std::int32_t> numbers;
    std::set<std::string_view> ids;
    for (const ImportedSession& session : conversation.sessions) {
        numbers.insert(session.number);
        for (const ImportedTurn& turn : session.turns) {
            ids.insert(turn.sourceId);
        }
    }
    const auto orphans =
        std::ranges::count_if(dates, [&](const auto& date) { return !numbers.contains(date.first); });
    const auto undated = std::ranges::count_if(
        conversation.sessions, [](const ImportedSession& session) { return session.date.empty(); });
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

}  // namespace epi
