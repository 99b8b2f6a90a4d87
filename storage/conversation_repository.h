#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "storage/database.h"
#include "storage/records.h"

namespace epi {

/// The tables `conversations` and `questions`. Writing functions run inside the caller's transaction.
class ConversationRepository {
public:
    explicit ConversationRepository(Database& database) : database_(database) {}

    /// Most recently used first.
    Result<std::vector<ConversationRecord>> all();
    Result<ConversationRecord> find(std::int64_t id);
    Result<ConversationRecord> find(std::string_view idOrSourceId);
    /// The conversation made by importing exactly this content.
    Result<std::optional<std::int64_t>> findImported(std::string_view sourceId, std::string_view contentHash);

    /// `contentHash` is empty in conversations that were not imported.
    Result<std::int64_t> insert(const ConversationRecord& conversation, std::string_view contentHash);
    Result<void> rename(std::int64_t id, std::string_view title);
    Result<void> setMemory(std::int64_t id, std::string_view memoryJson);
    Result<void> remove(std::int64_t id);
    /// Makes it the most recently used one.
    Result<void> touch(std::int64_t id);

    Result<std::vector<QuestionRecord>> questions(std::int64_t conversationId);
    Result<void> insertQuestions(std::int64_t conversationId,
                                 const std::vector<BenchmarkQuestion>& questions);

private:
    Result<ConversationRecord> read(Statement& row) const;
    Result<void> runOn(std::int64_t id, Statement& change);

    Database& database_;
};

}  // namespace epi
