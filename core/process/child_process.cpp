#include "core/process/child_process.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <thread>
#include <utility>

#include "core/base/printable.h"
#include "core/process/spawn.h"

#include <fcntl.h>
#include <unistd.h>

namespace epi {
namespace {

using namespace std::chrono_literals;

constexpr auto kWaitStep = 5ms;
constexpr auto kKillLimit = 2000ms;  // a process stuck inside a driver does not even die of SIGKILL

struct Pipe {
    FileDescriptor reading;
    FileDescriptor writing;
};

Result<Pipe> makePipe() {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) return systemError("cannot make a pipe", errno);
    Pipe pipe{FileDescriptor(ends[0]), FileDescriptor(ends[1])};
    EPI_TRY(raiseAboveStandard(pipe.reading));
    EPI_TRY(raiseAboveStandard(pipe.writing));
    return pipe;
}

Result<void> setNonBlocking(const FileDescriptor& fd) {
    const int flags = ::fcntl(fd.get(), F_GETFL);
    if (flags < 0 || ::fcntl(fd.get(), F_SETFL, flags | O_NONBLOCK) != 0) {
        return systemError("cannot make a pipe non-blocking", errno);
    }
    return {};
}

}  // namespace

Result<ChildProcess> ChildProcess::start(std::span<const std::string> command, ProcessStarter& starter) {
    if (command.empty()) return Error{ErrorCode::kInvalidArgument, "no program to start"};
    for (const std::string& argument : command) {
        if (argument.find('\0') == std::string::npos) continue;
        return Error{ErrorCode::kInvalidArgument,
                     "a program cannot be given the argument " + inQuotes(argument) +
                         ", which holds a byte of value 0"};
    }
    EPI_TRY_ASSIGN(Pipe input, makePipe());
    EPI_TRY_ASSIGN(Pipe output, makePipe());
    EPI_TRY_ASSIGN(Pipe errorOutput, makePipe());
    EPI_TRY(setNonBlocking(input.writing));
    EPI_TRY(setNonBlocking(output.reading));
    EPI_TRY(setNonBlocking(errorOutput.reading));

    ChildProcess child;
    EPI_TRY_ASSIGN(child.control_,
                   starter.start(command,
                                 {.input = input.reading.get(),
                                  .output = output.writing.get(),
                                  .errorOutput = errorOutput.writing.get()}));
    child.input_ = std::move(input.writing);
    child.output_ = std::move(output.reading);
    child.errorOutput_ = std::move(errorOutput.reading);
    return child;
}

Result<ChildProcess> ChildProcess::start(std::span<const std::string> command) {
    return start(command, *directStarter());
}

ChildProcess::~ChildProcess() {
    end(0ms);
}

std::optional<std::string> ChildProcess::waitFor(std::chrono::milliseconds limit) {
    const auto deadline = std::chrono::steady_clock::now() + limit;
    for (;;) {
        if (auto ending = control_->ending()) return ending;
        if (std::chrono::steady_clock::now() >= deadline) return std::nullopt;
        std::this_thread::sleep_for(kWaitStep);
    }
}

void ChildProcess::terminate() {
    control_->signal(SIGTERM);
}

void ChildProcess::kill() {
    control_->signal(SIGKILL);
}

void ChildProcess::end(std::chrono::milliseconds grace) {
    if (!control_) return;
    input_.close();
    output_.close();
    errorOutput_.close();
    if (!waitFor(grace)) {
        kill();
        static_cast<void>(waitFor(kKillLimit));
    }
    control_.reset();
}

}  // namespace epi
