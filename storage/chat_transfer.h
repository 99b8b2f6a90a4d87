#pragma once

#include <cstdint>
#include <vector>

#include "core/base/result.h"
#include "core/transfer/portable_chat.h"
#include "storage/conversation_repository.h"
#include "storage/history_repository.h"
#include "storage/message_repository.h"
#include "storage/pin_repository.h"
#include "storage/transfer_records.h"
#include "storage/version_repository.h"

namespace epi {

/// Whole chats into the database and out of it. An import looks first what it would change (`plan`), then
/// changes that (`apply`, inside the caller's transaction): a chat is found by its uid, its messages by their
/// ids; what is there stays as it is, what is new is added, and where nobody went on with the chat the branch
/// the file shows becomes the active one.
class ChatTransfer {
public:
    struct Tables {
        ConversationRepository& conversations;
        MessageRepository& messages;
        VersionRepository& versions;
        HistoryRepository& history;
        PinRepository& pins;
    };
    explicit ChatTransfer(const Tables& tables)
        : conversations_(tables.conversations),
          messages_(tables.messages),
          versions_(tables.versions),
          history_(tables.history),
          pins_(tables.pins) {}

    struct Plan {
        ImportOutcome outcome;
        std::vector<MessageRecord> stored;              // of the conversation that is there
        std::vector<std::optional<std::size_t>> known;  // per message of the chat: its place in `stored`
    };

    Result<Plan> plan(const PortableChat& chat);
    Result<ImportOutcome> apply(const PortableChat& chat, Plan plan);

    Result<PortableChat> portable(std::int64_t conversationId);

private:
    Result<std::int64_t> insertConversation(const PortableChat& chat);
    Result<void> insertAll(std::int64_t conversationId, const PortableChat& chat);
    Result<void> insertNew(const PortableChat& chat, Plan& plan);

    ConversationRepository& conversations_;
    MessageRepository& messages_;
    VersionRepository& versions_;
    HistoryRepository& history_;
    PinRepository& pins_;
};

}  // namespace epi
