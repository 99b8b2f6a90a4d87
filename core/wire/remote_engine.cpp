#include "core/wire/remote_engine.h"

#include <algorithm>
#include <array>
#include <climits>
#include <csignal>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <set>
#include <thread>
#include <utility>

#include "core/base/file.h"
#include "core/wire/codec.h"
#include "core/wire/engine_link.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

namespace epi {
namespace {

using Clock = std::chrono::steady_clock;

/// All talk with the process, and every call of the sink, happens on one thread, which waits in poll; callers
/// only leave their requests in `inbox_`.
class RemoteEngine final : public Engine {
public:
    RemoteEngine(const RemoteEngineConfig& config, EventSink sink)
        : config_(config), sink_(std::move(sink)), wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
        thread_ = std::thread([this] { run(); });
    }
    RemoteEngine(const RemoteEngine&) = delete;
    RemoteEngine& operator=(const RemoteEngine&) = delete;
    ~RemoteEngine() override {
        {
            const std::lock_guard lock(mutex_);
            isStopping_ = true;
        }
        wake();
        thread_.join();
    }

    void post(JobId job, Command command) override { leave(CommandMessage{job, std::move(command)}); }
    void cancel(JobId job) override { leave(CancelJob{job}); }

private:
    using Request = std::variant<CommandMessage, CancelJob>;

    void leave(Request request) {
        {
            const std::lock_guard lock(mutex_);
            inbox_.push_back(std::move(request));
        }
        wake();
    }
    void wake() const {
        const std::uint64_t one = 1;
        // Fails only when it is readable already.
        static_cast<void>(!::write(wake_.get(), &one, sizeof one));
    }

    void run();
    bool takeRequests(std::deque<Request>& requests);
    void start();
    void waitForWake() const;
    void exchange();
    void handle(CommandMessage message);
    void handle(CancelJob cancel);
    void transmit(const CommandMessage& message);
    Result<void> deliver(EventMessage message);
    void lose(const Error& error);
    [[nodiscard]] bool planRestart(const Error& error);
    void fail(JobId job, Error error);

    const RemoteEngineConfig config_;
    const EventSink sink_;
    const FileDescriptor wake_;

    std::mutex mutex_;
    std::deque<Request> inbox_;  // guarded by mutex_
    bool isStopping_ = false;    // guarded by mutex_

    // The thread's own.
    std::unique_ptr<EngineLink> link_;
    bool isGreeted_ = false;              // link_ has said Hello
    std::deque<CommandMessage> waiting_;  // for Hello
    std::set<JobId> open_;                // posted and without a terminal event, waiting_ included
    std::optional<Clock::time_point> startAt_ = Clock::now();
    std::optional<Error> givenUp_;
    std::deque<Clock::time_point> losses_;  // within the loss window

    std::thread thread_;
};

void blockSignals() {
    // Signals are for the program's own threads, and SIGPIPE would end it when the engine dies in mid-write.
    sigset_t all;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, nullptr);
}

void RemoteEngine::run() {
    blockSignals();
    for (;;) {
        if (startAt_ && Clock::now() >= *startAt_) start();
        std::deque<Request> requests;
        if (!takeRequests(requests)) break;
        for (Request& request : requests) {
            std::visit([this](auto& one) { handle(std::move(one)); }, request);
        }
        if (link_) {
            exchange();
        } else {
            waitForWake();
        }
    }
    link_.reset();
}

/// False when it is time to stop.
bool RemoteEngine::takeRequests(std::deque<Request>& requests) {
    std::uint64_t count = 0;
    static_cast<void>(!::read(wake_.get(), &count, sizeof count));  // nothing to read is fine
    const std::lock_guard lock(mutex_);
    requests.swap(inbox_);
    return !isStopping_;
}

void RemoteEngine::start() {
    startAt_.reset();
    auto link = EngineLink::open(config_);
    if (!link) return lose(link.error());
    link_ = *std::move(link);
}

void RemoteEngine::waitForWake() const {
    int timeout = -1;
    if (startAt_) {
        const auto wait = std::chrono::ceil<std::chrono::milliseconds>(*startAt_ - Clock::now()).count();
        timeout = static_cast<int>(std::clamp<std::int64_t>(wait, 0, INT_MAX));
    }
    pollfd fd{wake_.get(), POLLIN, 0};
    ::poll(&fd, 1, timeout);
}

