// How EngineSession answers: match, activate, catch up, generate (EpiCache stage 3).
#include <algorithm>
#include <chrono>

#include "core/engine/block_prefill.h"
#include "core/engine/engine_session.h"
#include "core/engine/generation.h"
#include "core/model/executor.h"
#include "core/tensor/guard.h"

namespace epi {
namespace {

// A reply must have at least this much room; less, and older entries are evicted first.
constexpr std::int64_t kSmallestReply = 64;
// The end of a text that is longer than the room stays whole, as far as it leaves half of a block to the
// reply.
constexpr std::int64_t kUnevictedEnd = 64;

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
        for (const PromptPart& part : questionParts(context, *chatTemplate_, question, wording_)) {
            if (part.kind == PromptPart::Kind::kContent) text += part.text;
        }
    }
    EPI_TRY_ASSIGN(const EmbeddingMatrix embedding, embedder_->embedQuestion(text, cancel));
    std::vector<Episode> episodes;
    for (const EpisodeMemory& episode : memory.episodes)
        episodes.push_back(episode.episode);
    return matchEpisode(embedding.row(0), episodes, memory.resolved.preset.similarity);
}

void EngineSession::confirmTurn(Conversation& conversation) {
    if (!active_->unconfirmed) return;
    const auto covered = static_cast<std::size_t>(active_->coveredTurns);
    const std::vector<Turn>& turns = conversation.text.turns;
    const bool isThere = turns.size() >= covered + 2 && turns[covered].role == Role::kUser &&
                         turns[covered].text == active_->unconfirmed->question &&
                         turns[covered + 1].role == Role::kAssistant &&
                         turns[covered + 1].text == active_->unconfirmed->answer;
    if (!isThere) {
        active_.reset();
        return;
    }
    active_->coveredTurns += 2;
    active_->isReplyOpen = true;
    active_->unconfirmed.reset();
}

void EngineSession::writeBack() {
    if (!active_) return;
    const auto found = conversations_.find(active_->conversation);
    if (found == conversations_.end() || !found->second.memory ||
        found->second.memory->key != active_->memoryKey) {
        return;
    }
    confirmTurn(found->second);
    if (!active_) return;
    EpisodeMemory& episode = found->second.memory->episodes[static_cast<std::size_t>(active_->episode)];
    if (episode.coveredTurns == active_->coveredTurns) return;
    episode.current = std::make_shared<const KvSnapshot>(active_->cache->snapshot());
    episode.coveredTurns = active_->coveredTurns;
    episode.isReplyOpen = active_->isReplyOpen;
}

Result<void> EngineSession::activate(Conversation& conversation, std::int32_t index) {
    BuiltMemory& memory = *conversation.memory;
    const auto isWanted = [&] {
        return active_ && active_->conversation == conversation.name && active_->memoryKey == memory.key &&
               active_->episode == index;
    };
    if (isWanted()) confirmTurn(conversation);
    if (isWanted()) return {};
    writeBack();
    const EpisodeMemory& episode = memory.episodes[static_cast<std::size_t>(index)];
    if (!active_ || active_->memoryKey != memory.key) {
        active_.reset();  // one cache at a time: free it before the next is allocated
        active_.emplace();
        active_->cache = std::make_unique<KvCache>(makeCache(*model_, memory, peak_));
    }
    active_->conversation = conversation.name;
    active_->memoryKey = memory.key;
    active_->episode = index;
    active_->coveredTurns = episode.coveredTurns;
    active_->isReplyOpen = episode.isReplyOpen;
    active_->unconfirmed.reset();
    return active_->cache->restore(*episode.current);
}

Result<std::vector<TokenId>> EngineSession::tokensToRead(const Conversation& conversation,
                                                         const std::string& question) const {
    std::vector<TokenId> tokens;
    const auto append = [&](std::span<const TokenId> ids) {
        tokens.insert(tokens.end(), ids.begin(), ids.end());
    };
    if (active_->isReplyOpen) {
        const PromptPart closing{.kind = PromptPart::Kind::kTemplate,
                                 .text = chatTemplate_->closeTurn(Role::kAssistant)};
        append(encodeParts(model_->tokenizer(), std::span(&closing, 1)));
    }
    const HistoryTokens& history = conversation.history;
    append(std::span(history.ids).subspan(history.head(active_->coveredTurns).size()));
    const QuestionContext context = contextAfter(conversation.text.layout, conversation.text.turns);
    append(encodeParts(model_->tokenizer(), questionParts(context, *chatTemplate_, question, wording_)));
    return tokens;
}

