#include "ui/chat/message_model.h"

#include <algorithm>

#include "ui/bridge/text.h"

namespace epi {
namespace {

MessageItem itemOf(const MessageRecord& record) {
    return {.id = record.id,
            .role = record.role,
            .speaker = toQString(record.speaker),
            .text = toQString(record.text),
            .caption = toQString(record.caption),
            .session = toQString(record.session),
            .sourceId = toQString(record.sourceId),
            .state = record.state,
            .details = ReplyDetails::fromJson(record.details),
            .createdAtMs = record.createdAtMs,
            .status = {}};
}

}  // namespace

int MessageModel::rowCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : static_cast<int>(items_.size());
}

QVariant MessageModel::data(const QModelIndex& index, int role) const {
    if (!checkIndex(index, CheckIndexOption::IndexIsValid)) return {};
    const MessageItem& item = at(index.row());
    switch (role) {
        case Qt::DisplayRole:
        case kTextRole:
            return item.text;
        case kSpeakerRole:
            return author(item);
        case kStateRole:
            return static_cast<int>(item.state);
        case Qt::AccessibleTextRole:
            return item.versionCount > 1 ? tr("%1, version %2 of %3: %4")
                                               .arg(author(item))
                                               .arg(item.versionIndex + 1)
                                               .arg(item.versionCount)
                                               .arg(item.text)
                                         : tr("%1: %2").arg(author(item), item.text);
        default:
            return {};
    }
}

void MessageModel::assign(const std::vector<MessageRecord>& records) {
    beginResetModel();
    items_.clear();
    rows_.clear();
    items_.reserve(records.size());
    rows_.reserve(static_cast<qsizetype>(records.size()));
    for (const MessageRecord& record : records) {
        rows_.insert(record.id, static_cast<int>(items_.size()));
        items_.push_back(itemOf(record));
        items_.back().episode = episodes_.value(record.id, -1);
    }
    endResetModel();
}

int MessageModel::append(const MessageRecord& record) {
    const int row = rowCount();
    beginInsertRows({}, row, row);
    rows_.insert(record.id, row);
    items_.push_back(itemOf(record));
    endInsertRows();
    return row;
}

void MessageModel::replaceFrom(int first, const std::vector<MessageRecord>& records) {
    for (int row = first; row < rowCount(); ++row)
        rows_.remove(at(row).id);
    const int end = first + static_cast<int>(records.size());
    const auto put = [&](int row) {
        const MessageRecord& record = records[static_cast<std::size_t>(row - first)];
        rows_.insert(record.id, row);
        MessageItem item = itemOf(record);
        item.episode = episodes_.value(record.id, -1);
        return item;
    };
    // Rows that have a successor change in place, so that a view keeps where it is.
    const int replaced = std::min(end, rowCount());
    for (int row = first; row < replaced; ++row)
        items_[static_cast<std::size_t>(row)] = put(row);
    if (end < rowCount()) {
        beginRemoveRows({}, end, rowCount() - 1);
        items_.resize(static_cast<std::size_t>(end));
        endRemoveRows();
    }
    if (replaced > first) Q_EMIT
    dataChanged(index(first), index(replaced - 1));
    if (end == rowCount()) return;
    beginInsertRows({}, rowCount(), end - 1);
    while (rowCount() < end)
        items_.push_back(put(rowCount()));
    endInsertRows();
}

void MessageModel::setVersions(const std::vector<VersionPlace>& places) {
    QHash<qint64, VersionPlace> known;
    for (const VersionPlace& place : places)
        known.insert(place.messageId, place);
    for (int row = 0; row < rowCount(); ++row) {
        MessageItem& item = items_[static_cast<std::size_t>(row)];
        const VersionPlace place = known.value(item.id);
        if (item.versionIndex == place.index && item.versionCount == place.count) continue;
        item.versionIndex = place.index;
        item.versionCount = place.count;
        Q_EMIT
        dataChanged(index(row), index(row));
    }
}

void MessageModel::appendText(int row, const QString& text) {
    items_[static_cast<std::size_t>(row)].text += text;
    Q_EMIT
    dataChanged(index(row), index(row));
}

void MessageModel::setStatus(int row, const QString& status) {
    MessageItem& item = items_[static_cast<std::size_t>(row)];
    if (item.status == status) return;
    item.status = status;
    Q_EMIT
    dataChanged(index(row), index(row));
}

void MessageModel::update(int row, const QString& text, MessageState state, const ReplyDetails& details) {
    MessageItem& item = items_[static_cast<std::size_t>(row)];
    item.text = text;
    item.state = state;
    item.details = details;
    Q_EMIT
    dataChanged(index(row), index(row));
}

void MessageModel::setEpisodes(const QHash<qint64, int>& episodes) {
    episodes_ = episodes;
    for (MessageItem& item : items_)
        item.episode = episodes_.value(item.id, -1);
    if (!items_.empty()) Q_EMIT
    dataChanged(index(0), index(rowCount() - 1), {Qt::DecorationRole});
}

void MessageModel::setTint(QHash<qint64, std::vector<TintRun>> tint) {
    tint_ = std::move(tint);
    if (!items_.empty()) Q_EMIT
    dataChanged(index(0), index(rowCount() - 1), {Qt::BackgroundRole});
}

int MessageModel::rowOf(qint64 id) const {
    return rows_.value(id, -1);
}

const std::vector<TintRun>* MessageModel::tintOf(qint64 id) const {
    const auto runs = tint_.constFind(id);
    return runs == tint_.constEnd() ? nullptr : &*runs;
}

bool MessageModel::startsSession(int row) const {
    const QString& session = at(row).session;
    return !session.isEmpty() && (row == 0 || at(row - 1).session != session);
}

QString MessageModel::author(const MessageItem& item) {
    if (!item.speaker.isEmpty()) return item.speaker;
    switch (item.role) {
        case Role::kUser:
            return tr("You");
        case Role::kAssistant:
            return tr("Assistant");
        case Role::kSystem:
            break;
    }
    return tr("System");
}

}  // namespace epi
