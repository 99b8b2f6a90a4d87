// How EngineSession answers the questions of a benchmark, or measures their expected answers.
#include <chrono>

#include <c10/core/InferenceMode.h>

#include "core/engine/engine_session.h"
#include "core/engine/generation.h"
#include "core/tensor/guard.h"

namespace epi {
namespace {

Error cancelled() {
    return {ErrorCode::kCancelled, "the evaluation was cancelled"};
}

}  // namespace

Result<EvalAnswer> EngineSession::measure(Conversation& conversation,
                                          const MemoryOptions& options,
                                          const EvalQuestion& question,
                                          const JobContext& context) {
    std::vector<TokenId> reply =
        loaded_->model->tokenizer().encode(question.expected, ControlTokens::kAsText);
    EPI_TRY_ASSIGN(Prepared prepared,
                   prepare(conversation,
                           options,
                           {.text = question.question,
                            .sampling = {.maxTokens = static_cast<std::int32_t>(reply.size())},
                            .episode = {},
                            .remember = false,
                            .isReplyGiven = true,
                            .passages = question.passages},
                           context));
    KvCache& cache = prepared.cache();
    const TurnReading turns = reading(conversation, prepared, context.cancel);
    const std::int64_t rows = std::ssize(prepared.tokens) + std::ssize(reply);
    if (!prepared.united) makePositionsFit(turns, rows);
    const KvCache::Mark mark = cache.mark();
    // As the chat reads it; only that all of a given reply is read, where one that is written would end.
    const bool isLong = !prepared.united && rows - 1 > cache.room();
    if (isLong) EPI_TRY(readEvicting(conversation, prepared, context.cancel));
    GivenReply given{
        .prompt = std::move(prepared.tokens), .reply = std::move(reply), .cancel = context.cancel};
    if (isLong)
        given.makeRoom = [&] {
            return makeRoom(turns);
        };
    const auto likelihood = replyLikelihood(*loaded_->model, cache, given);
    if (isLong) {
        store_.drop(*conversation.memory, prepared.cacheEpisode);
    } else {
        cache.truncate(mark);
    }
    if (!likelihood) return likelihood.error();
    return EvalAnswer{.questionId = question.id,
                      .text = {},
                      .episode = prepared.episode,
                      .similarity = prepared.match.similarities[static_cast<std::size_t>(prepared.episode)],
                      .seconds = 0.0,
                      .likelihood = *likelihood};
}

Result<EvalAnswer> EngineSession::answerOf(Conversation& conversation,
                                           const EvalBatch& command,
                                           const EvalQuestion& question,
                                           const JobContext& context) {
    EPI_TRY_ASSIGN(TurnDone turn,
                   answer(conversation,
                          command.memory,
                          {.text = question.question,
                           .sampling = command.sampling,
                           .episode = {},
                           .remember = false,
                           .passages = question.passages},
                          context));
    if (turn.reason == "cancelled") return cancelled();
    return EvalAnswer{.questionId = question.id,
                      .text = std::move(turn.text),
                      .episode = turn.episode,
                      .similarity = turn.similarities[static_cast<std::size_t>(turn.episode)]};
}

Result<Event> EngineSession::handle(const EvalBatch& command, const JobContext& context) {
    EPI_TRY_ASSIGN(Conversation* const conversation, findConversation(command.conversation));
    const c10::InferenceMode inference;
    return guarded("evaluating", [&]() -> Result<Event> {
        const JobContext quiet{.emit =
                                   [&](Event event) {
                                       if (std::holds_alternative<Progress>(event))
                                           context.emit(std::move(event));
                                   },
                               .cancel = context.cancel};
        EvalDone done;
        for (const EvalQuestion& question : command.questions) {
            if (context.cancel.isCancelled()) return cancelled();
            const auto start = std::chrono::steady_clock::now();
            EPI_TRY_ASSIGN(EvalAnswer answer,
                           question.expected.empty()
                               ? answerOf(*conversation, command, question, quiet)
                               : measure(*conversation, command.memory, question, quiet));
            answer.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
            context.emit(std::move(answer));
            ++done.answered;
        }
        return Event(done);
    });
}

}  // namespace epi
