#include "core/process/spawn.h"

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstring>
#include <system_error>
#include <vector>

#include "core/base/printable.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace epi {
namespace {

constexpr int kFirstFreeDescriptor = 3;

struct Launch {
    std::vector<char*> arguments;
    pid_t parent = 0;
    Lifetime lifetime = Lifetime::kOurs;
    StandardDescriptors descriptors;
    int status = -1;  // closed by a successful exec, gets errno otherwise
};

/// The child between fork and exec; other threads of ours may have held any lock, so system calls only.
[[noreturn]] void becomeProgram(const Launch& launch) {
    if (launch.lifetime == Lifetime::kOwn) {
        ::setsid();
    } else {
        ::prctl(PR_SET_PDEATHSIG, SIGTERM);
        if (::getppid() != launch.parent) ::_exit(127);
    }

    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    struct sigaction standard {};
    standard.sa_handler = SIG_DFL;
    ::sigaction(SIGPIPE, &standard, nullptr);

    const StandardDescriptors& own = launch.descriptors;
    if (::dup2(own.input, STDIN_FILENO) >= 0 && ::dup2(own.output, STDOUT_FILENO) >= 0 &&
        ::dup2(own.errorOutput, STDERR_FILENO) >= 0) {
        // For descriptors that a library opened without O_CLOEXEC; ours have it, so a kernel without this
        // call is no harm.
        ::close_range(kFirstFreeDescriptor, UINT_MAX, CLOSE_RANGE_CLOEXEC);
        ::execvp(launch.arguments.front(), launch.arguments.data());
    }
    const int error = errno;
    static_cast<void>(!::write(launch.status, &error, sizeof error));
    ::_exit(127);
}

/// The errno of a failed exec, 0 after a successful one.
int readExecError(int fd) {
    int error = 0;
    ssize_t count = 0;
    do
        count = ::read(fd, &error, sizeof error);
    while (count < 0 && errno == EINTR);
    return count == static_cast<ssize_t>(sizeof error) ? error : 0;
}

}  // namespace

Error systemError(const std::string& what, int error) {
    const ErrorCode code = error == ENOENT ? ErrorCode::kNotFound : ErrorCode::kIo;
    return Error{code, what + ": " + std::system_category().message(error)};
}

Result<void> raiseAboveStandard(FileDescriptor& descriptor) {
    if (descriptor.get() >= kFirstFreeDescriptor) return {};
    const int high = ::fcntl(descriptor.get(), F_DUPFD_CLOEXEC, kFirstFreeDescriptor);
    if (high < 0) return systemError("cannot duplicate a descriptor", errno);
    descriptor = FileDescriptor(high);
    return {};
}

Result<pid_t> spawn(std::span<const std::string> command,
                    const StandardDescriptors& descriptors,
                    Lifetime lifetime) {
    int ends[2] = {-1, -1};
    if (::pipe2(ends, O_CLOEXEC) != 0) return systemError("cannot make a pipe", errno);
    FileDescriptor outcome(ends[0]);
    FileDescriptor status(ends[1]);
    EPI_TRY(raiseAboveStandard(status));

    Launch launch{.arguments = {},
                  .parent = ::getpid(),
                  .lifetime = lifetime,
                  .descriptors = descriptors,
                  .status = status.get()};
    for (const std::string& argument : command) {
        launch.arguments.push_back(const_cast<char*>(argument.c_str()));
    }
    launch.arguments.push_back(nullptr);

    const std::string what = "cannot start " + inQuotes(command.front());
    const pid_t pid = ::fork();
    if (pid < 0) return systemError(what, errno);
    if (pid == 0) becomeProgram(launch);
    status.close();
    if (const int error = readExecError(outcome.get()); error != 0) {
        ::waitpid(pid, nullptr, 0);
        return systemError(what, error);
    }
    return pid;
}

std::string describeEnding(int waitStatus) {
    if (WIFEXITED(waitStatus)) return "exit code " + std::to_string(WEXITSTATUS(waitStatus));
    const int signal = WTERMSIG(waitStatus);
    const char* description = ::sigdescr_np(signal);
    std::string name = description != nullptr ? description : "unknown";
    std::ranges::transform(name, name.begin(), [](unsigned char c) { return std::tolower(c); });
    return "signal " + std::to_string(signal) + " (" + name + ")";
}

}  // namespace epi
