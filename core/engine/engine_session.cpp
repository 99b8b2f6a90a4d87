#include "core/engine/engine_session.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <limits>
#include <system_error>
#include <thread>

#include <c10/core/InferenceMode.h>

#include "core/base/heap.h"
#include "core/base/log.h"
#include "core/engine/episode_files.h"
#include "core/engine/memory_folder.h"
#include "core/engine/profile_text.h"
#include "core/engine/regrouping.h"
#include "core/episode/segmenter.h"
#include "core/format/cache_key.h"
#include "core/model/embedders.h"
#include "core/model/executor.h"
#include "core/model/model_catalog.h"
#include "core/tensor/device_memory.h"
#include "core/tensor/guard.h"

namespace epi {
namespace {

constexpr std::size_t kIndexedConversations = 3;

/// The first turn that differs between two histories; the shorter length when one begins with the other.
std::int64_t firstDifference(std::span<const Turn> a, std::span<const Turn> b) {
    const auto isSame = [](const Turn& x, const Turn& y) {
        return x.id == y.id && x.role == y.role && x.speaker == y.speaker && x.text == y.text &&
               x.session == y.session;
    };
    const auto [first, second] = std::mismatch(a.begin(), a.end(), b.begin(), b.end(), isSame);
    return first - a.begin();
}

MemoryBuilt describe(const Conversation& conversation, const MemoryPeak& peak, std::int32_t trainedContext) {
    const BuiltMemory& memory = *conversation.memory;
    const bool isReindexed = std::ranges::any_of(memory.episodes, &EpisodeMemory::isReindexed);
    std::int64_t pinnedTokens = 0;
    for (const OriginRange& range : pinnedRanges(memory.resolved.options, conversation.history))
        pinnedTokens += range.end - range.first;
    MemoryBuilt built{.conversation = conversation.name,
                      .memory = memory.resolved.options,
                      .historyTokens = memory.builtTokens,
                      .episodes = {},
                      .layerBudgets = memory.layerBudgets,
                      .peakEntriesPerHead = peak.entriesPerHead,
                      .peakEntriesBound = peak.entriesBound,
                      .peakBytes = peak.bytes + peak.hostBytes,
                      .readTokens = memory.readTokens,
                      .pinnedTokens = pinnedTokens,
                      .pastTrainedContext = memory.builtTokens > trainedContext,
                      .seconds = memory.seconds,
                      .notices = {},
                      .positions = isReindexed ? "reindexed" : "kept"};
    for (std::size_t index = 0; index < memory.episodes.size(); ++index) {
        const EpisodeMemory& episode = memory.episodes[index];
        const std::int32_t cache = memory.cacheOf(static_cast<std::int32_t>(index));
        built.episodes.push_back({.index = static_cast<std::int32_t>(index),
                                  .segments = static_cast<std::int64_t>(episode.episode.segments.size()),
                                  .turnIds = episode.turnIds,
                                  .representatives = episode.representatives,
                                  .keptEntries = memory.episodes[static_cast<std::size_t>(cache)].keptEntries,
                                  .cacheKey = episodeKey(memory.key, cache),
                                  .name = episode.name});
    }
    return built;
}

/// Why it is the CPU that computes. Requires: CUDA cannot be used.
Notice cpuNotice() {
    switch (cudaObstacle()) {
        case CudaObstacle::kNoDriver:
            return makeNotice(NoticeCode::kNoDriver);
        case CudaObstacle::kNoPlugin:
            return makeNotice(NoticeCode::kNoPlugin, {"libepi_cuda.so"});
        case CudaObstacle::kNone:
        case CudaObstacle::kOther:
            break;
    }
    return makeNotice(NoticeCode::kNoCuda, {cudaUnavailableReason()});
}

/// What the user should know of a model that was loaded: why it is this one, and why it does not run on a
/// GPU.
std::vector<Notice> noticesOf(const LoadModel& command, const ModelInfo& info) {
    std::vector<Notice> notices;
    if (command.model.empty())
        notices.push_back(makeNotice(NoticeCode::kDefaultModel, {info.path.stem().string()}));
    if (!info.notice.empty()) notices.push_back(cpuNotice());
    if (!info.decoderNotice.empty())
        notices.push_back(makeNotice(NoticeCode::kSlowReplies, {info.decoderNotice}));
    return notices;
}

}  // namespace

Trace traceOf(const Conversation& conversation,
              const ModelSpec& spec,
              const KvCache& cache,
              std::int32_t episode) {
    Trace trace{.conversation = conversation.name,
                .episode = episode,
                .historyTokens = static_cast<std::int64_t>(conversation.history.ids.size()),
                .layerBudgets = conversation.memory->layerBudgets,
                .keptPerHead = {},
                .retainedShare = {},
                .turns = {},
                .tiers = {},
                .expected = {},
                .residency = {}};
    std::vector<std::int64_t> keepers(conversation.history.ids.size(), 0);
    std::int64_t sets = 0;
    for (std::int32_t layer = 0; layer < cache.layerCount(); ++layer) {
        std::vector<std::int32_t>& kept = trace.keptPerHead.emplace_back();
        const LayerArena& arena = cache.layer(layer);
        for (std::int32_t head = 0; head < arena.shape().kvHeads; ++head) {
            const auto positions = arena.origins(head);
            kept.push_back(static_cast<std::int32_t>(positions.size()));
            if (spec.layers[static_cast<std::size_t>(layer)].attention.window) continue;
            ++sets;
            for (const std::int32_t position : positions) {
                if (static_cast<std::size_t>(position) < keepers.size())
                    ++keepers[static_cast<std::size_t>(position)];
            }
        }
    }
    for (const std::int64_t count : keepers) {
        trace.retainedShare.push_back(static_cast<std::uint8_t>(sets == 0 ? 0 : count * 255 / sets));
    }
    for (const TurnSpan& turn : conversation.history.turns) {
        trace.turns.push_back(
            {.turnId = turn.turnId, .firstToken = turn.firstTextToken, .byteEnds = turn.byteEnds});
    }
    return trace;
}

EngineSession::EngineSession(LocalEngineConfig config)
    : config_(std::move(config)), store_(config_.cacheFolder, config_.limits) {}
EngineSession::~EngineSession() = default;

Hello EngineSession::hello() const {
    Hello hello;
    hello.version = EPI_VERSION;
    hello.hasCuda = cudaObstacle() == CudaObstacle::kNone;
    if (!hello.hasCuda) hello.notices.push_back(cpuNotice());
    hello.device = "CPU, " + std::to_string(std::thread::hardware_concurrency()) + " threads";
    if (const auto choice = choosePlacement(DeviceChoice::kAuto, ComputeMode::kExact))
        hello.device = choice->deviceName;
    hello.models = listModels(config_.modelFolder);
    return hello;
}

Result<Event> EngineSession::run(const Command& command, const JobContext& context) {
    auto done = guarded("the engine", [&]() -> Result<Event> {
        return std::visit([&](const auto& each) { return handle(each, context); }, command);
    });
    if (!done && done.error().code == ErrorCode::kOutOfMemory) recover();
    return done;
}

void EngineSession::recover() {
    // A cache that was being read or written may be half done; all that is unsaved is read again.
    store_.forget("");
    unembedded_.clear();
    releaseDeviceMemory();
}

Result<Event> EngineSession::handle(const LoadModel& command, const JobContext& context) {
    const auto start = std::chrono::steady_clock::now();
    EPI_TRY_ASSIGN(const std::filesystem::path path,
                   findModel(config_.modelFolder, command.model, cudaUnavailableReason().empty()));
    EPI_TRY_ASSIGN(
        auto model,
        LanguageModel::load(
            {.path = path,
             .device = command.device,
             .compute = command.compute,
             .progress =
                 [&](std::int64_t done, std::int64_t total) {
                     const double seconds =
                         std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
                     context.emit(Progress{.phase = "loading",
                                           .done = done,
                                           .total = total,
                                           .unit = "bytes",
                                           .perSecond = static_cast<double>(done) / std::max(1e-9, seconds)});
                 },
             .cancel = context.cancel}));
    EPI_TRY_ASSIGN(auto chatTemplate, model->chatTemplate(command.plainTemplate));
    std::vector<Notice> notices = noticesOf(command, model->info());
    Wording wording;
    if (!command.prompts.empty()) {
        auto parsed = parseWording(command.prompts);
        if (!parsed) return std::move(parsed).error().with("prompts");
        wording = *std::move(parsed);
    }
    std::unique_ptr<TextEmbedder> embedder;
    if (auto found = loadEmbedder(config_.modelFolder, command, *model, wording, context.cancel)) {
        embedder = *std::move(found);
    } else if (found.error().code == ErrorCode::kNotFound && command.embedder.empty()) {
        notices.push_back(makeNotice(NoticeCode::kNoEmbedder, {found.error().message}));
    } else {
        return std::move(found).error();
    }
    model_ = std::move(model);
    chatTemplate_ = std::move(chatTemplate);
    embedder_ = std::move(embedder);
    wording_ = std::move(wording);
    profile_.reset();
    if (auto profile = loadLayerProfile(config_.profileFolder, model_->info().fingerprint))
        profile_ = *std::move(profile);
    store_.forget("");
    store_.setOnGpu(model_->info().isOnGpu);
    for (auto& [name, conversation] : conversations_) {
        conversation.memory.reset();
        conversation.passages.reset();
        conversation.segments = {};
        conversation.history =
            tokenizeHistory(conversation.text, *chatTemplate_, model_->tokenizer(), wording_);
    }
    const ModelInfo& info = model_->info();
    return Event(ModelLoaded{.title = info.title,
                             .path = info.path.string(),
                             .architecture = info.architecture,
                             .device = info.device,
                             .layers = info.layers,
                             .kvHeads = info.kvHeads,
                             .trainedContext = info.trainedContext,
                             .weightBytes = info.weightBytes + (embedder_ ? embedder_->weightBytes() : 0),
                             .notices = std::move(notices),
                             .identity = identity()});
}

std::string EngineSession::identity() const {
    const LayerProfile profile = profile_.value_or(LayerProfile());
    const std::string embedder = embedder_ ? embedder_->fingerprint() : std::string();
    const std::string texts = wordingKey(wording_);
    const auto bytes = [](std::string_view text) {
        return std::as_bytes(std::span(text));
    };
    const std::array fields{
        CacheKeyField{"model", bytes(model_->info().fingerprint)},
        CacheKeyField{"embedder", bytes(embedder)},
        CacheKeyField{"template", bytes(chatTemplate_->id())},
        CacheKeyField{"texts", bytes(texts)},
        CacheKeyField{"token profile", std::as_bytes(std::span(profile.tokenSimilarity))},
        CacheKeyField{"window profile", std::as_bytes(std::span(profile.windowSimilarity))}};
    return cacheKey(fields);
}

Result<Event> EngineSession::handle(const SyncConversation& command, const JobContext& /*context*/) {
    Conversation& conversation = conversations_[command.conversation];
    ConversationText& text = conversation.text;
    const auto known = static_cast<std::int64_t>(text.turns.size());
    if (command.firstTurn < 0 || command.firstTurn > known) {
        return Error{ErrorCode::kInvalidArgument,
                     "turns from " + std::to_string(command.firstTurn) + " on are sent, " +
                         std::to_string(known) + " are known"};
    }
    const std::string& uid = command.uid.empty() ? command.conversation : command.uid;
    const bool isOther = conversation.uid != uid || text.layout != command.layout ||
                         text.systemPrompt != command.systemPrompt || text.speakers != command.speakers;
    const auto tail = std::span<const Turn>(text.turns).subspan(static_cast<std::size_t>(command.firstTurn));
    const std::int64_t changed = isOther ? 0 : command.firstTurn + firstDifference(tail, command.turns);
    conversation.name = command.conversation;
    conversation.uid = uid;
    conversation.isPartial = command.isPartial;
    text.layout = command.layout;
    text.systemPrompt = command.systemPrompt;
    text.speakers = command.speakers;
    text.turns.resize(static_cast<std::size_t>(command.firstTurn));
    text.turns.insert(text.turns.end(), command.turns.begin(), command.turns.end());
    if (command.isPartial) {
        conversation.history = {};
    } else if (model_) {
        conversation.history = tokenizeHistory(text, *chatTemplate_, model_->tokenizer(), wording_);
    }

    conversation.segments.lookedAtTurns = std::min(conversation.segments.lookedAtTurns, changed);
    // Later turns that changed are found out by each episode when it is next opened.
    if (conversation.memory && (isOther || changed < conversation.memory->groupedTurns())) {
        // Without the turns that they were grouped by, the episodes are those of the build.
        conversation.isRegrouped = !isOther && changed >= conversation.memory->builtTurns;
        forgetMemory(conversation);
    }
    if (conversation.memory) forgetAddedEpisodes(*conversation.memory, changed);
    return Event(Synced{.turns = static_cast<std::int64_t>(text.turns.size()),
                        .tokens = static_cast<std::int64_t>(conversation.history.ids.size())});
}

Result<Conversation*> EngineSession::findConversation(const std::string& name) {
    if (!model_) return Error{ErrorCode::kNotFound, "no model is loaded"};
    const auto found = conversations_.find(name);
    if (found != conversations_.end() && found->second.isPartial)
        return Error{ErrorCode::kInvalidArgument,
                     "the engine was told only a part of conversation '" + name + "'"};
    if (found != conversations_.end()) return &found->second;
    return Error{ErrorCode::kNotFound, "the engine was not told conversation '" + name + "'"};
}

BuildContext EngineSession::buildContext(const JobContext& context) {
    return {.model = *model_,
            .embedder = embedder_.get(),
            .chatTemplate = chatTemplate_,
            .profile = profile_ ? &*profile_ : nullptr,
            .wording = wording_,
            .cacheFolder = config_.cacheFolder,
            .progress =
                [emit = context.emit](const Progress& progress) {
                    if (emit) emit(progress);
                },
            .notice =
                [this](const std::string& reason) { tell(makeNotice(NoticeCode::kMemoryUnsaved, {reason})); },
            .cancel = context.cancel,
            .built =
                [this](const std::string& key, const KvSnapshot& snapshot, bool isSaved) {
                    store_.keep(key, snapshot, isSaved);
                }};
}

void EngineSession::trimFolder(const std::string& memoryInUse) const {
    const std::int64_t limit = config_.limits.diskBytes;
    trimMemories(
        config_.cacheFolder, limit > 0 ? limit : defaultMemoryFolderLimit(config_.cacheFolder), memoryInUse);
}

void EngineSession::tell(Notice notice) {
    std::erase_if(notices_, [&](const Notice& told) { return told.code == notice.code; });
    notices_.push_back(std::move(notice));
}

std::vector<Notice> EngineSession::takeNotices() {
    return std::exchange(notices_, {});
}

void EngineSession::forgetMemory(Conversation& conversation) {
    if (conversation.memory) store_.forget(conversation.memory->key);
    conversation.memory.reset();
}

void EngineSession::forgetAddedEpisodes(BuiltMemory& memory, std::int64_t turns) {
    const auto first = std::ranges::find_if(memory.episodes, [&](const EpisodeMemory& episode) {
        return episode.isAdded && episode.builtTurns > turns;
    });
    // Their places are for those that are added next.
    for (auto each = first; each != memory.episodes.end(); ++each)
        store_.forget(episodeKey(memory.key, static_cast<std::int32_t>(each - memory.episodes.begin())));
    memory.episodes.erase(first, memory.episodes.end());
}

Result<BuiltMemory*> EngineSession::ensureMemory(Conversation& conversation,
                                                 const WantedMemory& wanted,
                                                 const JobContext& context) {
    const MemoryOptions& options = wanted.options;
    const auto covers = [&](const BuiltMemory& memory) {
        return wanted.coverage == Coverage::kBeginning ||
               memory.builtTurns == static_cast<std::int64_t>(conversation.text.turns.size());
    };
    const auto isAskedFor = [&](const BuiltMemory& memory) {
        const auto isMet = [&](MemoryOptions had) {
            if (wanted.pins) had.pinnedTurns = options.pinnedTurns;
            return withoutOnline(std::move(had)) == withoutOnline(options);
        };
        // What was built is what its own resolved options ask for, too.
        return isMet(memory.requested) || isMet(memory.resolved.options);
    };
    if (conversation.memory && isAskedFor(*conversation.memory) && covers(*conversation.memory)) {
        const std::int64_t rows = quotedRows(*conversation.memory);
        conversation.memory->resolved.options.online = options.online;
        if (quotedRows(*conversation.memory) > rows) {
            // Caches were made without room for so much.
            save();
            store_.forget(conversation.memory->key);
        }
        return &*conversation.memory;
    }
    // A folder that cannot be made is told when the first file is to be written.
    std::error_code error;
    std::filesystem::create_directories(config_.cacheFolder, error);
    forgetMemory(conversation);
    const BuildContext build = buildContext(context);
    std::vector<MemoryOptions> lookedFor{options};
    if (wanted.pins && *wanted.pins != options.pinnedTurns)
        lookedFor.emplace_back(options).pinnedTurns = *wanted.pins;
    for (const MemoryOptions& each : lookedFor) {
        auto found = findMemory(build, conversation, each);
        if (!found || !covers(*found)) continue;
        conversation.memory = std::move(found);
        touchMemory(config_.cacheFolder, conversation.memory->key);
        return &*conversation.memory;
    }
    peak_ = {};
    auto built = buildMemory(build, conversation, lookedFor.back(), peak_);
    trimFolder(built ? built->key : "");  // one that was cancelled has written, too
    if (!built) return std::move(built).error();
    conversation.memory = *std::move(built);
    if (peak_.entriesPerHead > peak_.entriesBound) {
        return Error{ErrorCode::kInternal,
                     "a head was given " + std::to_string(peak_.entriesPerHead) + " entries, the bound is " +
                         std::to_string(peak_.entriesBound)};
    }
    return &*conversation.memory;
}

Result<Event> EngineSession::handle(const BuildMemory& command, const JobContext& context) {
    EPI_TRY_ASSIGN(Conversation* const conversation, findConversation(command.conversation));
    const Coverage coverage = command.rebuild ? Coverage::kWholeHistory : Coverage::kBeginning;
    EPI_TRY_ASSIGN(BuiltMemory* const memory,
                   ensureMemory(*conversation, {command.memory, command.pins, coverage}, context));
    // The first question need not wait for it then. What fails here fails there again, with a reply to tell
    // it.
    if (embedder_ && quotedRows(*memory) > 0) {
        if (const auto indexed = indexHistory(*conversation, context); !indexed)
            logWarning(indexed.error().message + "; passages are compared at the first question");
    }
    MemoryBuilt built = describe(*conversation, peak_, model_->info().trainedContext);
    built.notices = takeNotices();
    memory->readTokens = 0;  // told once: what follows did not read it
    conversation->isRegrouped = false;
    returnFreedBlocks();
    lastConversation_ = conversation->name;
    lastEpisode_ = -1;
    return Event(std::move(built));
}

std::size_t EngineSession::indexedConversations() const {
    return static_cast<std::size_t>(std::ranges::count_if(
        conversations_, [](const auto& entry) { return entry.second.passages.has_value(); }));
}

void EngineSession::keepPassagesOf(const Conversation& conversation) {
    std::erase_if(indexed_, [&](const std::string& name) {
        return name == conversation.name || !conversations_.contains(name);
    });
    indexed_.push_back(conversation.name);
    if (indexed_.size() <= kIndexedConversations) return;
    conversations_.at(indexed_.front()).passages.reset();
    indexed_.erase(indexed_.begin());
}

Result<Event> EngineSession::handle(const Inspect& command, const JobContext& context) {
    EPI_TRY_ASSIGN(Conversation* const conversation, findConversation(command.conversation));
    const BuildContext build = buildContext(context);
    if (!conversation->memory) conversation->memory = findMemory(build, *conversation, command.memory);
    if (!conversation->memory) {
        return Error{ErrorCode::kNotFound, "conversation '" + command.conversation + "' has no memory yet"};
    }
    const auto& episodes = conversation->memory->episodes;
    if (command.episode < 0 || static_cast<std::size_t>(command.episode) >= episodes.size()) {
        return Error{ErrorCode::kInvalidArgument,
                     "there is no episode " + std::to_string(command.episode) + ", this memory has 0 to " +
                         std::to_string(std::ssize(episodes) - 1)};
    }
    std::vector<std::string> tiers;
    std::vector<std::int32_t> expected;
    for (std::size_t index = 0; index < episodes.size(); ++index) {
        const auto number = static_cast<std::int32_t>(index);
        const std::string key = episodeKey(conversation->memory->key, conversation->memory->cacheOf(number));
        tiers.emplace_back(name(store_.tierOf(key)));
        if (store_.isExpected(key)) expected.push_back(number);
    }
    EPI_TRY_ASSIGN(const EpisodeStore::Opened opened,
                   store_.open(build, *conversation, conversation->memory->cacheOf(command.episode), peak_));
    Trace trace = traceOf(*conversation, model_->executor().spec(), *opened.cache, command.episode);
    trace.tiers = std::move(tiers);
    trace.expected = std::move(expected);
    trace.residency = store_.residency();
    return Event(std::move(trace));
}

void EngineSession::saveEpisode(Conversation& conversation, std::int32_t episode) {
    const c10::InferenceMode inference;
    const BuiltMemory& memory = *conversation.memory;
    const bool isWhole = memory.episodes[static_cast<std::size_t>(episode)].isWholeUnsaved;
    const auto saved = guarded("writing the memory", [&] { return store_.save(conversation, episode); });
    if (saved && isWhole) trimFolder(memory.key);
    if (!saved) {
        logWarning(saved.error().message + "; the last turns are read again after a restart");
        tell(makeNotice(NoticeCode::kTurnsUnsaved, {saved.error().message}));
    }
}

void EngineSession::save() {
    const auto found = conversations_.find(lastConversation_);
    if (found == conversations_.end() || lastEpisode_ < 0) return;
    const auto& memory = found->second.memory;
    if (!memory || static_cast<std::size_t>(lastEpisode_) >= memory->episodes.size()) return;
    embedLastTurn(*found->second.memory);
    saveEpisode(found->second, lastEpisode_);
}

void EngineSession::embedLastTurn(BuiltMemory& memory) {
    const std::vector<Turn> turns = std::exchange(unembedded_, {});
    if (turns.empty() || !embedder_ || memory.episodes.size() < 2 || memory.sharesCache) return;
    EpisodeMemory& episode = memory.episodes[static_cast<std::size_t>(lastEpisode_)];
    const std::vector<Segment> segments =
        segmentHistory(HistoryLayout::kChat, turns, std::numeric_limits<std::int32_t>::max());
    if (segments.empty()) return;
    const auto embedded = embedder_->embed(std::span(&segments.front().text, 1), {}, {});
    if (!embedded)
        return logWarning(embedded.error().message + "; the episode's centroid stays where it was");
    const auto row = embedded->row(0);
    episode.boundaries.back().embedding.assign(row.begin(), row.end());
    (episode.boundaries.size() == 1 ? episode.isWholeUnsaved : episode.areRowsUnsaved) = true;
}

bool EngineSession::workAhead() {
    const auto found = conversations_.find(lastConversation_);
    // Of a history that is only half told nothing follows.
    if (!model_ || found == conversations_.end() || found->second.isPartial) return false;
    const c10::InferenceMode inference;
    const auto loaded = guarded("loading an episode", [&]() -> Result<bool> {
        const BuildContext build = buildContext({});
        if (store_.prefetch(build, found->second, peak_)) return true;
        EPI_TRY_ASSIGN(const bool isRegrouping, regroupAhead(build, found->second, store_, peak_));
        if (!isRegrouping) store_.lockAhead();
        return isRegrouping;
    });
    if (!loaded) logWarning(loaded.error().message + "; it is tried again later");
    return loaded && *loaded;
}

Result<Event> EngineSession::handle(const Release& command, const JobContext& /*context*/) {
    EPI_TRY_ASSIGN(const FolderUse removed, removeCaches(config_.cacheFolder, command.keys));
    for (const std::string& key : command.keys) {
        const auto isAllOf = [&](const auto& entry) {
            return key == conversationKey(entry.second.uid);
        };
        for (auto& [name, conversation] : conversations_) {
            if (conversation.memory &&
                (key.starts_with(conversation.memory->key) || conversation.memory->key.starts_with(key)))
                forgetMemory(conversation);
        }
        std::erase_if(conversations_, isAllOf);
    }
    return Event(Released{.files = removed.files, .bytes = removed.bytes});
}

Result<Event> EngineSession::handle(const ProfileLayers& command, const JobContext& context) {
    if (!model_) return Error{ErrorCode::kNotFound, "no model is loaded"};
    const ModelInfo& info = model_->info();
    const std::int64_t tokens = std::min<std::int64_t>(command.tokens, info.trainedContext);
    ProfileTask task;
    task.cancel = context.cancel;
    if (command.text.empty()) {
        if (tokens < 2) return Error{ErrorCode::kInvalidArgument, "at least 2 tokens are needed"};
        task.ids = profileTokens(model_->tokenizer(), tokens);
    } else {
        task.ids = model_->tokenizer().encode(command.text, ControlTokens::kAsText);
        if (static_cast<std::int64_t>(task.ids.size()) > tokens)
            task.ids.resize(static_cast<std::size_t>(tokens));
    }
    // Nothing of a shorter text would leave the view, and no layer would seem to care.
    const auto quarter = static_cast<std::int64_t>(task.ids.size()) / 4;
    if (quarter < task.window) {
        task.window = std::max<std::int64_t>(1, quarter);
        task.overlap = task.window / 2;
        task.sinks = std::min(task.sinks, task.window / 32);
    }
    const auto start = std::chrono::steady_clock::now();
    task.progress = [&](std::int64_t done, std::int64_t total) {
        const double seconds =
            std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
        context.emit(Progress{.phase = "profiling",
                              .done = done,
                              .total = total,
                              .unit = "tokens",
                              .perSecond = static_cast<double>(done) / std::max(1e-9, seconds)});
    };
    save();
    store_.forget("");  // their memory is needed
    EPI_TRY_ASSIGN(LayerProfile profile, profileLayers(*model_, task));
    EPI_TRY(saveLayerProfile(config_.profileFolder, profile));
    LayersProfiled done{.tokens = profile.tokens,
                        .tokenSimilarity = profile.tokenSimilarity,
                        .windowSimilarity = profile.windowSimilarity,
                        .seconds = profile.seconds};
    profile_ = std::move(profile);
    // Other budgets may follow from it: memories are looked for, or made, by them.
    for (auto& [name, conversation] : conversations_)
        forgetMemory(conversation);
    return Event(std::move(done));
}

}  // namespace epi
