#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include <QObject>
#include <QString>

#include "core/wire/messages.h"
#include "storage/records.h"
#include "ui/bridge/conversation_sync.h"
#include "ui/bridge/engine_client.h"
#include "ui/bridge/store_client.h"

namespace epi {

/// What is done anew for the next question after a change in what was said.
enum class LostMemory {
    kNothing,   // turns that follow the build are read, if at all
    kEpisodes,  // they are those of the build again; a cache that a regrouping replaced is read anew
    kAll,       // the memory was built of it
};

/// The memory of one conversation as the window knows it: its episodes, which come from the store after a
/// restart, what each keeps, and the build that may be running. GUI thread only.
class MemorySession final : public QObject {
    Q_OBJECT

public:
    /// The conversation as it is now, to be told to the engine.
    using Scope = std::function<ConversationSync::Scope()>;

    MemorySession(
        EngineClient& engine, StoreClient& store, ConversationSync& sync, Scope scope, QObject* parent);

    void load(const ConversationRecord& conversation);
    /// What is offered while the conversation has no memory of its own.
    void setDefaults(const MemoryOptions& defaults);
    /// How the next question is answered and the next build is done; stored with the conversation.
    void choose(const MemoryOptions& options);
    void setConversation(std::int64_t id) { conversationId_ = id; }
    /// Messages that the next build keeps whole.
    void setPins(const std::vector<std::int64_t>& messageIds) { pins_ = messageIds; }
    [[nodiscard]] const std::vector<std::int64_t>& pins() const { return pins_; }
    /// What the memory that answered was built to keep: a question may have built it.
    void notePinned(const std::vector<std::int64_t>& messageIds);

    /// Of what is said now; pinned messages count, whatever the options say of them.
    void build(MemoryOptions options);
    void cancelBuild();
    /// Asks the engine for the episodes of the memory that has answered, which was asked for like this: they
    /// are others than before. What is chosen for the next question stays.
    void refresh(const MemoryOptions& asked);
    /// Asks the engine what an episode keeps; `traceArrived` answers, at once when it is known.
    void inspect(int episode);

    [[nodiscard]] bool isBuilding() const { return buildJob_ != 0 || isTelling_; }
    [[nodiscard]] bool isBuilt() const { return !episodes_.empty(); }
    /// As last built, or the defaults.
    [[nodiscard]] const MemoryOptions& options() const { return options_; }
    [[nodiscard]] const std::vector<EpisodeRecord>& episodes() const { return episodes_; }
    [[nodiscard]] const std::optional<MemoryBuilt>& lastBuilt() const { return built_; }
    [[nodiscard]] std::shared_ptr<const Trace> trace(int episode) const;
    /// Of the history when the memory was built; 0 while nothing tells.
    [[nodiscard]] std::int64_t historyTokens() const;
    /// What the memory loses when this message, or all from it on, becomes another.
    [[nodiscard]] LostMemory lostFrom(std::int64_t messageId) const;
    /// Tokens of a message, as far as a trace that has arrived tells; 0 where none does.
    [[nodiscard]] std::int64_t tokensOf(std::int64_t messageId) const;
    [[nodiscard]] JobId buildJob() const { return buildJob_; }

Q_SIGNALS:
    void changed();
    void buildingChanged();
    void progressed(const epi::Progress& progress);
    void traceArrived(int episode);
    /// The memory is built, but the engine has something to tell, e.g. that it is not on disk.
    void noticed(const QString& notice);
    /// A build or an inspection went wrong; not sent for a cancelled build.
    void failed(const epi::Error& error);

private:
    void onBuilt(const MemoryBuilt& built);
    void storeOptions();
    void forget(JobId job, const Error& error);

    EngineClient& engine_;
    StoreClient& store_;
    ConversationSync& sync_;
    Scope scope_;
    std::int64_t conversationId_ = 0;
    MemoryOptions defaults_;
    MemoryOptions options_;
    std::vector<std::int64_t> pins_;
    std::vector<EpisodeRecord> episodes_;
    std::optional<MemoryBuilt> built_;
    MemoryHistory history_;
    std::map<int, std::shared_ptr<const Trace>> traces_;
    std::map<JobId, int> inspections_;
    std::set<int> asked_;  // episodes that are inspected, or will be when the engine knows the conversation
    QObject building_;     // what a build asks for
    bool isTelling_ = false;  // the engine is told the conversation, for a build
    JobId buildJob_ = 0;
    bool isRefreshing_ = false;  // that is what the job does
};

}  // namespace epi