void RemoteEngine::exchange() {
    std::vector<MessageFromEngine> received;
    auto result = link_->exchange(wake_.get(), received);
    for (MessageFromEngine& message : received) {
        auto* const event = std::get_if<EventMessage>(&message);
        if (event == nullptr) continue;
        if (auto delivered = deliver(std::move(*event)); !delivered) return lose(delivered.error());
    }
    if (!result) lose(result.error());
}

void RemoteEngine::handle(CommandMessage message) {
    if (givenUp_) return fail(message.job, *givenUp_);
    open_.insert(message.job);
    if (isGreeted_) return transmit(message);
    waiting_.push_back(std::move(message));
}

void RemoteEngine::handle(CancelJob cancel) {
    const auto waiting = std::ranges::find_if(
        waiting_, [&](const CommandMessage& message) { return message.job == cancel.job; });
    if (waiting != waiting_.end()) {
        waiting_.erase(waiting);
        open_.erase(cancel.job);
        return fail(cancel.job, Error{ErrorCode::kCancelled, "cancelled"});
    }
    if (!open_.contains(cancel.job)) return;
    if (const auto frame = encode(MessageToEngine(cancel))) link_->send(*frame);
}

void RemoteEngine::transmit(const CommandMessage& message) {
    auto frame = encode(MessageToEngine(message));
    if (frame) return link_->send(*frame);
    open_.erase(message.job);
    fail(message.job, std::move(frame).error());
}

Result<void> RemoteEngine::deliver(EventMessage message) {
    if (std::holds_alternative<Hello>(message.event)) {
        if (std::exchange(isGreeted_, true)) return {};
        sink_(message.job, std::move(message.event));
        for (const CommandMessage& waiting : std::exchange(waiting_, {}))
            transmit(waiting);
        return {};
    }
    if (!isGreeted_) return Error{ErrorCode::kCorruptData, "the engine did not begin with Hello"};
    // A job that has ended stays ended, whatever the other side says.
    if (!open_.contains(message.job)) return {};
    if (isTerminal(message.event)) open_.erase(message.job);
    sink_(message.job, std::move(message.event));
    return {};
}

void RemoteEngine::lose(const Error& error) {
    // Its process may take a while to go, so it goes last.
    const std::unique_ptr<EngineLink> lost = std::exchange(link_, nullptr);
    std::string reason = error.message;
    if (lost) {
        lost->kill();
        if (const std::string lastWords = lost->lastWords(); !lastWords.empty()) reason += "\n" + lastWords;
    }
    isGreeted_ = false;
    waiting_.clear();
    std::deque<Request> late;  // posted before anybody could know
    takeRequests(late);
    for (const Request& request : late) {
        if (const auto* message = std::get_if<CommandMessage>(&request)) open_.insert(message->job);
    }
    const bool isRestarting = planRestart(error);
    if (!isRestarting) givenUp_ = error;
    for (const JobId job : std::exchange(open_, {}))
        fail(job, error);
    sink_(0, EngineLost{std::move(reason), isRestarting});
}

bool RemoteEngine::planRestart(const Error& error) {
    const bool isHopeless = error.code == ErrorCode::kUnsupported || error.code == ErrorCode::kNotFound;
    if (!config_.restart || isHopeless) return false;
    const auto now = Clock::now();
    while (!losses_.empty() && now - losses_.front() > config_.lossWindow)
        losses_.pop_front();
    losses_.push_back(now);
    const int count = static_cast<int>(losses_.size());
    if (count >= config_.maxLosses) return false;
    startAt_ = count == 1 ? now : now + config_.restartDelay * (1 << std::min(count - 2, 16));
    return true;
}

void RemoteEngine::fail(JobId job, Error error) {
    sink_(job, Failed{std::move(error)});
}

}  // namespace

std::unique_ptr<Engine> makeRemoteEngine(const RemoteEngineConfig& config, EventSink sink) {
    return std::make_unique<RemoteEngine>(config, std::move(sink));
}

}  // namespace epi
