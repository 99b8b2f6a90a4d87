#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/process/child_process.h"
#include "core/wire/codec.h"
#include "core/wire/remote_engine.h"

namespace epi {

/// One engine process: the bytes to and from it, its heartbeat and its last words. Never blocks on the
/// process. One thread, in which SIGPIPE is blocked. Internal to core/wire.
class EngineLink {
public:
    static Result<std::unique_ptr<EngineLink>> open(const RemoteEngineConfig& config);

    EngineLink(ChildProcess child, const RemoteEngineConfig& config);
    ~EngineLink() { child_.end(config_.exitGrace); }
    EngineLink(const EngineLink&) = delete;
    EngineLink& operator=(const EngineLink&) = delete;

    /// Queues a frame; `exchange` writes it.
    void send(std::string_view frame) { outgoing_ += frame; }
    /// Waits until the process says something, can be written to, needs a ping or has been silent for too
    /// long, or until `wakeFd` is readable; then does what is due and appends the messages that arrived. An
    /// error means that the process is of no more use, and says why; the messages before it count.
    Result<void> exchange(int wakeFd, std::vector<MessageFromEngine>& received);
    void kill() { child_.kill(); }
    /// The end of what it wrote to its standard error: at most 8 KiB of whole lines.
    [[nodiscard]] std::string lastWords() const;

private:
    using Clock = std::chrono::steady_clock;

    void pingWhenDue();
    void waitForInput(int wakeFd);
    Result<void> readMessages(std::vector<MessageFromEngine>& received);
    Result<void> decodeMessages(std::vector<MessageFromEngine>& received);
    void readErrorOutput();
    /// False when the process has closed its input.
    bool writeOutgoing();
    Error ended();

    RemoteEngineConfig config_;
    ChildProcess child_;
    FrameDecoder decoder_;
    std::string errorTail_;
    std::string outgoing_;
    std::size_t written_ = 0;  // of outgoing_

    // A ping is owed an answer from `silentSince_` on; its last byte is at `pingEnd_` in outgoing_.
    bool isAnswerOwed_ = false;
    std::size_t pingEnd_ = 0;
    Clock::time_point silentSince_;
    Clock::time_point nextPing_;
};

}  // namespace epi
