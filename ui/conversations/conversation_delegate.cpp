#include "ui/conversations/conversation_delegate.h"

#include <QPainter>

#include "ui/conversations/conversation_model.h"
#include "ui/theme/icons.h"
#include "ui/theme/theme.h"

namespace epi {

void ConversationDelegate::paint(QPainter* painter,
                                 const QStyleOptionViewItem& option,
                                 const QModelIndex& index) const {
    const Theme& theme = Theme::current();
    const ThemeColors& colors = theme.colors();
    painter->save();
    painter->setRenderHint(QPainter::Antialiasing);
    const QRectF box = QRectF(option.rect).adjusted(theme.px(8), theme.px(2), -theme.px(8), -theme.px(2));
    const bool isSelected = option.state & QStyle::State_Selected;
    const bool isHovered = option.state & QStyle::State_MouseOver;
    const bool isFocused = isSelected && (option.state & QStyle::State_HasFocus);
    painter->setPen(isFocused ? QPen(colors.accent, 2) : QPen(Qt::NoPen));
    painter->setBrush(isSelected ? QBrush(colors.accentSoft) : isHovered ? QBrush(colors.hover) : QBrush());
    painter->drawRoundedRect(box.adjusted(1, 1, -1, -1), theme.px(6), theme.px(6));

    QRect text = box.toRect().adjusted(theme.px(12), theme.px(6), -theme.px(12), -theme.px(6));
    if (index.data(ConversationModel::kPinnedRole).toBool()) {
        const int side = theme.px(14);
        const bool isLeftToRight = option.direction == Qt::LeftToRight;
        const QRect mark(isLeftToRight ? text.right() - side + 1 : text.left(), text.top(), side, side);
        themedIcon(QStringLiteral("pin")).paint(painter, mark);
        text.adjust(isLeftToRight ? 0 : side + theme.px(6), 0, isLeftToRight ? -side - theme.px(6) : 0, 0);
    }
    painter->setFont(theme.font(TextSize::kInterface, QFont::DemiBold));
    painter->setPen(colors.text);
    painter->drawText(
        text,
        Qt::AlignLeading | Qt::AlignTop,
        painter->fontMetrics().elidedText(index.data().toString(), Qt::ElideRight, text.width()));
    painter->setFont(theme.font(TextSize::kSmall));
    painter->setPen(colors.secondaryText);
    const QString details = index.data(ConversationModel::kDetailsRole).toString();
    painter->drawText(text,
                      Qt::AlignLeading | Qt::AlignBottom,
                      painter->fontMetrics().elidedText(details, Qt::ElideRight, text.width()));
    painter->restore();
}

QSize ConversationDelegate::sizeHint(const QStyleOptionViewItem&, const QModelIndex&) const {
    const Theme& theme = Theme::current();
    return {theme.px(160), theme.px(52)};
}

void ConversationDelegate::updateEditorGeometry(QWidget* editor,
                                                const QStyleOptionViewItem& option,
                                                const QModelIndex&) const {
    // Over the second line, too, which would look out from behind it.
    const Theme& theme = Theme::current();
    editor->setGeometry(option.rect.adjusted(theme.px(8), theme.px(2), -theme.px(8), -theme.px(2)));
}

}  // namespace epi
