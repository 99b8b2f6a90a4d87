#include "app/cli/engine_runner.h"

#include <chrono>
#include <optional>

#include "core/base/file.h"
#include "core/base/paths.h"
#include "core/base/printable.h"
#include "core/chat/wording.h"
#include "core/engine/local_engine.h"

namespace epi {
namespace {

// How often a cancelled command is noticed while no event comes: a signal handler cannot notify.
constexpr std::chrono::milliseconds kLookForCancel{50};
constexpr std::uint64_t kMaxPromptsBytes = 1 << 20;

}  // namespace

EngineRunner::EngineRunner(CancelToken cancel)
    : cancel_(std::move(cancel)),
      engine_(makeLocalEngine({.modelFolder = paths::models(), .cacheFolder = paths::episodeCaches()},
                              [this](JobId job, Event event) {
                                  {
                                      const std::lock_guard lock(mutex_);
                                      events_.push_back({job, std::move(event)});
                                  }
                                  arrived_.notify_one();
                              })) {}

EngineRunner::~EngineRunner() = default;

EngineRunner::Received EngineRunner::next(JobId job) {
    bool isTold = false;
    std::unique_lock lock(mutex_);
    while (!arrived_.wait_for(lock, kLookForCancel, [this] { return !events_.empty(); })) {
        if (isTold || !cancel_.isCancelled()) continue;
        engine_->cancel(job);
        isTold = true;
    }
    Received received = std::move(events_.front());
    events_.pop_front();
    lock.unlock();
    if (cancel_.isCancelled()) engine_->cancel(job);
    return received;
}

Result<Event> EngineRunner::runToEnd(Command command, const Observer& observe) {
    const JobId job = ++lastJob_;
    engine_->post(job, std::move(command));
    std::optional<Error> failure;
    for (;;) {
        Received received = next(job);
        if (received.job != job) continue;
        if (isTerminal(received.event)) {
            if (failure) return *std::move(failure);
            if (Failed* const failed = std::get_if<Failed>(&received.event)) return std::move(failed->error);
            return std::move(received.event);
        }
        if (!observe || failure) continue;
        if (auto observed = observe(received.event); !observed) {
            failure = std::move(observed).error();
            engine_->cancel(job);
        }
    }
}

Result<void> EngineRunner::load(const ModelArguments& arguments, const Output& output) {
    EPI_TRY_ASSIGN(const ModelChoice choice, chooseModel(arguments, output));
    std::string prompts;
    if (!arguments.promptsFile.empty()) {
        EPI_TRY_ASSIGN(prompts, readWholeFile(arguments.promptsFile, kMaxPromptsBytes));
        if (const auto wording = parseWording(prompts); !wording)
            return Error(wording.error()).with(inQuotes(arguments.promptsFile));
    }
    EPI_TRY_ASSIGN(model_,
                   run<ModelLoaded>(LoadModel{.model = choice.path.string(),
                                              .embedder = arguments.embedder,
                                              .device = choice.device,
                                              .compute = choice.compute,
                                              .plainTemplate = arguments.plainTemplate,
                                              .prompts = std::move(prompts)}));
    if (!model_.notices.empty()) output.notice(textOf(model_.notices));
    return {};
}

}  // namespace epi
