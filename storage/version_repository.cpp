#include "storage/version_repository.h"

#include <algorithm>
#include <limits>
#include <string>
#include <unordered_set>
#include <utility>

#include "storage/clock.h"

namespace epi {
namespace {

bool isReply(const MessageRecord& message) {
    return message.role == Role::kAssistant && message.speaker.empty();
}

bool isQuestion(const MessageRecord& message) {
    return message.role == Role::kUser && message.speaker.empty();
}

}  // namespace

Result<std::vector<std::int64_t>> VersionRepository::ids(Statement& rows) const {
    std::vector<std::int64_t> ids;
    for (;;) {
        EPI_TRY_ASSIGN(const bool hasRow, rows.step());
        if (!hasRow) return ids;
        ids.push_back(rows.integer());
    }
}

Result<std::vector<VersionPlace>> VersionRepository::places(std::int64_t conversationId) {
    // Where there are versions, some of them are off the branch: few parents to look at, however long it is.
    EPI_TRY_ASSIGN(
        Statement rows,
        database_.prepare(
            "WITH forks AS (SELECT DISTINCT parent_id FROM messages WHERE conversation_id = :conversation "
            "AND sequence IS NULL AND removed_at_ms IS NULL) "
            "SELECT id, sequence, rank, total FROM ("
            "SELECT messages.id, messages.sequence, "
            "row_number() OVER (PARTITION BY messages.parent_id ORDER BY messages.id) - 1 AS rank, "
            "count(*) OVER (PARTITION BY messages.parent_id) AS total "
            "FROM forks JOIN messages ON messages.parent_id IS forks.parent_id "
            "WHERE messages.conversation_id = :conversation AND messages.removed_at_ms IS NULL) "
            "WHERE sequence IS NOT NULL AND total > 1 ORDER BY sequence"));
    rows.bind(":conversation", conversationId);
    std::vector<VersionPlace> places;
    for (;;) {
        EPI_TRY_ASSIGN(const bool hasRow, rows.step());
        if (!hasRow) return places;
        VersionPlace place;
        place.messageId = rows.integer();
        rows.integer();  // the sequence, which orders them
        place.index = static_cast<std::int32_t>(rows.integer());
        place.count = static_cast<std::int32_t>(rows.integer());
        places.push_back(place);
    }
}

Result<std::vector<std::int64_t>> VersionRepository::versions(std::int64_t messageId) {
    EPI_TRY_ASSIGN(const MessageRecord message, messages_.find(messageId));
    EPI_TRY_ASSIGN(Statement rows,
                   database_.prepare("SELECT id FROM messages WHERE conversation_id = :conversation "
                                     "AND parent_id IS :parent AND removed_at_ms IS NULL ORDER BY id"));
    rows.bind(":conversation", message.conversationId).bind(":parent", message.parentId);
    return ids(rows);
}

Result<std::optional<VersionRepository::Node>> VersionRepository::lastShownChild(
    std::int64_t conversationId, std::optional<std::int64_t> parentId, bool isWithRemoved) {
    EPI_TRY_ASSIGN(Statement row,
                   database_.prepare("SELECT id, removed_at_ms IS NOT NULL FROM messages "
                                     "WHERE conversation_id = :conversation AND parent_id IS :parent "
                                     "AND (:removed OR removed_at_ms IS NULL) "
                                     "ORDER BY sequence IS NULL, left_branch DESC, id DESC LIMIT 1"));
    row.bind(":conversation", conversationId)
        .bind(":parent", parentId)
        .bind(":removed", std::int64_t{isWithRemoved});
    EPI_TRY_ASSIGN(const bool hasRow, row.step());
    if (!hasRow) return std::optional<Node>();
    Node node;
    node.id = row.integer();
    node.isRemoved = row.integer() != 0;
    return std::optional(node);
}

Result<std::optional<std::int64_t>> VersionRepository::endBehind(std::int64_t conversationId,
                                                                 std::optional<std::int64_t> start) {
    std::optional<std::int64_t> visible = start;
    std::optional<std::int64_t> current = start;
    for (;;) {
        EPI_TRY_ASSIGN(auto next, lastShownChild(conversationId, current, true));
        if (!next) {
            // What was shown last was removed since: another version takes its place, if there is one.
            if (current == visible) return visible;
            EPI_TRY_ASSIGN(next, lastShownChild(conversationId, visible, false));
            if (!next) return visible;
        }
        current = next->id;
        if (!next->isRemoved) visible = current;
    }
}

Result<std::optional<MessageRecord>> VersionRepository::lastActive(std::int64_t conversationId) {
    EPI_TRY_ASSIGN(Statement row,
                   database_.prepare("SELECT id FROM messages WHERE conversation_id = :conversation "
                                     "AND sequence IS NOT NULL ORDER BY sequence DESC LIMIT 1"));
    row.bind(":conversation", conversationId);
    EPI_TRY_ASSIGN(const bool hasRow, row.step());
    if (!hasRow) return std::optional<MessageRecord>();
    EPI_TRY_ASSIGN(MessageRecord message, messages_.find(row.integer()));
    return std::optional(std::move(message));
}

Result<std::optional<std::int64_t>> VersionRepository::atPlace(std::int64_t conversationId,
                                                               std::int64_t sequence) {
    EPI_TRY_ASSIGN(Statement row,
                   database_.prepare("SELECT id FROM messages WHERE conversation_id = :conversation "
                                     "AND sequence = :sequence"));
    row.bind(":conversation", conversationId).bind(":sequence", sequence);
    EPI_TRY_ASSIGN(const bool hasRow, row.step());
    return hasRow ? std::optional(row.integer()) : std::nullopt;
}

Result<void> VersionRepository::renumber(std::int64_t conversationId,
                                         std::optional<std::int64_t> lastId,
                                         std::int64_t kept) {
    std::vector<MessageRecord> path;
    for (std::optional<std::int64_t> id = lastId; id;) {
        EPI_TRY_ASSIGN(MessageRecord message, messages_.find(*id));
        if (message.sequence > 0 && message.sequence <= kept) break;
        id = message.parentId;
        if (!message.removedAtMs) path.push_back(std::move(message));
    }
    std::ranges::reverse(path);
    std::unordered_set<std::int64_t> shown;
    for (const MessageRecord& message : path)
        shown.insert(message.id);

    EPI_TRY_ASSIGN(Statement last,
                   database_.prepare("SELECT coalesce(max(left_branch), 0) FROM messages "
                                     "WHERE conversation_id = :conversation AND sequence IS NULL"));
    last.bind(":conversation", conversationId);
    EPI_TRY(last.step());
    const std::int64_t leaving = last.integer() + 1;
    // First off the branch, then onto it: no two messages have one place in between.
    EPI_TRY_ASSIGN(std::vector<MessageRecord> before, messages_.activeBranch(conversationId, kept));
    for (MessageRecord& message : before) {
        const std::int64_t place = message.sequence - kept;
        const bool stays =
            place <= std::ssize(path) && path[static_cast<std::size_t>(place - 1)].id == message.id;
        if (stays) continue;
        message.sequence = 0;
        if (!shown.contains(message.id)) message.leftBranch = leaving;
        EPI_TRY(messages_.place(message));
    }
    for (MessageRecord& message : path) {
        if (message.sequence == ++kept) continue;
        message.sequence = kept;
        message.leftBranch = 0;
        EPI_TRY(messages_.place(message));
    }
    return {};
}

Result<std::int64_t> VersionRepository::placeAbove(std::int64_t messageId) {
    for (std::optional<std::int64_t> id = messageId; id;) {
        EPI_TRY_ASSIGN(const MessageRecord message, messages_.find(*id));
        if (message.sequence > 0) return message.sequence;
        id = message.parentId;
    }
    return 0;
}

Result<void> VersionRepository::activate(std::int64_t conversationId, std::int64_t lastId) {
    // The branch stays as it is up to where the paths part.
    EPI_TRY_ASSIGN(const std::int64_t kept, placeAbove(lastId));
    return renumber(conversationId, lastId, kept);
}

Result<void> VersionRepository::show(std::int64_t messageId) {
    EPI_TRY_ASSIGN(const MessageRecord message, messages_.find(messageId));
    if (message.removedAtMs) {
        return Error{ErrorCode::kInvalidArgument,
                     "message " + std::to_string(messageId) + " was taken out, it cannot be shown"};
    }
    if (message.sequence > 0) return {};
    EPI_TRY_ASSIGN(const auto end, endBehind(message.conversationId, messageId));
    return activate(message.conversationId, end.value_or(messageId));
}

Result<void> VersionRepository::add(std::int64_t messageId, std::span<MessageRecord> added) {
    if (added.empty()) return {};
    EPI_TRY_ASSIGN(const MessageRecord message, messages_.find(messageId));
    std::optional<std::int64_t> parent = message.parentId;
    EPI_TRY_ASSIGN(MessageRepository::Inserter inserter, messages_.inserter());
    for (MessageRecord& version : added) {
        version.conversationId = message.conversationId;
        version.parentId = parent;
        version.sequence = 0;
        EPI_TRY(inserter.insert(version));
        parent = version.id;
    }
    EPI_TRY(activate(message.conversationId, added.back().id));
    for (MessageRecord& version : added) {
        EPI_TRY_ASSIGN(version, messages_.find(version.id));
    }
    return {};
}

Result<std::vector<std::int64_t>> VersionRepository::turnOf(const MessageRecord& message) {
    std::int64_t question = message.id;
    if (isReply(message) && message.parentId) {
        EPI_TRY_ASSIGN(const MessageRecord before, messages_.find(*message.parentId));
        if (before.sequence == 0 || !isQuestion(before)) return std::vector{message.id};
        question = before.id;
    } else if (!isQuestion(message)) {
        return std::vector{message.id};
    }
    // With every version of the reply: none of them says anything without its question.
    EPI_TRY_ASSIGN(
        Statement rows,
        database_.prepare("SELECT id FROM messages WHERE (id = :question OR (parent_id = :question "
                          "AND role = 'assistant' AND speaker = '')) AND removed_at_ms IS NULL "
                          "ORDER BY id"));
    rows.bind(":question", question);
    return ids(rows);
}

Result<std::vector<std::int64_t>> VersionRepository::removeTurn(std::int64_t messageId) {
    EPI_TRY_ASSIGN(const MessageRecord message, messages_.find(messageId));
    if (message.sequence == 0) {
        return Error{ErrorCode::kInvalidArgument,
                     "message " + std::to_string(messageId) + " is not on the branch that is shown"};
    }
    EPI_TRY_ASSIGN(const auto last, lastActive(message.conversationId));
    EPI_TRY_ASSIGN(std::vector<std::int64_t> turn, turnOf(message));
    std::int64_t kept = message.sequence;
    const std::int64_t now = nowMs();
    for (const std::int64_t id : turn) {
        EPI_TRY_ASSIGN(MessageRecord gone, messages_.find(id));
        if (gone.sequence > 0) kept = std::min(kept, gone.sequence - 1);
        gone.removedAtMs = now;
        EPI_TRY(messages_.place(gone));
    }
    std::optional<std::int64_t> end = last ? std::optional(last->id) : std::nullopt;
    if (last && std::ranges::find(turn, last->id) != turn.end()) {
        EPI_TRY_ASSIGN(const auto before, atPlace(message.conversationId, kept));
        EPI_TRY_ASSIGN(end, endBehind(message.conversationId, before));
    }
    EPI_TRY(renumber(message.conversationId, end, kept));
    return turn;
}

Result<void> VersionRepository::restore(std::span<const std::int64_t> messageIds) {
    std::optional<MessageRecord> newest;
    std::vector<std::int64_t> restored;
    for (const std::int64_t id : messageIds) {
        EPI_TRY_ASSIGN(MessageRecord message, messages_.find(id));
        if (!message.removedAtMs || *message.removedAtMs == 0) continue;
        message.removedAtMs.reset();
        EPI_TRY(messages_.place(message));
        restored.push_back(id);
        // Of versions of one reply the one that was shown.
        const auto rank = [](const MessageRecord& of) {
            return std::pair(of.leftBranch, of.id);
        };
        if (!newest || rank(message) > rank(*newest)) newest = std::move(message);
    }
    if (!newest) return {};
    std::int64_t kept = std::numeric_limits<std::int64_t>::max();
    for (const std::int64_t id : restored) {
        EPI_TRY_ASSIGN(const std::int64_t above, placeAbove(id));
        kept = std::min(kept, above);
    }
    EPI_TRY_ASSIGN(const auto last, lastActive(newest->conversationId));
    // Ids grow along a path.
    std::optional<std::int64_t> above = last ? std::optional(last->id) : std::nullopt;
    while (above && *above > newest->id) {
        EPI_TRY_ASSIGN(const MessageRecord message, messages_.find(*above));
        above = message.parentId;
    }
    std::optional<std::int64_t> end = last ? std::optional(last->id) : std::nullopt;
    if (above != newest->id) {
        EPI_TRY_ASSIGN(end, endBehind(newest->conversationId, newest->id));
    }
    return renumber(newest->conversationId, end, kept);
}

Result<std::vector<std::int64_t>> VersionRepository::removed(std::int64_t conversationId) {
    EPI_TRY_ASSIGN(Statement rows,
                   database_.prepare("SELECT id FROM messages WHERE conversation_id = :conversation "
                                     "AND sequence IS NULL AND removed_at_ms > 0 ORDER BY id"));
    rows.bind(":conversation", conversationId);
    return ids(rows);
}

Result<std::set<std::int64_t>> VersionRepository::purgeRemoved(std::int64_t beforeMs) {
    EPI_TRY_ASSIGN(Statement rows,
                   database_.prepare("SELECT id FROM messages WHERE removed_at_ms > 0 "
                                     "AND removed_at_ms < :before AND sequence IS NULL"));
    rows.bind(":before", beforeMs);
    EPI_TRY_ASSIGN(const std::vector<std::int64_t> old, ids(rows));
    std::set<std::int64_t> conversations;
    for (const std::int64_t id : old) {
        auto message = messages_.find(id);
        if (!message) continue;
        message->removedAtMs = 0;
        conversations.insert(message->conversationId);
        EPI_TRY(messages_.erase(*std::move(message)));
    }
    return conversations;
}

}  // namespace epi
