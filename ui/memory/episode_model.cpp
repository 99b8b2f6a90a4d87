#include "ui/memory/episode_model.h"

#include <algorithm>

#include <QPainter>
#include <QTextLayout>

#include "ui/bridge/text.h"
#include "ui/theme/episode_swatch.h"
#include "ui/theme/text_lines.h"
#include "ui/theme/theme.h"

namespace epi {

using namespace Qt::StringLiterals;

namespace {

constexpr int kQuotedLines = 3;

void paintQuote(QPainter& painter, const QRect& area, const QString& text) {
    QTextLayout layout(text, painter.font());
    QTextOption option;
    option.setWrapMode(QTextOption::WrapAtWordBoundaryOrAnywhere);
    layout.setTextOption(option);
    layOutLines(layout, area.width(), kQuotedLines);
    layout.draw(&painter, area.topLeft());
}

/// The swatch beside it has the number already.
QString nameOf(const EpisodeRecord& episode) {
    return episode.name.empty() ? EpisodeModel::tr("Episode %1").arg(episode.index + 1)
                                : toQString(episode.name).simplified();
}

QString detailsOf(const EpisodeRecord& episode) {
    const QString segments = EpisodeModel::tr("%n segment(s)", nullptr, static_cast<int>(episode.segments));
    const QString turns =
        EpisodeModel::tr("%n message(s)", nullptr, static_cast<int>(episode.turnIds.size()));
    const QString kept =
        EpisodeModel::tr("%Ln entr(y|ies) kept", nullptr, static_cast<int>(episode.keptEntries));
    return QStringList{turns, kept, segments}.join(u" · "_s);
}

}  // namespace

int EpisodeModel::rowCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : static_cast<int>(episodes_.size());
}

QVariant EpisodeModel::data(const QModelIndex& index, int role) const {
    if (!checkIndex(index, CheckIndexOption::IndexIsValid)) return {};
    const EpisodeRecord& episode = episodes_[static_cast<std::size_t>(index.row())];
    const QString text =
        episode.representatives.empty() ? QString() : toQString(episode.representatives.front()).simplified();
    switch (role) {
        case Qt::DisplayRole:
            return text;
        case kIndexRole:
            return episode.index;
        case kNameRole:
            return nameOf(episode);
        case kDetailsRole:
            return detailsOf(episode);
        case kFirstTurnRole:
            return episode.turnIds.empty() ? QVariant()
                                           : QVariant(static_cast<qint64>(episode.turnIds.front()));
        case Qt::AccessibleTextRole:
            return tr("Episode %1, %2, %3: %4")
                .arg(episode.index + 1)
                .arg(nameOf(episode), detailsOf(episode), text);
        default:
            return {};
    }
}

void EpisodeModel::assign(std::vector<EpisodeRecord> episodes) {
    beginResetModel();
    episodes_ = std::move(episodes);
    endResetModel();
}

int EpisodeModel::rowOf(int episode) const {
    const auto found = std::ranges::find(episodes_, episode, &EpisodeRecord::index);
    return found == episodes_.end() ? -1 : static_cast<int>(found - episodes_.begin());
}

void EpisodeDelegate::paint(QPainter* painter,
                            const QStyleOptionViewItem& option,
                            const QModelIndex& index) const {
    const Theme& theme = Theme::current();
    const ThemeColors& colors = theme.colors();
    painter->save();
    painter->setRenderHint(QPainter::Antialiasing);
    const QRectF box = QRectF(option.rect).adjusted(theme.px(8), theme.px(2), -theme.px(8), -theme.px(2));
    const bool isSelected = option.state & QStyle::State_Selected;
    const bool isFocused = isSelected && (option.state & QStyle::State_HasFocus);
    const bool isHovered = option.state & QStyle::State_MouseOver;
    painter->setPen(isFocused ? QPen(colors.accent, 2) : QPen(colors.border, 1));
    painter->setBrush(isSelected ? colors.accentSoft : isHovered ? colors.hover : colors.raised);
    painter->drawRoundedRect(box.adjusted(1, 1, -1, -1), theme.px(6), theme.px(6));

    QRect area = box.toRect().adjusted(theme.px(12), theme.px(8), -theme.px(12), -theme.px(8));
    const int episode = index.data(EpisodeModel::kIndexRole).toInt();
    const int side = episodeSwatchSide();
    paintEpisodeSwatch(*painter, QRect(area.left(), area.top(), side, side), episode);
    painter->setPen(colors.text);
    painter->setFont(theme.font(TextSize::kInterface, QFont::DemiBold));
    const QRect title = area.adjusted(side + theme.px(8), 0, 0, 0);
    painter->drawText(title,
                      Qt::AlignLeft | Qt::AlignTop,
                      painter->fontMetrics().elidedText(
                          index.data(EpisodeModel::kNameRole).toString(), Qt::ElideRight, title.width()));
    area.setTop(area.top() + side + theme.px(4));
    painter->setFont(theme.font(TextSize::kSmall));
    painter->setPen(colors.secondaryText);
    painter->drawText(area,
                      Qt::AlignLeft | Qt::AlignTop,
                      painter->fontMetrics().elidedText(
                          index.data(EpisodeModel::kDetailsRole).toString(), Qt::ElideRight, area.width()));
    area.setTop(area.top() + painter->fontMetrics().height() + theme.px(4));
    painter->setFont(theme.font(TextSize::kInterface));
    painter->setPen(colors.text);
    paintQuote(*painter, area, index.data().toString());
    painter->restore();
}

QSize EpisodeDelegate::sizeHint(const QStyleOptionViewItem&, const QModelIndex&) const {
    const Theme& theme = Theme::current();
    const int small = QFontMetrics(theme.font(TextSize::kSmall)).height();
    const int line = QFontMetrics(theme.font(TextSize::kInterface)).lineSpacing();
    return {theme.px(200), theme.px(32) + episodeSwatchSide() + small + kQuotedLines * line};
}

}  // namespace epi
