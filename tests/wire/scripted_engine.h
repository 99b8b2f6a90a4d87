#pragma once

#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <thread>

#include "core/engine/engine.h"

namespace epi {

/// An engine without a model, for tests of everything around one. It answers a question with its own words,
/// and does as told by some:
///
///     wait          says "waiting" and goes on until it is cancelled
///     busy <ms>     is busy for so long without a word
///     die           says "dying" and kills its process
///     exit <code>   complains on standard error and ends its process
///     garbage       writes bytes to standard output that are no frame
///     freeze        says "freezing" and stops its whole process (SIGSTOP)
///     files         answers with the paths of the open descriptors of its process
///
/// Hello::device is the number of its process.
class ScriptedEngine final : public Engine {
public:
    ScriptedEngine(EventSink sink, std::int32_t protocol);
    ScriptedEngine(const ScriptedEngine&) = delete;
    ScriptedEngine& operator=(const ScriptedEngine&) = delete;
    ~ScriptedEngine() override;

    void post(JobId job, Command command) override;
    void cancel(JobId job) override;

private:
    struct Job {
        JobId id = 0;
        Command command;
    };

    void run();
    void handle(JobId job, const LoadModel& command);
    void handle(JobId job, const SyncConversation& command);
    void handle(JobId job, const BuildMemory& command);
    void handle(JobId job, const Ask& command);
    void handle(JobId job, const EvalBatch& command);
    void handle(JobId job, const Inspect& command);
    void handle(JobId job, const Release& command);
    void handle(JobId job, const ProfileLayers& command);

    void answer(JobId job, const Ask& command);
    void waitForCancel(JobId job);
    bool isKnown(JobId job, const std::string& conversation);
    bool isCancelled(JobId job);
    void fail(JobId job, ErrorCode code, std::string message) const;

    const EventSink sink_;
    const std::int32_t protocol_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<Job> queue_;                      // guarded by mutex_
    JobId running_ = 0;                          // guarded by mutex_
    bool isCancelled_ = false;                   // the running job; guarded by mutex_
    bool isStopping_ = false;                    // guarded by mutex_
    std::map<std::string, std::int64_t> turns_;  // by conversation; the thread's own
    std::set<std::string> memories_;             // conversations with one; the thread's own
    std::thread thread_;
};

}  // namespace epi
