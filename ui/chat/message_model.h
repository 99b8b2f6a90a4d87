#pragma once

#include <vector>

#include <QAbstractListModel>
#include <QHash>
#include <QString>

#include "core/chat/conversation.h"
#include "storage/records.h"
#include "ui/chat/reply_details.h"
#include "ui/chat/retained_tint.h"

namespace epi {

/// One message as shown.
struct MessageItem {
    qint64 id = 0;
    Role role = Role::kUser;
    QString speaker;
    QString text;
    QString caption;
    QString session;
    QString sourceId;
    MessageState state = MessageState::kComplete;
    ReplyDetails details;
    qint64 createdAtMs = 0;
    int episode = -1;      // of the built memory; -1 without
    int versionIndex = 0;  // which of several versions it is
    int versionCount = 1;
    QString status;  // what a streaming reply waits for; not kept
};

/// The messages of one conversation in order, with what the memory says about each. GUI thread only.
class MessageModel final : public QAbstractListModel {
    Q_OBJECT

public:
    enum Roles { kTextRole = Qt::UserRole, kSpeakerRole, kStateRole };

    using QAbstractListModel::QAbstractListModel;

    [[nodiscard]] int rowCount(const QModelIndex& parent = {}) const override;
    [[nodiscard]] QVariant data(const QModelIndex& index, int role) const override;

    void assign(const std::vector<MessageRecord>& records);
    /// Returns the new row.
    int append(const MessageRecord& record);
    /// Puts these in the place of `first` and all rows behind it.
    void replaceFrom(int first, const std::vector<MessageRecord>& records);
    /// Messages of which there is more than one version.
    void setVersions(const std::vector<VersionPlace>& places);
    void appendText(int row, const QString& text);
    void setStatus(int row, const QString& status);
    /// Replaces text, state and details of a row.
    void update(int row, const QString& text, MessageState state, const ReplyDetails& details);
    /// Which episode each message belongs to, by message id.
    void setEpisodes(const QHash<qint64, int>& episodes);
    /// Tint by message id; empty shows none.
    void setTint(QHash<qint64, std::vector<TintRun>> tint);

    [[nodiscard]] const MessageItem& at(int row) const { return items_[static_cast<std::size_t>(row)]; }
    [[nodiscard]] int rowOf(qint64 id) const;
    [[nodiscard]] const std::vector<TintRun>* tintOf(qint64 id) const;
    [[nodiscard]] bool isTinted() const { return !tint_.isEmpty(); }
    /// Whether a date line stands before the row.
    [[nodiscard]] bool startsSession(int row) const;
    /// The name over a message: the speaker's, or who that role is.
    [[nodiscard]] static QString author(const MessageItem& item);

private:
    std::vector<MessageItem> items_;
    QHash<qint64, int> rows_;
    QHash<qint64, int> episodes_;
    QHash<qint64, std::vector<TintRun>> tint_;
};

}  // namespace epi
