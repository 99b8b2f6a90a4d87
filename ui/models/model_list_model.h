#pragma once

#include <vector>

#include <QAbstractListModel>
#include <QString>

namespace epi {

/// A model that can be loaded.
struct ModelEntry {
    QString name;    // what the engine is asked for: a path, or an id of a model on another machine
    QString title;   // the file's name without its ending
    QString folder;  // where it is; empty on another machine
    qint64 bytes = 0;
    bool isHere = true;  // a file of this computer, so that its header can be read

    bool operator==(const ModelEntry&) const = default;
};

/// The models of the manager's list, the loaded one marked. GUI thread only.
class ModelListModel final : public QAbstractListModel {
    Q_OBJECT

public:
    enum Roles { kDetailsRole = Qt::UserRole, kIsLoadedRole };

    using QAbstractListModel::QAbstractListModel;

    void assign(std::vector<ModelEntry> entries);
    /// By the path that the engine reports.
    void setLoaded(const QString& path);
    [[nodiscard]] const ModelEntry& at(int row) const { return entries_[static_cast<std::size_t>(row)]; }
    /// -1 when it is not there.
    [[nodiscard]] int rowOf(const QString& name) const;

    [[nodiscard]] int rowCount(const QModelIndex& parent = {}) const override;
    [[nodiscard]] QVariant data(const QModelIndex& index, int role) const override;

private:
    std::vector<ModelEntry> entries_;
    QString loaded_;
};

}  // namespace epi
