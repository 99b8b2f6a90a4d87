#pragma once

#include <functional>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include <QAbstractListModel>
#include <QHash>
#include <QList>
#include <QPointer>
#include <QSet>
#include <QString>

#include "ui/chat/message_cache.h"
#include "ui/chat/message_item.h"
#include "ui/chat/retained_tint.h"

namespace epi {

/// The messages of one conversation in order, with what the memory says about each. It knows the ids of all
/// of them, and holds those that are or were lately in sight; others are read when they are wanted. GUI
/// thread only.
class MessageModel final : public QAbstractListModel {
    Q_OBJECT

public:
    enum Roles { kTextRole = Qt::UserRole, kSpeakerRole, kStateRole, kLoadedRole };
    using Items = std::vector<MessageItem>;
    /// Reads messages by their ids, as many from the front as it likes and at least one, and gives them to
    /// `reply` some time later in this thread, or never when `context` is gone.
    using Reader = std::function<void(
        QObject* context, std::vector<std::int64_t> ids, std::function<void(Items)> reply)>;

    using QAbstractListModel::QAbstractListModel;

    /// Without one, everything that is assigned stays in memory.
    void setReader(Reader reader) { reader_ = std::move(reader); }

    [[nodiscard]] int rowCount(const QModelIndex& parent = {}) const override;
    [[nodiscard]] QVariant data(const QModelIndex& index, int role) const override;

    void assign(const std::vector<MessageRecord>& records);
    /// All ids, which ascend, and what was read of them already.
    void assign(QList<qint64> ids, Items items);
    /// Returns the new row.
    int append(MessageItem item);
    /// The conversation has these messages now. `items`: what was read of those that are new or different.
    /// Rows that stay are not touched, and those that have a successor change in place.
    void change(const QList<qint64>& ids, Items items);
    /// Messages of which there is more than one version.
    void setVersions(const std::vector<VersionPlace>& places);
    /// Messages that every memory keeps whole.
    void setPins(const std::vector<std::int64_t>& ids);
    void appendText(int row, const QString& text);
    void setStatus(int row, const QString& status);
    /// Replaces text, state and details of a row.
    void update(int row, const QString& text, MessageState state, const ReplyDetails& details);
    /// Which messages each episode was made of.
    void setEpisodes(const std::vector<EpisodeRecord>& episodes);
    /// What a memory keeps of the messages; null shows nothing.
    void setTint(std::shared_ptr<const Trace> trace);

    /// The message of a row, or, where it is not in memory, one that is not loaded. Valid until the event
    /// loop runs.
    [[nodiscard]] const MessageItem& at(int row) const;
    [[nodiscard]] bool isLoaded(int row) const { return at(row).isLoaded; }
    [[nodiscard]] const QList<qint64>& ids() const { return ids_; }
    [[nodiscard]] int loadedCount() const { return cache_.count(); }
    /// Calls `visit(row, item)` for all that are in memory.
    void eachLoaded(const std::function<void(int row, const MessageItem& item)>& visit) const;
    [[nodiscard]] int rowOf(qint64 id) const;
    [[nodiscard]] const std::vector<TintRun>* tintOf(qint64 id) const;
    [[nodiscard]] bool isTinted() const { return tint_ != nullptr; }
    /// Whether a date line stands before the row.
    [[nodiscard]] bool startsSession(int row) const;
    /// The name over a message: the speaker's, or who that role is.
    [[nodiscard]] static QString author(const MessageItem& item);
    /// What a screen reader says for a row: author, version, text, and what became of an unfinished reply.
    [[nodiscard]] static QString spokenText(int row, const MessageItem& item);

    /// These rows are in sight: they, and some around them, are read and stay in memory. dataChanged with
    /// kLoadedRole tells when.
    void want(int first, int last);
    /// What is done next is about this row: it and its neighbours stay in memory.
    void setCurrent(int row);
    /// Brings rows into memory and calls `then`: at once where they are there, never when `context` is gone
    /// or a row by then.
    void load(std::vector<int> rows, QObject* context, std::function<void()> then);
    /// Gives messages from row `first` on to `take`, without keeping what is not in memory: at most `count`,
    /// fewer when they are long; none when the rows are others by then. At once or later.
    void read(int first, int count, QObject* context, std::function<void(Items)> take);

private:
    void put(MessageItem item);
    /// What was read without being asked for just now; newer changes win.
    void take(Items items, std::uint64_t changes);
    void readMissing();
    void trim();
    [[nodiscard]] bool isKept(const MessageItem& item) const;
    [[nodiscard]] int episodeOf(qint64 id) const;
    [[nodiscard]] MessageItem* loaded(int row) const;

    Reader reader_;
    QList<qint64> ids_;
    mutable MessageCache cache_;
    MessageItem unloaded_{.isLoaded = false};
    QHash<qint64, VersionPlace> versions_;
    QSet<qint64> pins_;
    std::vector<std::pair<int, std::vector<std::int64_t>>> episodes_;  // each with its messages, ascending
    std::shared_ptr<const Trace> tint_;
    QHash<qint64, std::size_t> tintTurns_;                  // places in the trace
    mutable QHash<qint64, std::vector<TintRun>> tintRuns_;  // of what was drawn

    int firstWanted_ = 0;
    int lastWanted_ = -1;
    int current_ = -1;
    bool isReading_ = false;
    std::uint64_t changes_ = 0;  // of what messages say, or which there are
    std::uint64_t order_ = 0;    // of which there are, but at the end
};

}  // namespace epi
