#include "ui/chat/message_layout.h"

#include <algorithm>

#include <QDateTime>
#include <QFontMetrics>
#include <QLocale>
#include <QPainter>

#include "ui/theme/episode_swatch.h"
#include "ui/theme/theme.h"

namespace epi {

using namespace Qt::StringLiterals;

namespace {

constexpr qsizetype kLongestShownId = 12;  // "D5:13"; a longer one was made by a program for itself
constexpr int kMeasure = 720;              // widest line of prose, about 76 characters

QColor stateColor(MessageState state) {
    const ThemeColors& colors = Theme::current().colors();
    switch (state) {
        case MessageState::kFailed:
            return colors.error;
        case MessageState::kCutOff:
        case MessageState::kComplete:
            return colors.warning;
        case MessageState::kStopped:
        case MessageState::kStreaming:
            break;
    }
    return colors.secondaryText;
}

QString versionText(const MessageItem& item) {
    const QLocale locale;
    return locale.toString(item.versionIndex + 1) + u'/' + locale.toString(item.versionCount);
}

int columnLeft(int width) {
    const Theme& theme = Theme::current();
    return (width - std::min(width - 2 * theme.px(16), theme.px(kMeasure))) / 2;
}

int lineHeight(TextSize size) {
    return lineHeightOf(Theme::current().font(size));
}

int textWidth(int width) {
    return std::max(width - 2 * columnLeft(width) - Theme::current().px(28), 1);
}

}  // namespace

markdown::Syntax MessageLayout::syntaxOf(const MessageItem& item, bool showsSource) {
    const bool isReply = item.role == Role::kAssistant && item.speaker.isEmpty();
    return isReply && !showsSource ? markdown::Syntax::kMarkdown : markdown::Syntax::kPlain;
}

MessageLayout::MessageLayout(const MessageItem& item, const MessageSurroundings& surroundings)
    : body_(syntaxOf(item, surroundings.showsSource), textWidth(surroundings.width)) {
    update(item, surroundings);
}

int MessageLayout::update(const MessageItem& item, const MessageSurroundings& surroundings) {
    const Theme& theme = Theme::current();
    const markdown::Syntax syntax = syntaxOf(item, surroundings.showsSource);
    const bool isAnother =
        body_.width() != textWidth(surroundings.width) || body_.document().syntax() != syntax;
    if (isAnother) body_ = MessageBody(syntax, textWidth(surroundings.width));
    startsSession_ = surroundings.startsSession;
    isOwn_ = item.role == Role::kUser && item.speaker.isEmpty();
    caption_.clear();
    chip_ = {};
    const int left = columnLeft(surroundings.width);
    const int columnWidth = surroundings.width - 2 * left;
    int y = 0;
    if (startsSession_) {
        separator_ = QRect(left, theme.px(12), columnWidth, lineHeight(TextSize::kInterface));
        y = separator_.bottom() + theme.px(8);
    }
    y += theme.px(2);
    const int top = y;
    y += theme.px(6);
    header_ = QRect(left + theme.px(16),
                    y,
                    body_.width(),
                    std::max(lineHeight(TextSize::kInterface), episodeSwatchSide()));
    layOutVersions(item);
    y = header_.bottom() + theme.px(4);
    const int changedFrom = layOutText(item, &y);
    layOutFooter(item, surroundings.hasAction, &y);
    y += theme.px(8);
    box_ = QRect(left, top, columnWidth, y - top);
    height_ = y + theme.px(2);
    return isAnother ? 0 : changedFrom;
}

void MessageLayout::layOutVersions(const MessageItem& item) {
    previous_ = version_ = next_ = {};
    if (item.versionCount < 2) return;
    const Theme& theme = Theme::current();
    const int side = theme.px(24);  // the smallest thing that is easily hit
    const int swatch = item.episode >= 0 ? episodeSwatchSide() + theme.px(8) : 0;
    const QFontMetrics metrics(theme.font(TextSize::kInterface));
    const int width = metrics.horizontalAdvance(versionText(item)) + theme.px(4);
    const int top = header_.center().y() - side / 2;
    next_ = QRect(header_.right() - swatch - side + 1, top, side, side);
    version_ = QRect(next_.left() - width, top, width, side);
    previous_ = QRect(version_.left() - side, top, side, side);
}

int MessageLayout::versionStepAt(QPoint point) const {
    if (previous_.contains(point)) return -1;
    return next_.contains(point) ? 1 : 0;
}

int MessageLayout::settle(const MessageItem& item,
                          const MessageSurroundings& surroundings,
                          int from,
                          int to) {
    const int heightBefore = body_.height();
    const int grownAbove = body_.settle(from - textRect_.top(), to - textRect_.top());
    if (body_.height() != heightBefore) update(item, surroundings);
    return grownAbove;
}

int MessageLayout::layOutText(const MessageItem& item, int* y) {
    const int changedFrom = *y + body_.setText(item.text);
    textRect_ = QRect(header_.left(), *y, header_.width(), body_.height());
    *y += body_.height();
    if (item.caption.isEmpty()) return changedFrom;
    caption_ = tr("Image: %1").arg(item.caption);
    const QFontMetrics metrics(Theme::current().font(TextSize::kInterface));
    captionRect_ =
        metrics.boundingRect(QRect(header_.left(), *y + Theme::current().px(4), header_.width(), 1 << 20),
                             Qt::TextWordWrap,
                             caption_);
    captionRect_.setWidth(header_.width());
    *y = captionRect_.bottom() + 1;
    return changedFrom;
}

void MessageLayout::layOutFooter(const MessageItem& item, bool hasAction, int* y) {
    const Theme& theme = Theme::current();
    state_ = stateText(item);
    if (!state_.isEmpty()) {
        const QFontMetrics metrics(theme.font(TextSize::kInterface));
        stateRect_ = metrics.boundingRect(
            QRect(header_.left(), *y + theme.px(4), header_.width(), 1 << 20), Qt::TextWordWrap, state_);
        stateRect_.setWidth(header_.width());
        *y = stateRect_.bottom() + 1;
    }
    if (const QString chip = chipText(item); !chip.isEmpty()) {
        const QFontMetrics metrics(theme.font(TextSize::kInterface));
        const int around = item.details.isOfWholeChat() ? theme.px(20) : episodeSwatchSide() + theme.px(20);
        const QRect text =
            metrics.boundingRect(QRect(0, 0, header_.width() - around, 1 << 20), Qt::TextWordWrap, chip);
        chip_ = QRect(header_.left(),
                      *y + theme.px(8),
                      text.width() + around,
                      std::max(theme.px(28), text.height() + theme.px(12)));
        *y = chip_.bottom() + 1;
    }
    if (hasAction) {
        action_ = QPoint(header_.left(), *y + theme.px(8));
        *y += theme.px(44);
    }
}

void MessageLayout::paint(QPainter& painter,
                          QPoint origin,
                          const MessageItem& item,
                          const MessagePaint& how) const {
    const Theme& theme = Theme::current();
    const ThemeColors& colors = theme.colors();
    painter.setRenderHint(QPainter::Antialiasing);
    if (startsSession_) {
        painter.setFont(theme.font(TextSize::kInterface, QFont::DemiBold));
        const QRect line = separator_.translated(origin);
        const QString date =
            painter.fontMetrics().elidedText(item.session, Qt::ElideRight, line.width() - theme.px(64));
        const int half = painter.fontMetrics().horizontalAdvance(date) / 2 + theme.px(12);
        painter.setPen(colors.border);
        painter.drawLine(line.left(), line.center().y(), line.center().x() - half, line.center().y());
        painter.drawLine(line.center().x() + half, line.center().y(), line.right(), line.center().y());
        painter.setPen(colors.secondaryText);
        painter.drawText(line, Qt::AlignCenter, date);
    }
    const QRectF box = QRectF(box_.translated(origin)).adjusted(0.5, 0.5, -0.5, -0.5);
    if (isOwn_ || how.isCurrent) {
        painter.setPen(how.isCurrent ? QPen(colors.accent, 2) : QPen(Qt::NoPen));
        painter.setBrush(isOwn_ ? QBrush(colors.surface) : QBrush(Qt::NoBrush));
        painter.drawRoundedRect(box, theme.px(6), theme.px(6));
    }
    if (item.episode >= 0) {
        painter.setPen(Qt::NoPen);
        painter.setBrush(Theme::episodeColor(item.episode));
        painter.drawRoundedRect(
            QRectF(
                box.left() + theme.px(4), box.top() + theme.px(8), theme.px(4), box.height() - theme.px(16)),
            theme.px(2),
            theme.px(2));
    }
    paintHeader(painter, origin, item);
    body_.paint(painter, textRect_.topLeft() + origin, how.body);
    if (!caption_.isEmpty()) paintCaption(painter, origin);
    paintFooter(painter, origin, item);
}

void MessageLayout::paintHeader(QPainter& painter, QPoint origin, const MessageItem& item) const {
    const Theme& theme = Theme::current();
    QRect rect = header_.translated(origin);
    if (item.episode >= 0) {
        const int side = episodeSwatchSide();
        paintEpisodeSwatch(painter, QRect(rect.right() - side + 1, rect.top(), side, side), item.episode);
        rect.setRight(rect.right() - side - theme.px(8));
    }
    if (!version_.isNull()) {
        paintVersions(painter, origin, item);
        rect.setRight(previous_.left() + origin.x() - theme.px(8));
    }
    painter.setFont(theme.font(TextSize::kInterface, QFont::DemiBold));
    painter.setPen(theme.colors().text);
    const QString author = MessageModel::author(item);
    painter.drawText(rect, Qt::AlignLeft | Qt::AlignVCenter, author);
    rect.setLeft(rect.left() + painter.fontMetrics().horizontalAdvance(author) + theme.px(8));
    painter.setFont(theme.font(TextSize::kSmall));
    painter.setPen(theme.colors().secondaryText);
    painter.drawText(rect, Qt::AlignLeft | Qt::AlignVCenter, headerText(item));
}

void MessageLayout::paintVersions(QPainter& painter, QPoint origin, const MessageItem& item) const {
    const Theme& theme = Theme::current();
    painter.setFont(theme.font(TextSize::kInterface));
    painter.setPen(theme.colors().secondaryText);
    painter.drawText(version_.translated(origin), Qt::AlignCenter, versionText(item));
    const auto arrow = [&](const QRect& box, int direction, bool isThere) {
        const QColor color = isThere ? theme.colors().accent : theme.colors().border;
        painter.setPen(QPen(color, theme.px(2), Qt::SolidLine, Qt::RoundCap, Qt::RoundJoin));
        const QPointF centre = QRectF(box.translated(origin)).center();
        const double half = theme.px(4);
        const double tip = centre.x() + direction * half / 2;
        const double back = centre.x() - direction * half / 2;
        painter.drawPolyline(QPolygonF{
            QPointF(back, centre.y() - half), QPointF(tip, centre.y()), QPointF(back, centre.y() + half)});
    };
    arrow(previous_, -1, item.versionIndex > 0);
    arrow(next_, 1, item.versionIndex + 1 < item.versionCount);
}

void MessageLayout::paintCaption(QPainter& painter, QPoint origin) const {
    QFont font = Theme::current().font(TextSize::kInterface);
    font.setItalic(true);
    painter.setFont(font);
    painter.setPen(Theme::current().colors().secondaryText);
    painter.drawText(captionRect_.translated(origin), Qt::TextWordWrap, caption_);
}

void MessageLayout::paintFooter(QPainter& painter, QPoint origin, const MessageItem& item) const {
    const Theme& theme = Theme::current();
    const ThemeColors& colors = theme.colors();
    painter.setFont(theme.font(TextSize::kInterface));
    if (!state_.isEmpty()) {
        painter.setPen(stateColor(item.state));
        painter.drawText(stateRect_.translated(origin), Qt::TextWordWrap, state_);
    }
    if (chip_.isNull()) return;
    const QRect chip = chip_.translated(origin);
    painter.setPen(colors.border);
    painter.setBrush(colors.surface);
    painter.drawRoundedRect(QRectF(chip).adjusted(0.5, 0.5, -0.5, -0.5), theme.px(6), theme.px(6));
    const int side = episodeSwatchSide();
    const int margin = (theme.px(28) - side) / 2;
    QRect label = chip.adjusted(theme.px(10), 0, -theme.px(2), 0);
    if (!item.details.isOfWholeChat()) {
        paintEpisodeSwatch(painter,
                           QRect(chip.left() + margin, chip.top() + margin, side, side),
                           item.details.episode.value_or(0));
        label.setLeft(chip.left() + side + 2 * margin);
    }
    painter.setPen(colors.text);
    painter.drawText(label, Qt::AlignLeft | Qt::AlignVCenter | Qt::TextWordWrap, chipText(item));
}

HeightEstimate::HeightEstimate(int width) {
    const Theme& theme = Theme::current();
    const double characterWidth = theme.font(TextSize::kBody).pixelSize() * 0.55;
    charactersPerLine_ = std::max(8, static_cast<int>(textWidth(width) / characterWidth));
    lineHeight_ = lineHeight(TextSize::kBody);
    unit_ = theme.px(1'000);
}

int HeightEstimate::of(const MessageItem& item, bool startsSession) const {
    const auto lines = static_cast<int>(item.text.size() / charactersPerLine_ + 1 + item.text.count(u'\n'));
    const int around =
        50 + (startsSession ? 40 : 0) + (item.caption.isEmpty() ? 0 : 24) + (item.details.episode ? 36 : 0);
    return lines * lineHeight_ + around * unit_ / 1'000;
}

void paintUnloaded(QPainter& painter, const QRect& row) {
    const Theme& theme = Theme::current();
    const int left = row.left() + columnLeft(row.width()) + theme.px(16);
    const int width = textWidth(row.width());
    const int line = lineHeight(TextSize::kBody);
    const int thickness = line / 2;
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setPen(Qt::NoPen);
    painter.setBrush(theme.colors().surface);
    const auto bar = [&](int top, int length) {
        painter.drawRoundedRect(QRectF(left, top, length, thickness), theme.px(4), theme.px(4));
    };
    int top = row.top() + theme.px(10);
    bar(top, theme.px(96));
    // As many lines as fit, the last one shorter, as those of a text are.
    for (top += line + theme.px(6); top + line <= row.bottom() - theme.px(8); top += line) {
        const bool isLast = top + 2 * line > row.bottom() - theme.px(8);
        bar(top, isLast ? width * 3 / 5 : width);
    }
}

QString MessageLayout::headerText(const MessageItem& item) {
    QStringList parts;
    if (!item.sourceId.isEmpty() && item.sourceId.size() <= kLongestShownId) {
        parts << item.sourceId;
    } else if (item.createdAtMs != 0) {
        parts << QLocale().toString(QDateTime::fromMSecsSinceEpoch(item.createdAtMs), u"d MMM, HH:mm"_s);
    }
    if (item.isPinned) parts << tr("pinned");
    return parts.join(u" · "_s);
}

QString MessageLayout::stateText(const MessageItem& item) {
    switch (item.state) {
        case MessageState::kComplete:
            if (item.details.reason == "length"_L1) return tr("Ended at the length limit for replies.");
            if (item.details.reason == "room"_L1)
                return tr("Ended because the memory had no more room for this turn. Continue makes room.");
            return item.details.isPastTrainedContext
                       ? tr("Past the context length the model was trained for.")
                       : QString();
        case MessageState::kStreaming:
            return item.text.isEmpty() ? (item.status.isEmpty() ? tr("Waiting for the engine…") : item.status)
                                       : QString();
        case MessageState::kStopped:
            return tr("Stopped by you.");
        case MessageState::kCutOff:
            return item.details.error.isEmpty()
                       ? tr("Cut off before it was finished.")
                       : tr("Cut off before it was finished. %1").arg(item.details.error);
        case MessageState::kFailed:
            return item.details.error.isEmpty() ? tr("Failed.") : item.details.error;
    }
    return {};
}

QString MessageLayout::chipText(const MessageItem& item) {
    const ReplyDetails& details = item.details;
    if (!details.episode) return {};
    const QLocale locale;
    QStringList parts;
    if (details.isOfWholeChat()) {
        parts << tr("The whole chat");
    } else {
        parts << tr("Episode %1").arg(*details.episode + 1)
              << tr("match %1").arg(locale.toString(details.similarity, 'f', 2));
    }
    if (details.isOfWholeChat() && details.keptTokens >= details.historyTokens) {
        if (details.historyTokens > 0)
            parts << tr("%Ln token(s)", nullptr, static_cast<int>(details.historyTokens));
    } else if (details.historyTokens > 0) {  // the first question of a chat has nothing before it
        parts << tr("%1 of %2 tokens kept")
                     .arg(locale.toString(static_cast<qlonglong>(details.keptTokens)),
                          locale.toString(static_cast<qlonglong>(details.historyTokens)));
    }
    if (details.tokensPerSecond() > 0.0) {
        parts << tr("%1 tokens/s").arg(locale.toString(details.tokensPerSecond(), 'f', 1));
    }
    return parts.join(u" · "_s);
}

}  // namespace epi
