#pragma once

#include <cstdint>
#include <functional>
#include <optional>
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

    /// What follows place `after` of it.
    Result<std::vector<MessageRecord>> activeBranch(std::int64_t conversationId, std::int64_t after = 0);
    /// The same one after the other, until `take` returns false. What is damaged goes to `onDamaged`; without
    /// it, it is an error.
    Result<void> eachActive(std::int64_t conversationId,
                            std::int64_t after,
                            const std::function<bool(MessageRecord&&)>& take,
                            const std::function<void(DamagedMessage&&)>& onDamaged = {});
    /// The ids of the same, read from an index alone.
    Result<std::vector<std::int64_t>> branchIds(std::int64_t conversationId, std::int64_t after);
    /// These messages in this order, up to the first whose text makes it more than `maxBytes` of texts.
    Result<MessagePage> page(std::span<const std::int64_t> ids, std::int64_t maxBytes);
    /// Bytes of all texts of the active branch.
    Result<std::int64_t> branchBytes(std::int64_t conversationId);
    /// The last message of the active branch whose details name an episode.
    Result<std::optional<MessageRecord>> lastFromEpisode(std::int64_t conversationId);
    Result<MessageRecord> find(std::int64_t id);
    /// Of all branches, parents before the messages that follow them; `sequence` is 0 off the active branch.
    Result<std::vector<MessageRecord>> all(std::int64_t conversationId);

    /// Adds messages one by one, each with the parent and the sequence (0: off the active branch) it says.
    class Inserter {
    public:
        /// Fills in the id and, where it is 0, the time.
        Result<void> insert(MessageRecord& message);

    private:
        friend class MessageRepository;
        Inserter(Statement statement, std::int64_t lastId)
            : statement_(std::move(statement)), lastId_(lastId) {}

        Statement statement_;
        std::int64_t lastId_;
    };
    /// Requires: nothing else adds messages as long as it lives.
    Result<Inserter> inserter();
    /// Appends to the active branch and fills in id, conversation, parent, sequence and, where it is 0, the
    /// time.
    Result<void> append(std::int64_t conversationId, std::span<MessageRecord> messages);
    /// Replaces text, state and details of the row `message.id`.
    Result<void> update(const MessageRecord& message);
    /// Writes `sequence`, `leftBranch` and `removedAtMs` of the row. Requires: the record was read, not made.
    Result<void> place(const MessageRecord& message);
    /// Takes everything that was said out of the row; only its place in the tree stays. Requires: the message
    /// is none of the active branch.
    Result<void> erase(MessageRecord message);
    /// Replies that a killed program left streaming become kCutOff; their text stays.
    Result<void> cutOffStreaming();

private:
    Result<MessageRecord> read(Statement& row) const;
    Result<std::vector<MessageRecord>> readAll(Statement& rows) const;

    Database& database_;
};

}  // namespace epi
