#include "storage/history_repository.h"

#include "core/base/printable.h"
#include "storage/clock.h"

namespace epi {

Result<void> HistoryRepository::runOn(std::int64_t conversationId, Statement& change) {
    EPI_TRY(change.bind(":id", conversationId).run());
    if (database_.changedRows() > 0) return {};
    return Error{ErrorCode::kNotFound, "no conversation " + std::to_string(conversationId)};
}

Result<std::vector<FolderRecord>> HistoryRepository::folders() {
    EPI_TRY_ASSIGN(Statement rows,
                   database_.prepare("SELECT id, name FROM folders ORDER BY name COLLATE NOCASE, name"));
    std::vector<FolderRecord> folders;
    for (;;) {
        EPI_TRY_ASSIGN(const bool hasRow, rows.step());
        if (!hasRow) return folders;
        FolderRecord folder;
        folder.id = rows.integer();
        folder.name = rows.text();
        folders.push_back(std::move(folder));
    }
}

Result<std::int64_t> HistoryRepository::findOrAddFolder(std::string_view name) {
    if (name.empty()) return Error{ErrorCode::kInvalidArgument, "a folder needs a name"};
    EPI_TRY_ASSIGN(Statement row, database_.prepare("SELECT id FROM folders WHERE name = :name"));
    row.bind(":name", name);
    EPI_TRY_ASSIGN(const bool hasRow, row.step());
    if (hasRow) return row.integer();
    EPI_TRY_ASSIGN(Statement insert, database_.prepare("INSERT INTO folders (name) VALUES (:name)"));
    EPI_TRY(insert.bind(":name", name).run());
    return database_.lastInsertedId();
}

Result<void> HistoryRepository::renameFolder(std::int64_t folderId, std::string_view name) {
    if (name.empty()) return Error{ErrorCode::kInvalidArgument, "a folder needs a name"};
    EPI_TRY_ASSIGN(Statement other,
                   database_.prepare("SELECT count(*) FROM folders WHERE name = :name AND id <> :id"));
    other.bind(":name", name).bind(":id", folderId);
    EPI_TRY_ASSIGN(const bool hasRow, other.step());
    if (hasRow && other.integer() > 0)
        return Error{ErrorCode::kInvalidArgument, "there is a folder " + inQuotes(name) + " already"};
    EPI_TRY_ASSIGN(Statement change, database_.prepare("UPDATE folders SET name = :name WHERE id = :id"));
    EPI_TRY(change.bind(":name", name).bind(":id", folderId).run());
    if (database_.changedRows() > 0) return {};
    return Error{ErrorCode::kNotFound, "no folder " + std::to_string(folderId)};
}

Result<void> HistoryRepository::removeFolder(std::int64_t folderId) {
    EPI_TRY_ASSIGN(Statement change, database_.prepare("DELETE FROM folders WHERE id = :id"));
    return change.bind(":id", folderId).run();
}

Result<void> HistoryRepository::setFolder(std::int64_t conversationId, std::optional<std::int64_t> folderId) {
    EPI_TRY_ASSIGN(Statement change,
                   database_.prepare("UPDATE conversations SET folder_id = :folder WHERE id = :id"));
    return runOn(conversationId, change.bind(":folder", folderId));
}

Result<void> HistoryRepository::setTags(std::int64_t conversationId, std::span<const std::string> tags) {
    EPI_TRY_ASSIGN(Statement remove, database_.prepare("DELETE FROM tags WHERE conversation_id = :id"));
    EPI_TRY(remove.bind(":id", conversationId).run());
    EPI_TRY_ASSIGN(
        Statement insert,
        database_.prepare("INSERT OR IGNORE INTO tags (conversation_id, name) VALUES (:id, :name)"));
    for (const std::string& tag : tags)
        EPI_TRY(insert.bind(":id", conversationId).bind(":name", tag).run());
    return {};
}

Result<void> HistoryRepository::setPinned(std::int64_t conversationId, bool isPinned) {
    EPI_TRY_ASSIGN(Statement change,
                   database_.prepare("UPDATE conversations SET is_pinned = :on WHERE id = :id"));
    return runOn(conversationId, change.bind(":on", std::int64_t{isPinned}));
}

Result<void> HistoryRepository::setArchived(std::int64_t conversationId, bool isArchived) {
    EPI_TRY_ASSIGN(Statement change,
                   database_.prepare("UPDATE conversations SET is_archived = :on WHERE id = :id"));
    return runOn(conversationId, change.bind(":on", std::int64_t{isArchived}));
}

Result<void> HistoryRepository::setInBin(std::int64_t conversationId, bool isInBin) {
    EPI_TRY_ASSIGN(Statement change,
                   database_.prepare("UPDATE conversations SET deleted_at_ms = :since WHERE id = :id"));
    const std::optional<std::int64_t> since = isInBin ? std::optional(nowMs()) : std::nullopt;
    return runOn(conversationId, change.bind(":since", since));
}

Result<std::vector<std::int64_t>> HistoryRepository::binnedBefore(std::int64_t timeMs) {
    EPI_TRY_ASSIGN(Statement rows,
                   database_.prepare("SELECT id FROM conversations WHERE deleted_at_ms < :time"));
    rows.bind(":time", timeMs);
    std::vector<std::int64_t> ids;
    for (;;) {
        EPI_TRY_ASSIGN(const bool hasRow, rows.step());
        if (!hasRow) return ids;
        ids.push_back(rows.integer());
    }
}

Result<std::string> HistoryRepository::draft(std::int64_t conversationId) {
    EPI_TRY_ASSIGN(Statement row, database_.prepare("SELECT draft FROM conversations WHERE id = :id"));
    row.bind(":id", conversationId);
    EPI_TRY_ASSIGN(const bool hasRow, row.step());
    if (!hasRow) return Error{ErrorCode::kNotFound, "no conversation " + std::to_string(conversationId)};
    return std::string(row.text());
}

Result<void> HistoryRepository::setDraft(std::int64_t conversationId, std::string_view text) {
    EPI_TRY_ASSIGN(Statement change,
                   database_.prepare("UPDATE conversations SET draft = :draft WHERE id = :id"));
    return runOn(conversationId, change.bind(":draft", text));
}

}  // namespace epi
