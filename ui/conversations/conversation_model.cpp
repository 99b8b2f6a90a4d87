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
    return count + u" · "_s +
           (isToday ? locale.toString(time.time(), u"HH:mm"_s)
                    : locale.toString(time.date(), u"d MMM yyyy"_s));
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
        case Qt::EditRole:
            return toQString(record.title);
        case kIdRole:
            return static_cast<qint64>(record.id);
        case kDetailsRole:
            return detailsOf(record);
        case Qt::AccessibleTextRole:
            return tr("%1, %2").arg(toQString(record.title), detailsOf(record));
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
    filter();
}

void ConversationModel::setHidden(std::int64_t id, bool isHidden) {
    if (isHidden) {
        hidden_.insert(id);
    } else {
        hidden_.erase(id);
    }
    filter();
}

const ConversationRecord* ConversationModel::find(std::int64_t id) const {
    const auto found = std::ranges::find(all_, id, &ConversationRecord::id);
    return found == all_.end() ? nullptr : &*found;
}

int ConversationModel::rowOf(std::int64_t id) const {
    const auto found = std::ranges::find(shown_, id, &ConversationRecord::id);
    return found == shown_.end() ? -1 : static_cast<int>(found - shown_.begin());
}

void ConversationModel::filter() {
    std::vector<ConversationRecord> next;
    std::ranges::copy_if(all_, std::back_inserter(next), [this](const ConversationRecord& record) {
        return !hidden_.contains(record.id);
    });
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
