#include "core/engine/engine_session.h"

#include <algorithm>
#include <chrono>
#include <limits>
#include <thread>

#include <c10/core/InferenceMode.h>

#include "core/base/known_error.h"
#include "core/base/log.h"
#include "core/engine/episode_files.h"
#include "core/engine/memory_description.h"
#include "core/engine/memory_folder.h"
#include "core/engine/profile_text.h"
#include "core/engine/regrouping.h"
#include "core/episode/segmenter.h"
#include "core/format/cache_folder.h"
#include "core/format/cache_key.h"
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

}  // namespace

EngineSession::EngineSession(LocalEngineConfig config)
    : config_(std::move(config)), store_(config_.cacheFolder, config_.limits) {}
EngineSession::~EngineSession() = default;

Hello EngineSession::hello() const {
    Hello hello;
    hello.version = EPI_VERSION;
    hello.hasCuda = cudaObstacle() == CudaObstacle::kNone;
    if (!hello.hasCuda) hello.notices.push_back(cpuNotice());
    const auto choice = choosePlacement(DeviceChoice::kAuto, ComputeMode::kExact);
    hello.threads = threadsOf(choice && choice->placement.device.is_cuda());
    hello.device = choice ? choice->deviceName : "CPU, " + std::to_string(hello.threads) + " threads";
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
    last_.unembedded.clear();
    releaseDeviceMemory();
}

Result<Event> EngineSession::handle(const LoadModel& command, const JobContext& context) {
    EPI_TRY_ASSIGN(loaded_, loadModel(config_, command, context));
    store_.forget("");
    store_.setOnGpu(loaded_->model->info().isOnGpu);
    for (auto& [name, conversation] : conversations_) {
        conversation.memory.reset();
        conversation.passages.reset();
        conversation.segments = {};
        tokenize(conversation);
    }
    return Event(loaded_->described());
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
    tokenize(conversation);

    conversation.segments.lookedAtTurns = std::min(conversation.segments.lookedAtTurns, changed);
    // Later turns that changed are found out by each episode when it is next opened.
    if (conversation.memory && (isOther || changed < conversation.memory->groupedTurns()))
        forgetMemory(conversation);
    if (conversation.memory) forgetAddedEpisodes(*conversation.memory, changed);
    return Event(Synced{.turns = static_cast<std::int64_t>(text.turns.size()),
                        .tokens = static_cast<std::int64_t>(conversation.history.ids.size())});
}

void EngineSession::tokenize(Conversation& conversation) const {
    conversation.history = {};
    if (!loaded_ || conversation.isPartial) return;
    conversation.history = tokenizeHistory(
        conversation.text, *loaded_->chatTemplate, loaded_->model->tokenizer(), loaded_->wording);
}

Result<Conversation*> EngineSession::findConversation(const std::string& name) {
    if (!loaded_) return makeError(ErrorCode::kNotFound, KnownError::kNoModelLoaded);
    const auto found = conversations_.find(name);
    if (found != conversations_.end() && found->second.isPartial)
        return Error{ErrorCode::kInvalidArgument,
                     "the engine was told only a part of conversation '" + name + "'"};
    if (found != conversations_.end()) return &found->second;
    return Error{ErrorCode::kNotFound, "the engine was not told conversation '" + name + "'"};
}

void EngineSession::tell(Notice notice) {
    std::erase_if(notices_, [&](const Notice& told) { return told.code == notice.code; });
    notices_.push_back(std::move(notice));
}

std::vector<Notice> EngineSession::takeNotices() {
    return std::exchange(notices_, {});
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
                   openEpisode(*conversation, conversation->memory->cacheOf(command.episode), context));
    Trace trace = traceOf(*conversation, loaded_->model->executor().spec(), *opened.cache, command.episode);
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
    const auto found = conversations_.find(last_.conversation);
    if (found == conversations_.end() || last_.episode < 0) return;
    const auto& memory = found->second.memory;
    if (!memory || static_cast<std::size_t>(last_.episode) >= memory->episodes.size()) return;
    embedLastTurn(*found->second.memory);
    saveEpisode(found->second, last_.episode);
}

void EngineSession::embedLastTurn(BuiltMemory& memory) {
    const std::vector<Turn> turns = std::exchange(last_.unembedded, {});
    if (turns.empty() || !loaded_->embedder || memory.episodes.size() < 2 || memory.sharesCache) return;
    EpisodeMemory& episode = memory.episodes[static_cast<std::size_t>(last_.episode)];
    const std::vector<Segment> segments =
        segmentHistory(HistoryLayout::kChat, turns, std::numeric_limits<std::int32_t>::max());
    if (segments.empty()) return;
    const auto embedded = loaded_->embedder->embed(std::span(&segments.front().text, 1), {}, {});
    if (!embedded)
        return logWarning(embedded.error().message + "; the episode's centroid stays where it was");
    const auto row = embedded->row(0);
    episode.boundaries.back().embedding.assign(row.begin(), row.end());
    (episode.boundaries.size() == 1 ? episode.isWholeUnsaved : episode.areRowsUnsaved) = true;
}

bool EngineSession::workAhead() {
    const auto found = conversations_.find(last_.conversation);
    // Of a history that is only half told nothing follows.
    if (!loaded_ || found == conversations_.end() || found->second.isPartial) return false;
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
            if (conversation.memory && releases(key, conversation.memory->key)) forgetMemory(conversation);
        }
        std::erase_if(conversations_, isAllOf);
    }
    return Event(Released{.files = removed.files, .bytes = removed.bytes});
}

Result<Event> EngineSession::handle(const ProfileLayers& command, const JobContext& context) {
    if (!loaded_) return makeError(ErrorCode::kNotFound, KnownError::kNoModelLoaded);
    const ModelInfo& info = loaded_->model->info();
    const std::int64_t tokens = std::min<std::int64_t>(command.tokens, info.trainedContext);
    ProfileTask task;
    task.cancel = context.cancel;
    if (command.text.empty()) {
        if (tokens < 2) return Error{ErrorCode::kInvalidArgument, "at least 2 tokens are needed"};
        task.ids = profileTokens(loaded_->model->tokenizer(), tokens);
    } else {
        task.ids = loaded_->model->tokenizer().encode(command.text, ControlTokens::kAsText);
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
    EPI_TRY_ASSIGN(LayerProfile profile, profileLayers(*loaded_->model, task));
    EPI_TRY(saveLayerProfile(config_.profileFolder, profile));
    LayersProfiled done{.tokens = profile.tokens,
                        .tokenSimilarity = profile.tokenSimilarity,
                        .windowSimilarity = profile.windowSimilarity,
                        .seconds = profile.seconds};
    loaded_->profile = std::move(profile);
    // Other budgets may follow from it: memories are looked for, or made, by them.
    for (auto& [name, conversation] : conversations_)
        forgetMemory(conversation);
    return Event(std::move(done));
}

}  // namespace epi
