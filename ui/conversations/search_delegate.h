#pragma once

#include <QStyledItemDelegate>

#include "ui/conversations/search_model.h"

class QTextLayout;

namespace epi {

/// Lays a hit's text out in at most `lines` lines, the matches marked. What does not fit is cut: behind, and
/// before the first match as far as it takes to show that.
void layOutMarked(QTextLayout& layout,
                  const QString& text,
                  const QList<SearchModel::Match>& matches,
                  qreal width,
                  int lines);

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
