#pragma once

#include <vector>

#include <QAbstractListModel>
#include <QStyledItemDelegate>

#include "storage/records.h"

namespace epi {

/// The episodes of a memory. GUI thread only.
class EpisodeModel final : public QAbstractListModel {
    Q_OBJECT

public:
    enum Roles { kIndexRole = Qt::UserRole, kNameRole, kDetailsRole, kFirstTurnRole };

    using QAbstractListModel::QAbstractListModel;

    [[nodiscard]] int rowCount(const QModelIndex& parent = {}) const override;
    /// DisplayRole is the text of the first representative segment.
    [[nodiscard]] QVariant data(const QModelIndex& index, int role) const override;

    void assign(std::vector<EpisodeRecord> episodes);
    [[nodiscard]] int rowOf(int episode) const;

private:
    std::vector<EpisodeRecord> episodes_;
};

/// An episode: its mark, what it holds in numbers, and what it is about in its own words.
class EpisodeDelegate final : public QStyledItemDelegate {
    Q_OBJECT

public:
    using QStyledItemDelegate::QStyledItemDelegate;

    void paint(QPainter* painter,
               const QStyleOptionViewItem& option,
               const QModelIndex& index) const override;
    [[nodiscard]] QSize sizeHint(const QStyleOptionViewItem& option, const QModelIndex& index) const override;
};

}  // namespace epi
