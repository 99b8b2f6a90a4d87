#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/wire/messages.h"
#include "storage/records.h"

namespace epi {

/// What stands for a turn that the engine holds: enough to see that it has changed.
struct HeldTurn {
    std::int64_t id = 0;
    std::uint64_t digest = 0;  // XXH3 of everything else

    bool operator==(const HeldTurn&) const = default;
};

/// A conversation as the engine holds it. A value that is shared and never changed.
struct HeldConversation {
    HistoryLayout layout = HistoryLayout::kChat;
    std::string systemPrompt;
    std::vector<std::string> speakers;
    std::vector<HeldTurn> turns;

    [[nodiscard]] bool hasFrameOf(const ConversationRecord& conversation) const {
        return layout == conversation.layout && systemPrompt == conversation.systemPrompt &&
               speakers == conversation.speakers;
    }
};

HeldTurn heldTurn(const Turn& turn);

/// The engine's name for a conversation.
std::string engineName(std::int64_t conversationId);

/// Goes through a conversation's messages and finds what the engine does not hold of it. Any thread.
class TurnScan {
public:
    /// `held`: what the engine has; null for nothing. Up to message `unchangedTo` of it all is as it was.
    TurnScan(const ConversationRecord& conversation,
             std::shared_ptr<const HeldConversation> held,
             std::int64_t unchangedTo);

    /// The message to go on with where the beginning need not be read; 0: the first.
    [[nodiscard]] std::int64_t firstMessage() const { return firstMessage_; }
    /// The beginning must be read all the same.
    void readAll();

    /// The next message. One that was not answered is not told: it would leave two questions in a row.
    void add(const MessageRecord& message);
    /// The next message, which cannot be read. It is left out, and so is what was said in the same turn: a
    /// question without its reply, a reply without its question.
    void addDamaged(std::int64_t id);
    /// How many could not be read.
    [[nodiscard]] int damaged() const { return damaged_; }
    /// Bytes of turns to be told that were not taken yet.
    [[nodiscard]] std::size_t pendingBytes() const { return pendingBytes_; }
    /// What is to be told next.
    [[nodiscard]] SyncConversation takePiece(bool isLast);
    /// Whether the engine holds all that was added, and nothing more.
    [[nodiscard]] bool isHeld() const;
    /// What the engine holds when everything was told.
    [[nodiscard]] std::shared_ptr<const HeldConversation> result() const { return told_; }

    // How far the messages have been read.
    std::int64_t place = 0;  // in the branch
    std::int64_t lastMessage = 0;

private:
    std::string name_;
    std::shared_ptr<const HeldConversation> held_;
    std::shared_ptr<HeldConversation> told_;
    bool hasSameFrame_ = false;
    bool isSame_ = true;  // so far
    std::int64_t firstMessage_ = 0;
    void takeBack();

    bool isLastQuestion_ = false;  // the last that was told is one of the user's own
    bool skipsReply_ = false;      // the question before could not be read
    int damaged_ = 0;
    std::int64_t lastDamaged_ = 0;
    std::vector<Turn> pending_;
    std::size_t pendingBytes_ = 0;
};

}  // namespace epi
