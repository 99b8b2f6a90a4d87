#include "ui/bridge/conversation_sync.h"

#include <algorithm>
#include <utility>

#include "ui/bridge/turn_scan.h"

namespace epi {
namespace {

// A frame takes 16 MiB, and texts grow in it; the window holds a few pieces at once.
constexpr std::size_t kPieceBytes = std::size_t{1} << 20;

}  // namespace

ConversationSync::ConversationSync(EngineClient& engine, StoreClient& store, QObject* parent)
    : QObject(parent), engine_(engine), store_(store) {
    connect(&engine_, &EngineClient::synced, this, [this](JobId job) {
        if (job != job_ || job == 0) return;
        job_ = 0;
        readPiece(scan_);
    });
    connect(&engine_, &EngineClient::failed, this, [this](JobId job, const Error& error) {
        if (job == job_ && job != 0) end(error);
    });
    connect(&engine_, &EngineClient::engineLost, this, [this] {
        wasLost_ = true;
        if (!running_) return;
        // What was found the engine to hold is gone with it.
        waiting_.push_front(*std::exchange(running_, std::nullopt));
        scan_.reset();
        startNext();
    });
    connect(&engine_, &EngineClient::greeted, this, [this] {
        if (!std::exchange(wasLost_, false) || !last_ || running_ || !waiting_.empty()) return;
        waiting_.push_back({.context = this, .scope = *last_, .done = {}});
        startNext();
    });
}

ConversationSync::~ConversationSync() = default;

void ConversationSync::run(QObject* context, Scope scope, Done done) {
    waiting_.push_back({.context = context, .scope = std::move(scope), .done = std::move(done)});
    startNext();
}

void ConversationSync::cancel(const QObject* context) {
    const Error cancelled{ErrorCode::kCancelled, "cancelled"};
    std::deque<Request> asked;
    std::erase_if(waiting_, [&](Request& request) {
        if (request.context != context) return false;
        asked.push_back(std::move(request));
        return true;
    });
    if (running_ && running_->context == context) {
        if (job_ != 0) engine_.cancel(job_);
        end(cancelled);
    }
    for (const Request& request : asked)
        request.done(cancelled);
}

void ConversationSync::noteChange(std::int64_t conversationId, std::int64_t firstMessage) {
    if (running_ && running_->scope.conversation.id == conversationId)
        running_->changedFrom = std::min(running_->changedFrom, firstMessage);
    if (const auto known = unchangedTo_.find(conversationId); known != unchangedTo_.end())
        known->second = std::min(known->second, firstMessage - 1);
}

void ConversationSync::startNext() {
    while (!running_ && !waiting_.empty()) {
        Request next = std::move(waiting_.front());
        waiting_.pop_front();
        if (next.context) running_ = std::move(next);
    }
    if (!running_ || scan_) return;  // none, or one that has begun
    const Scope& scope = running_->scope;
    last_ = scope;
    running_->changedFrom = std::numeric_limits<std::int64_t>::max();
    ++run_;
    job_ = 0;
    const auto unchanged = unchangedTo_.find(scope.conversation.id);
    scan_ = std::make_shared<TurnScan>(scope.conversation,
                                       engine_.held(engineName(scope.conversation.id)),
                                       unchanged == unchangedTo_.end() ? 0 : unchanged->second);
    readPiece(scan_);
}

void ConversationSync::readPiece(std::shared_ptr<TurnScan> scan) {
    store_.request(
        this,
        [scan = std::move(scan), id = running_->scope.conversation.id, endBefore = running_->scope.endBefore](
            Store& store) -> Result<Piece> {
            if (scan->place == 0 && scan->firstMessage() != 0) {
                const auto first = store.message(scan->firstMessage());
                if (first && first->conversationId == id && first->sequence > 0) {
                    scan->place = first->sequence - 1;
                } else {
                    scan->readAll();
                }
            }
            bool isEnd = true;
            EPI_TRY(store.eachMessage(
                id,
                scan->place,
                [&](MessageRecord&& message) {
                    if (message.id == endBefore) return false;
                    scan->place = message.sequence;
                    scan->lastMessage = message.id;
                    scan->add(message);
                    isEnd = scan->pendingBytes() < kPieceBytes;
                    return isEnd;
                },
                [&](DamagedMessage&& message) { scan->addDamaged(message.id); }));
            Piece piece{.message = {}, .isEnd = isEnd, .isNew = !isEnd || !scan->isHeld()};
            if (!piece.isNew) return piece;
            piece.message = scan->takePiece(isEnd);
            // From the store: the record of a chat that was just begun does not know it.
            EPI_TRY_ASSIGN(const ConversationRecord record, store.conversation(id));
            piece.message.uid = record.uid;
            return piece;
        },
        [this, run = run_](Result<Piece> piece) {
            if (run == run_ && running_) take(std::move(piece));
        });
}

void ConversationSync::take(Result<Piece> piece) {
    if (!piece) return end(piece.error());
    if (!piece->isEnd) {
        job_ = engine_.sync(std::move(piece->message), nullptr);
        return;
    }
    if (piece->isNew) engine_.sync(std::move(piece->message), scan_->result());
    unchangedTo_[running_->scope.conversation.id] = std::min(scan_->lastMessage, running_->changedFrom - 1);
    if (scan_->damaged() > 0) Q_EMIT
    leftOut(running_->scope.conversation.id, scan_->damaged());
    end({});
}

void ConversationSync::end(const Result<void>& result) {
    const Request ended = *std::exchange(running_, std::nullopt);
    scan_.reset();
    job_ = 0;
    ++run_;
    if (ended.done && ended.context) ended.done(result);
    startNext();
}

}  // namespace epi
