#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>
#include <variant>

#include "app/cli/model_path.h"
#include "core/base/cancel_token.h"
#include "core/engine/engine.h"

namespace epi {

/// An engine in this process, used one command after the other. One thread.
class EngineRunner {
public:
    /// Gets the events before the last, on the caller's thread; an error cancels the command.
    using Observer = std::function<Result<void>(const Event&)>;

    /// `cancel` (Ctrl-C) cancels the running command.
    explicit EngineRunner(CancelToken cancel);
    ~EngineRunner();
    EngineRunner(const EngineRunner&) = delete;
    EngineRunner& operator=(const EngineRunner&) = delete;

    /// Does a command and returns its last event, which must be a `Last`; Failed is its error.
    template <typename Last>
    Result<Last> run(Command command, const Observer& observe = {}) {
        EPI_TRY_ASSIGN(Event event, runToEnd(std::move(command), observe));
        if (Last* const last = std::get_if<Last>(&event)) return std::move(*last);
        return Error{ErrorCode::kInternal, "the engine answered a command with another one's event"};
    }

    /// Loads the model that the arguments name, with the chosen one in a notice.
    Result<void> load(const ModelArguments& arguments, const Output& output);
    /// The model last loaded.
    [[nodiscard]] const ModelLoaded& model() const { return model_; }

private:
    struct Received {
        JobId job = 0;
        Event event;
    };

    Result<Event> runToEnd(Command command, const Observer& observe);
    Received next(JobId job);

    CancelToken cancel_;
    ModelLoaded model_;
    JobId lastJob_ = 0;
    std::mutex mutex_;
    std::condition_variable arrived_;
    std::deque<Received> events_;     // guarded by mutex_
    std::unique_ptr<Engine> engine_;  // last: its thread uses all of the above
};

}  // namespace epi
