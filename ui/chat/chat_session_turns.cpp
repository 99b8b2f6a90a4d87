// Turns and their versions: answering again, editing, going on, switching, taking out and putting back.

#include <algorithm>
#include <array>
#include <iterator>
#include <span>

#include "ui/bridge/text.h"
#include "ui/chat/chat_session.h"

namespace epi {
namespace {

constexpr qsizetype kReadAtChange = 256;  // messages from the first that is another one
constexpr qsizetype kReadAtEnd = 4;

MessageRecord emptyReply(std::int64_t conversationId) {
    MessageRecord reply;
    reply.conversationId = conversationId;
    reply.role = Role::kAssistant;
    reply.state = MessageState::kStreaming;
    return reply;
}

}  // namespace

Result<bool> ChatSession::takeOutOfBin(Store& store, std::int64_t conversationId) {
    EPI_TRY_ASSIGN(const ConversationRecord conversation, store.conversation(conversationId));
    if (!conversation.deletedAtMs) return false;
    EPI_TRY(store.setInBin(conversationId, false));
    return true;
}

void ChatSession::tellOutOfBin() {
    Q_EMIT
    noticed(tr("This chat is out of the bin again: you wrote in it."));
}

Result<ChatSession::Branch> ChatSession::readBranch(Store& store, const Before& before, bool wasInBin) {
    Branch branch{
        .ids = before.ids.first(before.kept), .versions = {}, .pins = {}, .items = {}, .wasInBin = wasInBin};
    EPI_TRY_ASSIGN(const auto behind, store.messageIds(before.conversationId, before.kept));
    branch.ids.append(QList<qint64>(behind.begin(), behind.end()));
    EPI_TRY_ASSIGN(branch.versions, store.versionPlaces(before.conversationId));
    EPI_TRY_ASSIGN(branch.pins, store.pinnedMessages(before.conversationId));
    // New ones, and the end, where replies are written again.
    const IdRange added = changedIds(before.ids, branch.ids).added;
    const qsizetype end = std::min(added.first + added.count, added.first + kReadAtChange);
    std::vector<std::int64_t> read(branch.ids.cbegin() + added.first, branch.ids.cbegin() + end);
    for (qsizetype row = std::max(end, branch.ids.size() - kReadAtEnd); row < branch.ids.size(); ++row)
        read.push_back(branch.ids[row]);
    for (std::size_t done = 0; done < read.size();) {
        std::vector<MessageItem> items = readItems(store, std::span(read).subspan(done));
        done += items.size();
        std::ranges::move(items, std::back_inserter(branch.items));
    }
    return branch;
}

int ChatSession::replyRow(int row) const {
    if (row < 0 || row >= messages_.rowCount()) return -1;
    if (isReply(messages_.at(row))) return row > 0 && isQuestion(messages_.at(row - 1)) ? row : -1;
    const bool isAnswered = row + 1 < messages_.rowCount() && isReply(messages_.at(row + 1));
    return isQuestion(messages_.at(row)) && isAnswered ? row + 1 : -1;
}

bool ChatSession::canEdit(int row) const {
    return row >= 0 && row < messages_.rowCount() && isQuestion(messages_.at(row));
}

bool ChatSession::canContinue(int row) const {
    if (row < 0 || row + 1 != messages_.rowCount() || replyRow(row) != row) return false;
    const MessageItem& item = messages_.at(row);
    const bool isCutOff = item.state != MessageState::kComplete || item.details.endedAtLimit();
    return isCutOff && item.state != MessageState::kStreaming && !item.text.isEmpty();
}

void ChatSession::withRow(int row, std::function<void(int row)> work) {
    if (row < 0 || row >= messages_.rowCount()) return work(-1);
    std::vector<int> rows;
    for (int near = std::max(row - 1, 0); near <= std::min(row + 1, messages_.rowCount() - 1); ++near)
        rows.push_back(near);
    messages_.load(std::move(rows), this, [this, id = messages_.ids()[row], work = std::move(work)] {
        work(messages_.rowOf(id));
    });
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
    withRow(row, [this, episode](int there) { regenerateLoaded(there, episode); });
}

void ChatSession::regenerateLoaded(int row, std::optional<std::int32_t> episode) {
    const int reply = replyRow(row);
    const bool isUnanswered = reply < 0 && row + 1 == messages_.rowCount() && canEdit(row);
    if (!mayChange(reply < 0 && !isUnanswered ? tr("Only the reply to a question can be made again.")
                                              : QString()))
        return;
    const int question = isUnanswered ? row : reply - 1;
    const int kept = question + 1;
    const MessageRecord version = emptyReply(conversation_.id);
    const int behind = messages_.rowCount() - question - 2;
    const MessageItem old = isUnanswered ? MessageItem{} : messages_.at(kept);
    const bool isAnother = !isUnanswered && !episode && old.state == MessageState::kComplete;
    const bool isRemembered = !isUnanswered && memory_.lostFrom(old.id) == LostMemory::kAll;
    // Nothing was said: the same row is used again.
    const bool isEmpty = !isUnanswered && behind == 0 && old.text.isEmpty();
    setState(State::kStoring);
    store_.request(
        this,
        [id = old.id, isEmpty, version, before = before(kept)](Store& store) -> Result<Branch> {
            EPI_TRY_ASSIGN(const bool wasInBin, takeOutOfBin(store, before.conversationId));
            if (id == 0) {
                EPI_TRY(store.appendMessage(version));
            } else if (isEmpty) {
                EPI_TRY(store.updateMessage(id, "", MessageState::kStreaming, ""));
            } else {
                EPI_TRY(store.addVersion(id, {&version, 1}));
            }
            return readBranch(store, before, wasInBin);
        },
        [this, episode, behind, isAnother, isRemembered, kept](Result<Branch> branch) {
            if (!answerBranch(std::move(branch), {.episode = episode, .isAnother = isAnother})) return;
            if (behind > 0 || isRemembered) Q_EMIT
            leftBehind(behind, isRemembered ? kept : -1);
        });
}

bool ChatSession::edit(int row, const QString& text) {
    if (text.trimmed().isEmpty()) return false;
    if (!mayChange(canEdit(row) ? QString() : tr("Only your own messages can be edited."))) return false;
    MessageRecord question;
    question.conversationId = conversation_.id;
    question.role = Role::kUser;
    question.text = toUtf8(text);
    const int behind = messages_.rowCount() - row - 2;
    const qint64 id = messages_.ids()[row];
    setState(State::kStoring);
    store_.request(
        this,
        [id, before = before(row), added = std::array{question, emptyReply(conversation_.id)}](
            Store& store) -> Result<Branch> {
            EPI_TRY_ASSIGN(const bool wasInBin, takeOutOfBin(store, before.conversationId));
            EPI_TRY(store.addVersion(id, added));
            return readBranch(store, before, wasInBin);
        },
        [this, behind, id, text](Result<Branch> branch) {
            if (!answerBranch(std::move(branch), {})) {
                Q_EMIT
                unsent(text, id);
            } else if (behind > 0) {
                Q_EMIT
                leftBehind(behind, -1);  // the memory was told of before
            }
        });
    return true;
}

void ChatSession::continueReply(int row) {
    withRow(row, [this](int there) { continueLoaded(there); });
}

void ChatSession::continueLoaded(int row) {
    if (!mayChange(canContinue(row) ? QString() : tr("Only a last reply that was cut off can be continued.")))
        return;
    setState(State::kStoring);
    store_.request(
        this,
        [id = messages_.ids()[row], before = before(row)](Store& store) -> Result<Branch> {
            EPI_TRY_ASSIGN(const bool wasInBin, takeOutOfBin(store, before.conversationId));
            EPI_TRY_ASSIGN(const MessageRecord reply, store.message(id));
            EPI_TRY(store.updateMessage(id, reply.text, MessageState::kStreaming, reply.details));
            return readBranch(store, before, wasInBin);
        },
        [this, text = toUtf8(messages_.at(row).text)](Result<Branch> branch) {
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
    const bool wasInBin = branch->wasInBin;
    showBranch(*std::move(branch));
    Q_EMIT
    stored();
    if (wasInBin) tellOutOfBin();
    ask(messages_.rowCount() - 2, how);
    return true;
}

void ChatSession::showBranch(Branch branch) {
    const qsizetype first = changedIds(messages_.ids(), branch.ids).added.first;
    for (const QList<qint64>& ids : {messages_.ids(), branch.ids}) {
        if (first < ids.size()) sync_.noteChange(conversation_.id, ids[first]);
    }
    messages_.change(branch.ids, std::move(branch.items));
    messages_.setVersions(branch.versions);
    showPins(branch.pins);
    conversation_.messageCount = messages_.rowCount();
    failedRow_ = -1;
    measure();
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
    withRow(row, [this, delta](int there) { stepLoaded(there, delta); });
}

void ChatSession::stepLoaded(int row, int delta) {
    if (row < 0) return;
    const MessageItem& item = messages_.at(row);
    const int wanted = item.versionIndex + delta;
    if (wanted < 0 || wanted >= item.versionCount || !mayChange()) return;
    changeBranch(
        [id = item.id, wanted, before = before(row)](Store& store) -> Result<Branch> {
            EPI_TRY_ASSIGN(const auto versions, store.versions(id));
            const auto last = std::ssize(versions) - 1;
            EPI_TRY(store.showVersion(
                versions[static_cast<std::size_t>(std::clamp<std::ptrdiff_t>(wanted, 0, last))]));
            return readBranch(store, before);
        },
        [this, row, lost = memory_.lostFrom(item.id)] {
            const LostMemory lostByShown = memory_.lostFrom(messages_.ids().value(row));
            if (lost == LostMemory::kAll || lostByShown == LostMemory::kAll) Q_EMIT
            noticed(
                tr("With the next question the memory is that of the version that is shown, built anew where "
                   "there is none yet."));
        });
}

void ChatSession::reveal(qint64 messageId) {
    if (!mayChange()) return;
    changeBranch(
        [before = before(0), messageId](Store& store) -> Result<Branch> {
            EPI_TRY(store.showVersion(messageId));
            return readBranch(store, before);
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
        [before = before(0), id = messages_.ids()[row], gone](Store& store) -> Result<Branch> {
            EPI_TRY_ASSIGN(*gone, store.removeTurn(id));
            return readBranch(store, before);
        },
        [this, gone] {
            Q_EMIT
            removed(*gone);
        });
}

void ChatSession::restore(const std::vector<std::int64_t>& messageIds) {
    if (!mayChange()) return;
    changeBranch(
        [before = before(0), messageIds](Store& store) -> Result<Branch> {
            EPI_TRY(store.restoreTurn(messageIds));
            return readBranch(store, before);
        },
        {});
}

void ChatSession::setPinned(int row, bool isPinned) {
    if (row < 0 || row >= messages_.rowCount()) return;
    const qint64 id = messages_.ids()[row];
    store_.request(
        this,
        [conversation = conversation_.id, id, isPinned](Store& store) -> Result<std::vector<std::int64_t>> {
            EPI_TRY(store.setMessagePinned(id, isPinned));
            return store.pinnedMessages(conversation);
        },
        [this, id, isPinned](Result<std::vector<std::int64_t>> pins) {
            if (!pins) {
                Q_EMIT
                failed(pins.error());
                return;
            }
            showPins(*pins);
            Q_EMIT
            pinChanged(id, isPinned);
        });
}

void ChatSession::showPins(const std::vector<std::int64_t>& ids) {
    messages_.setPins(ids);
    memory_.setPins(ids);
}

void ChatSession::restoreAll() {
    if (conversation_.id == 0 || !mayChange()) return;
    const auto isNothing = std::make_shared<bool>(false);
    changeBranch(
        [before = before(0), isNothing](Store& store) -> Result<Branch> {
            EPI_TRY_ASSIGN(const auto ids, store.removedMessages(before.conversationId));
            *isNothing = ids.empty();
            EPI_TRY(store.restoreTurn(ids));
            return readBranch(store, before);
        },
        [this, isNothing] {
            if (*isNothing) Q_EMIT
            refused(tr("No turn was taken out of this chat."));
        });
}

}  // namespace epi
