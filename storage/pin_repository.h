#pragma once

#include <cstdint>
#include <vector>

#include "core/base/result.h"
#include "storage/database.h"

namespace epi {

/// The table `pins`.
class PinRepository {
public:
    explicit PinRepository(Database& database) : database_(database) {}

    /// Runs inside the caller's transaction. kNotFound where there is no such message.
    Result<void> set(std::int64_t messageId, bool isPinned);
    /// Ids of the pinned messages, in order; of the active branch, or of all branches.
    Result<std::vector<std::int64_t>> activeBranch(std::int64_t conversationId);
    Result<std::vector<std::int64_t>> all(std::int64_t conversationId);

private:
    Result<std::vector<std::int64_t>> select(const char* sql, std::int64_t conversationId);

    Database& database_;
};

}  // namespace epi
