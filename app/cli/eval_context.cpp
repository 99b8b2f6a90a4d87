#include "app/cli/eval_context.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <set>
#include <string>
#include <vector>

#include "app/cli/history.h"
#include "core/eval/evidence.h"

namespace epi {
namespace {

constexpr std::array kContexts{
    EvalContext::kNone, EvalContext::kFull, EvalContext::kEvidence, EvalContext::kMemory};

/// Asks behind turns that are all kept, under a name of their own.
Result<void> askBehindTurns(const ContextTask& task,
                            SyncConversation turns,
                            EvalBatch batch,
                            const EngineRunner::Observer& observe) {
    batch.conversation = turns.conversation;
    EPI_TRY_ASSIGN(const Synced synced, task.engine.run<Synced>(std::move(turns)));
    batch.memory.budget = static_cast<std::int32_t>(std::max<std::int64_t>(1, synced.tokens));
    batch.memory.online = {};
    batch.memory.online.recallTokens = 0;
    EPI_TRY(task.engine.run<EvalDone>(std::move(batch), observe));
    return {};
}

/// The turns of the sessions in which a question's evidence stands.
std::vector<Turn> evidenceTurns(const std::vector<Turn>& turns,
                                std::span<const MessageRecord> messages,
                                const BenchmarkQuestion& question) {
    const std::vector<std::string> evidence = evidenceIds(question.evidence);
    std::set<std::string> sessions;
    for (const MessageRecord& message : messages) {
        if (std::ranges::find(evidence, message.sourceId) != evidence.end()) sessions.insert(message.session);
    }
    std::vector<Turn> chosen;
    std::ranges::copy_if(
        turns, std::back_inserter(chosen), [&](const Turn& turn) { return sessions.contains(turn.session); });
    return chosen;
}

}  // namespace

std::string_view name(EvalContext value) {
    switch (value) {
        case EvalContext::kNone:
            return "none";
        case EvalContext::kFull:
            return "full";
        case EvalContext::kEvidence:
            return "evidence";
        case EvalContext::kMemory:
            return "memory";
    }
    return "";
}

Result<EvalContext> evalContextFromName(std::string_view text) {
    std::string known;
    for (const EvalContext context : kContexts) {
        if (name(context) == text) return context;
        known += (known.empty() ? "" : ", ") + std::string(name(context));
    }
    return Error{ErrorCode::kInvalidArgument,
                 "unknown context '" + std::string(text) + "', expected one of " + known};
}

Result<void> askBehind(EvalContext context,
                       const ContextTask& task,
                       EvalBatch batch,
                       const EngineRunner::Observer& observe) {
    if (context == EvalContext::kMemory) {
        const auto build = task.storesMemory ? buildStoredMemory : buildToldMemory;
        EPI_TRY(build(task.engine, task.conversation, {.memory = task.memory}, task.output));
        EPI_TRY(task.engine.run<EvalDone>(std::move(batch), observe));
        return {};
    }
    const auto& [store, record] = task.conversation;
    EPI_TRY_ASSIGN(const std::vector<MessageRecord> messages, store.messages(record.id));
    SyncConversation turns = syncOf(record, messages);
    turns.conversation += "/" + std::string(name(context));
    if (context == EvalContext::kNone) turns.turns.clear();
    if (context != EvalContext::kEvidence)
        return askBehindTurns(task, std::move(turns), std::move(batch), observe);
    for (std::size_t index = 0; index < batch.questions.size(); ++index) {
        SyncConversation some = turns;
        some.turns = evidenceTurns(turns.turns, messages, task.questions[index].question);
        EvalBatch one = batch;
        one.questions = {batch.questions[index]};
        EPI_TRY(askBehindTurns(task, std::move(some), std::move(one), observe));
    }
    return {};
}

}  // namespace epi
