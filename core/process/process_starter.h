#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>

#include "core/base/result.h"

namespace epi {

/// Descriptors that become a program's standard input, output and error output.
struct StandardDescriptors {
    int input = -1;
    int output = -1;
    int errorOutput = -1;
};

/// A program that was started, apart from its pipes. One thread. Destruction neither ends it nor waits for
/// it, and leaves no zombie.
class ProcessControl {
public:
    virtual ~ProcessControl() = default;

    /// How it ended, e.g. "signal 9 (killed)" or "exit code 3"; nothing while it runs. Never waits.
    virtual std::optional<std::string> ending() = 0;
    /// Does nothing once it has ended.
    virtual void signal(int number) = 0;
};

/// How programs are started: by this process, or by one that may do what this one has given up. Any thread.
class ProcessStarter {
public:
    virtual ~ProcessStarter() = default;

    /// Starts `command`: program (looked up in PATH) and arguments. It gets no other descriptor of ours, no
    /// signal is blocked in it, and SIGTERM reaches it when the thread or process that started it ends.
    /// kNotFound when there is no such program, kInvalidArgument when no program can be given such arguments.
    virtual Result<std::unique_ptr<ProcessControl>> start(std::span<const std::string> command,
                                                          const StandardDescriptors& descriptors) = 0;
};

/// Starts programs as children of this process.
std::shared_ptr<ProcessStarter> directStarter();

}  // namespace epi
