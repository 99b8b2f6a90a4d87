#include "core/wire/child_process.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstring>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace epi {
namespace {

using namespace std::chrono_literals;

constexpr int kFirstFreeDescriptor = 3;
constexpr auto kWaitStep = 5ms;
constexpr auto kKillLimit = 2000ms;  // a process stuck inside a driver does not even die of SIGKILL

Error systemError(const std::string& what, int error) {
    const ErrorCode code = error == ENOENT ? ErrorCode::kNotFound : ErrorCode::kIo;
    return Error{code, what + ": " + std::system_category().message(error)};
}

struct Pipe {
    FileDescriptor reading;
    FileDescriptor writing;
};

/// Above the standard descriptors even where ours are closed, or the child's dup2 calls would meet them.
Result<void> raise(FileDescriptor& fd) {
    if (fd.get() >= kFirstFreeDescriptor) return {};
    const int high = ::fcntl(fd.get(), F_DUPFD_CLOEXEC, kFirstFreeDescriptor);
    if (high < 0) return systemError("cannot duplicate a pipe", errno);
    fd = FileDescriptor(high);
    return {};
}

Result<Pipe> makePipe() {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) return systemError("cannot make a pipe", errno);
    Pipe pipe{FileDescriptor(ends[0]), FileDescriptor(ends[1])};
    EPI_TRY(raise(pipe.reading));
    EPI_TRY(raise(pipe.writing));
    return pipe;
}

Result<void> setNonBlocking(const FileDescriptor& fd) {
    const int flags = ::fcntl(fd.get(), F_GETFL);
    if (flags < 0 || ::fcntl(fd.get(), F_SETFL, flags | O_NONBLOCK) != 0) {
        return systemError("cannot make a pipe non-blocking", errno);
    }
    return {};
}

struct Launch {
    std::vector<char*> arguments;
    pid_t parent = 0;
    int input = -1;
    int output = -1;
    int errorOutput = -1;
    int status = -1;  // closed by a successful exec, gets errno otherwise
};

/// The child between fork and exec; other threads of ours may have held any lock, so system calls only.
[[noreturn]] void becomeProgram(const Launch& launch) {
    ::prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (::getppid() != launch.parent) ::_exit(127);

    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    struct sigaction standard {};
    standard.sa_handler = SIG_DFL;
    ::sigaction(SIGPIPE, &standard, nullptr);

    if (::dup2(launch.input, STDIN_FILENO) >= 0 && ::dup2(launch.output, STDOUT_FILENO) >= 0 &&
        ::dup2(launch.errorOutput, STDERR_FILENO) >= 0) {
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

std::string describe(int status) {
    if (WIFEXITED(status)) return "exit code " + std::to_string(WEXITSTATUS(status));
    const int signal = WTERMSIG(status);
    const char* description = ::sigdescr_np(signal);
    std::string name = description != nullptr ? description : "unknown";
    std::ranges::transform(name, name.begin(), [](unsigned char c) { return std::tolower(c); });
    return "signal " + std::to_string(signal) + " (" + name + ")";
}

}  // namespace

Result<ChildProcess> ChildProcess::start(std::span<const std::string> command) {
    if (command.empty()) return Error{ErrorCode::kInvalidArgument, "no program to start"};
    EPI_TRY_ASSIGN(Pipe input, makePipe());
    EPI_TRY_ASSIGN(Pipe output, makePipe());
    EPI_TRY_ASSIGN(Pipe errorOutput, makePipe());
    EPI_TRY_ASSIGN(Pipe status, makePipe());
    EPI_TRY(setNonBlocking(input.writing));
    EPI_TRY(setNonBlocking(output.reading));
    EPI_TRY(setNonBlocking(errorOutput.reading));

    Launch launch;
    for (const std::string& argument : command) {
        launch.arguments.push_back(const_cast<char*>(argument.c_str()));
    }
    launch.arguments.push_back(nullptr);
    launch.parent = ::getpid();
    launch.input = input.reading.get();
    launch.output = output.writing.get();
    launch.errorOutput = errorOutput.writing.get();
    launch.status = status.writing.get();

    const pid_t pid = ::fork();
    if (pid < 0) return systemError("cannot start '" + command.front() + "'", errno);
    if (pid == 0) becomeProgram(launch);

    ChildProcess child;
    child.pid_ = pid;
    child.input_ = std::move(input.writing);
    child.output_ = std::move(output.reading);
    child.errorOutput_ = std::move(errorOutput.reading);
    status.writing.close();
    if (const int error = readExecError(status.reading.get()); error != 0) {
        return systemError("cannot start '" + command.front() + "'", error);
    }
    return child;
}

ChildProcess::ChildProcess(ChildProcess&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      input_(std::move(other.input_)),
      output_(std::move(other.output_)),
      errorOutput_(std::move(other.errorOutput_)),
      ending_(std::move(other.ending_)) {}

ChildProcess::~ChildProcess() {
    end(0ms);
}

std::optional<std::string> ChildProcess::waitFor(std::chrono::milliseconds limit) {
    const auto deadline = std::chrono::steady_clock::now() + limit;
    while (!ending_) {
        int status = 0;
        const pid_t pid = ::waitpid(pid_, &status, WNOHANG);
        if (pid == pid_) {
            ending_ = describe(status);
        } else if (pid < 0 && errno != EINTR) {
            ending_ = "unknown exit status";  // somebody else waited for it, or SIGCHLD is ignored
        } else if (std::chrono::steady_clock::now() >= deadline) {
            return std::nullopt;
        } else {
            std::this_thread::sleep_for(kWaitStep);
        }
    }
    return ending_;
}

void ChildProcess::kill() {
    // Not after it was waited for: the number may be another process's by then.
    if (pid_ > 0 && !ending_) ::kill(pid_, SIGKILL);
}

void ChildProcess::end(std::chrono::milliseconds grace) {
    if (pid_ <= 0) return;
    input_.close();
    output_.close();
    errorOutput_.close();
    if (!waitFor(grace)) {
        kill();
        if (!waitFor(kKillLimit)) std::thread([pid = pid_] { ::waitpid(pid, nullptr, 0); }).detach();
    }
    pid_ = -1;
}

}  // namespace epi
