#include <algorithm>
#include <chrono>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "app/cli/command_line.h"
#include "app/cli/database_option.h"
#include "app/cli/engine_runner.h"
#include "app/cli/eval_context.h"
#include "app/cli/eval_memories.h"
#include "app/cli/eval_report.h"
#include "app/cli/history.h"
#include "app/cli/memory_arguments.h"
#include "core/base/file.h"
#include "core/base/printable.h"
#include "core/eval/metric.h"
#include "core/wire/options_json.h"

namespace epi {
namespace {

using nlohmann::json;

constexpr const char* kMetric = "token_f1";
constexpr const char* kContext = "memory";
constexpr std::int32_t kAnswerTokens = 64;  // benchmark answers are short phrases
constexpr std::uint64_t kMaxMemoriesBytes = 1 << 20;

struct EvalRunOptions {
    ConversationArguments conversation;
    ModelArguments model;
    MemoryArguments memory;
    std::vector<std::int32_t> categories;
    std::int32_t limit = 0;
    std::int32_t maxTokens = kAnswerTokens;
    std::string metric = kMetric;
    std::vector<std::string> contexts{kContext};
    std::string memoriesFile;  // JSON; empty: the one memory of the options
    bool isOnce = false;       // a run that has ended is not repeated
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

/// Whose answers are measured: the engine's identity with its model, and Store::historyDigest.
struct RunSubject {
    std::string identity;
    std::string history;
};

/// What a run is: one with the same settings is resumed.
std::string settingsOf(const EvalRunOptions& options,
                       const EvalBatch& batch,
                       EvalContext context,
                       const RunSubject& subject) {
    const std::set<std::int32_t> categories(options.categories.begin(), options.categories.end());
    json settings{{"model", options.model.model},
                  {"identity", subject.identity},
                  {"history", subject.history},
                  {"compute", options.model.compute},
                  {"memory", toJson(batch.memory)},
                  {"sampling", toJson(batch.sampling)},
                  {"categories", categories},
                  {"limit", options.limit}};
    // Named where they are others than the window's.
    if (options.metric != kMetric) settings["metric"] = options.metric;
    if (context != EvalContext::kMemory) settings["context"] = name(context);
    return settings.dump(-1, ' ', false, json::error_handler_t::replace);
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
        const double f1 = metric_.score != nullptr ? metric_.score(answer.text, gold->second) : 0.0;
        return store_.saveAnswer({.runId = runId_,
                                  .questionId = answer.questionId,
                                  .text = answer.text,
                                  .f1 = f1,
                                  .episode = answer.episode,
                                  .similarity = answer.similarity,
                                  .seconds = answer.seconds,
                                  .likelihood = answer.likelihood});
    }

private:
    Store& store_;
    const Metric& metric_;
    std::int64_t runId_;
    std::map<std::int64_t, std::string> expected_;
};

/// What all contexts have in common.
struct Evaluation {
    const EvalRunOptions& options;  // with the model as the window writes it
    const CommandContext& context;
    Store& store;
    const ConversationRecord& record;
    const RunSubject& subject;
    const Metric& metric;
    std::span<const QuestionRecord> selected;
    std::span<const EvalQuestion> questions;  // the same as the engine is told them
    EngineRunner& engine;
};

struct ContextResult {
    EvalContext context = EvalContext::kMemory;
    MemoryOptions memory;
    std::int64_t run = 0;
    std::size_t answeredNow = 0;
    EvalReport report;
    std::vector<AnswerRecord> answers;
};

/// The questions as the engine is told them. The words of each are looked up once, however many memories are
/// asked.
Result<std::vector<EvalQuestion>> toldQuestions(Store& store,
                                                std::int64_t conversationId,
                                                std::span<const QuestionRecord> selected,
                                                const Metric& metric) {
    std::vector<EvalQuestion> told;
    for (const QuestionRecord& question : selected) {
        EPI_TRY_ASSIGN(std::vector<PassageCandidate> passages,
                       store.recallCandidates(
                           {.conversationId = conversationId, .question = question.question.question}));
        told.push_back({.id = question.id,
                        .question = question.question.question,
                        .category = question.question.category,
                        .passages = std::move(passages),
                        .expected = metric.score == nullptr ? question.question.answer : std::string()});
    }
    return told;
}

/// The run to go on with: with `isOnce` one that has ended, too.
Result<RunRecord> runFor(const Evaluation& task, const std::string& settings) {
    if (task.options.isOnce) {
        EPI_TRY_ASSIGN(const std::vector<RunRecord> runs, task.store.runs(task.record.id));
        const auto ended = std::ranges::find_if(
            runs, [&](const RunRecord& run) { return run.state == "done" && run.settings == settings; });
        if (ended != runs.end()) return *ended;
    }
    return task.store.startOrResumeRun(task.record.id, settings);
}

Result<ContextResult> evaluateBehind(EvalContext evalContext,
                                     const MemoryOptions& memory,
                                     const Evaluation& task) {
    const auto start = std::chrono::steady_clock::now();
    EvalBatch batch{
        .conversation = engineName(task.record), .memory = memory, .sampling = {}, .questions = {}};
    batch.sampling.maxTokens = task.options.maxTokens;
    EPI_TRY_ASSIGN(const RunRecord run,
                   runFor(task, settingsOf(task.options, batch, evalContext, task.subject)));
    EPI_TRY_ASSIGN(const std::vector<AnswerRecord> known, task.store.answers(run.id));
    AnswerRecorder recorder(task.store, task.metric, run.id);
    std::vector<QuestionRecord> asked;
    for (std::size_t index = 0; index < task.selected.size(); ++index) {
        const QuestionRecord& question = task.selected[index];
        if (std::ranges::find(known, question.id, &AnswerRecord::questionId) != known.end()) continue;
        recorder.expect(question);
        asked.push_back(question);
        batch.questions.push_back(task.questions[index]);
    }
    const std::string total =
        counted(std::ssize(asked), "question") + " answered (" + std::string(name(evalContext)) + ")";
    std::size_t done = 0;
    const auto observe = [&](const Event& event) -> Result<void> {
        const auto* const answer = std::get_if<EvalAnswer>(&event);
        if (answer == nullptr) return {};
        task.context.output.notice(std::to_string(++done) + " of " + total);
        return recorder.record(*answer);
    };
    if (!asked.empty()) {
        EPI_TRY(askBehind(evalContext,
                          {.engine = task.engine,
                           .conversation = {task.store, task.record},
                           .memory = memory,
                           .questions = asked,
                           .output = task.context.output,
                           .storesMemory = task.options.memoriesFile.empty()},
                          std::move(batch),
                          observe));
        const double seconds =
            std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
        task.context.output.notice("run " + std::to_string(run.id) + " done in " + std::to_string(seconds) +
                                   " s");
    }
    if (run.state != "done") EPI_TRY(task.store.finishRun(run.id));
    EPI_TRY_ASSIGN(EvalReport report, reportOf(task.store, task.record, run));
    EPI_TRY_ASSIGN(std::vector<AnswerRecord> answers, task.store.answers(run.id));
    return ContextResult{evalContext, memory, run.id, asked.size(), std::move(report), std::move(answers)};
}

double secondsOf(const EvalReport& report) {
    double seconds = 0.0;
    for (const EvalRow& row : report.rows)
        seconds += row.seconds;
    return seconds;
}

json answersOf(const ContextResult& result, bool isLikelihood) {
    json answers = json::array();
    for (const AnswerRecord& answer : result.answers) {
        json each{{"question", answer.questionId}, {"episode", answer.episode}, {"seconds", answer.seconds}};
        if (isLikelihood) {
            each["likelihood"] = answer.likelihood ? json(*answer.likelihood) : json();
        } else {
            each["f1"] = answer.f1;
        }
        answers.push_back(std::move(each));
    }
    return answers;
}

/// A row for each context; with none and full among them, the share of what the history is worth that each
/// recovers.
void printComparison(const std::vector<ContextResult>& results, bool isLikelihood, const Output& output) {
    const auto meansOf = [&](const ContextResult& result) {
        return isLikelihood ? likelihoodOf(result.report) : summaryOf(result.report);
    };
    const auto find = [&](EvalContext context) {
        return std::ranges::find(results, context, &ContextResult::context);
    };
    const auto none = find(EvalContext::kNone);
    const auto full = find(EvalContext::kFull);
    const bool isCompared = none != results.end() && full != results.end();
    json rows = json::array();
    std::string lines;
    for (const ContextResult& result : results) {
        const double score = meansOf(result).overall.score;
        json row = describe(meansOf(result), isLikelihood ? "likelihood" : "f1");
        row["context"] = name(result.context);
        row["run"] = result.run;
        row["answered_now"] = result.answeredNow;
        row["seconds"] = secondsOf(result.report);
        if (result.context == EvalContext::kMemory) row["memory"] = toJson(result.memory);
        row["answers"] = answersOf(result, isLikelihood);
        lines += std::string(name(result.context)) + "\t" + std::to_string(score);
        if (isCompared) {
            const double zero = meansOf(*none).overall.score;
            const double worth = meansOf(*full).overall.score - zero;
            const double recovered = worth == 0.0 ? 0.0 : (score - zero) / worth;
            row["recovered"] = recovered;
            lines += "\t" + std::to_string(recovered) + " recovered";
        }
        lines += "\n";
        rows.push_back(std::move(row));
    }
    output.print({{"contexts", std::move(rows)}}, lines);
}

/// The memories to be measured: those of the file, or the one.
Result<std::vector<EvalMemory>> memoriesOf(const std::string& file, const BaseOptions& base) {
    if (file.empty()) {
        EPI_TRY_ASSIGN(MemoryOptions options, base({}));
        return std::vector{EvalMemory{.options = std::move(options)}};
    }
    EPI_TRY_ASSIGN(const std::string text, readWholeFile(file, kMaxMemoriesBytes));
    auto memories = evalMemoriesFromJson(text, base);
    if (!memories) return std::move(memories).error().with(inQuotes(file));
    return memories;
}

Result<std::vector<ContextResult>> evaluateAll(const Evaluation& task,
                                               std::span<const EvalContext> contexts,
                                               const MemoryOptions& base,
                                               std::span<const EvalMemory> memories) {
    EPI_TRY_ASSIGN(const std::vector<MessageRecord> messages, task.store.messages(task.record.id));
    EPI_TRY_ASSIGN(const Synced synced, task.engine.run<Synced>(syncOf(task.record, messages)));
    std::vector<ContextResult> results;
    for (const EvalContext context : contexts) {
        std::vector<MemoryOptions> asked{base};
        if (context == EvalContext::kMemory) {
            asked.clear();
            for (const EvalMemory& memory : memories)
                asked.push_back(memory.forHistory(synced.tokens));
        }
        for (const MemoryOptions& memory : asked) {
            EPI_TRY_ASSIGN(ContextResult result, evaluateBehind(context, memory, task));
            results.push_back(std::move(result));
        }
    }
    return results;
}

Result<void> evaluate(const EvalRunOptions& options, const CommandContext& context) {
    EPI_TRY_ASSIGN(const Metric* const metric, findMetric(options.metric));
    std::vector<EvalContext> contexts;
    for (const std::string& each : options.contexts) {
        EPI_TRY_ASSIGN(const EvalContext known, evalContextFromName(each));
        contexts.push_back(known);
    }
    EPI_TRY_ASSIGN(Store store, openWritableDatabase(options.conversation.database));
    EPI_TRY_ASSIGN(const ConversationRecord record,
                   store.findConversation(options.conversation.conversation));
    EPI_TRY_ASSIGN(const std::vector<std::int64_t> pins, store.pinnedMessages(record.id));
    const auto baseOf = [&](const std::optional<std::string>& preset) -> Result<MemoryOptions> {
        MemoryArguments arguments = options.memory;
        if (preset) arguments.preset = preset;
        EPI_TRY_ASSIGN(MemoryOptions chosen, memoryOptions(arguments, record.memory));
        chosen.pinnedTurns = pins;
        return chosen;
    };
    EPI_TRY_ASSIGN(const MemoryOptions base, baseOf({}));
    EPI_TRY_ASSIGN(const std::vector<EvalMemory> memories, memoriesOf(options.memoriesFile, baseOf));
    EPI_TRY_ASSIGN(const std::vector<QuestionRecord> all, store.questions(record.id));
    const std::vector<QuestionRecord> selected = select(all, options);
    if (selected.empty()) {
        return Error{
            ErrorCode::kNotFound,
            "none of the " + std::to_string(all.size()) + " questions has an answer and a wanted category"};
    }
    EPI_TRY_ASSIGN(const std::vector<EvalQuestion> questions,
                   toldQuestions(store, record.id, selected, *metric));
    EngineRunner engine(context.cancel);
    EPI_TRY(engine.load(options.model, context.output));
    EvalRunOptions named = options;
    named.model.model = engine.model().title;
    RunSubject subject{.identity = engine.model().identity};
    EPI_TRY_ASSIGN(subject.history, store.historyDigest(record.id));
    const Evaluation task{named, context, store, record, subject, *metric, selected, questions, engine};
    EPI_TRY_ASSIGN(const std::vector<ContextResult> results, evaluateAll(task, contexts, base, memories));
    const bool isLikelihood = metric->score == nullptr;
    if (isLikelihood || results.size() > 1) {
        printComparison(results, isLikelihood, context.output);
        return {};
    }
    const Means means = summaryOf(results.front().report);
    json result = describe(means);
    result["run"] = results.front().run;
    result["answered_now"] = results.front().answeredNow;
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
        ->check(CLI::Range(0, 1 << 24));
    command.add_option("--max-tokens", options->maxTokens, "Longest answer")->capture_default_str();
    command.add_option("--metric", options->metric, "token_f1, or likelihood: ln p of the expected answer")
        ->capture_default_str();
    command
        .add_option("--contexts",
                    options->contexts,
                    "What is in front of the questions, separated by commas: none, full, evidence, memory")
        ->delimiter(',');
    command.add_option("--memories",
                       options->memoriesFile,
                       "JSON file with a list of memory options, put over those given here: each of these "
                       "memories is asked; \"share\": 0.125 makes the budget an eighth of the history");
    command.add_flag("--once",
                     options->isOnce,
                     "Do not repeat what a run with the same settings that has ended already answered");
}
