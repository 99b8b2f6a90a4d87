#pragma once

#include <QStyledItemDelegate>

namespace epi {

/// A hit of a search: the chat's title, who said it when, and the words around the match with the match
/// marked. Text is drawn as it is, never as markup.
class SearchDelegate final : public QStyledItemDelegate {
    Q_OBJECT

public:
    using QStyledItemDelegate::QStyledItemDelegate;

    void paint(QPainter* painter,
               const QStyleOptionViewItem& option,
               const QModelIndex& index) const override;
    [[nodiscard]] QSize sizeHint(const QStyleOptionViewItem& option, const QModelIndex& index) const override;
};

}  // namespace epi
