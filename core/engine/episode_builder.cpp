#include "core/engine/episode_builder.h"

#include <algorithm>
#include <chrono>

#include "core/base/known_error.h"
#include "core/base/log.h"
#include "core/base/seconds_since.h"
#include "core/engine/block_prefill.h"
#include "core/engine/episode_description.h"
#include "core/engine/episode_files.h"
#include "core/engine/episode_reader.h"
#include "core/engine/episode_writer.h"
#include "core/engine/layer_plan.h"
#include "core/engine/memory_files.h"
#include "core/engine/memory_room.h"
#include "core/engine/new_episode.h"
#include "core/engine/one_pass_reader.h"
#include "core/engine/reading_cache.h"
#include "core/episode/kmeans.h"
#include "core/episode/patched_prompt.h"
#include "core/episode/segmenter.h"
#include "core/episode/silhouette.h"
#include "core/model/executor.h"
#include "core/model/language_model.h"
#include "core/model/text_embedder.h"
#include "core/tensor/guard.h"

namespace epi {
namespace {

// How many earlier histories of a conversation are looked up on disk: one per turn that came after the build.
constexpr std::int64_t kMaxTurnsAfterBuild = 512;
constexpr std::int32_t kMostEpisodes = 12;  // that are chosen by themselves
// A dense memory is cut only to read a question that is longer than its room. It has no prompt, and nothing
// that would have to be run behind each of its blocks is worth it.
constexpr std::string_view kDenseScore = "keydiff";

using Clock = std::chrono::steady_clock;

MemoryIdentity identityOf(const BuildContext& context, const Conversation& conversation, bool isDense) {
    return {.model = context.model.info().fingerprint,
            .embedder = isDense || context.embedder == nullptr ? "" : context.embedder->fingerprint(),
            .precision = precisionOf(context.model.executor().placement()),
            .layout = conversation.text.layout,
            .prompts = promptKey(context.wording),
            .conversation = conversation.name,
            .uid = conversation.uid};
}

HistorySize sizeOf(const HistoryTokens& whole,
                   std::span<const TokenId> history,
                   const MemoryOptions& options) {
    HistorySize size{.tokens = std::ssize(history), .prefixTokens = whole.prefixTokens};
    for (const TurnSpan& turn : whole.turns) {
        if (std::ranges::find(options.pinnedTurns, turn.turnId) == options.pinnedTurns.end()) continue;
        size.pinnedTokens += turn.endToken - turn.firstToken;
    }
    return size;
}

/// What follows from options, model and the length of a history: budgets, the key, whether episodes share
/// their cache.
Result<BuiltMemory> planMemory(const BuildContext& context,
                               const Conversation& conversation,
                               std::span<const TokenId> history,
                               const MemoryOptions& options) {
    BuiltMemory memory;
    EPI_TRY_ASSIGN(
        memory.resolved,
        resolveOptions(
            options, sizeOf(conversation.history, history, options), context.model.info().isOnGpu));
    memory.requested = options;
    EPI_TRY_ASSIGN(const Score score, Score::bind(memory.resolved.score));
    memory.sharesCache = !score.usesPatchedPrompt();
    const ModelSpec& spec = context.model.executor().spec();
    const HistoryLayout layout = conversation.text.layout;
    memory.layerBudgets = planLayerBudgets(
        spec, memory.resolved, context.profile, pinnedEntries(evictionRule(memory, conversation.history)));
    memory.repeatRequest =
        encodeParts(context.model.tokenizer(), repeatPrompt(layout, *context.chatTemplate, context.wording));
    memory.key = memoryKey(identityOf(context, conversation, memory.resolved.isDense),
                           memory.resolved,
                           memory.layerBudgets,
                           history);
    return memory;
}

/// What the files of all episodes hold. False when one was never built: the build did not come to its end.
bool loadStates(const BuildContext& context, const Conversation& conversation, BuiltMemory& memory) {
    for (std::size_t index = 0; index < memory.episodes.size(); ++index) {
        const auto number = static_cast<std::int32_t>(index);
        if (memory.cacheOf(number) != number) continue;
        const EpisodeFiles files = episodeFiles(context.cacheFolder, episodeKey(memory.key, number));
        std::error_code error;
        if (!std::filesystem::exists(files.built, error)) return false;
        loadState(files, conversation.text.turns, memory.episodes[index]);
    }
    return !memory.episodes.empty();
}

struct Reading {
    const BuildContext& context;
    const Conversation& conversation;
    BuiltMemory& memory;
};

/// How many caches of their size a build of so many episodes takes where they are made, copies among them.
std::int64_t cachesAtATime(const Reading& reading, std::int64_t episodes, bool isOnePass) {
    // A GPU gives out what it has, and the copies are not there. A dense cache is not copied as a whole.
    const bool isOnCpu = reading.context.model.executor().placement().device.is_cpu();
    if (!isOnCpu || reading.memory.resolved.isDense) return 1;
    // A cancel goes back to a copy of each episode's cache; in one pass there is a trunk besides.
    if (isOnePass) return 2 * episodes + 1;
    // Several episodes have a part in common, and one is written while the next one is read.
    return episodes > 1 ? 4 : 2;
}

/// Reads the history into the caches of these episodes: one after the other, or in one pass where the preset
/// has a trunk. The tokens are added to the memory's.
Result<void> readHistory(const Reading& reading,
                         std::span<const std::int32_t> episodes,
                         MemoryPeak& peak,
                         const EpisodeReader::Finished& finished,
                         const std::function<void()>& beforeLastBlock) {
    BuiltMemory& memory = reading.memory;
    const auto read = [&](auto reader, const auto&... hooks) {
        auto done = reader.read(episodes, peak, finished, hooks...);
        memory.readTokens += reader.readTokens();
        return done;
    };
    const bool isOnePass =
        !memory.resolved.preset.trunk.empty() && !memory.resolved.isDense && !memory.sharesCache;
    if (!episodes.empty()) {
        const std::int64_t caches = cachesAtATime(reading, std::ssize(episodes), isOnePass);
        EPI_TRY(checkRoom(reading.context.model, memory, caches));
    }
    if (isOnePass) return read(OnePassReader(reading.context, reading.conversation, memory));
    return read(EpisodeReader(reading.context, reading.conversation, memory), beforeLastBlock);
}

/// One build from the first segment to the last cache.
class Builder {
public:
    Builder(const BuildContext& context, const Conversation& conversation, MemoryPeak& peak)
        : context_(context), conversation_(conversation), peak_(peak) {}

