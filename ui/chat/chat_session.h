#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include <QObject>
#include <QString>

#include "storage/records.h"
#include "ui/bridge/conversation_sync.h"
#include "ui/bridge/engine_client.h"
#include "ui/bridge/store_client.h"
#include "ui/chat/message_model.h"
#include "ui/chat/reply_writer.h"
#include "ui/memory/memory_session.h"
#include "ui/settings/persona.h"

namespace epi {

/// One conversation that was opened, or a draft of one (id 0) that gets its row with the first message. Goes
/// on answering while another conversation is shown. A question is on disk before the engine hears of it.
/// GUI thread only.
class ChatSession final : public QObject {
    Q_OBJECT

public:
    ChatSession(EngineClient& engine,
                StoreClient& store,
                ConversationSync& sync,
                ConversationRecord conversation);

    void load();
    /// Whether the question was taken; not while another is being answered, nor before `loaded`.
    bool send(const QString& text);
    void stop();

    // Turns and their versions. Each is refused, with `refused` saying why, while a reply is written and
    // where the message is none it can be done to. What was there before is kept.
    /// Answers the question of this reply again, or a last question that has no reply; as another version,
    /// unless nothing was said yet. With `episode` from that one instead of the best match.
    void regenerate(int row, std::optional<std::int32_t> episode = {});
    /// Sends another version of the user's own message. Whether it was taken.
    bool edit(int row, const QString& text);
    /// Goes on with the last reply where it was cut off.
    void continueReply(int row);
    /// Shows the version `delta` before or behind the one at `row`.
    void stepVersion(int row, int delta);
    /// Shows the branch with a message of another one; `revealed` when it is there.
    void reveal(qint64 messageId);
    /// Takes the turn out; `removed` says what `restore` puts back.
    void removeTurn(int row);
    void restore(const std::vector<std::int64_t>& messageIds);
    /// Puts back everything that was taken out.
    void restoreAll();
    /// Whether every memory is to keep a message whole; `pinChanged` when it is stored.
    void setPinned(int row, bool isPinned);
    /// Does something with a row when it and its neighbours are in memory: at once where they are, or where
    /// there is no such row (-1).
    void withRow(int row, std::function<void(int row)> work);
    // What is not in memory counts as nothing here.
    /// The row of the reply that `regenerate` at `row` answers again; -1 without.
    [[nodiscard]] int replyRow(int row) const;
    [[nodiscard]] bool canEdit(int row) const;
    [[nodiscard]] bool canContinue(int row) const;
    void setTitle(const QString& title);
    /// What counts for a chat without settings of its own; a new chat takes the system prompt over.
    void setDefaults(const Persona& defaults);
    /// System prompt and drawing of tokens from the next reply on; stored with the conversation.
    void setInstructions(const QString& systemPrompt, const SamplingOptions& sampling);
    [[nodiscard]] const SamplingOptions& sampling() const { return sampling_; }

    [[nodiscard]] const ConversationRecord& conversation() const { return conversation_; }
    [[nodiscard]] MessageModel& messages() { return messages_; }
    [[nodiscard]] MemorySession& memory() { return memory_; }
    [[nodiscard]] bool isLoaded() const { return isLoaded_; }
    [[nodiscard]] bool isAnswering() const {
        return state_ == State::kStoring || state_ == State::kAnswering;
    }
    [[nodiscard]] const std::optional<ReplyDetails>& lastReply() const { return lastReply_; }
    /// Of all messages, about; what is in memory alone until `measured`.
    [[nodiscard]] qint64 characterCount() const;

Q_SIGNALS:
    void loaded();
    /// What can only be told of the whole chat is known, or has changed: its length and its last reply.
    void measured();
    void answeringChanged();
    /// The draft got its row.
    void created(qint64 id);
    /// The list should be read again: messages were added.
    void stored();
    void replyFinished();
    /// A question that was taken could not be stored; `editedId` is the message it is a version of, 0 for a
    /// new one.
    void unsent(const QString& text, qint64 editedId);
    /// Why something was not done, in a sentence for the user.
    void refused(const QString& reason);
    void removed(const std::vector<std::int64_t>& messageIds);
    void revealed(qint64 messageId);
    void pinChanged(qint64 messageId, bool isPinned);
    /// The branch shows other messages than before.
    void branchChanged();
    /// Messages behind a place, if any, left the branch with another version; they are kept. Where the memory
    /// was made of a reply that is made again, it is built of `rebuiltOf` messages before it; -1 where not.
    void leftBehind(int messages, int rebuiltOf);
    void progressed(const epi::Progress& progress);
    void failed(const epi::Error& error);
    /// The reply is there, but the engine has something to tell, e.g. that positions were counted anew.
    void noticed(const QString& notice);

private:
    enum class State { kIdle, kStoring, kAnswering, kChanging };
    struct AskFor {
        std::optional<std::int32_t> episode;
        std::string replyBegin{};
        bool isAnother = false;  // than the complete one that is there
    };
    struct Exchange {
        std::int64_t conversationId = 0;
        MessageRecord question;
        MessageRecord reply;
        bool wasInBin = false;
    };
    struct Measures {
        std::int64_t characters = 0;
        std::optional<ReplyDetails> lastReply;
    };

