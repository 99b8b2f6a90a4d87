// How EngineSession answers: match, activate, catch up, generate (EpiCache stage 3).
#include <algorithm>
#include <chrono>

#include "core/base/known_error.h"
#include "core/base/seconds_since.h"
#include "core/engine/engine_session.h"
#include "core/engine/generation.h"
#include "core/engine/memory_description.h"
#include "core/engine/new_episode.h"
#include "core/kv/snapshot_union.h"
#include "core/model/executor.h"
#include "core/model/reindex.h"
#include "core/tensor/guard.h"

namespace epi {
namespace {

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
    if (!loaded_->embedder) return makeError(ErrorCode::kNotFound, KnownError::kNoEmbedder);
    std::string text = question;
    if (memory.resolved.preset.matchFormattedQuestion) {
        text.clear();
        const auto context = contextAfter(conversation.text.layout, conversation.text.turns);
        for (const PromptPart& part :
             questionParts(context, *loaded_->chatTemplate, question, loaded_->wording)) {
            if (part.kind == PromptPart::Kind::kContent) text += part.text;
        }
    }
    EPI_TRY_ASSIGN(const EmbeddingMatrix embedding, loaded_->embedder->embedQuestion(text, cancel));
    std::vector<Episode> episodes;
    const auto turns = static_cast<std::int64_t>(conversation.text.turns.size());
    for (const EpisodeMemory& episode : memory.episodes) {
        episodes.push_back(episode.episode);
        // Episodes that share a cache stay where they were grouped: its turns belong to all of them.
        if (!memory.sharesCache) episodes.back().centroid = centroidAfter(episode, turns).mean;
    }
    return matchEpisode(embedding.row(0), episodes, memory.resolved.preset.similarity);
}

TurnReading EngineSession::reading(Conversation& conversation,
                                   const Prepared& prepared,
                                   const CancelToken& cancel) const {
    return {.model = *loaded_->model,
            .chatTemplate = *loaded_->chatTemplate,
            .wording = loaded_->wording,
            .conversation = conversation,
            .memory = *conversation.memory,
            .episode = conversation.memory->episodes[static_cast<std::size_t>(prepared.cacheEpisode)],
            .cache = *prepared.opened.cache,
            .cancel = cancel};
}

bool EngineSession::beginsEpisode(const BuiltMemory& memory, const Question& question, const Match& match) {
    const double limit = memory.resolved.options.online.newEpisodeBelow;
    return limit > 0.0 && question.remember && !question.episode && memory.episodes.size() > 1 &&
           !memory.sharesCache &&
           std::ranges::all_of(match.similarities, [&](double similarity) { return similarity < limit; });
}

Result<EpisodeStore::Opened> EngineSession::openEpisode(Conversation& conversation,
                                                        std::int32_t episode,
                                                        const JobContext& context) {
    auto opened = store_.open(buildContext(context), conversation, episode, peak_);
    // What had to be read again is in a file again.
    if (!opened || opened->tier == CacheTier::kRebuilt) trimFolder(conversation.memory->key);
    return opened;
}

Result<EngineSession::Prepared> EngineSession::choose(Conversation& conversation,
                                                      const MemoryOptions& options,
                                                      const Question& question,
                                                      const JobContext& context) {
    Prepared prepared;
    save();  // the episode asked before may leave the device
    EPI_TRY_ASSIGN(BuiltMemory* const memory, ensureMemory(conversation, {options, question.pins}, context));
    context.emit(Progress{.phase = "matching"});
    EPI_TRY_ASSIGN(prepared.match, match(conversation, question.text, context.cancel));
    prepared.episode = question.episode.value_or(prepared.match.episode);
    if (beginsEpisode(*memory, question, prepared.match)) {
        BuildContext adding = buildContext(context);
        adding.notice = [this](const std::string& reason) {
            tell(makeNotice(NoticeCode::kEpisodeUnsaved, {reason}));
        };
        EPI_TRY_ASSIGN(prepared.episode, addEpisode(adding, conversation, question.text, peak_));
        prepared.match = {.episode = prepared.episode,
                          .similarities = std::move(prepared.match.similarities)};
        prepared.match.similarities.push_back(1.0);
        trimFolder(memory->key);
    }
    if (prepared.episode < 0 || static_cast<std::size_t>(prepared.episode) >= memory->episodes.size()) {
        return Error{ErrorCode::kInvalidArgument,
                     "there is no episode " + std::to_string(prepared.episode) + ", this memory has 0 to " +
                         std::to_string(std::ssize(memory->episodes) - 1)};
    }
    prepared.cacheEpisode = memory->cacheOf(prepared.episode);
    if (!memory->sharesCache) store_.observe(*memory, prepared.match.similarities, prepared.episode);
    const auto start = std::chrono::steady_clock::now();
    EPI_TRY_ASSIGN(prepared.opened, openEpisode(conversation, prepared.cacheEpisode, context));
    prepared.switchSeconds = secondsSince(start);
    prepared.second = rival(conversation, question, prepared.match);
    prepared.readTokens = std::exchange(memory->readTokens, 0);
    last_ = {.conversation = conversation.name, .episode = prepared.cacheEpisode};
    return prepared;
}

std::int64_t EngineSession::rowsToAnswer(const TurnReading& reading, const Question& question) {
    const auto asked = std::ssize(questionTokens(reading, question.text, question.replyBegin));
    return asked + replyRows(reading, asked, question.sampling.maxTokens);
}

bool EngineSession::isToBuildAnew(Conversation& conversation,
                                  const Question& question,
                                  const Prepared& prepared) const {
    const ResolvedOptions& resolved = conversation.memory->resolved;
    if (!resolved.isDense) return false;
    const TurnReading turns = reading(conversation, prepared, {});
    const auto unread = std::ssize(unreadTurns(turns));
    const std::int64_t asked = rowsToAnswer(turns, question);
    const std::int64_t room = turns.cache.room();
    if (unread + asked <= room) return false;
    // Once it is full, episodes are made of the whole history. While that is short, another dense memory
    // would have no more room for a long question, which is then read evicting (see readLongQuestion).
    const auto history = std::ssize(conversation.history.ids);
    const std::int64_t budget = resolved.options.budget;
    return history > budget || history + asked <= budget + tailRows(resolved) || unread > room;
}

Result<EngineSession::Prepared> EngineSession::prepare(Conversation& conversation,
                                                       const MemoryOptions& options,
                                                       const Question& question,
                                                       const JobContext& context) {
    EPI_TRY_ASSIGN(Prepared prepared, choose(conversation, options, question, context));
    if (isToBuildAnew(conversation, question, prepared)) {
        const std::int64_t readTokens = prepared.readTokens;
        EPI_TRY(ensureMemory(conversation, {options, question.pins, Coverage::kWholeHistory}, context));
        EPI_TRY_ASSIGN(prepared, choose(conversation, options, question, context));
        prepared.readTokens += readTokens;
    }
    EPI_TRY(readTurns(conversation, question, prepared, context.cancel));
    EPI_TRY(quote(conversation, question, prepared, context));
    if (prepared.second < 0) return prepared;
    EPI_TRY(uniteWithSecond(conversation, question, prepared, context));
    return prepared;
}

Result<void> EngineSession::uniteWithSecond(Conversation& conversation,
                                            const Question& question,
                                            Prepared& prepared,
                                            const JobContext& context) {
    // One after the other, so that what the device holds besides the two is known.
    const KvSnapshot first = prepared.opened.cache->snapshot();
    save();
    Prepared other;
    other.episode = other.cacheEpisode = last_.episode = prepared.second;
    EPI_TRY_ASSIGN(other.opened, openEpisode(conversation, prepared.second, context));
    EPI_TRY(readTurns(conversation, question, other, context.cancel));
    prepared.readTokens += other.readTokens;
    save();
    const KvSnapshot second = other.opened.cache->snapshot();
    const KvSnapshot united = unite(first, second);
    last_.episode = prepared.episode;
    EPI_TRY_ASSIGN(prepared.opened, openEpisode(conversation, prepared.episode, context));
    const std::int32_t longest =
        question.isReplyGiven ? question.sampling.maxTokens : tailRows(conversation.memory->resolved);
    const std::int64_t tail =
        std::ssize(prepared.tokens) + std::min(question.sampling.maxTokens, longest) + 1;
    std::vector<std::int64_t> rows;
    for (const LayerArena::Content& layer : united.layers) {
        const auto heads = static_cast<std::int64_t>(layer.positions.size());
        rows.push_back((layer.keys.size(0) + heads - 1) / heads + tail);
    }
    const Executor& executor = loaded_->model->executor();
    prepared.united = std::make_unique<KvCache>(executor.spec(), rows, executor.placement());
    EPI_TRY(prepared.united->restore(united));
    if (first.shift > 0 || second.shift > 0) reindexPositions(executor, *prepared.united);
    return {};
}

Result<void> EngineSession::readTurns(Conversation& conversation,
                                      const Question& question,
                                      Prepared& prepared,
                                      const CancelToken& cancel) {
    const TurnReading turns = reading(conversation, prepared, cancel);
    const std::int64_t quoted = quotingRoom(*conversation.memory, question.passages).rows();
    auto read = catchUp(turns, rowsToAnswer(turns, question) + quoted);
    if (!read) {
        store_.drop(*conversation.memory, prepared.cacheEpisode);
        return std::move(read).error();
    }
    prepared.readTokens += *read;
    prepared.tokens = questionTokens(turns, question.text, question.replyBegin);
    return {};
}

Result<void> EngineSession::indexHistory(Conversation& conversation, const JobContext& context) {
    const PassageIndex* const before = conversation.passages ? &*conversation.passages : nullptr;
    const PassageIndexing indexing{
        .embedder = *loaded_->embedder,
        .uid = conversation.uid,
        .folder = config_.cacheFolder,
        .progress =
            [&](std::int64_t done, std::int64_t total) {
                context.emit(
                    Progress{.phase = "embedding", .done = done, .total = total, .unit = "passages"});
            },
        .cancel = context.cancel};
    EPI_TRY_ASSIGN(conversation.passages, indexPassages(indexing, conversation.text.turns, before));
    keepPassagesOf(conversation);
    return {};
}

Result<void> EngineSession::quote(Conversation& conversation,
                                  const Question& question,
                                  Prepared& prepared,
                                  const JobContext& context) {
    const TurnReading turns = reading(conversation, prepared, context.cancel);
    const QuotedQuestion bare = quotedQuestionTokens(turns, question.text, question.replyBegin, {});
    const auto bareTokens = std::ssize(bare.tokens);
    const std::int64_t room =
        turns.cache.room() - bareTokens - replyRows(turns, bareTokens, question.sampling.maxTokens);
    const QuotingRoom wanted = quotingRoom(*conversation.memory, question.passages);
    const QuotingRoom budget{.passages = std::min(wanted.passages, room),
                             .pinned = std::min(wanted.pinned, room)};
    if (budget.passages <= 0 && wanted.pinned == 0) return {};
    std::vector<double> byMeaning;
    if (loaded_->embedder && budget.passages > 0) {
        EPI_TRY(indexHistory(conversation, context));
        EPI_TRY_ASSIGN(
            byMeaning,
            comparePassages(*loaded_->embedder, *conversation.passages, question.text, context.cancel));
    }
    const std::vector<PassageUnit> units = passageUnits(conversation.text.turns);
    Recalled recalled = passagesToQuote({.reading = turns,
                                         .question = question.text,
                                         .byWords = question.passages,
                                         .byMeaning = byMeaning,
                                         .units = units,
                                         .budget = budget.passages,
                                         .pinnedBudget = budget.pinned});
    if (recalled.pinsLeftOut > 0) {
        tell(makeNotice(NoticeCode::kPinsLeftOut, {std::to_string(recalled.pinsLeftOut)}));
    }
    if (recalled.ids.empty()) return {};
    QuotedQuestion asked = quotedQuestionTokens(turns, question.text, question.replyBegin, recalled.ids);
    prepared.tokens = std::move(asked.tokens);
    prepared.quotation = {.at = asked.quotationAt,
                          .tokens = std::ssize(recalled.ids),
                          .passages = std::move(recalled.passages)};
    return {};
}

std::int32_t EngineSession::rival(const Conversation& conversation,
                                  const Question& question,
                                  const Match& match) const {
    const double margin = conversation.memory->resolved.options.online.unionMargin;
    if (question.episode || conversation.memory->sharesCache || marginOf(match.similarities) >= margin)
        return -1;
    std::int32_t second = -1;
    for (std::size_t index = 0; index < match.similarities.size(); ++index) {
        const auto episode = static_cast<std::int32_t>(index);
        if (episode == match.episode) continue;
        if (second < 0 || match.similarities[index] > match.similarities[static_cast<std::size_t>(second)])
            second = episode;
    }
    return second;
}

Result<void> EngineSession::readEvicting(Conversation& conversation,
                                         Prepared& prepared,
                                         const CancelToken& cancel) {
    saveEpisode(conversation, prepared.cacheEpisode);  // the only way back
    auto rest = readLongQuestion(reading(conversation, prepared, cancel), std::move(prepared.tokens));
    if (!rest) {
        store_.drop(*conversation.memory, prepared.cacheEpisode);
        return std::move(rest).error();
    }
    prepared.tokens = *std::move(rest);
    return {};
}

Result<void> EngineSession::reply(Conversation& conversation,
                                  const Question& question,
                                  Prepared& prepared,
                                  const JobContext& context,
                                  TurnDone& done) {
    const auto start = std::chrono::steady_clock::now();
    KvCache& cache = prepared.cache();
    const std::int64_t longest = question.sampling.maxTokens;
    if (!prepared.united) {
        makePositionsFit(reading(conversation, prepared, context.cancel),
                         std::ssize(prepared.tokens) + std::min(longest, cache.room()));
    }
    if (cache.shift() > 0) {
        const std::int32_t trained = loaded_->model->info().trainedContext;
        tell(makeNotice(NoticeCode::kPositionsRenewed, {std::to_string(trained)}));
    }
    Replied replied{.before = cache.mark()};
    const std::int64_t smallest = std::min(longest, kSmallestReply);
    replied.isLong = !prepared.united && std::ssize(prepared.tokens) + smallest > cache.room();
    if (replied.isLong) EPI_TRY(readEvicting(conversation, prepared, context.cancel));
    const double readSeconds = secondsSince(start);
    context.emit(Progress{.phase = "answering"});
    bool isFirst = true;
    const auto onText = [&](const std::string& text) {
        if (std::exchange(isFirst, false)) done.statistics.firstTokenSeconds = secondsSince(start);
        context.emit(TokenDelta{.text = text});
    };
    auto generated = generate(*loaded_->model,
                              cache,
                              {.prompt = std::move(prepared.tokens),
                               .sampling = question.sampling,
                               .onText = onText,
                               .cancel = context.cancel});
    if (!generated) {
        if (replied.isLong || generated.error().code != ErrorCode::kCancelled) {
            store_.drop(*conversation.memory, prepared.cacheEpisode);
        } else {
            cache.truncate(replied.before);
        }
        return std::move(generated).error();
    }
    done.text = question.replyBegin + generated->text;
    done.reason = std::move(generated->reason);
    done.pastTrainedContext = cache.nextPosition() > loaded_->model->info().trainedContext;
    done.statistics.generatedTokens = std::ssize(generated->ids);
    done.statistics.promptSeconds = readSeconds + generated->promptSeconds;
    done.statistics.decodeSeconds = generated->decodeSeconds;
    // A dense memory holds all that it has read: what was read evicting is read again, as a turn of episodes.
    replied.stays = question.remember && !(replied.isLong && conversation.memory->resolved.isDense);
    if (replied.stays) EPI_TRY(takeQuotationOut(conversation, prepared, cache, replied.before));
    // Before the cache is settled: one that read a long question for one answer is gone afterwards.
    describeRoom(conversation, question, prepared, replied, done);
    return settle(conversation, question, prepared, replied, done.text);
}

void EngineSession::describeRoom(Conversation& conversation,
                                 const Question& question,
                                 const Prepared& prepared,
                                 const Replied& replied,
                                 TurnDone& done) const {
    const KvCache& cache = prepared.cache();
    done.positions = cache.shift() > 0 ? "reindexed" : "kept";
    done.usedTokens = meanEntries(cache, loaded_->model->executor().spec());
    // Two episodes together are given up: the turn goes to the best of them, as do those that follow.
    const bool isMoved = prepared.united && replied.stays;
    const std::int64_t moved = isMoved ? cache.nextPosition() - replied.before.nextPosition : 0;
    const TurnReading turns = reading(conversation, prepared, {});
    const std::int64_t reserved = moved + quotingRoom(*conversation.memory, question.passages).rows() +
                                  replyRows(turns, 0, question.sampling.maxTokens);
    done.roomTokens = std::max<std::int64_t>(turns.cache.room() - reserved, 0);
}

Result<void> EngineSession::settle(Conversation& conversation,
                                   const Question& question,
                                   Prepared& prepared,
                                   const Replied& replied,
                                   const std::string& answer) {
    const KvCache& answered = prepared.cache();
    const std::int64_t rows = answered.nextPosition() - replied.before.nextPosition;
    const TurnReading turns = reading(conversation, prepared, {});
    if (prepared.united) {
        // The turn goes to the best episode as it was computed; where it does not fit it is read again later.
        if (!replied.stays || rows > turns.cache.room()) return {};
        EPI_TRY(turns.cache.append(answered.newest(rows)));
        if (!turns.cache.isInOrder()) reindexPositions(loaded_->model->executor(), turns.cache);
    } else if (!replied.stays) {
        if (replied.isLong) {
            store_.drop(*conversation.memory, prepared.cacheEpisode);
        } else {
            turns.cache.truncate(replied.before);
        }
        return {};
    }
    remember(turns, question.text, answer, rows, replied.isLong);
    last_.unembedded = {{.role = Role::kUser, .text = question.text},
                        {.role = Role::kAssistant, .text = answer}};
    return {};
}

Result<void> EngineSession::takeQuotationOut(Conversation& conversation,
                                             const Prepared& prepared,
                                             KvCache& cache,
                                             const KvCache::Mark& mark) {
    const Quotation& quotation = prepared.quotation;
    if (quotation.tokens == 0) return {};
    // The turn's own entries stay as they were computed, so that nothing is read twice; the next question is
    // told what bears on it, not what bore on this one.
    const std::int64_t behind = cache.nextPosition() - mark.nextPosition - quotation.at - quotation.tokens;
    auto cut = cutOut(loaded_->model->executor(), cache, quotation.tokens, behind);
    if (!cut) store_.drop(*conversation.memory, prepared.cacheEpisode);
    return cut;
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
    done.episodes = {prepared.episode};
    if (prepared.united) {
        done.episodes.push_back(prepared.second);
        done.unionBytes = prepared.united->allocatedBytes();
    }
    done.keptTokens = meanEntries(prepared.cache(), loaded_->model->executor().spec());
    done.statistics.readTokens = prepared.readTokens;
    done.statistics.promptTokens = static_cast<std::int64_t>(prepared.tokens.size());
    done.statistics.switchSeconds = prepared.switchSeconds;
    done.quoted = prepared.quotation.passages;
    done.quotedTokens = prepared.quotation.tokens;
    done.pinnedTurns = conversation.memory->resolved.options.pinnedTurns;
    const double preparedSeconds = secondsSince(start);
    EPI_TRY(reply(conversation, question, prepared, context, done));
    done.statistics.firstTokenSeconds += preparedSeconds;
    done.residency = store_.residency();
    done.notices = takeNotices();
    done.isRegrouped = groupingOf(conversation) != conversation.told;
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
                               .remember = command.remember,
                               .replyBegin = command.replyBegin,
                               .passages = command.passages,
                               .pins = command.pins},
                              context));
        return Event(std::move(done));
    });
}

}  // namespace epi
