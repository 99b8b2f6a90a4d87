#include "storage/pin_repository.h"

#include <string>

#include "storage/clock.h"
#include "storage/statement.h"

namespace epi {

Result<void> PinRepository::set(std::int64_t messageId, bool isPinned) {
    EPI_TRY_ASSIGN(
        Statement change,
        database_.prepare(isPinned ? "INSERT INTO pins (message_id, created_at_ms) "
                                     "SELECT id, :now FROM messages WHERE id = :id "
                                     "ON CONFLICT (message_id) DO UPDATE SET message_id = excluded.message_id"
                                   : "DELETE FROM pins WHERE message_id = :id"));
    change.bind(":id", messageId);
    if (isPinned) change.bind(":now", nowMs());
    EPI_TRY(change.run());
    if (isPinned && database_.changedRows() == 0)
        return Error{ErrorCode::kNotFound, "no message " + std::to_string(messageId)};
    return {};
}

Result<std::vector<std::int64_t>> PinRepository::activeBranch(std::int64_t conversationId) {
    return select(
        "SELECT id FROM pins JOIN messages ON id = message_id "
        "WHERE conversation_id = :conversation AND sequence IS NOT NULL ORDER BY sequence",
        conversationId);
}

Result<std::vector<std::int64_t>> PinRepository::all(std::int64_t conversationId) {
    return select(
        "SELECT id FROM pins JOIN messages ON id = message_id "
        "WHERE conversation_id = :conversation ORDER BY id",
        conversationId);
}

Result<std::vector<std::int64_t>> PinRepository::select(const char* sql, std::int64_t conversationId) {
    EPI_TRY_ASSIGN(Statement rows, database_.prepare(sql));
    rows.bind(":conversation", conversationId);
    std::vector<std::int64_t> ids;
    for (;;) {
        EPI_TRY_ASSIGN(const bool hasRow, rows.step());
        if (!hasRow) return ids;
        ids.push_back(rows.integer());
    }
}

}  // namespace epi
