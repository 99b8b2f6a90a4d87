#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "app/cli/command_line.h"
#include "app/cli/database_option.h"
#include "app/cli/engine_runner.h"
#include "app/cli/eval_report.h"
#include "app/cli/history.h"
#include "app/cli/memory_arguments.h"
#include "app/cli/stored_memory.h"
#include "core/eval/metric.h"
#include "core/wire/options_json.h"

namespace epi {
namespace {

using nlohmann::json;

constexpr const char* kMetric = "token_f1";
constexpr std::int32_t kAnswerTokens = 64;  // benchmark answers are short phrases

struct EvalRunOptions {
    ConversationArguments conversation;
    ModelArguments model;
    MemoryArguments memory;
    std::vector<std::int32_t> categories;
    std::int32_t limit = 0;
    std::int32_t maxTokens = kAnswerTokens;
};

/// The questions that are asked: with an answer, of the wanted categories, at most `limit`.
std::vector<QuestionRecord> select(const std::vector<QuestionRecord>& all, const EvalRunOptions& options) {
    std::vector<QuestionRecord> selected;
    for (const QuestionRecord& record : all) {
        const bool isFull = options.limit > 0 && selected.size() == static_cast<std::size_t>(options.limit);
        if (isFull) break;
        const bool isWanted =
            options.categories.empty() ||
            std::ranges::find(options.categories, record.question.category) != options.categories.end();
        if (isWanted && !record.question.answer.empty()) selected.push_back(record);
    }
    return selected;
}

/// What a run is: one with the same settings is resumed.
std::string settingsOf(const EvalRunOptions& options, const MemoryOptions& memory, const EvalBatch& batch) {
    const std::set<std::int32_t> categories(options.categories.begin(), options.categories.end());
    return json{{"model", options.model.model},
                {"compute", options.model.compute},
                {"memory", toJson(memory)},
                {"sampling", toJson(batch.sampling)},
                {"categories", categories},
                {"limit", options.limit}}
        .dump(-1, ' ', false, json::error_handler_t::replace);
}

/// Scores and saves answers as they come.
class AnswerRecorder {
public:
    AnswerRecorder(Store& store, const Metric& metric, std::int64_t runId)
        : store_(store), metric_(metric), runId_(runId) {}

    /// A question whose answer will come.
    void expect(const QuestionRecord& question) { expected_[question.id] = question.question.answer; }

    Result<void> record(const EvalAnswer& answer) {
        const auto gold = expected_.find(answer.questionId);
        if (gold == expected_.end()) {
            return Error{ErrorCode::kInternal,
                         "question " + std::to_string(answer.questionId) + " was answered but not asked"};
        }
        return store_.saveAnswer({.runId = runId_,
                                  .questionId = answer.questionId,
                                  .text = answer.text,
                                  .f1 = metric_.score(answer.text, gold->second),
                                  .episode = answer.episode,
                                  .similarity = answer.similarity,
                                  .seconds = answer.seconds});
    }

private:
    Store& store_;
    const Metric& metric_;
    std::int64_t runId_;
    std::map<std::int64_t, std::string> expected_;
};

Result<void> answerAll(EngineRunner& engine,
                       EvalBatch batch,
                       AnswerRecorder& recorder,
                       const Output& output) {
    const std::string total = std::to_string(batch.questions.size());
    std::size_t done = 0;
    const auto observe = [&](const Event& event) -> Result<void> {
        const auto* const answer = std::get_if<EvalAnswer>(&event);
        if (answer == nullptr) return {};
        output.notice(std::to_string(++done) + " of " + total + " questions answered");
        return recorder.record(*answer);
    };
    EPI_TRY(engine.run<EvalDone>(std::move(batch), observe));
    return {};
}

Result<void> evaluate(const EvalRunOptions& options, const CommandContext& context) {
    EPI_TRY_ASSIGN(const Metric* const metric, findMetric(kMetric));
    EPI_TRY_ASSIGN(Store store, openWritableDatabase(options.conversation.database));
    EPI_TRY_ASSIGN(const ConversationRecord record,
                   store.findConversation(options.conversation.conversation));
    EPI_TRY_ASSIGN(const MemoryOptions memory, memoryOptions(options.memory, record.memory));
    EPI_TRY_ASSIGN(const std::vector<QuestionRecord> all, store.questions(record.id));
    const std::vector<QuestionRecord> selected = select(all, options);
    if (selected.empty()) {
        return Error{
            ErrorCode::kNotFound,
            "none of the " + std::to_string(all.size()) + " questions has an answer and a wanted category"};
    }
    EngineRunner engine(context.cancel);
    EPI_TRY(engine.load(options.model, context.output));

    EvalRunOptions named = options;
    named.model.model = engine.model().title;  // as the window writes it
    EvalBatch batch{.conversation = engineName(record), .memory = memory, .sampling = {}, .questions = {}};
    batch.sampling.maxTokens = options.maxTokens;
    EPI_TRY_ASSIGN(const RunRecord run, store.startOrResumeRun(record.id, settingsOf(named, memory, batch)));
    EPI_TRY_ASSIGN(const std::vector<AnswerRecord> answers, store.answers(run.id));
    AnswerRecorder recorder(store, *metric, run.id);
    for (const QuestionRecord& question : selected) {
        if (std::ranges::find(answers, question.id, &AnswerRecord::questionId) != answers.end()) continue;
        recorder.expect(question);
        EPI_TRY_ASSIGN(
            std::vector<PassageCandidate> passages,
            store.recallCandidates({.conversationId = record.id, .question = question.question.question}));
        batch.questions.push_back({.id = question.id,
                                   .question = question.question.question,
                                   .category = question.question.category,
                                   .passages = std::move(passages)});
    }
    const std::size_t asked = batch.questions.size();
    if (asked > 0) {
        EPI_TRY(buildStoredMemory(engine, {store, record}, memory, context.output));
        EPI_TRY(answerAll(engine, std::move(batch), recorder, context.output));
    }
    EPI_TRY(store.finishRun(run.id));
    EPI_TRY_ASSIGN(const EvalReport report, reportOf(store, record, run));
    const Means means = summaryOf(report);
    json result = describe(means);
    result["run"] = run.id;
    result["answered_now"] = asked;
    context.output.print(result, textOf(means));
    return {};
}

}  // namespace
}  // namespace epi

EPI_COMMANDS(eval_run) {
    const auto options = std::make_shared<epi::EvalRunOptions>();
    CLI::App& group = commandLine.addGroup({"eval", "Answer and score the questions of benchmarks"});
    CLI::App& command = commandLine.add(
        {"run", "Answer a conversation's questions from its memory, or go on where a run stopped"},
        [options](const epi::CommandContext& context) { return epi::evaluate(*options, context); },
        &group);
    epi::addConversationOptions(command, options->conversation);
    epi::addMemoryModelOptions(command, options->model);
    epi::addMemoryOptions(command, options->memory);
    epi::addRecallOption(command, options->memory);
    command.add_option("--categories", options->categories, "Only these categories, separated by commas")
        ->delimiter(',');
    command.add_option("--limit", options->limit, "At most so many questions; 0: all")
        ->check(CLI::NonNegativeNumber);
    command.add_option("--max-tokens", options->maxTokens, "Longest answer")->capture_default_str();
}
