// How EngineSession answers: match, activate, catch up, generate (EpiCache stage 3).
#include <algorithm>
#include <chrono>

#include "core/engine/engine_session.h"
#include "core/engine/generation.h"
#include "core/model/executor.h"
#include "core/tensor/guard.h"

namespace epi {
namespace {

double secondsSince(std::chrono::steady_clock::time_point start) {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// Mean entries per layer and head over the layers that have a budget.
std::int64_t meanEntries(const KvCache& cache, const ModelSpec& spec) {
    std::int64_t entries = 0;
    std::int64_t heads = 0;
    for (std::int32_t layer = 0; layer < cache.layerCount(); ++layer) {
        const AttentionSpec& attention = spec.layers[static_cast<std::size_t>(layer)].attention;
        if (attention.window) continue;
        entries += cache.layer(layer).totalLength();
        heads += attention.kvHeads;
    }
    return heads == 0 ? 0 : entries / heads;
}

/// By how much the best similarity exceeds the second.
double marginOf(std::vector<double> similarities) {
    if (similarities.size() < 2) return 0.0;
    std::ranges::nth_element(similarities, similarities.begin() + 1, std::ranges::greater());
    return similarities[0] - similarities[1];
}

}  // namespace

Result<Match> EngineSession::match(const Conversation& conversation,
                                   const std::string& question,
                                   const CancelToken& cancel) const {
    const BuiltMemory& memory = *conversation.memory;
    if (memory.episodes.size() == 1) return Match{.episode = 0, .similarities = {1.0}};
    if (!embedder_)
        return Error{ErrorCode::kNotFound, "no sentence embedder is installed to match the question with"};
    std::string text = question;
    if (memory.resolved.preset.matchFormattedQuestion) {
        text.clear();
        const auto context = contextAfter(conversation.text.layout, conversation.text.turns);
        for (const PromptPart& part : questionParts(context, *chatTemplate_, question)) {
            if (part.kind == PromptPart::Kind::kContent) text += part.text;
        }
    }
    EPI_TRY_ASSIGN(const EmbeddingMatrix embedding, embedder_->embed(std::span(&text, 1), {}, cancel));
    std::vector<Episode> episodes;
    for (const EpisodeMemory& episode : memory.episodes)
        episodes.push_back(episode.episode);
    return matchEpisode(embedding.row(0), episodes, memory.resolved.preset.similarity);
}

TurnReading EngineSession::reading(Conversation& conversation,
                                   const Prepared& prepared,
                                   const CancelToken& cancel) const {
    return {.model = *model_,
            .chatTemplate = *chatTemplate_,
            .conversation = conversation,
            .memory = *conversation.memory,
            .episode = conversation.memory->episodes[static_cast<std::size_t>(prepared.episode)],
            .cache = *prepared.opened.cache,
            .cancel = cancel};
}

Result<EngineSession::Prepared> EngineSession::choose(Conversation& conversation,
                                                      const MemoryOptions& options,
                                                      const Question& question,
                                                      const JobContext& context) {
    Prepared prepared;
    save();  // the episode asked before may leave the device
    EPI_TRY_ASSIGN(BuiltMemory* const memory,
                   ensureMemory(conversation, options, Coverage::kBeginning, context));
    context.emit(Progress{.phase = "matching"});
    EPI_TRY_ASSIGN(prepared.match, match(conversation, question.text, context.cancel));
    prepared.episode = question.episode.value_or(prepared.match.episode);
    if (prepared.episode < 0 || static_cast<std::size_t>(prepared.episode) >= memory->episodes.size()) {
        return Error{
            ErrorCode::kInvalidArgument,
            "episode " + std::to_string(prepared.episode) + " of " + std::to_string(memory->episodes.size())};
    }
    store_.observe(*memory, prepared.match.similarities, prepared.episode);
    const auto start = std::chrono::steady_clock::now();
    EPI_TRY_ASSIGN(prepared.opened,
                   store_.open(buildContext(context), conversation, prepared.episode, peak_));
    prepared.switchSeconds = secondsSince(start);
    prepared.readTokens = std::exchange(memory->readTokens, 0);
    lastConversation_ = conversation.name;
    lastEpisode_ = prepared.episode;
    return prepared;
}

Result<EngineSession::Prepared> EngineSession::prepare(Conversation& conversation,
                                                       const MemoryOptions& options,
                                                       const Question& question,
                                                       const JobContext& context) {
    EPI_TRY_ASSIGN(Prepared prepared, choose(conversation, options, question, context));
    const auto needed = [&] {
        const TurnReading turns = reading(conversation, prepared, context.cancel);
        return static_cast<std::int64_t>(questionTokens(turns, question.text).size()) + kSmallestReply;
    };
    const auto unread = unreadTurns(reading(conversation, prepared, context.cancel)).size();
    if (conversation.memory->resolved.isDense &&
        static_cast<std::int64_t>(unread) + needed() > prepared.opened.cache->room()) {
        // A dense memory has no prompt to evict by: once it is full, episodes are made of the whole history.
        const std::int64_t readTokens = prepared.readTokens;
        EPI_TRY(ensureMemory(conversation, options, Coverage::kWholeHistory, context));
        EPI_TRY_ASSIGN(prepared, choose(conversation, options, question, context));
        prepared.readTokens += readTokens;
    }
    auto read = catchUp(reading(conversation, prepared, context.cancel), needed());
    if (!read) {
        store_.drop(*conversation.memory, prepared.episode);
        return std::move(read).error();
    }
    prepared.readTokens += *read;
    prepared.tokens = questionTokens(reading(conversation, prepared, context.cancel), question.text);
    return prepared;
}

Result<void> EngineSession::reply(Conversation& conversation,
                                  const Question& question,
                                  Prepared& prepared,
                                  const JobContext& context,
                                  TurnDone& done) {
    const auto start = std::chrono::steady_clock::now();
    KvCache& cache = *prepared.opened.cache;
    const TurnReading turns = reading(conversation, prepared, context.cancel);
    const KvCache::Mark mark = cache.mark();
    const bool isLong = static_cast<std::int64_t>(prepared.tokens.size()) + kSmallestReply > cache.room();
    if (isLong) {
        saveEpisode(conversation, prepared.episode);  // the only way back
        auto rest = readLongQuestion(turns, std::move(prepared.tokens));
        if (!rest) {
            store_.drop(*conversation.memory, prepared.episode);
            return std::move(rest).error();
        }
        prepared.tokens = *std::move(rest);
    }
    const double readSeconds = secondsSince(start);
    context.emit(Progress{.phase = "answering"});
    bool isFirst = true;
    const auto onText = [&](const std::string& text) {
        if (std::exchange(isFirst, false)) done.statistics.firstTokenSeconds = secondsSince(start);
        context.emit(TokenDelta{.text = text});
    };
    auto generated = generate(*model_,
                              cache,
                              {.prompt = std::move(prepared.tokens),
                               .sampling = question.sampling,
                               .onText = onText,
                               .cancel = context.cancel});
    if (!generated) {
        if (isLong || generated.error().code != ErrorCode::kCancelled) {
            store_.drop(*conversation.memory, prepared.episode);
        } else {
            cache.truncate(mark);
        }
        return std::move(generated).error();
    }
    done.text = std::move(generated->text);
    done.reason = std::move(generated->reason);
    done.pastTrainedContext = cache.nextPosition() > model_->info().trainedContext;
    done.statistics.generatedTokens = static_cast<std::int64_t>(generated->ids.size());
    done.statistics.promptSeconds = readSeconds + generated->promptSeconds;
    done.statistics.decodeSeconds = generated->decodeSeconds;
    if (question.remember) {
        remember(turns, question.text, done.text, cache.nextPosition() - mark.nextPosition, isLong);
    } else if (isLong) {
        store_.drop(*conversation.memory, prepared.episode);
    } else {
        cache.truncate(mark);
    }
    return {};
}

Result<TurnDone> EngineSession::answer(Conversation& conversation,
                                       const MemoryOptions& options,
                                       const Question& question,
                                       const JobContext& context) {
    const auto start = std::chrono::steady_clock::now();
    EPI_TRY_ASSIGN(Prepared prepared, prepare(conversation, options, question, context));
    TurnDone done;
    done.episode = prepared.episode;
    done.margin = marginOf(prepared.match.similarities);
    done.similarities = std::move(prepared.match.similarities);
    done.tier = name(prepared.opened.tier);
    done.historyTokens = static_cast<std::int64_t>(conversation.history.ids.size());
    done.keptTokens = meanEntries(*prepared.opened.cache, model_->executor().spec());
    done.statistics.readTokens = prepared.readTokens;
    done.statistics.promptTokens = static_cast<std::int64_t>(prepared.tokens.size());
    done.statistics.switchSeconds = prepared.switchSeconds;
    const double preparedSeconds = secondsSince(start);
    EPI_TRY(reply(conversation, question, prepared, context, done));
    done.statistics.firstTokenSeconds += preparedSeconds;
    done.notice = takeNotice();
    return done;
}

Result<Event> EngineSession::handle(const Ask& command, const JobContext& context) {
    EPI_TRY_ASSIGN(Conversation* const conversation, findConversation(command.conversation));
    const c10::InferenceMode inference;
    return guarded("answering", [&]() -> Result<Event> {
        EPI_TRY_ASSIGN(TurnDone done,
                       answer(*conversation,
                              command.memory,
                              {.text = command.question,
                               .sampling = command.sampling,
                               .episode = command.episode,
                               .remember = command.remember},
                              context));
        return Event(std::move(done));
    });
}

Result<Event> EngineSession::handle(const EvalBatch& command, const JobContext& context) {
    EPI_TRY_ASSIGN(Conversation* const conversation, findConversation(command.conversation));
    const c10::InferenceMode inference;
    return guarded("evaluating", [&]() -> Result<Event> {
        EvalDone done;
        for (const EvalQuestion& question : command.questions) {
            if (context.cancel.isCancelled())
                return Error{ErrorCode::kCancelled, "the evaluation was cancelled"};
            const auto start = std::chrono::steady_clock::now();
            const JobContext quiet{.emit =
                                       [&](Event event) {
                                           if (std::holds_alternative<Progress>(event))
                                               context.emit(std::move(event));
                                       },
                                   .cancel = context.cancel};
            EPI_TRY_ASSIGN(TurnDone turn,
                           answer(*conversation,
                                  command.memory,
                                  {.text = question.question,
                                   .sampling = command.sampling,
                                   .episode = {},
                                   .remember = false},
                                  quiet));
            if (turn.reason == "cancelled")
                return Error{ErrorCode::kCancelled, "the evaluation was cancelled"};
            context.emit(EvalAnswer{.questionId = question.id,
                                    .text = std::move(turn.text),
                                    .episode = turn.episode,
                                    .similarity = turn.similarities[static_cast<std::size_t>(turn.episode)],
                                    .seconds = secondsSince(start)});
            ++done.answered;
        }
        return Event(done);
    });
}

}  // namespace epi
