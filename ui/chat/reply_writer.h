#pragma once

#include <QObject>
#include <QString>
#include <QTimer>

#include "storage/records.h"
#include "ui/bridge/store_client.h"
#include "ui/chat/message_model.h"

namespace epi {

/// A reply while it arrives: shown at most once per frame, stored once a second and at the end, so that a
/// kill loses at most a second of it.
class ReplyWriter final : public QObject {
    Q_OBJECT

public:
    ReplyWriter(StoreClient& store, MessageModel& model, int row, QObject* parent);

    void add(const QString& text);
    [[nodiscard]] int row() const { return row_; }
    /// Everything said so far.
    [[nodiscard]] QString text() const;
    /// Shows and stores the final text; the writer is done then.
    void finish(const QString& text, MessageState state, const ReplyDetails& details);

private:
    void show();
    void save(const QString& text, MessageState state, const ReplyDetails& details);

    StoreClient& store_;
    MessageModel& model_;
    int row_;
    QString pending_;
    QTimer frame_;
    QTimer saving_;
};

}  // namespace epi
