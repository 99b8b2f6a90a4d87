#include "ui/bridge/engine_client.h"

#include <algorithm>

#include "ui/bridge/text.h"

namespace epi {
EngineClient::EngineClient(EngineFactory factory, QObject* parent)
    : QObject(parent),
      factory_(std::move(factory)),
      inbox_(this, [this](std::vector<Arrival> arrivals) { drain(std::move(arrivals)); }) {}

EngineClient::~EngineClient() = default;

void EngineClient::start() {
    launch();
}

void EngineClient::launch() {
    engine_ = factory_([this, generation = ++generation_](JobId job, Event event) {
        inbox_.push({generation, job, std::move(event)});
    });
}

void EngineClient::restart(EngineFactory factory) {
    factory_ = std::move(factory);
    if (engine_) ending_.emplace_back([old = std::move(engine_)]() mutable { old.reset(); });
    // From here on nothing of the old one is heard; what it had to do has failed.
    const std::uint64_t silent = ++generation_;
    const Error gone{ErrorCode::kInternal, "the engine was replaced"};
    isReplacing_ = true;
    for (const JobId job : std::exchange(open_, {}))
        handle(job, Failed{gone});
    if (silent != generation_) return;  // somebody restarted again meanwhile
    hello_.reset();
    handle(0, EngineLost{.reason = gone.message, .isRestarting = true});
    isReplacing_ = false;
    setState(State::kStarting);
    launch();
}

void EngineClient::cancelLoading() {
    if (state_ == State::kLoadingModel) cancel(modelJob_);
}

void EngineClient::setModel(const LoadModel& model) {
    chosenModel_ = model;
    if (hello_) loadModel();
}

void EngineClient::loadModel() {
    modelJob_ = post(chosenModel_);
    loads_[modelJob_] = chosenModel_;
    setState(State::kLoadingModel);
}

std::shared_ptr<const HeldConversation> EngineClient::held(const std::string& conversation) const {
    const auto known = held_.find(conversation);
    return known == held_.end() ? nullptr : known->second;
}

JobId EngineClient::sync(SyncConversation message, std::shared_ptr<const HeldConversation> after) {
    const std::string name = message.conversation;
    if (after) {
        held_[name] = std::move(after);
    } else {
        held_.erase(name);
    }
    const JobId job = post(std::move(message));
    syncJobs_[job] = name;
    return job;
}

JobId EngineClient::post(Command command) {
    const JobId job = ++lastJob_;
    open_.insert(job);
    if (engine_) {
        engine_->post(job, std::move(command));
    } else {
        inbox_.push({generation_, job, Failed{Error{ErrorCode::kInternal, "the engine was not started"}}});
    }
    return job;
}

void EngineClient::cancel(JobId job) {
    if (engine_) engine_->cancel(job);
}

void EngineClient::drain(std::vector<Arrival> arrivals) {
    for (const auto& [generation, job, event] : arrivals) {
        if (generation != generation_) continue;
        if (isTerminal(event)) open_.erase(job);
        std::visit([this, id = job](const auto& value) { handle(id, value); }, event);
    }
}

void EngineClient::handle(JobId, const Hello& hello) {
    hello_ = hello;
    Q_EMIT
    greeted();
    loadModel();
}

void EngineClient::handle(JobId job, const ModelLoaded& loaded) {
    // Also of a load that another was asked for behind: when that one fails, the engine still has this.
    model_ = loaded;
    if (auto load = loads_.extract(job)) loadedModel_ = std::move(load.mapped());
    if (job == modelJob_) setState(State::kReady);
}

void EngineClient::handle(JobId job, const Synced&) {
    syncJobs_.erase(job);
    Q_EMIT
    synced(job);
}

void EngineClient::handle(JobId job, const Progress& progress) {
    Q_EMIT
    progressed(job, progress);
}

void EngineClient::handle(JobId job, const MemoryBuilt& built) {
    Q_EMIT
    memoryBuilt(job, built);
}

void EngineClient::handle(JobId job, const Trace& trace) {
    Q_EMIT
    traced(job, trace);
}

void EngineClient::handle(JobId job, const TokenDelta& delta) {
    Q_EMIT
    textArrived(job, toQString(delta.text));
}

void EngineClient::handle(JobId job, const TurnDone& turn) {
    Q_EMIT
    turnDone(job, turn);
}

void EngineClient::handle(JobId job, const EvalAnswer& answer) {
    Q_EMIT
    evalAnswered(job, answer);
}

void EngineClient::handle(JobId job, const EvalDone& done) {
    Q_EMIT
    evalDone(job, done);
}

void EngineClient::handle(JobId job, const Released&) {
    Q_EMIT
    released(job);
}

void EngineClient::handle(JobId, const LayersProfiled&) {}

void EngineClient::handle(JobId job, const Failed& failure) {
    if (const auto sync = syncJobs_.extract(job); !sync.empty()) held_.erase(sync.mapped());
    const bool isLoad = loads_.erase(job) > 0;
    if (job == modelJob_) {
        if (model_ && !isReplacing_) chosenModel_ = loadedModel_;
        if (state_ == State::kLoadingModel) setState(model_ ? State::kReady : State::kNoModel);
        Q_EMIT
        modelFailed(failure.error);
        return;
    }
    if (isLoad) return;  // another was asked for since
    Q_EMIT
    failed(job, failure.error);
}

void EngineClient::handle(JobId, const EngineLost& lost) {
    model_.reset();
    loads_.clear();
    syncJobs_.clear();
    held_.clear();
    setState(State::kLost);
    // What is shown says itself that it is about the engine.
    QString reason = toQString(lost.reason);
    static const QString kStopped = QStringLiteral("the engine stopped: ");
    if (reason.startsWith(kStopped)) reason.remove(0, kStopped.size());
    Q_EMIT
    engineLost(reason, lost.isRestarting);
}

void EngineClient::setState(State state) {
    state_ = state;
    Q_EMIT
    stateChanged();
}

}  // namespace epi
