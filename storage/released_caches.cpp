#include "storage/released_caches.h"

#include "core/format/cache_folder.h"
#include "core/format/cache_key.h"
#include "storage/clock.h"
#include "storage/statement.h"

namespace epi {

Result<std::optional<std::string>> ReleasedCaches::keyOf(std::int64_t conversationId) {
    EPI_TRY_ASSIGN(Statement row, database_.prepare("SELECT uid FROM conversations WHERE id = :id"));
    row.bind(":id", conversationId);
    EPI_TRY_ASSIGN(const bool hasRow, row.step());
    return hasRow ? std::optional(conversationKey(row.text())) : std::nullopt;
}

Result<void> ReleasedCaches::add(const std::string& key) {
    EPI_TRY_ASSIGN(Statement insert,
                   database_.prepare("INSERT OR IGNORE INTO released_caches (key) VALUES (:key)"));
    return insert.bind(":key", key).run();
}

Result<void> ReleasedCaches::addAllOf(std::int64_t conversationId) {
    EPI_TRY_ASSIGN(const auto key, keyOf(conversationId));
    if (!key) return {};
    EPI_TRY(removeOutdatedOf(*key));
    return add(*key);
}

Result<void> ReleasedCaches::addOutdatedOf(std::int64_t conversationId, const std::string& memory) {
    EPI_TRY_ASSIGN(const auto key, keyOf(conversationId));
    if (!key) return {};
    EPI_TRY(removeOutdatedOf(*key));
    // Names of before migration 9 do not begin with the chat, and are found no more.
    return add(outdatedKey(memory.starts_with(*key) ? memory : *key, nowMs()));
}

Result<void> ReleasedCaches::removeOutdatedOf(const std::string& conversationKey) {
    EPI_TRY_ASSIGN(Statement remove,
                   database_.prepare("DELETE FROM released_caches "
                                     "WHERE substr(key, 1, length(:key)) = :key AND instr(key, '+') > 0"));
    return remove.bind(":key", conversationKey).run();
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
