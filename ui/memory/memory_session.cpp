#include "ui/memory/memory_session.h"

#include <algorithm>

#include "core/wire/options_json.h"
#include "ui/bridge/text.h"

namespace epi {

MemorySession::MemorySession(
    EngineClient& engine, StoreClient& store, ConversationSync& sync, Scope scope, QObject* parent)
    : QObject(parent), engine_(engine), store_(store), sync_(sync), scope_(std::move(scope)) {
    connect(&engine_, &EngineClient::progressed, this, [this](JobId job, const Progress& progress) {
        if (job == buildJob_) Q_EMIT
        progressed(progress);
    });
    connect(&engine_, &EngineClient::memoryBuilt, this, [this](JobId job, const MemoryBuilt& built) {
        if (job == buildJob_) onBuilt(built);
    });
    connect(&engine_, &EngineClient::traced, this, [this](JobId job, const Trace& trace) {
        if (inspections_.erase(job) == 0) return;
        asked_.erase(trace.episode);
        traces_[trace.episode] = std::make_shared<const Trace>(trace);
        Q_EMIT
        traceArrived(trace.episode);
    });
    connect(&engine_, &EngineClient::failed, this, &MemorySession::forget);
}

void MemorySession::setDefaults(const MemoryOptions& defaults) {
    if (options_ == defaults_ && !isBuilt()) options_ = defaults;
    defaults_ = defaults;
}

void MemorySession::choose(const MemoryOptions& options) {
    if (options == options_) return;
    options_ = options;
    // What was seen of the memory before says nothing about the next.
    traces_.clear();
    if (conversationId_ != 0) storeOptions();
    Q_EMIT
    changed();
}

void MemorySession::notePinned(const std::vector<std::int64_t>& messageIds) {
    if (options_.pinnedTurns == messageIds) return;
    options_.pinnedTurns = messageIds;
    traces_.clear();
    storeOptions();
}

void MemorySession::storeOptions() {
    store_.write([id = conversationId_, json = toJsonText(options_)](Store& store) {
        return store.setMemory(id, json);
    });
}

void MemorySession::load(const ConversationRecord& conversation) {
    conversationId_ = conversation.id;
    history_ = conversation.memoryHistory;
    options_ = defaults_;
    if (!conversation.memory.empty()) {
        if (auto stored = memoryOptionsFromJsonText(conversation.memory)) {
            options_ = *std::move(stored);
        } else {
            Q_EMIT
            failed(stored.error());
        }
    }
    store_.request(
        this,
        [id = conversation.id](Store& store) { return store.episodes(id); },
        [this](Result<std::vector<EpisodeRecord>> episodes) {
            if (!episodes) {
                Q_EMIT
                failed(episodes.error());
                return;
            }
            // What was built meanwhile is newer.
            if (built_) return;
            episodes_ = *std::move(episodes);
            Q_EMIT
            changed();
        });
}

void MemorySession::build(MemoryOptions options) {
    if (isBuilding() || conversationId_ == 0) return;
    options.pinnedTurns = pins_;
    isRefreshing_ = false;
    isTelling_ = true;
    Q_EMIT
    buildingChanged();
    sync_.run(&building_, scope_(), [this, options](const Result<void>& told) {
        isTelling_ = false;
        if (told) {
            buildJob_ =
                engine_.post(BuildMemory{.conversation = engineName(conversationId_), .memory = options});
            return;
        }
        Q_EMIT
        buildingChanged();
        if (told.error().code != ErrorCode::kCancelled) Q_EMIT
        failed(told.error());
    });
}

void MemorySession::refresh(const MemoryOptions& asked) {
    if (isBuilding() || conversationId_ == 0) return;
    isRefreshing_ = true;
    buildJob_ = engine_.post(BuildMemory{.conversation = engineName(conversationId_), .memory = asked});
}

void MemorySession::cancelBuild() {
    if (isTelling_) sync_.cancel(&building_);
    if (buildJob_ != 0) engine_.cancel(buildJob_);
}

void MemorySession::inspect(int episode) {
    if (trace(episode) != nullptr) {
        Q_EMIT
        traceArrived(episode);
        return;
    }
    if (!asked_.insert(episode).second) return;
    sync_.run(this, scope_(), [this, episode](const Result<void>& told) {
        if (!told) {
            asked_.erase(episode);
            if (told.error().code != ErrorCode::kCancelled) Q_EMIT
            failed(told.error());
            return;
        }
        const JobId job = engine_.post(
            Inspect{.conversation = engineName(conversationId_), .memory = options_, .episode = episode});
        inspections_[job] = episode;
    });
}

std::shared_ptr<const Trace> MemorySession::trace(int episode) const {
    const auto found = traces_.find(episode);
    return found == traces_.end() ? nullptr : found->second;
}

std::int64_t MemorySession::historyTokens() const {
    // Memories of older versions do not say it; what is seen of them does.
    return history_.tokens == 0 && !traces_.empty() ? traces_.begin()->second->historyTokens
                                                    : history_.tokens;
}

std::int64_t MemorySession::tokensOf(std::int64_t messageId) const {
    for (const auto& [episode, trace] : traces_) {
        const auto turn = std::ranges::find(trace->turns, messageId, &Trace::TurnTokens::turnId);
        if (turn != trace->turns.end()) return std::ssize(turn->byteEnds);
    }
    return 0;
}

LostMemory MemorySession::lostFrom(std::int64_t messageId) const {
    const bool isGrouped = std::ranges::any_of(episodes_, [&](const EpisodeRecord& episode) {
        return std::ranges::any_of(episode.turnIds, [&](std::int64_t id) { return id >= messageId; });
    });
    if (!isGrouped) return LostMemory::kNothing;
    // Memories of older versions do not say what they were built of: of all that is in their episodes.
    if (history_.lastMessage == 0 || messageId <= history_.lastMessage) return LostMemory::kAll;
    const bool sharesCache = std::ranges::all_of(episodes_, [&](const EpisodeRecord& episode) {
        return episode.cacheKey == episodes_.front().cacheKey;
    });
    return sharesCache ? LostMemory::kNothing : LostMemory::kEpisodes;
}

void MemorySession::onBuilt(const MemoryBuilt& built) {
    buildJob_ = 0;
    built_ = built;
    if (!isRefreshing_) options_ = built.memory;
    traces_.clear();
    episodes_.clear();
    for (const EpisodeSummary& episode : built.episodes) {
        episodes_.push_back({.conversationId = conversationId_,
                             .index = episode.index,
                             .segments = episode.segments,
                             .turnIds = episode.turnIds,
                             .representatives = episode.representatives,
                             .keptEntries = episode.keptEntries,
                             .cacheKey = episode.cacheKey,
                             .name = episode.name});
    }
    history_ = {.tokens = built.historyTokens, .lastMessage = built.lastTurn};
    store_.write([id = conversationId_, episodes = episodes_, history = history_](Store& store) {
        return store.saveEpisodes(id, episodes, history);
    });
    if (!isRefreshing_) storeOptions();
    Q_EMIT
    buildingChanged();
    Q_EMIT
    changed();
    if (!built.notices.empty()) Q_EMIT
    noticed(describe(built.notices));
}

void MemorySession::forget(JobId job, const Error& error) {
    const auto inspection = inspections_.extract(job);
    const bool isInspection = !inspection.empty();
    if (isInspection) asked_.erase(inspection.mapped());
    if (job != buildJob_ && !isInspection) return;
    if (job == buildJob_) {
        buildJob_ = 0;
        Q_EMIT
        buildingChanged();
    }
    if (error.code != ErrorCode::kCancelled) Q_EMIT
    failed(error);
}

}  // namespace epi
