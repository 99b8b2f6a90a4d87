#include "core/engine/new_episode.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "core/base/known_error.h"
#include "core/engine/episode_files.h"
#include "core/engine/memory_files.h"
#include "core/episode/patched_prompt.h"
#include "core/model/executor.h"
#include "core/model/language_model.h"
#include "core/model/text_embedder.h"

namespace epi {
namespace {

// More are not looked for: a damaged folder must not lead to an endless search.
constexpr std::size_t kMaxEpisodes = 256;

EpisodeMemory describe(const BuildContext& context,
                       const Conversation& conversation,
                       const std::string& question,
                       std::span<const float> embedding) {
    EpisodeMemory episode;
    episode.isAdded = true;
    episode.representatives = {"User: " + question + "\n"};
    episode.episode.centroid.assign(embedding.begin(), embedding.end());
    episode.prompt = encodeParts(
        context.model.tokenizer(),
        patchedPrompt(
            conversation.text.layout, *context.chatTemplate, episode.representatives, context.wording));
    const auto limit = static_cast<std::size_t>(conversation.memory->resolved.options.patchTokens);
    if (episode.prompt.size() > limit) episode.prompt.resize(limit);
    episode.builtTurns = static_cast<std::int64_t>(conversation.text.turns.size());
    return episode;
}

}  // namespace

Result<std::int32_t> addEpisode(const BuildContext& context,
                                Conversation& conversation,
                                const std::string& question,
                                MemoryPeak& peak) {
    BuiltMemory& memory = *conversation.memory;
    if (memory.episodes.size() >= kMaxEpisodes) {
        return makeError(ErrorCode::kInvalidArgument,
                         KnownError::kTooManyEpisodes,
                         {std::to_string(memory.episodes.size())});
    }
    EPI_TRY_ASSIGN(const EmbeddingMatrix embedding,
                   context.embedder->embedQuestion(question, context.cancel));
    EpisodeMemory episode = describe(context, conversation, question, embedding.row(0));
    const auto index = static_cast<std::int32_t>(memory.episodes.size());
    EPI_TRY(readAddedEpisode(context, conversation, index, episode, peak));
    memory.episodes.push_back(std::move(episode));
    return index;
}

Result<KvSnapshot> readAddedEpisode(const BuildContext& context,
                                    const Conversation& conversation,
                                    std::int32_t index,
                                    EpisodeMemory& episode,
                                    MemoryPeak& peak) {
    const BuiltMemory& memory = *conversation.memory;
    const HistoryTokens& history = conversation.history;
    const auto turns = std::span(conversation.text.turns).first(static_cast<std::size_t>(episode.builtTurns));
    episode.boundaries = {{.turns = episode.builtTurns, .history = historyDigest(turns)}};
    EPI_TRY_ASSIGN(KvCache cache, makeCache(context.model, memory, peak));
    const ForwardRequest request{
        .groups = {{.kind = RowGroup::Kind::kAppend,
                    .ids = std::span(history.ids).first(static_cast<std::size_t>(history.prefixTokens)),
                    .firstPosition = 0}},
        .logitRows = 0,
        .hook = nullptr,
        .cancel = context.cancel};
    if (history.prefixTokens > 0) EPI_TRY(context.model.executor().forward(request, cache));
    cache.setNextPosition(std::ssize(history.head(episode.builtTurns)));
    const std::string key = episodeKey(memory.key, index);
    KvSnapshot snapshot = cache.snapshot();
    const auto saved =
        saveBuilt(episodeFiles(context.cacheFolder, key), snapshot, memory.resolved.options.codec, episode);
    if (!saved && context.notice) context.notice(saved.error().message);
    if (context.built) context.built(key, snapshot, saved.has_value());
    return snapshot;
}

void findAddedEpisodes(const BuildContext& context, const ConversationText& text, BuiltMemory& memory) {
    while (memory.episodes.size() < kMaxEpisodes) {
        const EpisodeFiles files = episodeFiles(
            context.cacheFolder, episodeKey(memory.key, static_cast<std::int32_t>(memory.episodes.size())));
        const auto head = readSnapshotHead(files.built, files.key);
        EpisodeMemory episode;
        if (!head || !head->notes.contains("episode") || !readEpisode(head->notes["episode"], episode))
            return;
        episode.isAdded = true;
        loadState(files, text.turns, episode);
        if (episode.wholeIdentity == 0) return;
        memory.episodes.push_back(std::move(episode));
    }
}

}  // namespace epi
