#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <optional>

#include <QObject>
#include <QPointer>

#include "storage/records.h"
#include "ui/bridge/engine_client.h"
#include "ui/bridge/store_client.h"

namespace epi {

class TurnScan;

/// Tells the engine conversations as they are stored: what it does not hold of them, read on the store's
/// thread and sent in pieces, so that one of any length costs the window little. Tells the last one again to
/// an engine that was restarted. One at a time, in the order they are asked for. GUI thread only.
class ConversationSync final : public QObject {
    Q_OBJECT

public:
    /// What the engine is to know of a conversation.
    struct Scope {
        ConversationRecord conversation;
        std::int64_t endBefore = 0;  // the message that is not told any more; 0: all are
    };
    using Done = std::function<void(Result<void>)>;

    ConversationSync(EngineClient& engine, StoreClient& store, QObject* parent = nullptr);
    ~ConversationSync() override;

    /// Calls `done` when everything is posted: what is posted then finds it told. With an error when the
    /// store cannot be read, the engine refuses a piece or goes away, or `cancel` comes first; not when
    /// `context` is gone by then.
    void run(QObject* context, Scope scope, Done done);
    /// Ends what `context` has asked for, with kCancelled.
    void cancel(const QObject* context);
    /// From this message on the conversation's branch is another one, or says something else than before.
    /// What is only added behind its end need not be told.
    void noteChange(std::int64_t conversationId, std::int64_t firstMessage);

Q_SIGNALS:
    /// So many messages cannot be read, and the engine was not told of them.
    void leftOut(qint64 conversationId, int messages);

private:
    struct Request {
        QPointer<QObject> context;
        Scope scope;
        Done done;
        /// The first message that has changed since it began.
        std::int64_t changedFrom = std::numeric_limits<std::int64_t>::max();
    };
    struct Piece {
        SyncConversation message;
        bool isEnd = false;
        bool isNew = false;  // the engine does not hold it
    };

    void startNext();
    void readPiece(std::shared_ptr<TurnScan> scan);
    void take(Result<Piece> piece);
    void end(const Result<void>& result);

    EngineClient& engine_;
    StoreClient& store_;
    std::deque<Request> waiting_;
    std::optional<Request> running_;
    std::uint64_t run_ = 0;  // tells what is read for an earlier run
    JobId job_ = 0;          // the piece that is on its way
    std::shared_ptr<TurnScan> scan_;
    std::optional<Scope> last_;
    bool wasLost_ = false;
    std::map<std::int64_t, std::int64_t>
        unchangedTo_;  // by conversation: the last message that is as it was told
};

}  // namespace epi
