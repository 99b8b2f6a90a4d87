#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <span>
#include <vector>

#include "core/base/result.h"
#include "storage/database.h"
#include "storage/message_repository.h"

namespace epi {

/// Which branch of a conversation's tree of messages is shown, and what was taken out of it. The active
/// branch is the path from a first message to one end, without the messages that were removed; its sequences
/// are 1, 2, … without gaps. No row is ever deleted here. Writing functions run inside the caller's
/// transaction and rewrite only what changes its place.
class VersionRepository {
public:
    VersionRepository(Database& database, MessageRepository& messages)
        : database_(database), messages_(messages) {}

    /// Messages of the active branch of which there is more than one version.
    Result<std::vector<VersionPlace>> places(std::int64_t conversationId);
    /// All versions of a message, itself among them, in the order they were made.
    Result<std::vector<std::int64_t>> versions(std::int64_t messageId);

    /// Makes the branch from the beginning to `lastId` the active one.
    Result<void> activate(std::int64_t conversationId, std::int64_t lastId);
    /// The same to the end that was last shown behind `messageId`.
    Result<void> show(std::int64_t messageId);
    /// Adds `added`, the first as another version of `messageId` and each later one behind the one before;
    /// they end the active branch then. Fills in what MessageRepository::append fills in.
    Result<void> add(std::int64_t messageId, std::span<MessageRecord> added);

    /// Takes a message of the active branch out, a question with every version of its reply and a reply with
    /// its question; returns what was taken out. What follows stays.
    Result<std::vector<std::int64_t>> removeTurn(std::int64_t messageId);
    /// Puts messages back that were taken out, where they stood. Where the branch has gone on without them,
    /// it leads to them again, and what it led to is the other version.
    Result<void> restore(std::span<const std::int64_t> messageIds);
    /// What was taken out of a conversation and can be put back, in the order of ids.
    Result<std::vector<std::int64_t>> removed(std::int64_t conversationId);
    /// Erases what was said in messages that were taken out before a time (UTC milliseconds) and forgets
    /// when; they cannot be put back then. Their rows stay, for they hold the tree together. What is damaged
    /// is left alone. Returns the conversations of which something was erased.
    Result<std::set<std::int64_t>> purgeRemoved(std::int64_t beforeMs);

private:
    struct Node {
        std::int64_t id = 0;
        bool isRemoved = false;
    };

    Result<std::vector<std::int64_t>> ids(Statement& rows) const;
    Result<std::optional<Node>> lastShownChild(std::int64_t conversationId,
                                               std::optional<std::int64_t> parentId,
                                               bool isWithRemoved);
    /// The last message that is seen when the branch goes on behind `start` (none: from the beginning) as it
    /// did last. No message follows it that was not removed.
    Result<std::optional<std::int64_t>> endBehind(std::int64_t conversationId,
                                                  std::optional<std::int64_t> start);
    /// The sequence of the nearest message at or above this one that is on the active branch; 0 without.
    Result<std::int64_t> placeAbove(std::int64_t messageId);
    Result<std::optional<MessageRecord>> lastActive(std::int64_t conversationId);
    Result<std::optional<std::int64_t>> atPlace(std::int64_t conversationId, std::int64_t sequence);
    /// What is taken out together with a message.
    Result<std::vector<std::int64_t>> turnOf(const MessageRecord& message);
    /// Renumbers everything behind place `kept` of the active branch so that the path to `lastId` is shown.
    /// Requires: the first `kept` places are on that path.
    Result<void> renumber(std::int64_t conversationId, std::optional<std::int64_t> lastId, std::int64_t kept);

    Database& database_;
    MessageRepository& messages_;
};

}  // namespace epi
