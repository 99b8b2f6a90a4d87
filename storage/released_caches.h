#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "storage/database.h"

namespace epi {

/// The table `released_caches`: what the keys of caches begin with whose conversations were deleted, until an
/// engine has removed their files. Writing functions run inside the caller's transaction.
class ReleasedCaches {
public:
    explicit ReleasedCaches(Database& database) : database_(database) {}

    /// Adds those of a conversation that is about to be deleted.
    Result<void> addAllOf(std::int64_t conversationId);
    Result<std::vector<std::string>> all();
    Result<void> remove(std::span<const std::string> keys);

private:
    Database& database_;
};

}  // namespace epi
