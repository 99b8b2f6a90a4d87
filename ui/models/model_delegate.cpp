#include "ui/models/model_delegate.h"

#include <QPainter>

#include "ui/models/model_list_model.h"
#include "ui/theme/theme.h"

namespace epi {

void ModelDelegate::paint(QPainter* painter,
                          const QStyleOptionViewItem& option,
                          const QModelIndex& index) const {
    const Theme& theme = Theme::current();
    const ThemeColors& colors = theme.colors();
    painter->save();
    painter->setRenderHint(QPainter::Antialiasing);
    const QRectF box = QRectF(option.rect).adjusted(theme.px(4), theme.px(2), -theme.px(4), -theme.px(2));
    const bool isSelected = option.state & QStyle::State_Selected;
    const bool isHovered = option.state & QStyle::State_MouseOver;
    const bool isFocused = isSelected && (option.state & QStyle::State_HasFocus);
    painter->setPen(isFocused || (isSelected && theme.isHighContrast()) ? QPen(colors.accent, 2)
                                                                        : QPen(Qt::NoPen));
    painter->setBrush(isSelected ? QBrush(colors.accentSoft) : isHovered ? QBrush(colors.hover) : QBrush());
    painter->drawRoundedRect(box.adjusted(1, 1, -1, -1), theme.px(6), theme.px(6));
    const QRect text = box.toRect().adjusted(theme.px(12), theme.px(6), -theme.px(12), -theme.px(6));
    painter->setFont(theme.font(TextSize::kInterface, QFont::DemiBold));
    painter->setPen(colors.text);
    painter->drawText(
        text,
        Qt::AlignLeft | Qt::AlignTop,
        painter->fontMetrics().elidedText(index.data().toString(), Qt::ElideMiddle, text.width()));
    painter->setFont(theme.font(TextSize::kSmall));
    painter->setPen(index.data(ModelListModel::kIsLoadedRole).toBool() ? colors.accent
                                                                       : colors.secondaryText);
    painter->drawText(
        text, Qt::AlignLeft | Qt::AlignBottom, index.data(ModelListModel::kDetailsRole).toString());
    painter->restore();
}

QSize ModelDelegate::sizeHint(const QStyleOptionViewItem&, const QModelIndex&) const {
    return {Theme::current().px(160), Theme::current().px(52)};
}

}  // namespace epi
