#include "ui/conversations/conversation_model.h"

#include <algorithm>

#include <QDateTime>
#include <QLocale>

#include "ui/bridge/text.h"

namespace epi {

using namespace Qt::StringLiterals;

namespace {

bool isSameRow(const ConversationRecord& a, const ConversationRecord& b) {
    return a.id == b.id;
}

QString detailsOf(const ConversationRecord& record) {
    const QLocale locale;
    const QString count =
        ConversationModel::tr("%n message(s)", nullptr, static_cast<int>(record.messageCount));
    const QDateTime time = QDateTime::fromMSecsSinceEpoch(record.updatedAtMs);
    const bool isToday = time.date() == QDate::currentDate();
    QString details =
        count + u" · "_s +
        (isToday ? locale.toString(time.time(), u"HH:mm"_s) : locale.toString(time.date(), u"d MMM yyyy"_s));
    if (!record.folder.empty()) details += u" · "_s + toQString(record.folder);
    for (const std::string& tag : record.tags)
        details += u" #"_s + toQString(tag);
    return details;
}

}  // namespace

int ConversationModel::rowCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : static_cast<int>(shown_.size());
}

QVariant ConversationModel::data(const QModelIndex& index, int role) const {
    if (!checkIndex(index, CheckIndexOption::IndexIsValid)) return {};
    const ConversationRecord& record = at(index.row());
    switch (role) {
        case Qt::DisplayRole:
            return record.title.empty() ? tr("Untitled") : toQString(record.title);
        case Qt::EditRole:
            return toQString(record.title);
        case kIdRole:
            return static_cast<qint64>(record.id);
        case kDetailsRole:
            return detailsOf(record);
        case kPinnedRole:
            return record.isPinned;
        case Qt::AccessibleTextRole:
            return record.isPinned ? tr("%1, pinned, %2").arg(toQString(record.title), detailsOf(record))
                                   : tr("%1, %2").arg(toQString(record.title), detailsOf(record));
        default:
            return {};
    }
}

Qt::ItemFlags ConversationModel::flags(const QModelIndex& index) const {
    const Qt::ItemFlags flags = QAbstractListModel::flags(index);
    return index.isValid() ? flags | Qt::ItemIsEditable : flags;
}

bool ConversationModel::setData(const QModelIndex& index, const QVariant& value, int role) {
    const QString title = value.toString().simplified();
    if (role != Qt::EditRole || title.isEmpty() || !checkIndex(index, CheckIndexOption::IndexIsValid))
        return false;
    ConversationRecord& record = shown_[static_cast<std::size_t>(index.row())];
    if (toQString(record.title) == title) return true;
    record.title = toUtf8(title);
    const auto original = std::ranges::find(all_, record.id, &ConversationRecord::id);
    if (original != all_.end()) original->title = record.title;
    Q_EMIT
    dataChanged(index, index);
    Q_EMIT
    renamed(record.id, title);
    return true;
}

void ConversationModel::assign(std::vector<ConversationRecord> records) {
    all_ = std::move(records);
    // What is in the bin for sure need not be hidden, or it would stay so when it comes out again.
    for (const ConversationRecord& record : all_) {
        if (record.deletedAtMs) hidden_.erase(record.id);
    }
    refresh();
}

void ConversationModel::restore(const ConversationRecord& record) {
    if (find(record.id) == nullptr) all_.insert(all_.begin(), record);
    refresh();
}

void ConversationModel::setHidden(std::int64_t id, bool isHidden) {
    if (isHidden) {
        hidden_.insert(id);
    } else {
        hidden_.erase(id);
    }
    refresh();
}

const ConversationRecord* ConversationModel::find(std::int64_t id) const {
    const auto found = std::ranges::find(all_, id, &ConversationRecord::id);
    return found == all_.end() ? nullptr : &*found;
}

int ConversationModel::rowOf(std::int64_t id) const {
    const auto found = std::ranges::find(shown_, id, &ConversationRecord::id);
    return found == shown_.end() ? -1 : static_cast<int>(found - shown_.begin());
}

bool ConversationModel::isShown(const ConversationRecord& record) const {
    const bool isArchived = filter_.scope == ConversationFilter::Scope::kArchive;
    const bool isInBin = filter_.scope == ConversationFilter::Scope::kBin;
    if (record.deletedAtMs.has_value() != isInBin) return false;
    if (!isInBin && hidden_.contains(record.id)) return false;
    if (!isInBin && record.isArchived != isArchived) return false;
    if (filter_.folderId != 0 && record.folderId != filter_.folderId) return false;
    return filter_.tag.isEmpty() || std::ranges::find(record.tags, toUtf8(filter_.tag)) != record.tags.end();
}

void ConversationModel::setFilter(const ConversationFilter& filter) {
    if (filter_ == filter) return;
    filter_ = filter;
    refresh();
}

void ConversationModel::refresh() {
    std::vector<ConversationRecord> next;
    std::ranges::copy_if(
        all_, std::back_inserter(next), [this](const ConversationRecord& record) { return isShown(record); });
    std::ranges::stable_partition(next, [](const ConversationRecord& record) { return record.isPinned; });
    // The same rows in the same order keep selection and scroll position.
    if (std::ranges::equal(next, shown_, isSameRow)) {
        shown_ = std::move(next);
        if (!shown_.empty()) Q_EMIT
        dataChanged(index(0), index(rowCount() - 1));
        return;
    }
    beginResetModel();
    shown_ = std::move(next);
    endResetModel();
}

}  // namespace epi
