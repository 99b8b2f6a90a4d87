#include "ui/memory/episode_model.h"

#include <algorithm>
#include <cmath>

#include <QAbstractItemView>
#include <QPainter>
#include <QTextLayout>

#include "ui/bridge/text.h"
#include "ui/theme/episode_swatch.h"
#include "ui/theme/text_lines.h"
#include "ui/theme/theme.h"

namespace epi {

using namespace Qt::StringLiterals;

namespace {

QString between() {
    return u" · "_s;
}

constexpr int kNameLines = 3;
constexpr int kDetailLines = 4;
constexpr int kQuotedLines = 3;

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
    return QStringList{turns, kept, segments}.join(between());
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

namespace {

void layOut(QTextLayout& layout, const QString& text, const QFont& font, int width, int lines) {
    layout.setText(text);
    layout.setFont(font);
    QTextOption option;
    option.setWrapMode(QTextOption::WrapAtWordBoundaryOrAnywhere);
    layout.setTextOption(option);
    layOutLines(layout, width, lines);
}

int heightOf(const QTextLayout& layout) {
    return static_cast<int>(std::ceil(layout.boundingRect().height()));
}

/// What stands on an episode's card of this width, from the top.
class Card {
public:
    Card(const QModelIndex& index, int width) : episode_(index.data(EpisodeModel::kIndexRole).toInt()) {
        const QFont interface = theme_.font(TextSize::kInterface);
        const QFont small = theme_.font(TextSize::kSmall);
        // No line begins with a comma: one stands only between two words in the same line.
        const QFont bold = theme_.font(TextSize::kInterface, QFont::DemiBold);
        const int nameWidth = width - nameLeft();
        const QStringList words = index.data(EpisodeModel::kNameRole).toString().split(u", "_s);
        layOut(name_, joinParts(words, u", "_s, QFontMetricsF(bold), nameWidth), bold, nameWidth, kNameLines);
        const QStringList details = index.data(EpisodeModel::kDetailsRole).toString().split(between());
        layOut(
            details_, joinParts(details, between(), QFontMetricsF(small), width), small, width, kDetailLines);
        layOut(quote_, index.data().toString(), interface, width, kQuotedLines);
    }

    [[nodiscard]] int height() const { return quoteTop() + heightOf(quote_); }

    void paint(QPainter& painter, QPoint at) const {
        const int side = episodeSwatchSide();
        paintEpisodeSwatch(painter, QRect(at, QSize(side, side)), episode_);
        painter.setPen(theme_.colors().text);
        name_.draw(&painter, at + QPoint(nameLeft(), nameTop()));
        quote_.draw(&painter, at + QPoint(0, quoteTop()));
        painter.setPen(theme_.colors().secondaryText);
        details_.draw(&painter, at + QPoint(0, detailsTop()));
    }

private:
    [[nodiscard]] int nameLeft() const { return episodeSwatchSide() + theme_.px(8); }
    /// Its first line beside the middle of the swatch.
    [[nodiscard]] int nameTop() const {
        const double line = name_.lineCount() > 0 ? name_.lineAt(0).height() : 0.0;
        return std::max(0, static_cast<int>((episodeSwatchSide() - line) / 2));
    }
    [[nodiscard]] int detailsTop() const {
        return std::max(episodeSwatchSide(), nameTop() + heightOf(name_)) + theme_.px(4);
    }
    [[nodiscard]] int quoteTop() const { return detailsTop() + heightOf(details_) + theme_.px(6); }

    const Theme& theme_ = Theme::current();
    int episode_;
    QTextLayout name_;
    QTextLayout details_;
    QTextLayout quote_;
};

QMargins marginsOfCard() {
    const Theme& theme = Theme::current();
    return {theme.px(8), theme.px(2), theme.px(8), theme.px(2)};
}

QMargins marginsInCard() {
    const Theme& theme = Theme::current();
    return {theme.px(12), theme.px(8), theme.px(12), theme.px(8)};
}

}  // namespace

void EpisodeDelegate::paint(QPainter* painter,
                            const QStyleOptionViewItem& option,
                            const QModelIndex& index) const {
    const Theme& theme = Theme::current();
    const ThemeColors& colors = theme.colors();
    painter->save();
    painter->setRenderHint(QPainter::Antialiasing);
    const QRect box = option.rect - marginsOfCard();
    const bool isSelected = option.state & QStyle::State_Selected;
    const bool isFocused = isSelected && (option.state & QStyle::State_HasFocus);
    const bool isHovered = option.state & QStyle::State_MouseOver;
    painter->setPen(isFocused ? QPen(colors.accent, 2) : QPen(colors.border, 1));
    painter->setBrush(isSelected ? colors.accentSoft : isHovered ? colors.hover : colors.raised);
    painter->drawRoundedRect(QRectF(box).adjusted(1, 1, -1, -1), theme.px(6), theme.px(6));
    const QRect area = box - marginsInCard();
    Card(index, area.width()).paint(*painter, area.topLeft());
    painter->restore();
}

QSize EpisodeDelegate::sizeHint(const QStyleOptionViewItem& option, const QModelIndex& index) const {
    // A view that lays its rows out says nothing of their width.
    const auto* view = qobject_cast<const QAbstractItemView*>(option.widget);
    const int width = view != nullptr ? view->viewport()->width() : option.rect.width();
    const QMargins margins = marginsOfCard() + marginsInCard();
    const Card card(index, width - margins.left() - margins.right());
    return {Theme::current().px(200), card.height() + margins.top() + margins.bottom()};
}

}  // namespace epi
