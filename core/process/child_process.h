#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "core/base/file.h"
#include "core/base/result.h"
#include "core/process/process_starter.h"

namespace epi {

/// A program started with pipes on its standard input, output and error output. Our ends of the pipes do not
/// block. Destruction ends it and leaves no zombie. One thread; SIGPIPE must be blocked or ignored where
/// `input` is written.
class ChildProcess {
public:
    /// `command`: program and arguments, started by `starter`; see ProcessStarter::start.
    static Result<ChildProcess> start(std::span<const std::string> command, ProcessStarter& starter);
    /// As a child of this process.
    static Result<ChildProcess> start(std::span<const std::string> command);

    ChildProcess(ChildProcess&& other) noexcept = default;
    ChildProcess& operator=(ChildProcess&&) = delete;
    ~ChildProcess();

    [[nodiscard]] int input() const { return input_.get(); }
    [[nodiscard]] int output() const { return output_.get(); }
    [[nodiscard]] int errorOutput() const { return errorOutput_.get(); }
    void closeErrorOutput() { errorOutput_.close(); }

    /// How it ended, e.g. "signal 9 (killed)" or "exit code 3"; nothing when it still runs after `limit`.
    std::optional<std::string> waitFor(std::chrono::milliseconds limit);
    /// Asks it to end (SIGTERM).
    void terminate();
    void kill();
    /// Closes the pipes, which asks it to end, and kills it when it has not ended after `grace`.
    void end(std::chrono::milliseconds grace);

private:
    ChildProcess() = default;

    std::unique_ptr<ProcessControl> control_;
    FileDescriptor input_;
    FileDescriptor output_;
    FileDescriptor errorOutput_;
};

}  // namespace epi
