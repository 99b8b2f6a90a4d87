#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "storage/database.h"
#include "storage/records.h"

namespace epi {

/// The tables `runs` and `answers`. Writing functions run inside the caller's transaction.
class RunRepository {
public:
    explicit RunRepository(Database& database) : database_(database) {}

    /// Newest first.
    Result<std::vector<RunRecord>> all(std::int64_t conversationId);
    /// Makes the open run with these settings, paused or not, the running one; a new run when there is none.
    Result<RunRecord> startOrResume(std::int64_t conversationId, std::string_view settingsJson);
    Result<void> finish(std::int64_t runId);
    /// Runs that a program left running become "paused".
    Result<void> pauseRunning();

    /// Adds the answer, or replaces the run's answer to that question.
    Result<void> saveAnswer(const AnswerRecord& answer);
    /// In the order of the questions.
    Result<std::vector<AnswerRecord>> answers(std::int64_t runId);

private:
    Result<std::optional<RunRecord>> findOpen(std::int64_t conversationId, std::string_view settingsJson);

    Database& database_;
};

}  // namespace epi
