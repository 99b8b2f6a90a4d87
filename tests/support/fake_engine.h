#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "core/engine/engine.h"

namespace epi::test {

/// A model that a FakeEngine cannot load.
inline constexpr const char* kDamagedModel = "/models/damaged.gguf";

/// What a FakeEngine says, and where it waits.
struct FakeScript {
    std::string modelTitle = "Fake 1B";
    std::string device = "CPU, 2 threads";
    std::int32_t threads = 2;
    std::vector<Notice> deviceNotices = {makeNotice(NoticeCode::kNoDriver)};
    std::vector<Notice> modelNotices{};
    std::vector<Notice> buildNotices{};
    bool hasModel = true;
    std::vector<std::string> replyPieces = {"The ", "answer ", "is ", "forty-two."};
    std::string replyReason = "end";  // why a reply ends that nobody stops
    bool isRegrouped = false;         // whether a reply says that the episodes have changed
    std::int32_t episodes = 4;
    std::int32_t layers = 12;
    std::int32_t kvHeads = 4;
    std::int32_t builtBudget = 1024;  // what an automatic budget becomes
    bool buildsWhenAsked = false;     // each question finds no memory and builds one
    /// Waits for `release` before the event with this number of a job, counted from 0; -1 never.
    int holdAskAt = -1;
    int holdBuildAt = -1;
    int holdEvalAt = -1;
    std::chrono::milliseconds pace{0};  // between the events of a job
};

/// Plays an engine on a thread of its own: same commands, same events, same order, made-up contents that
/// follow from the commands alone. Tests look at what was posted, hold a job in the middle, and crash it.
class FakeEngine final : public Engine {
public:
    FakeEngine(FakeScript script, EventSink sink);
    ~FakeEngine() override;

    void post(JobId job, Command command) override;
    void cancel(JobId job) override;

    /// Everything posted so far.
    [[nodiscard]] std::vector<Command> posted() const;
    /// Called in `post`, on the caller's thread.
    void onPost(std::function<void(const Command&)> hook);
    /// Whether a job waits at its hold.
    [[nodiscard]] bool isHolding() const;
    /// Lets the waiting job, and all others, run on.
    void release();
    /// As when the process dies: every open job fails, then EngineLost and, when `restarts`, a new Hello.
    void crash(const std::string& reason, bool restarts);

private:
    struct Job {
        JobId id = 0;
        Command command;
    };

    void run();
    void perform(const Job& job);
    void handle(JobId job, const LoadModel& command);
    void handle(JobId job, const SyncConversation& command);
    void handle(JobId job, const BuildMemory& command);
    void handle(JobId job, const Ask& command);
    void handle(JobId job, const EvalBatch& command);
    void handle(JobId job, const Inspect& command);
    void handle(JobId job, const Release& command);
    void handle(JobId job, const ProfileLayers& command);
    [[nodiscard]] Hello hello() const;
    [[nodiscard]] TurnDone turnDone(const Ask& command, std::string text, std::string reason) const;
    /// Whether the job may send its event `index`; false when it was cancelled or the engine crashed.
    bool mayGoOn(JobId job, int index, int holdAt);
    [[nodiscard]] bool isCrashed() const;

    const FakeScript script_;
    EventSink sink_;
    mutable std::mutex mutex_;
    std::condition_variable wake_;
    std::deque<Job> queue_;        // guarded by mutex_
    std::vector<Command> posted_;  // guarded by mutex_
    std::set<JobId> cancelled_;    // guarded by mutex_
    std::function<void(const Command&)> hook_;
    bool isHolding_ = false;      // guarded by mutex_
    bool isReleased_ = false;     // guarded by mutex_
    bool isCrashed_ = false;      // guarded by mutex_
    bool restarts_ = false;       // guarded by mutex_
    bool isEnding_ = false;       // guarded by mutex_
    std::string crashReason_;     // guarded by mutex_
    std::vector<Turn> turns_;     // engine thread only
    std::int64_t builtTurn_ = 0;  // engine thread only
    std::thread thread_;
};

/// How many tokens the fake counts for a text: its words.
std::int64_t fakeTokens(const std::string& text);

}  // namespace epi::test