    Result<BuiltMemory> run(const MemoryOptions& options) {
        const auto start = Clock::now();
        const HistoryTokens& history = conversation_.history;
        EPI_TRY_ASSIGN(memory_, planMemory(context_, conversation_, history.ids, options));
        memory_.builtTurns = static_cast<std::int64_t>(conversation_.text.turns.size());
        memory_.builtTokens = static_cast<std::int64_t>(history.ids.size());
        if (!memory_.resolved.isDense)
            EPI_TRY(checkPins(context_.model.executor().spec(), evictionRule(memory_, history)));
        EPI_TRY(findEpisodes());
        if (auto saved = saveMemoryIndex(context_.cacheFolder, memory_, conversation_.text.turns); !saved)
            tellUnsaved(context_, saved.error());
        EPI_TRY(readEpisodes());
        memory_.seconds = secondsSince(start);
        return std::move(memory_);
    }

    /// As far as it was planned and built.
    [[nodiscard]] const BuiltMemory& memory() const { return memory_; }

private:
    Result<void> findEpisodes() {
        const bool isWhole =
            memory_.resolved.isDense || (memory_.sharesCache && context_.embedder == nullptr);
        if (isWhole) {
            memory_.episodes.emplace_back();
            for (const Turn& turn : conversation_.text.turns)
                memory_.episodes.front().turnIds.push_back(turn.id);
            nameEpisodes(conversation_, memory_);
            return {};
        }
        // An index from a build that did not come to its end has the same episodes.
        BuiltMemory indexed = memory_;
        if (loadMemoryIndex(context_.cacheFolder, indexed, conversation_.text.turns)) {
            memory_ = std::move(indexed);
            return {};
        }
        if (context_.embedder == nullptr) {
            return makeError(ErrorCode::kNotFound, KnownError::kNoEmbedder);
        }
        const MemoryOptions& options = memory_.resolved.options;
        const std::vector<Segment> segments = segmentHistory(
            conversation_.text.layout, conversation_.text.turns, options.segmentUtterances, context_.wording);
        const auto embeddingStart = Clock::now();
        EPI_TRY_ASSIGN(const EmbeddingMatrix embeddings, embed(segments));
        if (context_.timed) context_.timed({.name = "embedding", .seconds = secondsSince(embeddingStart)});
        const auto clusteringStart = Clock::now();
        report({.phase = "clustering", .done = 0, .total = embeddings.rows, .unit = "segments"});
        const KMeansOptions clusters{
            .clusters = options.episodes, .seed = options.seed, .cancel = context_.cancel};
        EPI_TRY_ASSIGN(const Clustering clustering,
                       options.episodes == 0 ? bestClustering(embeddings, clusters, kMostEpisodes)
                                             : kMeans(embeddings, clusters));
        for (Episode& episode : groupEpisodes(embeddings, clustering, options.representatives)) {
            memory_.episodes.push_back(
                describeEpisode(context_, conversation_, memory_, std::move(episode), segments));
        }
        nameEpisodes(conversation_, memory_);
        if (context_.timed) context_.timed({.name = "clustering", .seconds = secondsSince(clusteringStart)});
        return {};
    }

