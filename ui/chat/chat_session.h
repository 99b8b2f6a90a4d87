#pragma once

#include <memory>
#include <optional>
#include <vector>

#include <QObject>
#include <QString>

#include "storage/records.h"
#include "ui/bridge/engine_client.h"
#include "ui/bridge/store_client.h"
#include "ui/chat/message_model.h"
#include "ui/chat/reply_writer.h"
#include "ui/memory/memory_session.h"

namespace epi {

/// One conversation that was opened, or a draft of one (id 0) that gets its row with the first message. Goes
/// on answering while another conversation is shown. A question is on disk before the engine hears of it.
/// GUI thread only.
class ChatSession final : public QObject {
    Q_OBJECT

public:
    ChatSession(EngineClient& engine, StoreClient& store, ConversationRecord conversation, QObject* parent);

    void load();
    /// Whether the question was taken; not while another is being answered, nor before `loaded`.
    bool send(const QString& text);
    /// Repeats the last question when its answer was not finished.
    void askAgain();
    void stop();
    void setTitle(const QString& title);

    [[nodiscard]] const ConversationRecord& conversation() const { return conversation_; }
    [[nodiscard]] MessageModel& messages() { return messages_; }
    [[nodiscard]] MemorySession& memory() { return memory_; }
    [[nodiscard]] bool isLoaded() const { return isLoaded_; }
    [[nodiscard]] bool isAnswering() const { return state_ != State::kIdle; }
    [[nodiscard]] const std::optional<ReplyDetails>& lastReply() const { return lastReply_; }
    /// The conversation's text as the engine is to know it.
    [[nodiscard]] std::string turnText(qint64 messageId) const;
    [[nodiscard]] qint64 characterCount() const;

Q_SIGNALS:
    void loaded();
    void answeringChanged();
    /// The draft got its row.
    void created(qint64 id);
    /// The list should be read again: messages were added.
    void stored();
    void replyFinished();
    void progressed(const epi::Progress& progress);
    void failed(const epi::Error& error);
    /// The reply is there, but the engine has something to tell, e.g. that positions were counted anew.
    void noticed(const QString& notice);

private:
    enum class State { kIdle, kStoring, kAnswering };
    struct Exchange {
        std::int64_t conversationId = 0;
        MessageRecord question;
        MessageRecord reply;
    };

    void onStored(const Exchange& exchange);
    void ask(std::size_t questionIndex);
    void synchronise(std::size_t messageCount);
    void onProgress(const Progress& progress);
    void onTurnDone(const TurnDone& turn);
    void onFailed(const Error& error);
    void onEngineLost(const QString& reason);
    void finishReply(const QString& text, MessageState state, const ReplyDetails& details);
    void setState(State state);

    EngineClient& engine_;
    StoreClient& store_;
    ConversationRecord conversation_;
    std::vector<MessageRecord> records_;  // as stored, in the order of messages_
    MessageModel messages_;
    MemorySession memory_;
    bool isLoaded_ = false;
    State state_ = State::kIdle;
    bool mustStop_ = false;  // asked for before the question was posted
    JobId job_ = 0;
    int failedRow_ = -1;  // of the last reply that failed, until the next question
    std::unique_ptr<ReplyWriter> writer_;
    std::optional<ReplyDetails> lastReply_;
};

}  // namespace epi
