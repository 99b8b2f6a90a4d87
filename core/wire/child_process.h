#pragma once

#include <chrono>
#include <optional>
#include <span>
#include <string>

#include "core/base/result.h"
#include "core/wire/file_descriptor.h"

#include <sys/types.h>

namespace epi {

/// A program started with pipes on its standard input, output and error output; it gets no other descriptor
/// of ours. Our ends of the pipes do not block. It is told to end (SIGTERM) when the thread that started it
/// ends, so that it never outlives us. Destruction ends it and leaves no zombie. One thread; SIGPIPE must be
/// blocked or ignored where `input` is written.
class ChildProcess {
public:
    /// `command`: program (looked up in PATH) and arguments. kNotFound when there is no such program.
    static Result<ChildProcess> start(std::span<const std::string> command);

    ChildProcess(ChildProcess&& other) noexcept;
    ChildProcess& operator=(ChildProcess&&) = delete;
    ~ChildProcess();

    [[nodiscard]] int input() const { return input_.get(); }
    [[nodiscard]] int output() const { return output_.get(); }
    [[nodiscard]] int errorOutput() const { return errorOutput_.get(); }
    void closeErrorOutput() { errorOutput_.close(); }

    /// How it ended, e.g. "signal 9 (killed)" or "exit code 3"; nothing when it still runs after `limit`.
    std::optional<std::string> waitFor(std::chrono::milliseconds limit);
    void kill();
    /// Closes the pipes, which asks it to end, and kills it when it has not ended after `grace`.
    void end(std::chrono::milliseconds grace);

private:
    ChildProcess() = default;

    pid_t pid_ = -1;
    FileDescriptor input_;
    FileDescriptor output_;
    FileDescriptor errorOutput_;
    std::optional<std::string> ending_;
};

}  // namespace epi