Result<std::vector<TokenId>> EngineSession::makeRoom(Conversation& conversation,
                                                     std::vector<TokenId> tokens,
                                                     const CancelToken& cancel) {
    KvCache& cache = *active_->cache;
    const BuiltMemory& memory = *conversation.memory;
    const auto count = tokens.size();
    if (static_cast<std::int64_t>(count) + kSmallestReply <= cache.room()) return tokens;
    const auto end = static_cast<std::size_t>(
        std::clamp<std::int64_t>(memory.resolved.options.block / 2, 1, kUnevictedEnd));
    const std::size_t head = count > end ? count - end : 0;
    const PrefillTask task{.ids = {tokens.begin(), tokens.begin() + static_cast<std::ptrdiff_t>(head)},
                           .firstPosition = cache.nextPosition(),
                           .block = memory.resolved.options.block,
                           .rule = evictionRule(memory, conversation.history),
                           .prompt = memory.episodes[static_cast<std::size_t>(active_->episode)].prompt,
                           .promptAtLastPosition = memory.resolved.preset.promptAtLastPosition,
                           .repeatRequest = memory.repeatRequest};
    EPI_TRY(evictInPlace(model_->executor(), cache, task, cancel));
    BlockPrefill prefill(model_->executor(), cache, task);
    EPI_TRY(prefill.run(cancel));
    tokens.erase(tokens.begin(), tokens.begin() + static_cast<std::ptrdiff_t>(head));
    return tokens;
}

Result<EngineSession::Prepared> EngineSession::prepare(Conversation& conversation,
                                                       const MemoryOptions& options,
                                                       const Question& question,
                                                       const JobContext& context) {
    Prepared prepared;
    EPI_TRY_ASSIGN(BuiltMemory* const memory, ensureMemory(conversation, options, context));
    prepared.readTokens = std::exchange(memory->readTokens, 0);
    context.emit(Progress{.phase = "matching"});
    EPI_TRY_ASSIGN(prepared.match, match(conversation, question.text, context.cancel));
    prepared.episode = question.episode.value_or(prepared.match.episode);
    if (prepared.episode < 0 || static_cast<std::size_t>(prepared.episode) >= memory->episodes.size()) {
        return Error{
            ErrorCode::kInvalidArgument,
            "episode " + std::to_string(prepared.episode) + " of " + std::to_string(memory->episodes.size())};
    }
    EPI_TRY(activate(conversation, memory->cacheOf(prepared.episode)));
    EPI_TRY_ASSIGN(prepared.tokens, tokensToRead(conversation, question.text));
    return prepared;
}

Result<EngineSession::Prepared> EngineSession::prepareWithRoom(Conversation& conversation,
                                                               const MemoryOptions& options,
                                                               const Question& question,
                                                               const JobContext& context) {
    EPI_TRY_ASSIGN(Prepared prepared, prepare(conversation, options, question, context));
    const bool isFull =
        static_cast<std::int64_t>(prepared.tokens.size()) + kSmallestReply > active_->cache->room();
    if (!isFull || !conversation.memory->resolved.isDense) return prepared;
    // A dense memory has no prompt to evict by: once it is full, episodes are made of the whole history.
    const std::int64_t readTokens = prepared.readTokens;
    conversation.memory.reset();
    EPI_TRY_ASSIGN(prepared, prepare(conversation, options, question, context));
    prepared.readTokens += readTokens;
    return prepared;
}

Result<TurnDone> EngineSession::answer(Conversation& conversation,
                                       const MemoryOptions& options,
                                       const Question& question,
                                       const JobContext& context) {
    const auto start = std::chrono::steady_clock::now();
    EPI_TRY_ASSIGN(Prepared prepared, prepareWithRoom(conversation, options, question, context));
    TurnDone done;
    done.episode = prepared.episode;
    done.similarities = std::move(prepared.match.similarities);
    done.historyTokens = static_cast<std::int64_t>(conversation.history.ids.size());
    done.statistics.readTokens = prepared.readTokens;
    done.statistics.promptTokens = static_cast<std::int64_t>(prepared.tokens.size());

    const KvCache::Mark mark = active_->cache->mark();
    auto rest = makeRoom(conversation, std::move(prepared.tokens), context.cancel);
    if (!rest) {
        active_.reset();
        return std::move(rest).error();
    }
    const bool isCompacted = static_cast<std::int64_t>(rest->size()) != done.statistics.promptTokens;
    done.keptTokens = meanEntries(*active_->cache, model_->executor().spec());
    context.emit(Progress{.phase = "answering"});
    bool isFirst = true;
    const auto onText = [&](const std::string& text) {
        if (std::exchange(isFirst, false)) done.statistics.firstTokenSeconds = secondsSince(start);
        context.emit(TokenDelta{.text = text});
    };
    auto generated = generate(*model_,
                              *active_->cache,
                              {.prompt = *std::move(rest),
                               .sampling = question.sampling,
                               .onText = onText,
                               .cancel = context.cancel});
    if (!generated) {
        active_.reset();  // it may be half read; the snapshot is whole
        return std::move(generated).error();
    }
    done.text = std::move(generated->text);
    done.reason = std::move(generated->reason);
    done.pastTrainedContext = active_->cache->nextPosition() > model_->info().trainedContext;
    done.statistics.generatedTokens = static_cast<std::int64_t>(generated->ids.size());
    done.statistics.promptSeconds = generated->promptSeconds;
    done.statistics.decodeSeconds = generated->decodeSeconds;
    if (question.remember) {
        active_->coveredTurns = static_cast<std::int64_t>(conversation.text.turns.size());
        active_->unconfirmed = ActiveCache::Unconfirmed{.question = question.text, .answer = done.text};
    } else if (isCompacted) {
        active_.reset();
    } else {
        active_->cache->truncate(mark);
    }
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
