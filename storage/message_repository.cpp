#include "storage/message_repository.h"

#include <string>
#include <utility>

#include "storage/clock.h"
#include "storage/field_hash.h"

namespace epi {
namespace {

// SELECT lists below give the columns in this order, and `read` takes them in it.
#define EPI_MESSAGE_COLUMNS                                                                               \
    "id, conversation_id, parent_id, sequence, role, speaker, text, caption, session, source_id, state, " \
    "details, created_at_ms, left_branch, removed_at_ms, checksum"

/// What the names of a row's enumerators were, kept apart from the record: a damaged name has no enumerator.
struct RowNames {
    std::string_view role;
    std::string_view state;
};

std::int64_t checksum(const MessageRecord& message, const RowNames& names, bool isActive) {
    FieldHash hash;
    hash.add(message.id)
        .add(message.conversationId)
        .add(message.parentId.value_or(0))
        .add(isActive ? message.sequence : std::int64_t{-1})
        .add(names.role)
        .add(message.speaker)
        .add(message.text)
        .add(message.caption)
        .add(message.session)
        .add(message.sourceId)
        .add(names.state)
        .add(message.details)
        .add(message.createdAtMs);
    // Only where there is one, so that rows of older schemas keep their checksums.
    if (message.removedAtMs) hash.add(*message.removedAtMs);
    return hash.digest();
}

std::int64_t checksum(const MessageRecord& message) {
    return checksum(message, {name(message.role), name(message.state)}, message.sequence > 0);
}

std::optional<std::int64_t> sequenceColumn(const MessageRecord& message) {
    return message.sequence > 0 ? std::optional(message.sequence) : std::nullopt;
}

}  // namespace

Result<MessageRecord> MessageRepository::read(Statement& row) const {
    MessageRecord message;
    message.id = row.integer();
    message.conversationId = row.integer();
    message.parentId = row.optionalInteger();
    const auto sequence = row.optionalInteger();
    message.sequence = sequence.value_or(0);
    const std::string roleName(row.text());
    message.speaker = row.text();
    message.text = row.text();
    message.caption = row.text();
    message.session = row.text();
    message.sourceId = row.text();
    const std::string stateName(row.text());
    message.details = row.text();
    message.createdAtMs = row.integer();
    message.leftBranch = row.integer();
    message.removedAtMs = row.optionalInteger();
    const std::int64_t stored = row.integer();
    const std::int64_t computed = checksum(message, {roleName, stateName}, sequence.has_value());
    if (stored != computed) {
        return Error{ErrorCode::kCorruptData,
                     database_.file().string() + ": messages row " + std::to_string(message.id) +
                         " is damaged: checksum " + std::to_string(stored) + " expected, " +
                         std::to_string(computed) + " found"};
    }
    EPI_TRY_ASSIGN(message.role, roleFromName(roleName));
    EPI_TRY_ASSIGN(message.state, messageStateFromName(stateName));
    return message;
}

Result<std::vector<MessageRecord>> MessageRepository::readAll(Statement& rows) const {
    std::vector<MessageRecord> messages;
    for (;;) {
        EPI_TRY_ASSIGN(const bool hasRow, rows.step());
        if (!hasRow) return messages;
        EPI_TRY_ASSIGN(MessageRecord message, read(rows));
        messages.push_back(std::move(message));
    }
}

Result<void> MessageRepository::eachActive(std::int64_t conversationId,
                                           std::int64_t after,
                                           const std::function<bool(MessageRecord&&)>& take,
                                           const std::function<void(DamagedMessage&&)>& onDamaged) {
    EPI_TRY_ASSIGN(Statement rows,
                   database_.prepare("SELECT " EPI_MESSAGE_COLUMNS ", id FROM messages "
                                     "WHERE conversation_id = :conversation AND sequence > :after "
                                     "ORDER BY sequence"));
    rows.bind(":conversation", conversationId).bind(":after", after);
    for (;;) {
        EPI_TRY_ASSIGN(const bool hasRow, rows.step());
        if (!hasRow) return {};
        auto message = read(rows);
        if (message) {
            if (!take(*std::move(message))) return {};
        } else if (onDamaged && message.error().code == ErrorCode::kCorruptData) {
            onDamaged(
                {rows.integer(), message.error()});  // the id once more, behind the columns of a message
        } else {
            return message.error();
        }
    }
}

Result<std::vector<MessageRecord>> MessageRepository::activeBranch(std::int64_t conversationId,
                                                                   std::int64_t after) {
    std::vector<MessageRecord> messages;
    EPI_TRY(eachActive(conversationId, after, [&messages](MessageRecord&& message) {
        messages.push_back(std::move(message));
        return true;
    }));
    return messages;
}

Result<std::vector<std::int64_t>> MessageRepository::branchIds(std::int64_t conversationId,
                                                               std::int64_t after) {
    EPI_TRY_ASSIGN(Statement rows,
                   database_.prepare("SELECT id FROM messages WHERE conversation_id = :conversation "
                                     "AND sequence > :after ORDER BY sequence"));
    rows.bind(":conversation", conversationId).bind(":after", after);
    std::vector<std::int64_t> ids;
    for (;;) {
        EPI_TRY_ASSIGN(const bool hasRow, rows.step());
        if (!hasRow) return ids;
        ids.push_back(rows.integer());
    }
}

Result<MessagePage> MessageRepository::page(std::span<const std::int64_t> ids, std::int64_t maxBytes) {
    EPI_TRY_ASSIGN(Statement row,
                   database_.prepare("SELECT " EPI_MESSAGE_COLUMNS " FROM messages WHERE id = :id"));
    MessagePage page;
    std::int64_t bytes = 0;
    for (const std::int64_t id : ids) {
        auto message = [&]() -> Result<MessageRecord> {
            EPI_TRY_ASSIGN(const bool hasRow, row.bind(":id", id).step());
            if (!hasRow) return Error{ErrorCode::kNotFound, "no message " + std::to_string(id)};
            auto found = read(row);
            EPI_TRY(row.run());
            return found;
        }();
        if (message) {
            bytes += std::ssize(message->text);
            page.messages.push_back(*std::move(message));
            if (bytes > maxBytes) break;
            continue;
        }
        const ErrorCode code = message.error().code;
        if (code != ErrorCode::kCorruptData && code != ErrorCode::kNotFound) return message.error();
        page.damaged.push_back({id, message.error()});
    }
    return page;
}

Result<std::int64_t> MessageRepository::branchBytes(std::int64_t conversationId) {
    EPI_TRY_ASSIGN(Statement row,
                   database_.prepare("SELECT coalesce(sum(length(CAST(text AS BLOB))), 0) FROM messages "
                                     "WHERE conversation_id = :conversation AND sequence > 0"));
    EPI_TRY(row.bind(":conversation", conversationId).step());
    return row.integer();
}

Result<std::optional<MessageRecord>> MessageRepository::lastFromEpisode(std::int64_t conversationId) {
    EPI_TRY_ASSIGN(Statement row,
                   database_.prepare(
                       "SELECT " EPI_MESSAGE_COLUMNS " FROM messages "
                       "WHERE conversation_id = :conversation AND sequence > 0 AND details <> '' "
                       "AND iif(json_valid(details), json_extract(details, '$.episode'), NULL) IS NOT NULL "
                       "ORDER BY sequence DESC LIMIT 1"));
    EPI_TRY_ASSIGN(const bool hasRow, row.bind(":conversation", conversationId).step());
    if (!hasRow) return std::optional<MessageRecord>();
    EPI_TRY_ASSIGN(MessageRecord message, read(row));
    return std::optional(std::move(message));
}

Result<std::vector<MessageRecord>> MessageRepository::all(std::int64_t conversationId) {
    EPI_TRY_ASSIGN(Statement rows,
                   database_.prepare("SELECT " EPI_MESSAGE_COLUMNS " FROM messages "
                                     "WHERE conversation_id = :conversation ORDER BY id"));
    rows.bind(":conversation", conversationId);
    return readAll(rows);
}

Result<MessageRecord> MessageRepository::find(std::int64_t id) {
    EPI_TRY_ASSIGN(Statement row,
                   database_.prepare("SELECT " EPI_MESSAGE_COLUMNS " FROM messages WHERE id = :id"));
    row.bind(":id", id);
    EPI_TRY_ASSIGN(const bool hasRow, row.step());
    if (!hasRow) return Error{ErrorCode::kNotFound, "no message " + std::to_string(id)};
    return read(row);
}

Result<MessageRepository::Inserter> MessageRepository::inserter() {
    // The checksum covers the row's id, so the id is chosen here, the way AUTOINCREMENT would.
    EPI_TRY_ASSIGN(const std::int64_t lastId,
                   database_.integer("SELECT seq FROM sqlite_sequence WHERE name = 'messages'"));
    EPI_TRY_ASSIGN(Statement insert,
                   database_.prepare("INSERT INTO messages (" EPI_MESSAGE_COLUMNS ") VALUES "
                                     "(:id, :conversation, :parent, :sequence, :role, :speaker, :text, "
                                     ":caption, :session, :source, :state, :details, :created, :left, "
                                     ":removed, :checksum)"));
    return Inserter(std::move(insert), lastId);
}

Result<void> MessageRepository::Inserter::insert(MessageRecord& message) {
    message.id = ++lastId_;
    if (message.createdAtMs == 0) message.createdAtMs = nowMs();
    statement_.bind(":id", message.id)
        .bind(":conversation", message.conversationId)
        .bind(":parent", message.parentId)
        .bind(":sequence", sequenceColumn(message))
        .bind(":role", name(message.role))
        .bind(":speaker", message.speaker)
        .bind(":text", message.text)
        .bind(":caption", message.caption)
        .bind(":session", message.session)
        .bind(":source", message.sourceId)
        .bind(":state", name(message.state))
        .bind(":details", message.details)
        .bind(":created", message.createdAtMs)
        .bind(":left", message.leftBranch)
        .bind(":removed", message.removedAtMs)
        .bind(":checksum", checksum(message));
    return statement_.run();
}

Result<void> MessageRepository::append(std::int64_t conversationId, std::span<MessageRecord> messages) {
    EPI_TRY_ASSIGN(Statement last,
                   database_.prepare("SELECT id, sequence FROM messages "
                                     "WHERE conversation_id = :conversation AND sequence IS NOT NULL "
                                     "ORDER BY sequence DESC LIMIT 1"));
    last.bind(":conversation", conversationId);
    EPI_TRY_ASSIGN(const bool hasLast, last.step());
    std::optional<std::int64_t> parent;
    std::int64_t sequence = 0;
    if (hasLast) {
        parent = last.integer();
        sequence = last.integer();
    }
    EPI_TRY_ASSIGN(Inserter inserter, this->inserter());
    for (MessageRecord& message : messages) {
        message.conversationId = conversationId;
        message.parentId = parent;
        message.sequence = ++sequence;
        EPI_TRY(inserter.insert(message));
        parent = message.id;
    }
    return {};
}

Result<void> MessageRepository::place(const MessageRecord& message) {
    EPI_TRY_ASSIGN(Statement change,
                   database_.prepare("UPDATE messages SET sequence = :sequence, left_branch = :left, "
                                     "removed_at_ms = :removed, checksum = :checksum WHERE id = :id"));
    change.bind(":sequence", sequenceColumn(message))
        .bind(":left", message.leftBranch)
        .bind(":removed", message.removedAtMs)
        .bind(":checksum", checksum(message))
        .bind(":id", message.id);
    return change.run();
}

Result<void> MessageRepository::erase(MessageRecord message) {
    message.speaker.clear();
    message.text.clear();
    message.caption.clear();
    message.session.clear();
    message.details.clear();
    // The id from elsewhere stays: a file that holds the message must not bring it again.
    EPI_TRY_ASSIGN(Statement change,
                   database_.prepare("UPDATE messages SET speaker = '', text = '', caption = '', "
                                     "session = '', details = '', removed_at_ms = :removed, "
                                     "checksum = :checksum WHERE id = :id"));
    change.bind(":removed", message.removedAtMs).bind(":checksum", checksum(message)).bind(":id", message.id);
    return change.run();
}

Result<void> MessageRepository::update(const MessageRecord& message) {
    // Read first: a damaged row must not get a right checksum by being written again.
    EPI_TRY_ASSIGN(MessageRecord row, find(message.id));
    row.text = message.text;
    row.state = message.state;
    row.details = message.details;
    EPI_TRY_ASSIGN(Statement update,
                   database_.prepare("UPDATE messages SET text = :text, state = :state, "
                                     "details = :details, checksum = :checksum WHERE id = :id"));
    update.bind(":text", row.text)
        .bind(":state", name(row.state))
        .bind(":details", row.details)
        .bind(":checksum", checksum(row))
        .bind(":id", row.id);
    return update.run();
}

Result<void> MessageRepository::cutOffStreaming() {
    std::vector<MessageRecord> streaming;
    {
        EPI_TRY_ASSIGN(
            Statement rows,
            database_.prepare("SELECT " EPI_MESSAGE_COLUMNS " FROM messages WHERE state = 'streaming'"));
        for (;;) {
            EPI_TRY_ASSIGN(const bool hasRow, rows.step());
            if (!hasRow) break;
            // A damaged row is left alone: whoever reads its conversation is told, all others open.
            if (auto message = read(rows)) streaming.push_back(*std::move(message));
        }
    }
    for (MessageRecord& message : streaming) {
        message.state = MessageState::kCutOff;
        EPI_TRY(update(message));
    }
    return {};
}

}  // namespace epi
