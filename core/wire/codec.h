#pragma once

#include <optional>
#include <string>
#include <variant>

#include "core/base/result.h"
#include "core/wire/frame.h"
#include "core/wire/messages.h"

namespace epi {

/// Asks for a Pong; both say nothing but "I am here".
struct Ping {};
struct Pong {};
struct CancelJob {
    JobId job = 0;
};

struct CommandMessage {
    JobId job = 0;
    Command command;
};
struct EventMessage {
    JobId job = 0;
    Event event;
};

using MessageToEngine = std::variant<CommandMessage, CancelJob, Ping>;
using MessageFromEngine = std::variant<EventMessage, Pong>;

/// The bytes of a message's frame; kInvalidArgument when it exceeds the limits of a frame. Bytes of a text
/// that are not UTF-8 arrive as U+FFFD. EngineLost is never sent: kInvalidArgument.
Result<std::string> encode(const MessageToEngine& message);
Result<std::string> encode(const MessageFromEngine& message);

/// The message of a frame; nothing when its kind is unknown (a newer program's; skip it). kCorruptData names
/// the field that is missing or wrong; kUnsupported: a Hello of another protocol version. Fields that are
/// not known are ignored.
Result<std::optional<MessageToEngine>> decodeMessageToEngine(Frame frame);
Result<std::optional<MessageFromEngine>> decodeMessageFromEngine(Frame frame);

}  // namespace epi
