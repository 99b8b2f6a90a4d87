#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/file.h"
#include "core/base/result.h"

namespace epi {

inline constexpr std::size_t kLongestMessage = 65536;  // bytes
inline constexpr std::size_t kMostDescriptors = 4;     // that a message carries

/// What has arrived as one message.
struct SocketMessage {
    std::string bytes;
    std::vector<FileDescriptor> descriptors;  // close-on-exec
};

/// Two connected sockets (AF_UNIX) that keep messages apart; close-on-exec. Internal to core/process.
Result<std::pair<FileDescriptor, FileDescriptor>> makeSocketPair();

/// kInvalidArgument for one that is too long; kIo when the other end is closed. Waits while the other end
/// does not read.
Result<void> sendMessage(int socket, std::string_view bytes, std::span<const int> descriptors = {});

enum class Waiting { kNo, kYes };

struct Reception {
    std::optional<SocketMessage> message;  // nothing: none is there now, or will ever be
    bool isClosed = false;                 // the other end is gone and everything from it was read
};
/// What is longer than `longest` is cut.
Reception receiveMessage(int socket, Waiting waiting, std::size_t longest = kLongestMessage);

}  // namespace epi
