#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "storage/database.h"
#include "storage/records.h"

namespace epi {

/// What keeps many conversations in order: folders, tags, pins, the archive, the bin and drafts. Writing
/// functions run inside the caller's transaction; one that names a conversation or folder is kNotFound
/// without it.
class HistoryRepository {
public:
    explicit HistoryRepository(Database& database) : database_(database) {}

    /// By name.
    Result<std::vector<FolderRecord>> folders();
    /// The folder of this name, made where there is none.
    Result<std::int64_t> findOrAddFolder(std::string_view name);
    /// kInvalidArgument when another folder has this name.
    Result<void> renameFolder(std::int64_t folderId, std::string_view name);
    /// Its conversations stay, in no folder.
    Result<void> removeFolder(std::int64_t folderId);
    Result<void> setFolder(std::int64_t conversationId, std::optional<std::int64_t> folderId);

    Result<void> setTags(std::int64_t conversationId, std::span<const std::string> tags);
    Result<void> setPinned(std::int64_t conversationId, bool isPinned);
    Result<void> setArchived(std::int64_t conversationId, bool isArchived);
    Result<void> setInBin(std::int64_t conversationId, bool isInBin);
    /// Ids of conversations that came into the bin before this time.
    Result<std::vector<std::int64_t>> binnedBefore(std::int64_t timeMs);

    Result<std::string> draft(std::int64_t conversationId);
    Result<void> setDraft(std::int64_t conversationId, std::string_view text);

private:
    Result<void> runOn(std::int64_t conversationId, Statement& change);

    Database& database_;
};

}  // namespace epi
