#include "storage/released_caches.h"

#include "core/format/cache_key.h"
#include "storage/statement.h"

namespace epi {

Result<void> ReleasedCaches::addAllOf(std::int64_t conversationId) {
    EPI_TRY_ASSIGN(Statement row, database_.prepare("SELECT uid FROM conversations WHERE id = :id"));
    row.bind(":id", conversationId);
    EPI_TRY_ASSIGN(const bool hasRow, row.step());
    if (!hasRow) return {};
    EPI_TRY_ASSIGN(Statement insert,
                   database_.prepare("INSERT OR IGNORE INTO released_caches (key) VALUES (:key)"));
    return insert.bind(":key", conversationKey(row.text())).run();
}

Result<std::vector<std::string>> ReleasedCaches::all() {
    EPI_TRY_ASSIGN(Statement rows, database_.prepare("SELECT key FROM released_caches ORDER BY key"));
    std::vector<std::string> keys;
    for (;;) {
        EPI_TRY_ASSIGN(const bool hasRow, rows.step());
        if (!hasRow) return keys;
        keys.emplace_back(rows.text());
    }
}

Result<void> ReleasedCaches::remove(std::span<const std::string> keys) {
    EPI_TRY_ASSIGN(Statement remove, database_.prepare("DELETE FROM released_caches WHERE key = :key"));
    for (const std::string& key : keys)
        EPI_TRY(remove.bind(":key", key).run());
    return {};
}

}  // namespace epi