    Result<EmbeddingMatrix> embed(const std::vector<Segment>& segments) {
        std::vector<std::string> texts;
        for (const Segment& segment : segments)
            texts.push_back(segment.text);
        const auto total = static_cast<std::int64_t>(texts.size());
        const auto start = Clock::now();
        return context_.embedder->embed(
            texts,
            [&](std::int64_t done) {
                report({.phase = "embedding",
                        .done = done,
                        .total = total,
                        .unit = "segments",
                        .perSecond = static_cast<double>(done) / std::max(1e-9, secondsSince(start))});
            },
            context_.cancel);
    }

    Result<void> readEpisodes() {
        std::vector<std::int32_t> missing;
        for (std::size_t index = 0; index < memory_.episodes.size(); ++index) {
            const auto number = static_cast<std::int32_t>(index);
            if (memory_.cacheOf(number) != number) continue;
            loadState(episodeFiles(context_.cacheFolder, episodeKey(memory_.key, number)),
                      conversation_.text.turns,
                      memory_.episodes[index]);
            if (memory_.episodes[index].wholeIdentity == 0) missing.push_back(number);
        }
        EpisodeWriter writer(context_, conversation_, memory_);
        // Whatever ends the reading, the file that is being written is waited for and told.
        auto read = guarded("building the memory", [&] {
            const auto finished = [&](std::int32_t episode, KvSnapshot snapshot) -> Result<void> {
                writer.begin(episode, std::make_shared<const KvSnapshot>(std::move(snapshot)));
                if (episode == missing.back()) writer.finish();
                return {};
            };
            // No episode is read to its end before the one before is in its file.
            return readHistory(
                {context_, conversation_, memory_}, missing, peak_, finished, [&] { writer.finish(); });
        });
        writer.finish();
        return read;
    }

    void report(Progress progress) const {
        if (context_.progress) context_.progress(progress);
    }

