#include <cerrno>
#include <csignal>
#include <thread>

#include "core/process/process_starter.h"
#include "core/process/spawn.h"

#include <sys/wait.h>

namespace epi {
namespace {

class Child final : public ProcessControl {
public:
    explicit Child(pid_t pid) : pid_(pid) {}
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;
    ~Child() override {
        if (!ending()) std::thread([pid = pid_] { ::waitpid(pid, nullptr, 0); }).detach();
    }

    std::optional<std::string> ending() override {
        if (ending_) return ending_;
        int status = 0;
        pid_t pid = 0;
        do
            pid = ::waitpid(pid_, &status, WNOHANG);
        while (pid < 0 && errno == EINTR);
        if (pid == pid_) ending_ = describeEnding(status);
        // Somebody else waited for it, or SIGCHLD is ignored.
        if (pid < 0) ending_ = "unknown exit status";
        return ending_;
    }

    void signal(int number) override {
        // Not after it was waited for: the number may be another process's by then.
        if (!ending_) ::kill(pid_, number);
    }

private:
    pid_t pid_;
    std::optional<std::string> ending_;
};

class DirectStarter final : public ProcessStarter {
public:
    Result<std::unique_ptr<ProcessControl>> start(std::span<const std::string> command,
                                                  const StandardDescriptors& descriptors) override {
        EPI_TRY_ASSIGN(const pid_t pid, spawn(command, descriptors, Lifetime::kOurs));
        return std::unique_ptr<ProcessControl>(std::make_unique<Child>(pid));
    }
};

}  // namespace

std::shared_ptr<ProcessStarter> directStarter() {
    return std::make_shared<DirectStarter>();
}

}  // namespace epi
