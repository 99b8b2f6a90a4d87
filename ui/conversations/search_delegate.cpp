#include "ui/conversations/search_delegate.h"

#include <algorithm>

#include <QPainter>
#include <QTextLayout>

#include "ui/theme/text_lines.h"
#include "ui/theme/theme.h"

namespace epi {

namespace {

constexpr int kExcerptLines = 2;

/// `text` begins `from` characters into what the matches count in.
void setMarked(QTextLayout& layout, const QString& text, const QList<SearchModel::Match>& matches, int from) {
    QList<QTextLayout::FormatRange> formats;
    for (const SearchModel::Match& match : matches) {
        QTextLayout::FormatRange range;
        range.start = match.begin - from;
        range.length = match.end - match.begin;
        range.format.setFontWeight(QFont::Bold);
        range.format.setForeground(Theme::current().colors().text);
        formats.append(range);
    }
    layout.setText(text);
    layout.setFormats(formats);
}

/// Draws at most `lines` lines with the matches marked.
void drawMarked(QPainter& painter,
                const QRect& area,
                const QString& text,
                const QList<SearchModel::Match>& matches,
                int lines) {
    QTextLayout layout;
    layout.setFont(painter.font());
    layOutMarked(layout, text, matches, area.width(), lines);
    painter.save();
    painter.setClipRect(area);
    layout.draw(&painter, area.topLeft());
    painter.restore();
}

}  // namespace

void layOutMarked(QTextLayout& layout,
                  const QString& text,
                  const QList<SearchModel::Match>& matches,
                  qreal width,
                  int lines) {
    QTextOption option;
    option.setWrapMode(QTextOption::WrapAtWordBoundaryOrAnywhere);
    layout.setTextOption(option);
    setMarked(layout, text, matches, 0);
    layOutLines(layout, width, lines);
    if (matches.isEmpty()) return;
    const SearchModel::Match first = matches.front();
    // As many words before the match as there is room for.
    QString whole = text;
    for (int begin = 0; layout.text() != whole && begin < first.begin;) {
        const int offset = begin > 0 ? begin - 1 : 0;  // the ellipsis in front is a character
        if (layout.text().size() > first.end - offset) return;
        const auto space = text.indexOf(u' ', begin);
        begin = space < 0 ? first.begin : std::min(static_cast<int>(space) + 1, first.begin);
        whole = u'…' + text.mid(begin);
        setMarked(layout, whole, matches, begin - 1);
        layOutLines(layout, width, lines);
    }
}

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
    drawMarked(*painter, titleArea, hit.title, isTitle ? hit.matches : QList<SearchModel::Match>(), 1);
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
