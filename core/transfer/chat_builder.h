#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/json_reader.h"
#include "core/transfer/chat_format.h"

namespace epi {

/// A message as other programs keep it: linked to the one before it by id, in any order.
struct LinkedMessage {
    std::string id;
    std::string parentId;                    // empty or unknown: begins the chat
    std::optional<PortableMessage> message;  // none: only a link of the chain
};

/// Puts messages into the tree of `read.chat`, parents first and siblings in the order given; links without a
/// message are bridged. `currentId` names the end of the branch that is shown: its nearest message. Messages
/// that cannot be reached from a beginning are counted as kUnlinkedTurn.
void addLinked(std::vector<LinkedMessage> messages, std::string_view currentId, ReadChat& read);

/// Appends a message to the branch that is shown.
void appendMessage(ReadChat& read, PortableMessage message);

/// The text of a member; empty when it is absent or null. Another type is kCorruptData.
Result<std::string> textIn(const JsonReader& object, std::string_view key);

/// Whether an object has all these members.
bool hasMembers(const JsonReader& value, std::initializer_list<std::string_view> keys);

/// Whether `text` has anything but white space.
bool hasText(std::string_view text);

}  // namespace epi
