#include "core/process/launcher.h"

#include <array>
#include <cerrno>
#include <cstring>

#include "core/base/printable.h"
#include "core/process/launcher_process.h"
#include "core/process/spawn.h"
#include "core/process/unix_socket.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace epi {
namespace {

class LaunchedProgram final : public ProcessControl {
public:
    explicit LaunchedProgram(FileDescriptor socket) : socket_(std::move(socket)) {}

    std::optional<std::string> ending() override {
        if (ending_) return ending_;
        const Reception report = receiveMessage(socket_.get(), Waiting::kNo, kLongestReport);
        if (report.isClosed) ending_ = "unknown exit status: the launcher has ended";
        if (report.message && report.message->bytes.size() == 1 + sizeof(int)) {
            int status = 0;
            std::memcpy(&status, report.message->bytes.data() + 1, sizeof status);
            ending_ = describeEnding(status);
        }
        return ending_;
    }

    void signal(int number) override {
        if (ending_) return;
        const char byte = static_cast<char>(number);
        // When the launcher is gone, so is the program, and `ending` says so.
        static_cast<void>(sendMessage(socket_.get(), std::string_view(&byte, 1)));
    }

private:
    FileDescriptor socket_;
    std::optional<std::string> ending_;
};

Result<void> readOutcome(const FileDescriptor& socket) {
    const Reception report = receiveMessage(socket.get(), Waiting::kYes, kLongestReport);
    if (!report.message) {
        return Error{ErrorCode::kIo,
                     "the process that starts other programs has ended: close EpiChat and start it again"};
    }
    const std::string& bytes = report.message->bytes;
    if (bytes[0] != kFailed || bytes.size() < 2) return {};
    return Error{static_cast<ErrorCode>(bytes[1]), bytes.substr(2)};
}

}  // namespace

Result<std::shared_ptr<Launcher>> Launcher::begin() {
    EPI_TRY_ASSIGN(auto sockets, makeSocketPair());
    const pid_t pid = ::fork();
    if (pid < 0) return systemError("cannot fork the launcher", errno);
    if (pid == 0) {
        sockets.first.close();
        runLauncher(std::move(sockets.second));
    }
    return std::make_shared<Launcher>(pid, std::move(sockets.first));
}

Launcher::~Launcher() {
    socket_.close();
    while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
    }
}

Result<FileDescriptor> Launcher::request(char kind,
                                         std::span<const std::string> command,
                                         const StandardDescriptors& descriptors) {
    EPI_TRY_ASSIGN(auto sockets, makeSocketPair());
    std::string bytes(1, kind);
    for (const std::string& argument : command)
        bytes.append(argument).push_back('\0');
    const std::array passed{
        descriptors.input, descriptors.output, descriptors.errorOutput, sockets.second.get()};
    if (auto sent = sendMessage(socket_.get(), bytes, passed); !sent) {
        return std::move(sent).error().with("cannot start " + inQuotes(command.front()));
    }
    sockets.second.close();
    EPI_TRY(readOutcome(sockets.first));
    return std::move(sockets.first);
}

Result<std::unique_ptr<ProcessControl>> Launcher::start(std::span<const std::string> command,
                                                        const StandardDescriptors& descriptors) {
    EPI_TRY_ASSIGN(FileDescriptor socket, request(kStartRequest, command, descriptors));
    return std::unique_ptr<ProcessControl>(std::make_unique<LaunchedProgram>(std::move(socket)));
}

Result<void> Launcher::startDetached(std::span<const std::string> command) {
    const FileDescriptor nothing(::open("/dev/null", O_RDWR | O_CLOEXEC));
    if (!nothing.isOpen()) return systemError("cannot open /dev/null", errno);
    EPI_TRY(request(kStartDetachedRequest, command, {nothing.get(), nothing.get(), nothing.get()}));
    return {};
}

}  // namespace epi
