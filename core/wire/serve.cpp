#include "core/wire/serve.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "core/base/file.h"
#include "core/wire/codec.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

namespace epi {
namespace {

constexpr std::size_t kReadBytes = 65536;

Error systemError(const std::string& what, int error) {
    return Error{ErrorCode::kIo, what + ": " + std::system_category().message(error)};
}

/// The output end and which jobs are open on it. Any thread.
class EventWriter {
public:
    explicit EventWriter(int fd) : fd_(fd), broken_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

    void open(JobId job) {
        const std::lock_guard lock(mutex_);
        open_.insert(job);
    }
    [[nodiscard]] std::set<JobId> openJobs() const {
        const std::lock_guard lock(mutex_);
        return open_;
    }
    /// Readable once the output cannot be written any more.
    [[nodiscard]] int brokenFd() const { return broken_.get(); }
    [[nodiscard]] std::optional<Error> error() const {
        const std::lock_guard lock(mutex_);
        return error_;
    }

    void pong() {
        const std::lock_guard lock(mutex_);
        if (const auto frame = encode(MessageFromEngine(Pong{}))) write(*frame);
    }

    void event(JobId job, Event event) {
        const bool isFirst = std::holds_alternative<Hello>(event);
        const bool isLast = isTerminal(event);
        auto frame = encode(MessageFromEngine(EventMessage{job, std::move(event)}));
        const std::lock_guard lock(mutex_);
        if (!isFirst && !open_.contains(job)) return;
        if (isLast || !frame) open_.erase(job);
        if (frame) return write(*frame);
        // Too large for a frame: the job ends here, for its sender would otherwise wait for ever.
        const auto failed = encode(MessageFromEngine(EventMessage{job, Failed{std::move(frame).error()}}));
        if (failed) write(*failed);
    }

private:
    void write(std::string_view bytes) {
        while (!bytes.empty() && !error_) {
            const ssize_t count = ::write(fd_, bytes.data(), bytes.size());
            if (count >= 0) {
                bytes.remove_prefix(static_cast<std::size_t>(count));
            } else if (errno == EAGAIN) {
                pollfd output{fd_, POLLOUT, 0};
                ::poll(&output, 1, -1);
            } else if (errno != EINTR) {
                error_ = systemError("cannot write an event", errno);
                const std::uint64_t one = 1;
                static_cast<void>(!::write(broken_.get(), &one, sizeof one));
            }
        }
    }

    const int fd_;
    const FileDescriptor broken_;
    mutable std::mutex mutex_;    // serialises writes too
    std::set<JobId> open_;        // guarded by mutex_
    std::optional<Error> error_;  // guarded by mutex_
};

class Session {
public:
    Session(Engine& engine, EventWriter& writer) : engine_(engine), writer_(writer) {}

    /// Until the input ends (success), or either end fails.
    Result<void> run(int inputFd) {
        std::array<char, kReadBytes> buffer{};
        for (;;) {
            std::array<pollfd, 2> waits{pollfd{inputFd, POLLIN, 0}, pollfd{writer_.brokenFd(), POLLIN, 0}};
            if (::poll(waits.data(), waits.size(), -1) < 0 && errno != EINTR) {
                return systemError("cannot wait for commands", errno);
            }
            if (auto error = writer_.error()) return *std::move(error);
            if (waits[0].revents == 0) continue;
            const ssize_t count = ::read(inputFd, buffer.data(), buffer.size());
            if (count < 0 && (errno == EINTR || errno == EAGAIN)) continue;
            if (count < 0) return systemError("cannot read a command", errno);
            if (count == 0) return atEnd();
            decoder_.feed(std::span(buffer).first(static_cast<std::size_t>(count)));
            EPI_TRY(handleFrames());
        }
    }

private:
    Result<void> atEnd() const {
        if (!decoder_.isInsideFrame()) return {};
        return Error{ErrorCode::kCorruptData, "the input ends inside a frame"};
    }

    Result<void> handleFrames() {
        for (;;) {
            EPI_TRY_ASSIGN(auto frame, decoder_.next());
            if (!frame) return {};
            EPI_TRY_ASSIGN(auto message, decodeMessageToEngine(*std::move(frame)));
            if (message) std::visit([this](auto& one) { handle(std::move(one)); }, *message);
        }
    }
    void handle(CommandMessage message) {
        writer_.open(message.job);
        engine_.post(message.job, std::move(message.command));
    }
    void handle(CancelJob cancel) { engine_.cancel(cancel.job); }
    void handle(Ping) { writer_.pong(); }

    Engine& engine_;
    EventWriter& writer_;
    FrameDecoder decoder_;
};

}  // namespace

Result<void> serveEngine(const EngineFactory& factory, int inputFd, int outputFd) {
    std::signal(SIGPIPE, SIG_IGN);
    EventWriter writer(outputFd);
    const std::unique_ptr<Engine> engine =
        factory([&writer](JobId job, Event event) { writer.event(job, std::move(event)); });
    Session session(*engine, writer);
    auto result = session.run(inputFd);
    for (const JobId job : writer.openJobs())
        engine->cancel(job);
    return result;
}

}  // namespace epi