    const BuildContext& context_;
    const Conversation& conversation_;
    MemoryPeak& peak_;
    BuiltMemory memory_;
};

Result<KvSnapshot> rebuild(const BuildContext& context,
                           const Conversation& conversation,
                           BuiltMemory& memory,
                           std::int32_t episode,
                           MemoryPeak& peak) {
    EpisodeWriter writer(context, conversation, memory);
    std::shared_ptr<const KvSnapshot> built;
    const auto finished = [&](std::int32_t, KvSnapshot snapshot) -> Result<void> {
        built = std::make_shared<const KvSnapshot>(std::move(snapshot));
        writer.begin(episode, built);
        writer.finish();
        return {};
    };
    EPI_TRY(readHistory({context, conversation, memory}, std::span(&episode, 1), peak, finished, {}));
    return *built;
}

}  // namespace

Result<KvSnapshot> rebuildEpisode(const BuildContext& context,
                                  const Conversation& conversation,
                                  BuiltMemory& memory,
                                  std::int32_t episode,
                                  MemoryPeak& peak) {
    const c10::InferenceMode inference;
    return guarded("building the memory", [&]() -> Result<KvSnapshot> {
        EpisodeMemory& lost = memory.episodes[static_cast<std::size_t>(episode)];
        if (lost.isAdded) return readAddedEpisode(context, conversation, episode, lost, peak);
        return rebuild(context, conversation, memory, episode, peak);
    });
}

std::vector<OriginRange> pinnedRanges(const MemoryOptions& options, const HistoryTokens& history) {
    std::vector<OriginRange> ranges;
    for (const TurnSpan& turn : history.turns) {
        if (!std::ranges::binary_search(options.pinnedTurns, turn.turnId)) continue;
        ranges.push_back({.first = turn.firstToken, .end = turn.endToken});
    }
    return ranges;
}

EvictionRule evictionRule(const BuiltMemory& memory, const HistoryTokens& history) {
    const bool isDense = memory.resolved.isDense;
    return {.layerBudgets = memory.layerBudgets,
            .level = isDense ? BudgetLevel::kPairUniform : memory.resolved.level,
            .pins = memory.resolved.preset.pins,
            .prefixTokens = history.prefixTokens,
            .score = *Score::bind(isDense ? kDenseScore : memory.resolved.score),
            .headFloor = memory.resolved.headFloor,
            .pinned = pinnedRanges(memory.resolved.options, history)};
}

std::int64_t quotedRows(const BuiltMemory& memory) {
    return memory.resolved.isDense ? 0 : recallTokens(memory.resolved);
}

namespace {

std::vector<std::int64_t> cacheRows(const ModelSpec& spec, const BuiltMemory& memory, std::int64_t tail) {
    std::vector<std::int64_t> rows = BlockPrefill::rowsPerHead(spec, memory.layerBudgets, tail);
    for (std::int64_t& each : rows)
        each += quotedRows(memory);
    return rows;
}

}  // namespace

Result<KvCache> makeCache(const LanguageModel& model, const BuiltMemory& memory, MemoryPeak& peak) {
    return makeCache(model, memory, tailRows(memory.resolved), peak);
}

Result<KvCache> makeCache(const LanguageModel& model,
                          const BuiltMemory& memory,
                          std::int64_t tail,
                          MemoryPeak& peak) {
    EPI_TRY(checkRoom(model, memory, 1));
    const std::int64_t prompt = probeRows(memory);
    const Executor& executor = model.executor();
    auto made = guarded("making a cache", [&]() -> Result<KvCache> {
        return KvCache(executor.spec(), cacheRows(executor.spec(), memory, tail), executor.placement());
    });
    if (!made) return roomInstead(std::move(made).error(), model, memory);
    KvCache cache = *std::move(made);

    // Beside the arenas: the prompt's own keys and values of one layer, and the copy a compaction makes of
    // one.
    std::int64_t scratch = 0;
    for (std::int32_t index = 0; index < cache.layerCount(); ++index) {
        const LayerArena::Shape& shape = cache.layer(index).shape();
        const auto& window = executor.spec().layers[static_cast<std::size_t>(index)].attention.window;
        const std::int64_t budget = window ? *window : memory.layerBudgets[static_cast<std::size_t>(index)];
        const std::int64_t rowBytes =
            2 * shape.kvHeads * shape.headDim *
            static_cast<std::int64_t>(c10::elementSize(executor.placement().cacheType));
        scratch = std::max(scratch, rowBytes * (prompt + budget));
        peak.entriesPerHead = std::max(peak.entriesPerHead, shape.rowsPerHead + prompt);
        peak.entriesBound = std::max(peak.entriesBound, budget + tail + prompt + quotedRows(memory));
    }
    peak.bytes = std::max(peak.bytes, cache.allocatedBytes() + scratch);
    return cache;
}

std::int64_t cacheBytes(const LanguageModel& model, const BuiltMemory& memory) {
    const Executor& executor = model.executor();
    const std::vector<std::int64_t> rows = cacheRows(executor.spec(), memory, tailRows(memory.resolved));
    std::int64_t bytes = 0;
    for (std::size_t layer = 0; layer < rows.size(); ++layer) {
        const AttentionSpec& attention = executor.spec().layers[layer].attention;
        bytes += 2 * rows[layer] * attention.kvHeads * attention.headDim *
                 static_cast<std::int64_t>(c10::elementSize(executor.placement().cacheType));
    }
    return bytes;
}

Result<BuiltMemory> buildMemory(const BuildContext& context,
                                const Conversation& conversation,
                                const MemoryOptions& options,
                                MemoryPeak& peak) {
    const c10::InferenceMode inference;
    Builder builder(context, conversation, peak);
    auto built =
        guarded("building the memory", [&]() -> Result<BuiltMemory> { return builder.run(options); });
    if (!built) return withRoom(std::move(built).error(), context.model, builder.memory());
    return built;
}

std::optional<BuiltMemory> findMemory(const BuildContext& context,
                                      const Conversation& conversation,
                                      const MemoryOptions& options) {
    const HistoryLayout layout = conversation.text.layout;
    const std::vector<Turn>& turns = conversation.text.turns;
    const auto count = static_cast<std::int64_t>(turns.size());
    for (std::int64_t built = count; built >= std::max<std::int64_t>(0, count - kMaxTurnsAfterBuild);
         --built) {
        const auto head = conversation.history.head(built);
        auto planned = planMemory(context, conversation, head, options);
        if (!planned) return std::nullopt;
        BuiltMemory memory = *std::move(planned);
        const bool isIndexed =
            loadMemoryIndex(context.cacheFolder, memory, turns) && memory.builtTurns == built;
        if (isIndexed) loadGroups(context.cacheFolder, memory, turns);
        if (isIndexed && loadStates(context, conversation, memory)) {
            if (!memory.sharesCache) findAddedEpisodes(context, conversation.text, memory);
            return memory;
        }
        // Only questions and answers can have come after a build of a narrated history.
        if (built > 0 && isNarrated(layout, turns[static_cast<std::size_t>(built - 1)])) break;
    }
    return std::nullopt;
}

}  // namespace epi