    /// The branch as the database has it.
    struct Branch {
        QList<qint64> ids;
        std::vector<VersionPlace> versions;
        std::vector<std::int64_t> pins;
        std::vector<MessageItem> items;  // of those that are new, as far as they are likely to be in sight
        bool wasInBin = false;           // before a message was added
    };
    /// What the branch was before a change, of which `kept` messages at its beginning stay as they are.
    struct Before {
        std::int64_t conversationId = 0;
        QList<qint64> ids;
        int kept = 0;
    };
    static Result<Branch> readBranch(Store& store, const Before& before, bool wasInBin = false);
    /// Whether it was in the bin.
    static Result<bool> takeOutOfBin(Store& store, std::int64_t conversationId);
    void tellOutOfBin();
    [[nodiscard]] Before before(int kept) const { return {conversation_.id, messages_.ids(), kept}; }

    void onStored(const Exchange& exchange);
    /// Asks for what the reply row behind the question is to hold.
    void ask(int questionRow, const AskFor& how);
    void post(qint64 questionId, Ask command);
    /// How the tokens of the next reply are drawn.
    [[nodiscard]] SamplingOptions samplingFor(const AskFor& how) const;
    /// Whether turns may be changed now; tells why not, or `otherwise`, when that is not empty.
    bool mayChange(const QString& otherwise = {});
    void regenerateLoaded(int row, std::optional<std::int32_t> episode);
    void continueLoaded(int row);
    void stepLoaded(int row, int delta);
    void showBranch(Branch branch);
    /// Shows a branch that ends with a reply to be written, and asks its question.
    bool answerBranch(Result<Branch> branch, const AskFor& how);
    void changeBranch(std::function<Result<Branch>(Store&)> change, std::function<void()> done);
    void showPins(const std::vector<std::int64_t>& ids);
    void measure();
    void onProgress(const Progress& progress);
    void onTurnDone(const TurnDone& turn);
    void onFailed(const Error& error);
    void onEngineLost(const QString& reason);
    void finishReply(const QString& text, MessageState state, const ReplyDetails& details);
    void setState(State state);

    EngineClient& engine_;
    StoreClient& store_;
    ConversationSync& sync_;
    ConversationRecord conversation_;
    MessageModel messages_;
    MemorySession memory_;
    MemoryOptions asked_;  // what the last question was asked of
    SamplingOptions sampling_;
    QString settingsProblem_;  // not told yet
    bool isLoaded_ = false;
    State state_ = State::kIdle;
    bool mustStop_ = false;  // asked for before the question was posted
    JobId job_ = 0;
    int failedRow_ = -1;  // of the last reply that failed, until the next question
    std::unique_ptr<ReplyWriter> writer_;
    std::optional<ReplyDetails> lastReply_;
    qint64 characters_ = 0;        // measured, of a chat that is not in memory as a whole
    std::uint64_t measuring_ = 0;  // tells what was measured before a change
};

}  // namespace epi
