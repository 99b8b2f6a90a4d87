#include "ui/conversations/search_delegate.h"

#include <algorithm>

#include <QPainter>
#include <QTextLayout>

#include "ui/conversations/search_model.h"
#include "ui/theme/theme.h"

namespace epi {

namespace {

constexpr int kExcerptLines = 2;

/// Draws at most `lines` lines with the matches marked.
void drawMarked(QPainter& painter,
                const QRect& area,
                const QString& text,
                const QList<SearchModel::Match>& matches,
                int lines) {
    QTextLayout layout(text, painter.font());
    QTextOption option;
    option.setWrapMode(QTextOption::WrapAtWordBoundaryOrAnywhere);
    layout.setTextOption(option);
    QList<QTextLayout::FormatRange> formats;
    for (const SearchModel::Match& match : matches) {
        QTextLayout::FormatRange range;
        range.start = match.begin;
        range.length = match.end - match.begin;
        range.format.setFontWeight(QFont::Bold);
        range.format.setForeground(Theme::current().colors().text);
        formats.append(range);
    }
    layout.setFormats(formats);
    layout.beginLayout();
    double height = 0.0;
    for (int i = 0; i < lines; ++i) {
        QTextLine line = layout.createLine();
        if (!line.isValid()) break;
        line.setLineWidth(area.width());
        line.setPosition({0.0, height});
        height += line.height();
    }
    layout.endLayout();
    painter.save();
    painter.setClipRect(area);
    layout.draw(&painter, area.topLeft());
    painter.restore();
}

}  // namespace

void SearchDelegate::paint(QPainter* painter,
                           const QStyleOptionViewItem& option,
                           const QModelIndex& index) const {
    const auto* model = qobject_cast<const SearchModel*>(index.model());
    if (model == nullptr) return;
    const SearchModel::Hit& hit = model->at(index.row());
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

    QRect area = box.toRect().adjusted(theme.px(12), theme.px(6), -theme.px(12), -theme.px(6));
    const bool isTitle = hit.messageId == 0;
    painter->setFont(theme.font(TextSize::kInterface, isTitle ? QFont::Normal : QFont::DemiBold));
    painter->setPen(isTitle ? colors.secondaryText : colors.text);
    const int titleHeight = painter->fontMetrics().height();
    const QRect titleArea(area.left(), area.top(), area.width(), titleHeight);
    drawMarked(*painter,
               titleArea,
               painter->fontMetrics().elidedText(hit.title, Qt::ElideRight, area.width()),
               isTitle ? hit.matches : QList<SearchModel::Match>(),
               1);
    if (!isTitle) {
        area.setTop(area.top() + titleHeight + theme.px(1));
        painter->setFont(theme.font(TextSize::kSmall));
        painter->setPen(colors.secondaryText);
        painter->drawText(area,
                          Qt::AlignLeading | Qt::AlignTop,
                          painter->fontMetrics().elidedText(hit.details, Qt::ElideRight, area.width()));
        area.setTop(area.top() + painter->fontMetrics().height() + theme.px(2));
        drawMarked(*painter, area, hit.excerpt, hit.matches, kExcerptLines);
    }
    painter->restore();
}

QSize SearchDelegate::sizeHint(const QStyleOptionViewItem&, const QModelIndex& index) const {
    const Theme& theme = Theme::current();
    const auto* model = qobject_cast<const SearchModel*>(index.model());
    const int title = QFontMetrics(theme.font(TextSize::kInterface)).height();
    const int small = QFontMetrics(theme.font(TextSize::kSmall)).height();
    const bool isTitle = model != nullptr && model->at(index.row()).messageId == 0;
    const int lines = isTitle ? title : title + small * (1 + kExcerptLines) + theme.px(4);
    return {theme.px(160), lines + theme.px(16)};
}

}  // namespace epi
