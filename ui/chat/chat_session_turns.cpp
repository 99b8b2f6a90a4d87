// Turns and their versions: answering again, editing, going on, switching, taking out and putting back.

#include <algorithm>
#include <array>

#include "ui/bridge/text.h"
#include "ui/chat/chat_session.h"

namespace epi {
namespace {

MessageRecord emptyReply(std::int64_t conversationId) {
    MessageRecord reply;
    reply.conversationId = conversationId;
    reply.role = Role::kAssistant;
    reply.state = MessageState::kStreaming;
    return reply;
}

bool isReply(const MessageRecord& record) {
    return record.role == Role::kAssistant && record.speaker.empty();
}

bool isQuestion(const MessageRecord& record) {
    return record.role == Role::kUser && record.speaker.empty();
}

}  // namespace

Result<ChatSession::Branch> ChatSession::readBranch(Store& store,
                                                    std::int64_t conversationId,
                                                    std::size_t kept) {
    Branch branch{.kept = kept, .messages = {}, .versions = {}};
    EPI_TRY_ASSIGN(branch.messages, store.messages(conversationId, static_cast<std::int64_t>(kept)));
    EPI_TRY_ASSIGN(branch.versions, store.versionPlaces(conversationId));
    return branch;
}

int ChatSession::replyRow(int row) const {
    if (row < 0 || row >= std::ssize(records_)) return -1;
    const auto index = static_cast<std::size_t>(row);
    if (isReply(records_[index])) return row > 0 && isQuestion(records_[index - 1]) ? row : -1;
    const bool isAnswered = index + 1 < records_.size() && isReply(records_[index + 1]);
    return isQuestion(records_[index]) && isAnswered ? row + 1 : -1;
}

bool ChatSession::canEdit(int row) const {
    return row >= 0 && row < std::ssize(records_) && isQuestion(records_[static_cast<std::size_t>(row)]);
}

bool ChatSession::canContinue(int row) const {
    if (row < 0 || row + 1 != std::ssize(records_) || replyRow(row) != row) return false;
    const MessageItem& item = messages_.at(row);
    const bool isCutOff =
        item.state != MessageState::kComplete || item.details.reason == QStringLiteral("length");
    return isCutOff && item.state != MessageState::kStreaming && !item.text.isEmpty();
}

bool ChatSession::mayChange(const QString& otherwise) {
    QString reason = otherwise;
    if (isAnswering()) reason = tr("A reply is being written. Wait for its end, or stop it with Escape.");
    if (memory_.isBuilding())
        reason = tr("The memory is being built. Wait for its end, or stop it with Escape.");
    if (!reason.isEmpty()) Q_EMIT
    refused(reason);
    // A change that is under way is there at once: keys that repeat wait for nothing.
    return isLoaded_ && reason.isEmpty() && state_ == State::kIdle;
}

void ChatSession::regenerate(int row, std::optional<std::int32_t> episode) {
    const int reply = replyRow(row);
    const bool isUnanswered = reply < 0 && row + 1 == std::ssize(records_) && canEdit(row);
    if (!mayChange(reply < 0 && !isUnanswered ? tr("Only the reply to a question can be made again.")
                                              : QString()))
        return;
    const int question = isUnanswered ? row : reply - 1;
    const auto kept = static_cast<std::size_t>(question) + 1;
    const MessageRecord version = emptyReply(conversation_.id);
    const int behind = static_cast<int>(std::ssize(records_)) - question - 2;
    const bool isAnother = !isUnanswered && !episode && records_[kept].state == MessageState::kComplete;
    // Nothing was said: the same row is used again.
    const bool isEmpty = !isUnanswered && behind == 0 && records_[kept].text.empty();
    setState(State::kStoring);
    store_.request(
        this,
        [id = isUnanswered ? 0 : records_[kept].id, isEmpty, version, kept](Store& store) -> Result<Branch> {
            if (id == 0) {
                EPI_TRY(store.appendMessage(version));
            } else if (isEmpty) {
                EPI_TRY(store.updateMessage(id, "", MessageState::kStreaming, ""));
            } else {
                EPI_TRY(store.addVersion(id, {&version, 1}));
            }
            return readBranch(store, version.conversationId, kept);
        },
        [this, episode, behind, isAnother](Result<Branch> branch) {
            const bool isStored =
                answerBranch(std::move(branch), {.episode = episode, .isAnother = isAnother});
            if (isStored && behind > 0) Q_EMIT
            leftBehind(behind);
        });
}

bool ChatSession::edit(int row, const QString& text) {
    if (text.trimmed().isEmpty()) return false;
    if (!mayChange(canEdit(row) ? QString() : tr("Only your own messages can be edited."))) return false;
    const auto kept = static_cast<std::size_t>(row);
    MessageRecord question;
    question.conversationId = conversation_.id;
    question.role = Role::kUser;
    question.text = toUtf8(text);
    const int behind = static_cast<int>(std::ssize(records_)) - row - 2;
    setState(State::kStoring);
    store_.request(
        this,
        [id = records_[kept].id, kept, added = std::array{question, emptyReply(conversation_.id)}](
            Store& store) -> Result<Branch> {
            EPI_TRY(store.addVersion(id, added));
            return readBranch(store, added[0].conversationId, kept);
        },
        [this, behind, id = static_cast<qint64>(records_[kept].id), text](Result<Branch> branch) {
            if (!answerBranch(std::move(branch), {})) {
                Q_EMIT
                unsent(text, id);
            } else if (behind > 0) {
                Q_EMIT
                leftBehind(behind);
            }
        });
    return true;
}

void ChatSession::continueReply(int row) {
    if (!mayChange(canContinue(row) ? QString() : tr("Only a last reply that was cut off can be continued.")))
        return;
    const MessageRecord& reply = records_[static_cast<std::size_t>(row)];
    setState(State::kStoring);
    store_.request(
        this,
        [reply, kept = static_cast<std::size_t>(row)](Store& store) -> Result<Branch> {
            EPI_TRY(store.updateMessage(reply.id, reply.text, MessageState::kStreaming, reply.details));
            return readBranch(store, reply.conversationId, kept);
        },
        [this, text = reply.text](Result<Branch> branch) {
            answerBranch(std::move(branch), {.episode = {}, .replyBegin = text});
        });
}

bool ChatSession::answerBranch(Result<Branch> branch, const AskFor& how) {
    if (!branch) {
        mustStop_ = false;
        setState(State::kIdle);
        Q_EMIT
        failed(branch.error());
        return false;
    }
    showBranch(*std::move(branch));
    Q_EMIT
    stored();
    ask(records_.size() - 2, how);
    return true;
}

void ChatSession::showBranch(Branch branch) {
    // What is the same stays: the view keeps its place.
    std::size_t same = branch.kept;
    std::size_t known = 0;
    const auto isSame = [](const MessageRecord& a, const MessageRecord& b) {
        return a.id == b.id && a.text == b.text && a.state == b.state && a.details == b.details;
    };
    while (same < records_.size() && known < branch.messages.size() &&
           isSame(records_[same], branch.messages[known])) {
        ++same;
        ++known;
    }
    records_.resize(same);
    const std::vector<MessageRecord> changed(branch.messages.begin() + static_cast<std::ptrdiff_t>(known),
                                             branch.messages.end());
    records_.insert(records_.end(), changed.begin(), changed.end());
    messages_.replaceFrom(static_cast<int>(same), changed);
    messages_.setVersions(branch.versions);
    conversation_.messageCount = static_cast<std::int64_t>(records_.size());
    failedRow_ = -1;
    findLastReply();
    Q_EMIT
    branchChanged();
}

void ChatSession::changeBranch(std::function<Result<Branch>(Store&)> change, std::function<void()> done) {
    state_ = State::kChanging;
    store_.request(this, std::move(change), [this, done = std::move(done)](Result<Branch> branch) {
        state_ = State::kIdle;
        if (branch) showBranch(*std::move(branch));
        if (!branch) {
            Q_EMIT
            failed(branch.error());
            return;
        }
        if (done) done();
        Q_EMIT
        stored();
    });
}

void ChatSession::stepVersion(int row, int delta) {
    if (row < 0 || row >= messages_.rowCount()) return;
    const MessageItem& item = messages_.at(row);
    const int wanted = item.versionIndex + delta;
    if (wanted < 0 || wanted >= item.versionCount || !mayChange()) return;
    changeBranch(
        [conversation = conversation_.id, id = item.id, wanted, kept = static_cast<std::size_t>(row)](
            Store& store) -> Result<Branch> {
            EPI_TRY_ASSIGN(const auto versions, store.versions(id));
            const auto last = std::ssize(versions) - 1;
            EPI_TRY(store.showVersion(
                versions[static_cast<std::size_t>(std::clamp<std::ptrdiff_t>(wanted, 0, last))]));
            return readBranch(store, conversation, kept);
        },
        {});
}

void ChatSession::reveal(qint64 messageId) {
    if (!mayChange()) return;
    changeBranch(
        [conversation = conversation_.id, messageId](Store& store) -> Result<Branch> {
            EPI_TRY(store.showVersion(messageId));
            return readBranch(store, conversation, 0);
        },
        [this, messageId] {
            Q_EMIT
            revealed(messageId);
        });
}

void ChatSession::removeTurn(int row) {
    if (row < 0 || row >= messages_.rowCount() || !mayChange()) return;
    const auto gone = std::make_shared<std::vector<std::int64_t>>();
    changeBranch(
        [conversation = conversation_.id, id = messages_.at(row).id, gone](Store& store) -> Result<Branch> {
            EPI_TRY_ASSIGN(*gone, store.removeTurn(id));
            return readBranch(store, conversation, 0);
        },
        [this, gone] {
            Q_EMIT
            removed(*gone);
        });
}

void ChatSession::restore(const std::vector<std::int64_t>& messageIds) {
    if (!mayChange()) return;
    changeBranch(
        [conversation = conversation_.id, messageIds](Store& store) -> Result<Branch> {
            EPI_TRY(store.restoreTurn(messageIds));
            return readBranch(store, conversation, 0);
        },
        {});
}

void ChatSession::restoreAll() {
    if (conversation_.id == 0 || !mayChange()) return;
    const auto isNothing = std::make_shared<bool>(false);
    changeBranch(
        [conversation = conversation_.id, isNothing](Store& store) -> Result<Branch> {
            EPI_TRY_ASSIGN(const auto ids, store.removedMessages(conversation));
            *isNothing = ids.empty();
            EPI_TRY(store.restoreTurn(ids));
            return readBranch(store, conversation, 0);
        },
        [this, isNothing] {
            if (*isNothing) Q_EMIT
            refused(tr("No turn was taken out of this chat."));
        });
}

}  // namespace epi
