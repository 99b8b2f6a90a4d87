#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "storage/database.h"

namespace epi {

/// The table `released_caches`: what the keys of caches begin with whose conversations were deleted, and
/// outdatedKey (core/format/cache_folder.h) of conversations of which turns were erased, until an engine has
/// removed the files. Writing functions run inside the caller's transaction.
class ReleasedCaches {
public:
    explicit ReleasedCaches(Database& database) : database_(database) {}

    /// Adds those of a conversation that is about to be deleted.
    Result<void> addAllOf(std::int64_t conversationId);
    /// Adds those of a conversation of which something was just erased, in place of what an earlier erasure
    /// added. `memory` is the key of one that was built without it; empty: none was.
    Result<void> addOutdatedOf(std::int64_t conversationId, const std::string& memory);
    Result<std::vector<std::string>> all();
    Result<void> remove(std::span<const std::string> keys);

private:
    /// What the keys of its caches begin with; nothing where there is no such conversation.
    Result<std::optional<std::string>> keyOf(std::int64_t conversationId);
    Result<void> add(const std::string& key);
    Result<void> removeOutdatedOf(const std::string& conversationKey);

    Database& database_;
};

}  // namespace epi
