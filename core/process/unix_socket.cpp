#include "core/process/unix_socket.h"

#include <array>
#include <cerrno>
#include <cstring>

#include "core/base/printable.h"
#include "core/process/spawn.h"

#include <sys/socket.h>
#include <sys/uio.h>

namespace epi {
namespace {

constexpr std::size_t kControlBytes = CMSG_SPACE(sizeof(int) * kMostDescriptors);

std::vector<FileDescriptor> takeDescriptors(msghdr& header) {
    std::vector<FileDescriptor> taken;
    for (cmsghdr* part = CMSG_FIRSTHDR(&header); part != nullptr; part = CMSG_NXTHDR(&header, part)) {
        if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
        const std::size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (std::size_t i = 0; i < count; ++i) {
            int descriptor = -1;
            std::memcpy(&descriptor, CMSG_DATA(part) + i * sizeof(int), sizeof descriptor);
            taken.emplace_back(descriptor);
        }
    }
    return taken;
}

}  // namespace

Result<std::pair<FileDescriptor, FileDescriptor>> makeSocketPair() {
    std::array<int, 2> ends{};
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0) {
        return systemError("cannot make a pair of sockets", errno);
    }
    std::pair<FileDescriptor, FileDescriptor> sockets{FileDescriptor(ends[0]), FileDescriptor(ends[1])};
    EPI_TRY(raiseAboveStandard(sockets.first));
    EPI_TRY(raiseAboveStandard(sockets.second));
    return sockets;
}

Result<void> sendMessage(int socket, std::string_view bytes, std::span<const int> descriptors) {
    if (bytes.size() > kLongestMessage || descriptors.size() > kMostDescriptors) {
        return Error{ErrorCode::kInvalidArgument,
                     "a command line of " + grouped(bytes.size()) + " bytes is too long; up to " +
                         grouped(kLongestMessage) + " are passed on"};
    }
    iovec text{const_cast<char*>(bytes.data()), bytes.size()};
    alignas(cmsghdr) std::array<char, kControlBytes> control{};
    msghdr header{};
    header.msg_iov = &text;
    header.msg_iovlen = 1;
    if (!descriptors.empty()) {
        header.msg_control = control.data();
        header.msg_controllen = CMSG_SPACE(descriptors.size_bytes());
        cmsghdr* part = CMSG_FIRSTHDR(&header);
        part->cmsg_level = SOL_SOCKET;
        part->cmsg_type = SCM_RIGHTS;
        part->cmsg_len = CMSG_LEN(descriptors.size_bytes());
        std::memcpy(CMSG_DATA(part), descriptors.data(), descriptors.size_bytes());
    }
    ssize_t sent = 0;
    do
        sent = ::sendmsg(socket, &header, MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    if (sent < 0) return systemError("cannot send a message", errno);
    return {};
}

Reception receiveMessage(int socket, Waiting waiting, std::size_t longest) {
    std::string bytes(longest, '\0');
    iovec text{bytes.data(), bytes.size()};
    alignas(cmsghdr) std::array<char, kControlBytes> control{};
    msghdr header{};
    ssize_t count = 0;
    do {
        header = {};
        header.msg_iov = &text;
        header.msg_iovlen = 1;
        header.msg_control = control.data();
        header.msg_controllen = control.size();
        const int flags = MSG_CMSG_CLOEXEC | (waiting == Waiting::kNo ? MSG_DONTWAIT : 0);
        count = ::recvmsg(socket, &header, flags);
        // A reset only says that the other end went without reading all; what it sent before is still there.
    } while (count < 0 && (errno == EINTR || errno == ECONNRESET));
    if (count < 0) return {.message = {}, .isClosed = errno != EAGAIN};
    SocketMessage message{.bytes = {}, .descriptors = takeDescriptors(header)};
    // Nobody sends empty messages, so this is the end.
    if (count == 0) return {.message = {}, .isClosed = true};
    bytes.resize(static_cast<std::size_t>(count));
    message.bytes = std::move(bytes);
    return {.message = std::move(message), .isClosed = false};
}

}  // namespace epi
