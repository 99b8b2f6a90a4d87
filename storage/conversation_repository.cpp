#include "storage/conversation_repository.h"

#include <charconv>

#include "storage/clock.h"
#include "storage/json_columns.h"

namespace epi {
namespace {

constexpr std::size_t kMaxListed = 20;

// SELECT lists below give the columns in this order, and `read` takes them in it.
#define EPI_CONVERSATION_COLUMNS                                                                          \
    "id, source_id, title, layout, speakers, system_prompt, memory, created_at_ms, updated_at_ms, "       \
    "(SELECT count(*) FROM messages WHERE conversation_id = conversations.id AND sequence IS NOT NULL), " \
    "(SELECT count(*) FROM questions WHERE conversation_id = conversations.id)"

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
    conversation.sourceId = row.text();
    conversation.title = row.text();
    const auto layout = historyLayoutFromName(row.text());
    auto speakers = stringsFromJsonColumn(row.text());
    conversation.systemPrompt = row.text();
    conversation.memory = row.text();
    conversation.createdAtMs = row.integer();
    conversation.updatedAtMs = row.integer();
    conversation.messageCount = row.integer();
    conversation.questionCount = row.integer();
    if (!layout || !speakers) {
        const std::string reason = layout ? speakers.error().message : layout.error().message;
        return Error{ErrorCode::kCorruptData,
                     database_.file().string() + ": conversations row " + std::to_string(conversation.id) +
                         " is damaged: " + reason};
    }
    conversation.layout = *layout;
    conversation.speakers = *std::move(speakers);
    return conversation;
}

Result<std::vector<ConversationRecord>> ConversationRepository::all() {
    EPI_TRY_ASSIGN(
        Statement rows,
        database_.prepare("SELECT " EPI_CONVERSATION_COLUMNS " FROM conversations ORDER BY activity DESC"));
    std::vector<ConversationRecord> conversations;
    for (;;) {
        EPI_TRY_ASSIGN(const bool hasRow, rows.step());
        if (!hasRow) return conversations;
        EPI_TRY_ASSIGN(ConversationRecord conversation, read(rows));
        conversations.push_back(std::move(conversation));
    }
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

Result<std::optional<std::int64_t>> ConversationRepository::findImported(std::string_view sourceId,
                                                                         std::string_view contentHash) {
    EPI_TRY_ASSIGN(Statement row,
                   database_.prepare("SELECT id FROM conversations "
                                     "WHERE source_id = :source AND content_hash = :hash"));
    row.bind(":source", sourceId).bind(":hash", contentHash);
    EPI_TRY_ASSIGN(const bool hasRow, row.step());
    return hasRow ? std::optional(row.integer()) : std::nullopt;
}

Result<std::int64_t> ConversationRepository::insert(const ConversationRecord& conversation,
                                                    std::string_view contentHash) {
    EPI_TRY_ASSIGN(
        Statement insert,
        database_.prepare("INSERT INTO conversations (activity, source_id, content_hash, title, layout, "
                          "speakers, system_prompt, memory, created_at_ms, updated_at_ms) VALUES ("
                          "(SELECT 1 + coalesce(max(activity), 0) FROM conversations), :source, "
                          "nullif(:hash, ''), :title, :layout, :speakers, :prompt, :memory, :now, :now)"));
    insert.bind(":source", conversation.sourceId)
        .bind(":hash", contentHash)
        .bind(":title", conversation.title)
        .bind(":layout", name(conversation.layout))
        .bind(":speakers", toJsonColumn(conversation.speakers))
        .bind(":prompt", conversation.systemPrompt)
        .bind(":memory", conversation.memory)
        .bind(":now", nowMs());
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

Result<void> ConversationRepository::remove(std::int64_t id) {
    EPI_TRY_ASSIGN(Statement change, database_.prepare("DELETE FROM conversations WHERE id = :id"));
    return runOn(id, change);
}

Result<void> ConversationRepository::touch(std::int64_t id) {
    EPI_TRY_ASSIGN(Statement change,
                   database_.prepare("UPDATE conversations SET updated_at_ms = :now, activity = "
                                     "(SELECT 1 + max(activity) FROM conversations) WHERE id = :id"));
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
