#pragma once

#include <filesystem>
#include <functional>
#include <set>
#include <vector>

#include <QObject>
#include <QString>
#include <QThreadPool>

#include "core/transfer/chat_import.h"
#include "storage/transfer_records.h"
#include "ui/bridge/inbox.h"
#include "ui/bridge/store_client.h"

namespace epi {

/// One chat of a file and what happened to it, or would.
struct ImportLine {
    QString title;
    qint64 messages = 0;  // on the branch that is shown
    qint64 allMessages = 0;
    qint64 updatedAtMs = 0;  // 0: unknown
    ImportOutcome outcome;
};

struct ImportResult {
    QString path;
    bool isPreview = false;
    ImportSummary summary;
    std::vector<ImportLine> lines;
};

/// Reads files of chats on a thread of its own, one file after the other, and stores each chat in a
/// transaction of its own before it reads the next. GUI thread only.
class ImportClient final : public QObject {
    Q_OBJECT

public:
    explicit ImportClient(StoreClient& store, QObject* parent = nullptr);
    /// Cancels and waits for the chat being stored.
    ~ImportClient() override;

    /// Says what `start` would do.
    void preview(const QString& path);
    /// `skipped` are places of chats in the file.
    void start(const QString& path, std::set<std::size_t> skipped = {});
    /// Whole chats that were stored stay.
    void cancel();

Q_SIGNALS:
    void progressed(double share);
    void finished(const epi::ImportResult& result);
    void failed(const QString& path, const epi::Error& error);

private:
    struct Job {
        QString path;
        bool isPreview = false;
        std::set<std::size_t> skipped;
        CancelToken cancel;
    };

    void run(const Job& job);
    void post(Job job);

    StoreClient& store_;
    CancelToken cancel_;
    Inbox<std::function<void()>> news_;
    QThreadPool pool_;  // last: its thread ends before the inbox it fills is gone
};

}  // namespace epi
