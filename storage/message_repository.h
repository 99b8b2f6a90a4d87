#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "storage/database.h"
#include "storage/records.h"

namespace epi {

/// The table `messages`. Every row is checked against its checksum when read. Writing functions run inside
/// the caller's transaction.
class MessageRepository {
public:
    explicit MessageRepository(Database& database) : database_(database) {}

    Result<std::vector<MessageRecord>> activeBranch(std::int64_t conversationId);
    Result<MessageRecord> find(std::int64_t id);

    /// Appends to the active branch and fills in id, conversation, parent, sequence and, where it is 0, the
    /// time.
    Result<void> append(std::int64_t conversationId, std::span<MessageRecord> messages);
    /// Replaces text, state and details of the row `message.id`.
    Result<void> update(const MessageRecord& message);
    /// Replies that a killed program left streaming become kCutOff; their text stays.
    Result<void> cutOffStreaming();

private:
    Result<MessageRecord> read(Statement& row) const;

    Database& database_;
};

}  // namespace epi
