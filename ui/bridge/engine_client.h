#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <QObject>
#include <QString>

#include "core/engine/engine.h"
#include "ui/bridge/inbox.h"
#include "ui/bridge/turn_scan.h"

namespace epi {

using EngineFactory = std::function<std::unique_ptr<Engine>(EventSink)>;

/// The engine as the window sees it: commands out, events in as signals on the GUI thread, batched per turn
/// of the event loop. Knows which model and which conversations the engine holds, and sends the model again
/// to an engine that was restarted. GUI thread only; nothing waits.
class EngineClient final : public QObject {
    Q_OBJECT

public:
    enum class State { kStarting, kLoadingModel, kReady, kNoModel, kLost };

    explicit EngineClient(EngineFactory factory, QObject* parent = nullptr);
    ~EngineClient() override;

    /// Starts the engine. Its Hello is answered with the model chosen by `setModel`.
    void start();
    /// Ends the engine and starts the one of `factory`, or the same anew: after it was given up, or when
    /// another is chosen. Open jobs fail; models and conversations are sent again. The old one ends in the
    /// background.
    void restart(EngineFactory factory);
    void reconnect() { restart(factory_); }
    /// Whether the loss that is being told is a `restart`, not a failure.
    [[nodiscard]] bool isReplacing() const { return isReplacing_; }
    /// What `start` starts.
    void setFactory(EngineFactory factory) { factory_ = std::move(factory); }
    [[nodiscard]] State state() const { return state_; }
    [[nodiscard]] const std::optional<Hello>& hello() const { return hello_; }
    [[nodiscard]] const std::optional<ModelLoaded>& model() const { return model_; }

    /// Chooses the model now and after every restart. Sent at once when the engine is there. When it cannot
    /// be loaded and the engine has another, that is the chosen one again.
    void setModel(const LoadModel& model);
    [[nodiscard]] const LoadModel& chosenModel() const { return chosenModel_; }
    /// Ends a running load; the model before it, if any, stays.
    void cancelLoading();
    [[nodiscard]] JobId modelJob() const { return modelJob_; }
    /// What the engine holds of a conversation, as far as that is known; null for nothing.
    [[nodiscard]] std::shared_ptr<const HeldConversation> held(const std::string& conversation) const;
    /// Tells it what `ConversationSync` found it not to hold; `after` is what it holds then, null where more
    /// is to come.
    JobId sync(SyncConversation message, std::shared_ptr<const HeldConversation> after);
    JobId post(Command command);
    void cancel(JobId job);

Q_SIGNALS:
    void stateChanged();
    void synced(epi::JobId job);
    /// An engine said Hello, for the first time or again.
    void greeted();
    void progressed(epi::JobId job, const epi::Progress& progress);
    void memoryBuilt(epi::JobId job, const epi::MemoryBuilt& built);
    void traced(epi::JobId job, const epi::Trace& trace);
    void textArrived(epi::JobId job, const QString& text);
    void turnDone(epi::JobId job, const epi::TurnDone& turn);
    void evalAnswered(epi::JobId job, const epi::EvalAnswer& answer);
    void evalDone(epi::JobId job, const epi::EvalDone& done);
    void released(epi::JobId job);
    /// Every job that was open when the engine went away fails before engineLost.
    void failed(epi::JobId job, const epi::Error& error);
    void modelFailed(const epi::Error& error);
    void engineLost(const QString& reason, bool isRestarting);

private:
    struct Arrival {
        std::uint64_t generation = 0;  // of the engine it came from
        JobId job = 0;
        Event event;
    };

    void drain(std::vector<Arrival> arrivals);
    void handle(JobId job, const Hello& hello);
    void handle(JobId job, const ModelLoaded& loaded);
    void handle(JobId job, const Synced& synced);
    void handle(JobId job, const Progress& progress);
    void handle(JobId job, const MemoryBuilt& built);
    void handle(JobId job, const Trace& trace);
    void handle(JobId job, const TokenDelta& delta);
    void handle(JobId job, const TurnDone& turn);
    void handle(JobId job, const EvalAnswer& answer);
    void handle(JobId job, const EvalDone& done);
    void handle(JobId job, const Released& released);
    void handle(JobId job, const LayersProfiled& profiled);
    void handle(JobId job, const Failed& failure);
    void handle(JobId job, const EngineLost& lost);
    void setState(State state);
    void loadModel();
    void launch();

    EngineFactory factory_;
    State state_ = State::kStarting;
    LoadModel chosenModel_;
    LoadModel loadedModel_;             // what `model_` was loaded by
    std::map<JobId, LoadModel> loads_;  // posted and not ended
    JobId lastJob_ = 0;
    JobId modelJob_ = 0;
    std::optional<Hello> hello_;
    std::optional<ModelLoaded> model_;
    std::map<std::string, std::shared_ptr<const HeldConversation>> held_;
    std::map<JobId, std::string> syncJobs_;
    bool isReplacing_ = false;
    std::set<JobId> open_;  // posted and not ended
    std::uint64_t generation_ = 0;
    Inbox<Arrival> inbox_;
    // Last: their threads end before the inbox they fill is gone.
    std::vector<std::jthread> ending_;  // engines that were replaced; ending one may take seconds
    std::unique_ptr<Engine> engine_;
};

}  // namespace epi
