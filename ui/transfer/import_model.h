#pragma once

#include <set>
#include <vector>

#include <QAbstractTableModel>

#include "ui/bridge/import_client.h"

namespace epi {

/// The chats of a file before they are imported, each with a check mark. GUI thread only.
class ImportModel final : public QAbstractTableModel {
    Q_OBJECT

public:
    enum Column { kTitle, kMessages, kDate, kChange, kColumns };

    using QAbstractTableModel::QAbstractTableModel;

    [[nodiscard]] int rowCount(const QModelIndex& parent = {}) const override;
    [[nodiscard]] int columnCount(const QModelIndex& parent = {}) const override;
    [[nodiscard]] QVariant data(const QModelIndex& index, int role) const override;
    [[nodiscard]] QVariant headerData(int section, Qt::Orientation orientation, int role) const override;
    [[nodiscard]] Qt::ItemFlags flags(const QModelIndex& index) const override;
    bool setData(const QModelIndex& index, const QVariant& value, int role) override;

    void assign(std::vector<ImportLine> lines);
    void checkAll(bool isChecked);
    [[nodiscard]] int checkedCount() const { return rowCount() - static_cast<int>(skipped_.size()); }
    [[nodiscard]] const std::set<std::size_t>& skipped() const { return skipped_; }

Q_SIGNALS:
    void checksChanged();

private:
    std::vector<ImportLine> lines_;
    std::set<std::size_t> skipped_;
};

}  // namespace epi
