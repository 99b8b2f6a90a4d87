#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/chat/conversation.h"

namespace epi {

/// A message of a PortableChat.
struct PortableMessage {
    std::string id;  // tells it from the chat's other messages wherever the chat goes; may be empty
    std::optional<std::size_t> parent;  // place in the list of the message it follows; none: begins the chat
    Role role = Role::kUser;
    std::string speaker;
    std::string text;
    std::string caption;
    std::string session;
    std::string state = "complete";  // name of a MessageState of the storage
    std::string details;             // JSON object or empty
    std::int64_t createdAtMs = 0;    // 0 where the source does not say
    std::int64_t leftBranch = 0;     // grows; of several versions the last to leave the branch was shown last
    std::optional<std::int64_t> removedAtMs;  // taken out of the chat since; the branch passes over it
    bool isPinned = false;                    // every memory keeps it whole
};

/// A whole chat as a value, with all its branches and without any row id: what importers read and exporters
/// write.
struct PortableChat {
    std::string uid;       // the same in every profile the chat comes to, e.g. "chatgpt:5f0c…"
    std::string sourceId;  // a short name to call it by, e.g. "conv-26"; may be empty
    std::string title;
    HistoryLayout layout = HistoryLayout::kChat;
    std::vector<std::string> speakers;
    std::string systemPrompt;
    std::string memory;    // JSON of MemoryOptions or empty
    std::string sampling;  // JSON of SamplingOptions or empty
    std::string draft;
    std::string folder;  // name; empty: none
    std::vector<std::string> tags;
    bool isPinned = false;
    bool isArchived = false;
    std::int64_t createdAtMs = 0;
    std::int64_t updatedAtMs = 0;
    std::vector<PortableMessage> messages;  // parents before the messages that follow them
    std::optional<std::size_t> current;     // place of the last message of the branch that is shown
    std::vector<BenchmarkQuestion> questions;
};

/// Places of the messages of the branch that ends at `chat.current`, in reading order, without those that
/// were taken out.
std::vector<std::size_t> activeBranch(const PortableChat& chat);

/// The first words of the first thing the user says, on one line; empty when nothing is said.
std::string titleFromText(const PortableChat& chat);

/// A conversation between named people as a chat; `uid` covers its content, so that a changed file makes
/// another chat.
PortableChat portableChatOf(ImportedConversation conversation);

/// 64 bits over title and messages as hexadecimal digits: the identity of a chat whose source has none.
std::string contentKey(const PortableChat& chat);

}  // namespace epi
