#pragma once

#include <memory>
#include <span>
#include <string>

#include "core/base/file.h"
#include "core/process/process_starter.h"

#include <sys/types.h>

namespace epi {

/// Starts programs through a small process that was forked before this one gave up a right, such as that to
/// open network connections, which they would otherwise be without as well. Each program has a socket of its
/// own to the launcher, by which it can be sent signals and its end is told: no process can be named that was
/// not started here. When this process ends, however that happens, the launcher ends the programs it started
/// (SIGTERM, and SIGKILL after two seconds), and then itself. Any thread.
class Launcher final : public ProcessStarter {
public:
    /// Forks. Requires: this process has no other thread yet.
    static Result<std::shared_ptr<Launcher>> begin();
    Launcher(pid_t pid, FileDescriptor socket) : pid_(pid), socket_(std::move(socket)) {}
    Launcher(const Launcher&) = delete;
    Launcher& operator=(const Launcher&) = delete;
    /// Waits for the launcher's end.
    ~Launcher() override;

    [[nodiscard]] pid_t pid() const { return pid_; }

    Result<std::unique_ptr<ProcessControl>> start(std::span<const std::string> command,
                                                  const StandardDescriptors& descriptors) override;
    /// Starts a program that has nothing to do with us any more, such as a browser: in a session of its own,
    /// without input and output, and it stays when we end.
    Result<void> startDetached(std::span<const std::string> command);

private:
    Result<FileDescriptor> request(char kind,
                                   std::span<const std::string> command,
                                   const StandardDescriptors& descriptors);

    pid_t pid_;
    FileDescriptor socket_;
};

}  // namespace epi
