#pragma once

#include <functional>
#include <optional>

#include <QObject>
#include <QString>
#include <QThreadPool>

#include "core/base/cancel_token.h"
#include "core/transfer/chat_exporter.h"
#include "ui/bridge/inbox.h"
#include "ui/bridge/store_client.h"

namespace epi {

/// Writes chats to a file on a thread of its own, with a reading connection of its own. The file is there,
/// whole, when `finished` says so. GUI thread only.
class ExportClient final : public QObject {
    Q_OBJECT

public:
    explicit ExportClient(StoreClient& store, QObject* parent = nullptr);
    /// Cancels and waits for the chat being written.
    ~ExportClient() override;

    /// One conversation, or all that are not in the bin.
    void start(const QString& path, const ChatExporter& exporter, std::optional<qint64> conversation);
    void cancel() { cancel_.cancel(); }

Q_SIGNALS:
    void progressed(int done, int total);
    void finished(const QString& path, int chats);
    void failed(const QString& path, const epi::Error& error);

private:
    Result<int> write(const QString& path,
                      const ChatExporter& exporter,
                      std::optional<qint64> conversation,
                      const CancelToken& cancel);

    StoreClient& store_;
    CancelToken cancel_;
    Inbox<std::function<void()>> news_;
    QThreadPool pool_;  // last: its thread ends before the inbox it fills is gone
};

/// Asks where to write the chats and in which form, then writes them and says how it went by `onDone`, with a
/// progress dialog meanwhile.
void exportWithDialog(StoreClient& store,
                      std::optional<qint64> conversation,
                      const QString& title,
                      QWidget* parent,
                      std::function<void(bool isFine, const QString& sentence)> onDone);

}  // namespace epi
