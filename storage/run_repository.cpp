#include "storage/run_repository.h"

#include "storage/clock.h"

namespace epi {
namespace {

// SELECT lists below give the columns in this order, and `read` takes them in it.
#define EPI_RUN_COLUMNS                                                                         \
    "id, conversation_id, settings, state, started_at_ms, finished_at_ms, "                     \
    "(SELECT count(*) FROM questions WHERE questions.conversation_id = runs.conversation_id), " \
    "(SELECT count(*) FROM answers WHERE run_id = runs.id)"

RunRecord read(Statement& row) {
    RunRecord run;
    run.id = row.integer();
    run.conversationId = row.integer();
    run.settings = row.text();
    run.state = row.text();
    run.startedAtMs = row.integer();
    run.finishedAtMs = row.integer();
    run.questionCount = row.integer();
    run.answerCount = row.integer();
    return run;
}

}  // namespace

Result<std::vector<RunRecord>> RunRepository::all(std::int64_t conversationId) {
    EPI_TRY_ASSIGN(Statement rows,
                   database_.prepare("SELECT " EPI_RUN_COLUMNS
                                     " FROM runs WHERE conversation_id = :conversation ORDER BY id DESC"));
    rows.bind(":conversation", conversationId);
    std::vector<RunRecord> runs;
    for (;;) {
        EPI_TRY_ASSIGN(const bool hasRow, rows.step());
        if (!hasRow) return runs;
        runs.push_back(read(rows));
    }
}

Result<std::optional<RunRecord>> RunRepository::findOpen(std::int64_t conversationId,
                                                         std::string_view settingsJson) {
    EPI_TRY_ASSIGN(
        Statement row,
        database_.prepare("SELECT " EPI_RUN_COLUMNS " FROM runs WHERE conversation_id = :conversation "
                          "AND settings = :settings AND state <> 'done'"));
    row.bind(":conversation", conversationId).bind(":settings", settingsJson);
    EPI_TRY_ASSIGN(const bool hasRow, row.step());
    return hasRow ? std::optional(read(row)) : std::nullopt;
}

Result<RunRecord> RunRepository::startOrResume(std::int64_t conversationId, std::string_view settingsJson) {
    EPI_TRY_ASSIGN(Statement resume,
                   database_.prepare("UPDATE runs SET state = 'running' "
                                     "WHERE conversation_id = :conversation AND settings = :settings "
                                     "AND state <> 'done'"));
    EPI_TRY(resume.bind(":conversation", conversationId).bind(":settings", settingsJson).run());
    if (database_.changedRows() == 0) {
        EPI_TRY_ASSIGN(
            Statement insert,
            database_.prepare("INSERT INTO runs (conversation_id, settings, state, started_at_ms, "
                              "finished_at_ms) VALUES (:conversation, :settings, 'running', :now, 0)"));
        insert.bind(":conversation", conversationId).bind(":settings", settingsJson).bind(":now", nowMs());
        EPI_TRY(insert.run());
    }
    EPI_TRY_ASSIGN(auto run, findOpen(conversationId, settingsJson));
    if (!run) return Error{ErrorCode::kInternal, "a run that was just started is not there"};
    return *std::move(run);
}

Result<void> RunRepository::finish(std::int64_t runId) {
    EPI_TRY_ASSIGN(Statement finish,
                   database_.prepare("UPDATE runs SET state = 'done', finished_at_ms = :now WHERE id = :id"));
    EPI_TRY(finish.bind(":now", nowMs()).bind(":id", runId).run());
    if (database_.changedRows() == 0) return Error{ErrorCode::kNotFound, "no run " + std::to_string(runId)};
    return {};
}

Result<void> RunRepository::pauseRunning() {
    return database_.execute("UPDATE runs SET state = 'paused' WHERE state = 'running'");
}

Result<void> RunRepository::saveAnswer(const AnswerRecord& answer) {
    EPI_TRY_ASSIGN(Statement insert,
                   database_.prepare(
                       "INSERT INTO answers (run_id, question_id, text, f1, episode, similarity, seconds, "
                       "likelihood) "
                       "VALUES (:run, :question, :text, :f1, :episode, :similarity, :seconds, :likelihood) "
                       "ON CONFLICT (run_id, question_id) DO UPDATE SET text = excluded.text, "
                       "f1 = excluded.f1, episode = excluded.episode, "
                       "similarity = excluded.similarity, seconds = excluded.seconds, "
                       "likelihood = excluded.likelihood"));
    return insert.bind(":run", answer.runId)
        .bind(":question", answer.questionId)
        .bind(":text", answer.text)
        .bind(":f1", answer.f1)
        .bind(":episode", std::int64_t{answer.episode})
        .bind(":similarity", answer.similarity)
        .bind(":seconds", answer.seconds)
        .bind(":likelihood", answer.likelihood)
        .run();
}

Result<std::vector<AnswerRecord>> RunRepository::answers(std::int64_t runId) {
    EPI_TRY_ASSIGN(Statement rows,
                   database_.prepare(
                       "SELECT question_id, text, f1, episode, similarity, seconds, likelihood FROM answers "
                       "WHERE run_id = :run ORDER BY question_id"));
    rows.bind(":run", runId);
    std::vector<AnswerRecord> answers;
    for (;;) {
        EPI_TRY_ASSIGN(const bool hasRow, rows.step());
        if (!hasRow) return answers;
        AnswerRecord answer;
        answer.runId = runId;
        answer.questionId = rows.integer();
        answer.text = rows.text();
        answer.f1 = rows.real();
        answer.episode = static_cast<std::int32_t>(rows.integer());
        answer.similarity = rows.real();
        answer.seconds = rows.real();
        answer.likelihood = rows.optionalReal();
        answers.push_back(std::move(answer));
    }
}

}  // namespace epi
