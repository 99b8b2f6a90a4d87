#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/json_reader.h"
#include "core/chat/conversation.h"
#include "core/eval/importer.h"

namespace epi {

// What LoCoMo and RealTalk have in common: sessions are members "session_<number>" of an object beside
// "session_<number>_date_time", turns have ids of the form D<session>:<turn>, questions name such ids.

/// The text of a member that need not be there; empty without it.
Result<std::string> optionalString(const JsonReader& object, std::string_view key);

struct SessionRecord {
    std::map<std::int32_t, ImportedSession> byNumber;  // without their dates
    std::map<std::int32_t, std::string> dates;
};

/// The sessions of `holder`; `textKey` names a turn's text. kCorruptData also for a session that is there
/// twice, and where there is none.
Result<SessionRecord> readSessionRecord(const JsonReader& holder, std::string_view textKey);

/// Names in the order in which they first speak.
std::vector<std::string> speakersOf(const SessionRecord& sessions);

/// The sessions in the order of their numbers, each with its date.
std::vector<ImportedSession> datedSessions(SessionRecord sessions);

/// "Ana and Ben".
std::string namesJoined(const std::vector<std::string>& names);

/// Tells the report what is odd about a conversation and harmless: dates without a session, sessions without
/// a date, evidence that names no turn.
void addSessionNotices(const ImportedConversation& conversation,
                       const std::map<std::int32_t, std::string>& dates,
                       ImportReport& report);

}  // namespace epi
