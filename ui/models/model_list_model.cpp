#include "ui/models/model_list_model.h"

#include <algorithm>

#include <QLocale>

namespace epi {

using namespace Qt::StringLiterals;

void ModelListModel::assign(std::vector<ModelEntry> entries) {
    if (entries == entries_) return;
    beginResetModel();
    entries_ = std::move(entries);
    endResetModel();
}

void ModelListModel::setLoaded(const QString& path) {
    if (loaded_ == path) return;
    loaded_ = path;
    if (!entries_.empty()) Q_EMIT
    dataChanged(index(0), index(rowCount() - 1));
}

int ModelListModel::rowOf(const QString& name) const {
    const auto found = std::ranges::find(entries_, name, &ModelEntry::name);
    return found == entries_.end() ? -1 : static_cast<int>(found - entries_.begin());
}

int ModelListModel::rowCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : static_cast<int>(entries_.size());
}

QVariant ModelListModel::data(const QModelIndex& index, int role) const {
    if (!index.isValid() || index.row() >= rowCount()) return {};
    const ModelEntry& entry = at(index.row());
    const bool isLoaded = !loaded_.isEmpty() && entry.name == loaded_;
    const QString size = QLocale().formattedDataSize(entry.bytes);
    switch (role) {
        case Qt::DisplayRole:
            return entry.title;
        case Qt::ToolTipRole:
            return QString(u"<p>"_s + entry.name.toHtmlEscaped() + u"</p>"_s);
        case Qt::AccessibleTextRole:
            return isLoaded ? tr("%1, %2, loaded").arg(entry.title, size) : entry.title + u", "_s + size;
        case kDetailsRole:
            return isLoaded ? tr("%1 · loaded").arg(size) : size;
        case kIsLoadedRole:
            return isLoaded;
        default:
            return {};
    }
}

}  // namespace epi
