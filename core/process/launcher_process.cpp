#include "core/process/launcher_process.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstring>
#include <string>
#include <vector>

#include "core/process/spawn.h"
#include "core/process/unix_socket.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

namespace epi {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr auto kTerminateGrace = 2000ms;
constexpr auto kKillLimit = 2000ms;  // a process stuck inside a driver does not even die of SIGKILL

struct Program {
    pid_t pid = 0;
    FileDescriptor socket;  // closed when nobody asks any more
    Lifetime lifetime = Lifetime::kOurs;
};

std::vector<std::string> argumentsOf(std::string_view bytes) {
    std::vector<std::string> arguments;
    while (!bytes.empty()) {
        const std::size_t end = std::min(bytes.find('\0'), bytes.size());
        arguments.emplace_back(bytes.substr(0, end));
        bytes.remove_prefix(std::min(end + 1, bytes.size()));
    }
    return arguments;
}

/// One thread, and no lock of another was copied by the fork: it may do what it likes.
class LauncherProcess {
public:
    LauncherProcess(FileDescriptor socket, FileDescriptor childSignals)
        : socket_(std::move(socket)), childSignals_(std::move(childSignals)) {}

    void run() {
        bool isWanted = true;
        while (isWanted) {
            waitForNews();
            reap();
            for (Program& program : programs_)
                obey(program);
            isWanted = takeRequests();
        }
        for (Program& program : programs_)
            letGo(program);
        waitForAll(kTerminateGrace);
        for (const Program& program : programs_) {
            if (program.lifetime == Lifetime::kOurs) ::kill(program.pid, SIGKILL);
        }
        waitForAll(kKillLimit);
    }

private:
    void waitForNews() const {
        std::vector<pollfd> waits{{socket_.get(), POLLIN, 0}, {childSignals_.get(), POLLIN, 0}};
        for (const Program& program : programs_)
            waits.push_back({program.socket.get(), POLLIN, 0});
        ::poll(waits.data(), waits.size(), -1);
    }

    /// Waits for those that have ended, and tells.
    void reap() {
        signalfd_siginfo signal{};
        while (::read(childSignals_.get(), &signal, sizeof signal) > 0) {
        }
        for (;;) {
            int status = 0;
            const pid_t pid = ::waitpid(-1, &status, WNOHANG);
            if (pid <= 0) return;
            const auto program = std::ranges::find(programs_, pid, &Program::pid);
            if (program == programs_.end()) continue;
            if (program->socket.isOpen()) tell(*program, kEnded, bytesOf(status));
            programs_.erase(program);
        }
    }

    /// Sends the program the signals that were asked for.
    static void obey(Program& program) {
        while (program.socket.isOpen()) {
            const Reception word = receiveMessage(program.socket.get(), Waiting::kNo, kLongestReport);
            if (word.isClosed) return letGo(program);
            if (!word.message) return;
            // Not yet waited for, so the number is still this program's.
            ::kill(program.pid, static_cast<unsigned char>(word.message->bytes[0]));
        }
    }

    /// What the kernel does for a child whose parent ends.
    static void letGo(Program& program) {
        program.socket.close();
        if (program.lifetime == Lifetime::kOurs) ::kill(program.pid, SIGTERM);
    }

    /// False when there will be no more.
    bool takeRequests() {
        for (;;) {
            Reception request = receiveMessage(socket_.get(), Waiting::kNo);
            if (request.isClosed) return false;
            if (!request.message) return true;
            answer(*std::move(request.message));
        }
    }

    void answer(SocketMessage request) {
        std::vector<FileDescriptor>& passed = request.descriptors;
        if (passed.size() != kMostDescriptors) return;
        const std::vector<std::string> command = argumentsOf(std::string_view(request.bytes).substr(1));
        Program program;
        program.socket = std::move(passed[3]);
        program.lifetime = request.bytes[0] == kStartRequest ? Lifetime::kOurs : Lifetime::kOwn;
        if (command.empty()) return;
        const auto pid =
            spawn(command,
                  {.input = passed[0].get(), .output = passed[1].get(), .errorOutput = passed[2].get()},
                  program.lifetime);
        if (!pid) {
            const std::string message = pid.error().message.substr(0, kLongestReport - 2);
            tell(program, kFailed, static_cast<char>(pid.error().code) + message);
            return;
        }
        program.pid = *pid;
        tell(program, kStarted, {});
        if (program.lifetime == Lifetime::kOwn) program.socket.close();
        programs_.push_back(std::move(program));
    }

    static std::string bytesOf(int value) {
        std::string bytes(sizeof value, '\0');
        std::memcpy(bytes.data(), &value, sizeof value);
        return bytes;
    }

    static void tell(const Program& program, char word, const std::string& more) {
        // Nobody listens any more: their socket says so by itself.
        static_cast<void>(sendMessage(program.socket.get(), word + more));
    }

    void waitForAll(Clock::duration limit) {
        const auto deadline = Clock::now() + limit;
        const auto isOurs = [](const Program& program) {
            return program.lifetime == Lifetime::kOurs;
        };
        for (;;) {
            reap();
            const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
            if (left <= 0ms || std::ranges::none_of(programs_, isOurs)) return;
            pollfd wait{childSignals_.get(), POLLIN, 0};
            ::poll(&wait, 1, static_cast<int>(left.count()));
        }
    }

    FileDescriptor socket_;
    FileDescriptor childSignals_;
    std::vector<Program> programs_;
};

/// Standard input and output are whoever's that started us, and may wait for our end; errors are still told.
void leaveStandardDescriptors() {
    const FileDescriptor nothing(::open("/dev/null", O_RDWR | O_CLOEXEC));
    if (!nothing.isOpen()) return;
    ::dup2(nothing.get(), STDIN_FILENO);
    ::dup2(nothing.get(), STDOUT_FILENO);
    if (::fcntl(STDERR_FILENO, F_GETFD) < 0) ::dup2(nothing.get(), STDERR_FILENO);
}

}  // namespace

void runLauncher(FileDescriptor socket) {
    ::prctl(PR_SET_NAME, "epichat-launch");
    leaveStandardDescriptors();
    // A Ctrl-C in the terminal is for the window; the launcher ends when the window has.
    sigset_t all;
    ::sigfillset(&all);
    ::sigprocmask(SIG_SETMASK, &all, nullptr);
    sigset_t children;
    ::sigemptyset(&children);
    ::sigaddset(&children, SIGCHLD);
    FileDescriptor childSignals(::signalfd(-1, &children, SFD_CLOEXEC | SFD_NONBLOCK));
    if (!childSignals.isOpen()) ::_exit(1);  // whoever wants a program started is told
    LauncherProcess(std::move(socket), std::move(childSignals)).run();
    ::_exit(0);
}

}  // namespace epi
