#include "ui/transfer/import_model.h"

#include <QDateTime>
#include <QLocale>

#include "ui/transfer/import_text.h"

namespace epi {

using namespace Qt::StringLiterals;

int ImportModel::rowCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : static_cast<int>(lines_.size());
}

int ImportModel::columnCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : static_cast<int>(kColumns);
}

QVariant ImportModel::data(const QModelIndex& index, int role) const {
    if (!checkIndex(index, CheckIndexOption::IndexIsValid)) return {};
    const auto place = static_cast<std::size_t>(index.row());
    const ImportLine& line = lines_[place];
    if (role == Qt::CheckStateRole && index.column() == kTitle)
        return skipped_.contains(place) ? Qt::Unchecked : Qt::Checked;
    if (role == Qt::TextAlignmentRole && index.column() == kMessages)
        return QVariant(Qt::AlignTrailing | Qt::AlignVCenter);
    if (role != Qt::DisplayRole) return {};
    switch (index.column()) {
        case kTitle:
            return line.title.simplified();
        case kMessages:
            return QLocale().toString(line.messages);
        case kDate:
            return line.updatedAtMs == 0
                       ? QString()
                       : QLocale().toString(QDateTime::fromMSecsSinceEpoch(line.updatedAtMs).date(),
                                            u"d MMM yyyy"_s);
        case kChange:
            return changeText(line.outcome);
        default:
            return {};
    }
}

QVariant ImportModel::headerData(int section, Qt::Orientation orientation, int role) const {
    if (role == Qt::TextAlignmentRole && section == kMessages)
        return QVariant(Qt::AlignTrailing | Qt::AlignVCenter);
    if (orientation != Qt::Horizontal || role != Qt::DisplayRole) return {};
    switch (section) {
        case kTitle:
            return tr("Chat");
        case kMessages:
            return tr("Messages");
        case kDate:
            return tr("Last used");
        case kChange:
            return tr("Here");
        default:
            return {};
    }
}

Qt::ItemFlags ImportModel::flags(const QModelIndex& index) const {
    const Qt::ItemFlags flags = QAbstractTableModel::flags(index);
    return index.isValid() && index.column() == kTitle ? flags | Qt::ItemIsUserCheckable : flags;
}

bool ImportModel::setData(const QModelIndex& index, const QVariant& value, int role) {
    if (role != Qt::CheckStateRole || !checkIndex(index, CheckIndexOption::IndexIsValid)) return false;
    const auto place = static_cast<std::size_t>(index.row());
    if (value.toInt() == Qt::Checked) {
        skipped_.erase(place);
    } else {
        skipped_.insert(place);
    }
    Q_EMIT
    dataChanged(index, index, {Qt::CheckStateRole});
    Q_EMIT
    checksChanged();
    return true;
}

void ImportModel::assign(std::vector<ImportLine> lines) {
    beginResetModel();
    lines_ = std::move(lines);
    skipped_.clear();
    endResetModel();
    Q_EMIT
    checksChanged();
}

void ImportModel::checkAll(bool isChecked) {
    if (lines_.empty()) return;
    skipped_.clear();
    for (std::size_t place = 0; !isChecked && place < lines_.size(); ++place)
        skipped_.insert(place);
    Q_EMIT
    dataChanged(index(0, kTitle), index(rowCount() - 1, kTitle), {Qt::CheckStateRole});
    Q_EMIT
    checksChanged();
}

}  // namespace epi
