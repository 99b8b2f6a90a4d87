#include "core/engine/local_engine.h"

#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <thread>

#include "core/engine/engine_session.h"

namespace epi {
namespace {

class LocalEngine final : public Engine {
public:
    LocalEngine(const LocalEngineConfig& config, EventSink sink)
        : sink_(std::move(sink)),
          thread_([this, config](const std::stop_token& stop) { work(config, stop); }) {}

    ~LocalEngine() override {
        thread_.request_stop();
        const std::lock_guard lock(mutex_);
        for (auto& [job, token] : tokens_)
            token.cancel();
    }

    void post(JobId job, Command command) override {
        {
            const std::lock_guard lock(mutex_);
            tokens_[job] = CancelToken();
            queue_.push_back({job, std::move(command)});
        }
        ready_.notify_one();
    }

    void cancel(JobId job) override {
        const std::lock_guard lock(mutex_);
        if (const auto found = tokens_.find(job); found != tokens_.end()) found->second.cancel();
    }

private:
    struct Job {
        JobId id;
        Command command;
    };

    void work(const LocalEngineConfig& config, const std::stop_token& stop) {
        EngineSession session(config);
        sink_(0, session.hello());
        for (;;) {
            std::unique_lock lock(mutex_);
            if (!ready_.wait(lock, stop, [this] { return !queue_.empty(); }) || stop.stop_requested()) return;
            const Job job = std::move(queue_.front());
            queue_.pop_front();
            const CancelToken cancel = tokens_[job.id];
            lock.unlock();
            Event last = run(session, job, cancel);
            lock.lock();
            tokens_.erase(job.id);
            lock.unlock();
            sink_(job.id, std::move(last));
            session.save();
            while (isIdle() && !stop.stop_requested() && session.workAhead())
                continue;
        }
    }

    bool isIdle() {
        const std::lock_guard lock(mutex_);
        return queue_.empty();
    }

    Event run(EngineSession& session, const Job& job, const CancelToken& cancel) {
        if (cancel.isCancelled()) return Failed{{ErrorCode::kCancelled, "cancelled before it began"}};
        const JobContext context{.emit = [&](Event event) { sink_(job.id, std::move(event)); },
                                 .cancel = cancel};
        auto last = session.run(job.command, context);
        if (!last) return Failed{std::move(last).error()};
        return *std::move(last);
    }

    EventSink sink_;
    std::mutex mutex_;
    std::condition_variable_any ready_;
    std::deque<Job> queue_;                // guarded by mutex_
    std::map<JobId, CancelToken> tokens_;  // guarded by mutex_; of jobs queued or running
    std::jthread thread_;                  // last: it uses all of the above
};

}  // namespace

std::unique_ptr<Engine> makeLocalEngine(const LocalEngineConfig& config, EventSink sink) {
    return std::make_unique<LocalEngine>(config, std::move(sink));
}

}  // namespace epi
