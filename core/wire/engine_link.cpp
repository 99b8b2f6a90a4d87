#include "core/wire/engine_link.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <system_error>
#include <utility>

#include "core/base/known_error.h"

#include <poll.h>
#include <unistd.h>

namespace epi {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kErrorTailBytes = 8192;
constexpr std::size_t kReadBytes = 65536;
constexpr int kReadsAtOnce = 16;    // then the other pipes get their turn
constexpr auto kExitDelay = 500ms;  // between a process's last pipe closing and its end
constexpr auto kMaxWait = 3'600'000ms;

/// Bytes read; 0 at the end of the stream, -1 when there is nothing now.
ssize_t readSome(int fd, std::span<char> buffer) {
    for (;;) {
        const ssize_t count = ::read(fd, buffer.data(), buffer.size());
        if (count >= 0) return count;
        if (errno == EAGAIN) return -1;
        if (errno != EINTR) return 0;
    }
}

/// Passes on what fits without blocking: a stopped terminal must not stop the heartbeat.
void forwardToOwnErrorOutput(std::string_view text) {
    while (!text.empty()) {
        pollfd own{STDERR_FILENO, POLLOUT, 0};
        if (::poll(&own, 1, 0) != 1 || (own.revents & POLLOUT) == 0) return;
        const ssize_t count =
            ::write(STDERR_FILENO, text.data(), std::min<std::size_t>(text.size(), PIPE_BUF));
        if (count <= 0) return;
        text.remove_prefix(static_cast<std::size_t>(count));
    }
}

}  // namespace

Result<std::unique_ptr<EngineLink>> EngineLink::open(const RemoteEngineConfig& config) {
    EPI_TRY_ASSIGN(ChildProcess child, ChildProcess::start(config.command, *config.starter));
    return std::make_unique<EngineLink>(std::move(child), config);
}

EngineLink::EngineLink(ChildProcess child, const RemoteEngineConfig& config)
    : config_(config), child_(std::move(child)), nextPing_(Clock::now()) {}

Result<void> EngineLink::exchange(int wakeFd, std::vector<MessageFromEngine>& received) {
    pingWhenDue();
    waitForInput(wakeFd);
    const bool hasEnded = child_.waitFor(0ms).has_value();
    readErrorOutput();
    EPI_TRY(readMessages(received));
    // Looked at before the read above, so nothing it said is lost; its output may be held open by others.
    if (hasEnded) return ended();
    if (!writeOutgoing()) {
        EPI_TRY(readMessages(received));
        return ended();
    }
    if (isAnswerOwed_ && Clock::now() - silentSince_ >= config_.silenceLimit) {
        char seconds[32];
        std::snprintf(seconds, sizeof seconds, "%g", static_cast<double>(config_.silenceLimit.count()) / 1e3);
        return makeError(ErrorCode::kIo, KnownError::kEngineSilent, {seconds});
    }
    return {};
}

void EngineLink::pingWhenDue() {
    const auto now = Clock::now();
    if (isAnswerOwed_ || now < nextPing_) return;
    const auto frame = encode(MessageToEngine(Ping{}));
    if (!frame) return;
    send(*frame);
    pingEnd_ = outgoing_.size();
    isAnswerOwed_ = true;
    silentSince_ = now;
    nextPing_ = now + config_.pingInterval;
}

void EngineLink::waitForInput(int wakeFd) {
    const auto due = isAnswerOwed_ ? silentSince_ + config_.silenceLimit : nextPing_;
    const auto wait = std::clamp(std::chrono::ceil<std::chrono::milliseconds>(due - Clock::now()),
                                 0ms,
                                 std::chrono::milliseconds(kMaxWait));
    std::array<pollfd, 4> waits{pollfd{wakeFd, POLLIN, 0},
                                pollfd{child_.output(), POLLIN, 0},
                                pollfd{child_.errorOutput(), POLLIN, 0},
                                pollfd{written_ < outgoing_.size() ? child_.input() : -1, POLLOUT, 0}};
    ::poll(waits.data(), waits.size(), static_cast<int>(wait.count()));
}

Result<void> EngineLink::readMessages(std::vector<MessageFromEngine>& received) {
    std::array<char, kReadBytes> buffer{};
    for (int i = 0; i < kReadsAtOnce; ++i) {
        const ssize_t count = readSome(child_.output(), buffer);
        if (count < 0) return {};
        if (count == 0) return ended();
        isAnswerOwed_ = false;
        decoder_.feed(std::span(buffer).first(static_cast<std::size_t>(count)));
        EPI_TRY(decodeMessages(received));
    }
    return {};
}

Result<void> EngineLink::decodeMessages(std::vector<MessageFromEngine>& received) {
    const auto malformed = [](Error error) {
        return error.code == ErrorCode::kUnsupported
                   ? std::move(error).with("the engine does not fit")
                   : std::move(error).with("the engine sent a malformed frame");
    };
    for (;;) {
        auto frame = decoder_.next();
        if (!frame) return malformed(std::move(frame).error());
        if (!*frame) return {};
        auto message = decodeMessageFromEngine(**std::move(frame));
        if (!message) return malformed(std::move(message).error());
        if (*message) received.push_back(**std::move(message));
    }
}

void EngineLink::readErrorOutput() {
    std::array<char, 4096> buffer{};
    for (int i = 0; i < kReadsAtOnce && child_.errorOutput() >= 0; ++i) {
        const ssize_t count = readSome(child_.errorOutput(), buffer);
        if (count < 0) return;
        if (count == 0) return child_.closeErrorOutput();
        const std::string_view text(buffer.data(), static_cast<std::size_t>(count));
        forwardToOwnErrorOutput(text);
        errorTail_ += text;
        if (errorTail_.size() > kErrorTailBytes) errorTail_.erase(0, errorTail_.size() - kErrorTailBytes);
    }
}

bool EngineLink::writeOutgoing() {
    while (written_ < outgoing_.size()) {
        const ssize_t count =
            ::write(child_.input(), outgoing_.data() + written_, outgoing_.size() - written_);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return errno == EAGAIN;
        // What still waits behind a long command is not asked yet: no silence on a slow line.
        if (written_ < pingEnd_) silentSince_ = Clock::now();
        written_ += static_cast<std::size_t>(count);
    }
    outgoing_.clear();
    written_ = 0;
    pingEnd_ = 0;
    return true;
}

Error EngineLink::ended() {
    const auto ending = child_.waitFor(kExitDelay);
    readErrorOutput();
    if (!ending) return makeError(ErrorCode::kIo, KnownError::kEngineClosedPipes);
    return makeError(ErrorCode::kIo, KnownError::kEngineStopped, {*ending});
}

std::string EngineLink::lastWords() const {
    if (errorTail_.size() < kErrorTailBytes) return errorTail_;
    const std::size_t lineEnd = errorTail_.find('\n');
    return lineEnd == std::string::npos ? errorTail_ : errorTail_.substr(lineEnd + 1);
}

}  // namespace epi
