#pragma once

#include <set>
#include <vector>

#include <QAbstractListModel>

#include "storage/records.h"

namespace epi {

/// The conversations, newest first, without those about to be deleted. GUI thread only.
class ConversationModel final : public QAbstractListModel {
    Q_OBJECT

public:
    enum Roles { kIdRole = Qt::UserRole, kDetailsRole };

    using QAbstractListModel::QAbstractListModel;

    [[nodiscard]] int rowCount(const QModelIndex& parent = {}) const override;
    [[nodiscard]] QVariant data(const QModelIndex& index, int role) const override;
    [[nodiscard]] Qt::ItemFlags flags(const QModelIndex& index) const override;
    /// Only the title; `renamed` asks for it to be stored.
    bool setData(const QModelIndex& index, const QVariant& value, int role) override;

    void assign(std::vector<ConversationRecord> records);
    void setHidden(std::int64_t id, bool isHidden);
    [[nodiscard]] const ConversationRecord* find(std::int64_t id) const;
    [[nodiscard]] int rowOf(std::int64_t id) const;
    [[nodiscard]] const ConversationRecord& at(int row) const {
        return shown_[static_cast<std::size_t>(row)];
    }

Q_SIGNALS:
    void renamed(qint64 id, const QString& title);

private:
    void filter();

    std::vector<ConversationRecord> all_;
    std::vector<ConversationRecord> shown_;
    std::set<std::int64_t> hidden_;
};

}  // namespace epi
