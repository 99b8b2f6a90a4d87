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

    /// Most recently used first; without those in the bin.
    Result<std::vector<ConversationRecord>> all();
    /// What is in the bin, the last to come there first.
    Result<std::vector<ConversationRecord>> inBin();
    Result<ConversationRecord> find(std::int64_t id);
    Result<ConversationRecord> find(std::string_view idOrSourceId);
    Result<std::optional<ConversationRecord>> findByUid(std::string_view uid);

    /// As the most recently used one, now, with a new uid.
    Result<std::int64_t> insert(const ConversationRecord& conversation);
    /// With the record's uid and times, among those that were last used at its time; without times as if used
    /// now.
    Result<std::int64_t> insertImported(const ConversationRecord& conversation);
    Result<void> rename(std::int64_t id, std::string_view title);
    Result<void> setMemory(std::int64_t id, std::string_view memoryJson);
    Result<void> setMemoryHistory(std::int64_t id, const MemoryHistory& history);
    Result<void> setInstructions(std::int64_t id,
                                 std::string_view systemPrompt,
                                 std::string_view samplingJson);
    Result<void> remove(std::int64_t id);
    /// Makes it the most recently used one, which is not in the bin.
    Result<void> touch(std::int64_t id);

    Result<std::vector<QuestionRecord>> questions(std::int64_t conversationId);
    Result<void> insertQuestions(std::int64_t conversationId,
                                 const std::vector<BenchmarkQuestion>& questions);

private:
    Result<ConversationRecord> read(Statement& row) const;
    Result<std::vector<ConversationRecord>> readAll(Statement& rows) const;
    Result<void> runOn(std::int64_t id, Statement& change);

    Database& database_;
};

}  // namespace epi
