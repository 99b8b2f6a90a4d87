#include "storage/conversation_repository.h"

#include <algorithm>
#include <charconv>

#include "storage/clock.h"
#include "storage/json_columns.h"

namespace epi {
namespace {

constexpr std::size_t kMaxListed = 20;

// SELECT lists below give the columns in this order, and `read` takes them in it.
#define EPI_CONVERSATION_COLUMNS                                                                          \
    "id, uid, source_id, title, layout, speakers, system_prompt, memory, memory_tokens, "                 \
    "memory_last_message, sampling, created_at_ms, updated_at_ms, "                                       \
    "(SELECT count(*) FROM messages WHERE conversation_id = conversations.id AND sequence IS NOT NULL), " \
    "(SELECT count(*) FROM questions WHERE conversation_id = conversations.id), "                         \
    "folder_id, (SELECT name FROM folders WHERE folders.id = folder_id), "                                \
    "(SELECT json_group_array(name) FROM tags WHERE conversation_id = conversations.id), "                \
    "is_pinned, is_archived, deleted_at_ms"

Error notFound(std::int64_t id) {
    return {ErrorCode::kNotFound, "no conversation " + std::to_string(id)};
}

std::optional<std::int64_t> asInteger(std::string_view text) {
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return value;
}

}  // namespace

Result<ConversationRecord> ConversationRepository::read(Statement& row) const {
    ConversationRecord conversation;
    conversation.id = row.integer();
    conversation.uid = row.text();
    conversation.sourceId = row.text();
    conversation.title = row.text();
    const auto layout = historyLayoutFromName(row.text());
    auto speakers = stringsFromJsonColumn(row.text());
    conversation.systemPrompt = row.text();
    conversation.memory = row.text();
    conversation.memoryHistory.tokens = row.integer();
    conversation.memoryHistory.lastMessage = row.integer();
    conversation.sampling = row.text();
    conversation.createdAtMs = row.integer();
    conversation.updatedAtMs = row.integer();
    conversation.messageCount = row.integer();
    conversation.questionCount = row.integer();
    conversation.folderId = row.optionalInteger().value_or(0);
    conversation.folder = row.text();
    auto tags = stringsFromJsonColumn(row.text());
    conversation.isPinned = row.integer() != 0;
    conversation.isArchived = row.integer() != 0;
    conversation.deletedAtMs = row.optionalInteger();
    if (!layout || !speakers || !tags) {
        const std::string reason = !layout     ? layout.error().message
                                   : !speakers ? speakers.error().message
                                               : tags.error().message;
        return Error{ErrorCode::kCorruptData,
                     database_.file().string() + ": conversations row " + std::to_string(conversation.id) +
                         " is damaged: " + reason};
    }
    conversation.layout = *layout;
    conversation.speakers = *std::move(speakers);
    conversation.tags = *std::move(tags);
    return conversation;
}

Result<std::vector<ConversationRecord>> ConversationRepository::readAll(Statement& rows) const {
    std::vector<ConversationRecord> conversations;
    for (;;) {
        EPI_TRY_ASSIGN(const bool hasRow, rows.step());
        if (!hasRow) return conversations;
        EPI_TRY_ASSIGN(ConversationRecord conversation, read(rows));
        conversations.push_back(std::move(conversation));
    }
}

Result<std::vector<ConversationRecord>> ConversationRepository::all() {
    EPI_TRY_ASSIGN(Statement rows,
                   database_.prepare("SELECT " EPI_CONVERSATION_COLUMNS " FROM conversations "
                                     "WHERE deleted_at_ms IS NULL "
                                     "ORDER BY activity DESC, updated_at_ms DESC, id"));
    return readAll(rows);
}

Result<std::vector<ConversationRecord>> ConversationRepository::inBin() {
    EPI_TRY_ASSIGN(Statement rows,
                   database_.prepare("SELECT " EPI_CONVERSATION_COLUMNS " FROM conversations "
                                     "WHERE deleted_at_ms IS NOT NULL ORDER BY deleted_at_ms DESC, id"));
    return readAll(rows);
}

Result<ConversationRecord> ConversationRepository::find(std::int64_t id) {
    EPI_TRY_ASSIGN(
        Statement row,
        database_.prepare("SELECT " EPI_CONVERSATION_COLUMNS " FROM conversations WHERE id = :id"));
    row.bind(":id", id);
    EPI_TRY_ASSIGN(const bool hasRow, row.step());
    if (!hasRow) return notFound(id);
    return read(row);
}

Result<ConversationRecord> ConversationRepository::find(std::string_view idOrSourceId) {
    EPI_TRY_ASSIGN(
        Statement row,
        database_.prepare("SELECT " EPI_CONVERSATION_COLUMNS " FROM conversations WHERE id = :id OR "
                          "(source_id = :source AND source_id <> '') "
                          "ORDER BY id = :id DESC, id DESC LIMIT 1"));
    row.bind(":id", asInteger(idOrSourceId)).bind(":source", idOrSourceId);
    EPI_TRY_ASSIGN(const bool hasRow, row.step());
    if (hasRow) return read(row);

    EPI_TRY_ASSIGN(const auto known, all());
    std::string message =
        "no conversation '" + std::string(idOrSourceId) + "', there are " + std::to_string(known.size());
    for (std::size_t i = 0; i < std::min(known.size(), kMaxListed); ++i) {
        message += (i == 0 ? ": " : ", ") + std::to_string(known[i].id);
        if (!known[i].sourceId.empty()) message += " (" + known[i].sourceId + ")";
    }
    if (known.size() > kMaxListed) message += ", …";
    return Error{ErrorCode::kNotFound, std::move(message)};
}

Result<std::optional<ConversationRecord>> ConversationRepository::findByUid(std::string_view uid) {
    EPI_TRY_ASSIGN(
        Statement row,
        database_.prepare("SELECT " EPI_CONVERSATION_COLUMNS " FROM conversations WHERE uid = :uid"));
    row.bind(":uid", uid);
    EPI_TRY_ASSIGN(const bool hasRow, row.step());
    if (!hasRow) return std::optional<ConversationRecord>();
    EPI_TRY_ASSIGN(ConversationRecord conversation, read(row));
    return std::optional(std::move(conversation));
}

Result<std::int64_t> ConversationRepository::insert(const ConversationRecord& conversation) {
    EPI_TRY_ASSIGN(
        Statement insert,
        database_.prepare("INSERT INTO conversations (activity, uid, source_id, title, layout, "
                          "speakers, system_prompt, memory, sampling, created_at_ms, updated_at_ms) VALUES ("
                          "(SELECT 1 + coalesce(max(activity), 0) FROM conversations), "
                          "'epichat:' || lower(hex(randomblob(16))), :source, :title, :layout, :speakers, "
                          ":prompt, :memory, :sampling, :now, :now)"));
    insert.bind(":source", conversation.sourceId)
        .bind(":title", conversation.title)
        .bind(":layout", name(conversation.layout))
        .bind(":speakers", toJsonColumn(conversation.speakers))
        .bind(":prompt", conversation.systemPrompt)
        .bind(":memory", conversation.memory)
        .bind(":sampling", conversation.sampling)
        .bind(":now", nowMs());
    EPI_TRY(insert.run());
    return database_.lastInsertedId();
}

Result<std::int64_t> ConversationRepository::insertImported(const ConversationRecord& conversation) {
    // Equal activities are told apart by the time, then by the order in the file.
    EPI_TRY_ASSIGN(
        Statement insert,
        database_.prepare("INSERT INTO conversations (activity, uid, source_id, title, layout, "
                          "speakers, system_prompt, memory, sampling, created_at_ms, updated_at_ms) VALUES ("
                          "(SELECT coalesce(max(activity), 0) FROM conversations "
                          "WHERE updated_at_ms <= :updated), :uid, :source, :title, :layout, :speakers, "
                          ":prompt, :memory, :sampling, :created, :updated)"));
    const std::int64_t updated = std::max(conversation.updatedAtMs, conversation.createdAtMs);
    const std::int64_t now = nowMs();
    insert.bind(":uid", conversation.uid)
        .bind(":source", conversation.sourceId)
        .bind(":title", conversation.title)
        .bind(":layout", name(conversation.layout))
        .bind(":speakers", toJsonColumn(conversation.speakers))
        .bind(":prompt", conversation.systemPrompt)
        .bind(":memory", conversation.memory)
        .bind(":sampling", conversation.sampling)
        .bind(":created",
              conversation.createdAtMs > 0 ? conversation.createdAtMs
              : updated > 0                ? updated
                                           : now)
        .bind(":updated", updated > 0 ? updated : now);
    EPI_TRY(insert.run());
    return database_.lastInsertedId();
}

Result<void> ConversationRepository::runOn(std::int64_t id, Statement& change) {
    EPI_TRY(change.bind(":id", id).run());
    if (database_.changedRows() == 0) return notFound(id);
    return {};
}

Result<void> ConversationRepository::rename(std::int64_t id, std::string_view title) {
    EPI_TRY_ASSIGN(Statement change,
                   database_.prepare("UPDATE conversations SET title = :title WHERE id = :id"));
    return runOn(id, change.bind(":title", title));
}

Result<void> ConversationRepository::setMemory(std::int64_t id, std::string_view memoryJson) {
    EPI_TRY_ASSIGN(Statement change,
                   database_.prepare("UPDATE conversations SET memory = :memory WHERE id = :id"));
    return runOn(id, change.bind(":memory", memoryJson));
}

Result<void> ConversationRepository::setMemoryHistory(std::int64_t id, const MemoryHistory& history) {
    EPI_TRY_ASSIGN(Statement change,
                   database_.prepare("UPDATE conversations SET memory_tokens = :tokens, "
                                     "memory_last_message = :last WHERE id = :id"));
    return runOn(id, change.bind(":tokens", history.tokens).bind(":last", history.lastMessage));
}

Result<void> ConversationRepository::setInstructions(std::int64_t id,
                                                     std::string_view systemPrompt,
                                                     std::string_view samplingJson) {
    EPI_TRY_ASSIGN(Statement change,
                   database_.prepare("UPDATE conversations SET system_prompt = :prompt, sampling = :sampling "
                                     "WHERE id = :id"));
    return runOn(id, change.bind(":prompt", systemPrompt).bind(":sampling", samplingJson));
}

Result<void> ConversationRepository::remove(std::int64_t id) {
    EPI_TRY_ASSIGN(Statement change, database_.prepare("DELETE FROM conversations WHERE id = :id"));
    return runOn(id, change);
}

Result<void> ConversationRepository::touch(std::int64_t id) {
    EPI_TRY_ASSIGN(Statement change,
                   database_.prepare(
                       "UPDATE conversations SET updated_at_ms = :now, activity = "
                       "(SELECT 1 + max(activity) FROM conversations), deleted_at_ms = NULL WHERE id = :id"));
    return runOn(id, change.bind(":now", nowMs()));
}

Result<std::vector<QuestionRecord>> ConversationRepository::questions(std::int64_t conversationId) {
    EPI_TRY_ASSIGN(Statement rows,
                   database_.prepare(
                       "SELECT id, question, answer, category, evidence, adversarial_answer FROM questions "
                       "WHERE conversation_id = :conversation ORDER BY position"));
    rows.bind(":conversation", conversationId);
    std::vector<QuestionRecord> questions;
    for (;;) {
        EPI_TRY_ASSIGN(const bool hasRow, rows.step());
        if (!hasRow) return questions;
        QuestionRecord record;
        record.id = rows.integer();
        record.conversationId = conversationId;
        record.question.question = rows.text();
        record.question.answer = rows.text();
        record.question.category = static_cast<std::int32_t>(rows.integer());
        auto evidence = stringsFromJsonColumn(rows.text());
        if (!evidence) {
            return std::move(evidence).error().with(database_.file().string() + ": questions row " +
                                                    std::to_string(record.id) + " is damaged");
        }
        record.question.evidence = *std::move(evidence);
        record.question.adversarialAnswer = rows.text();
        questions.push_back(std::move(record));
    }
}

Result<void> ConversationRepository::insertQuestions(std::int64_t conversationId,
                                                     const std::vector<BenchmarkQuestion>& questions) {
    EPI_TRY_ASSIGN(
        Statement insert,
        database_.prepare(
            "INSERT INTO questions (conversation_id, position, question, answer, category, "
            "evidence, adversarial_answer) VALUES (:conversation, :position, :question, :answer, :category, "
            ":evidence, :adversarial)"));
    std::int64_t position = 0;
    for (const BenchmarkQuestion& question : questions) {
        insert.bind(":conversation", conversationId)
            .bind(":position", ++position)
            .bind(":question", question.question)
            .bind(":answer", question.answer)
            .bind(":category", std::int64_t{question.category})
            .bind(":evidence", toJsonColumn(question.evidence))
            .bind(":adversarial", question.adversarialAnswer);
        EPI_TRY(insert.run());
    }
    return {};
}

}  // namespace epi
