#include "ui/chat/message_layout.h"

#include <algorithm>

#include <QDateTime>
#include <QFontMetrics>
#include <QLocale>
#include <QPainter>
#include <QTextLayout>

#include "ui/theme/episode_swatch.h"
#include "ui/theme/theme.h"

namespace epi {

using namespace Qt::StringLiterals;

namespace {

constexpr int kMeasure = 720;  // widest line of prose, about 76 characters
constexpr double kLineHeight = 1.45;

QString tr(const char* text) {
    return MessageModel::tr(text);
}

QString stateText(const MessageItem& item) {
    switch (item.state) {
        case MessageState::kComplete:
            if (item.details.reason == "length"_L1) return tr("Ended at the length limit for replies.");
            return item.details.isPastTrainedContext
                       ? tr("Past the context length the model was trained for.")
                       : QString();
        case MessageState::kStreaming:
            return item.text.isEmpty() ? (item.status.isEmpty() ? tr("Waiting for the engine…") : item.status)
                                       : QString();
        case MessageState::kStopped:
            return tr("Stopped by you.");
        case MessageState::kCutOff:
            return tr("Cut off before it was finished.");
        case MessageState::kFailed:
            return item.details.error.isEmpty() ? tr("Failed.") : item.details.error;
    }
    return {};
}

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

QString headerDetails(const MessageItem& item) {
    if (!item.sourceId.isEmpty() || item.createdAtMs == 0) return item.sourceId;
    return QLocale().toString(QDateTime::fromMSecsSinceEpoch(item.createdAtMs), u"d MMM, HH:mm"_s);
}

int columnLeft(int width) {
    const Theme& theme = Theme::current();
    return (width - std::min(width - 2 * theme.px(16), theme.px(kMeasure))) / 2;
}

int lineHeight(TextSize size) {
    const QFont font = Theme::current().font(size);
    return std::max(static_cast<int>(font.pixelSize() * kLineHeight), QFontMetrics(font).height());
}

}  // namespace

MessageLayout::MessageLayout(const MessageItem& item, const MessageSurroundings& surroundings)
    : startsSession_(surroundings.startsSession),
      isOwn_(item.role == Role::kUser && item.speaker.isEmpty()),
      text_(std::make_unique<QTextLayout>()) {
    const Theme& theme = Theme::current();
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
    const int inner = left + theme.px(16);
    const int innerWidth = columnWidth - theme.px(28);
    header_ = QRect(inner, y, innerWidth, std::max(lineHeight(TextSize::kInterface), episodeSwatchSide()));
    y = header_.bottom() + theme.px(4);
    layOutText(item, &y);
    layOutFooter(item, surroundings.hasAction, &y);
    y += theme.px(8);
    box_ = QRect(left, top, columnWidth, y - top);
    height_ = y + theme.px(2);
}

MessageLayout::~MessageLayout() = default;

void MessageLayout::layOutText(const MessageItem& item, int* y) {
    QString text = item.text;
    text.replace(u'\n', QChar::LineSeparator);
    text.replace(u'\r', u' ');
    text_->setText(text);
    text_->setFont(Theme::current().font(TextSize::kBody));
    text_->setCacheEnabled(true);
    QTextOption option;
    option.setWrapMode(QTextOption::WrapAtWordBoundaryOrAnywhere);
    text_->setTextOption(option);

    const int step = lineHeight(TextSize::kBody);
    int height = 0;
    text_->beginLayout();
    for (QTextLine line = text_->createLine(); line.isValid(); line = text_->createLine()) {
        line.setLineWidth(header_.width());
        line.setPosition(QPointF(0, height + (step - line.height()) / 2));
        height += step;
    }
    text_->endLayout();
    if (item.text.isEmpty()) height = 0;
    textRect_ = QRect(header_.left(), *y, header_.width(), height);
    *y += height;
    if (item.caption.isEmpty()) return;
    caption_ = tr("Image: %1").arg(item.caption);
    const QFontMetrics metrics(Theme::current().font(TextSize::kInterface));
    captionRect_ =
        metrics.boundingRect(QRect(header_.left(), *y + Theme::current().px(4), header_.width(), 1 << 20),
                             Qt::TextWordWrap,
                             caption_);
    captionRect_.setWidth(header_.width());
    *y = captionRect_.bottom() + 1;
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
        const int around = episodeSwatchSide() + theme.px(20);
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

int MessageLayout::positionAt(QPoint point) const {
    const QPointF local = point - textRect_.topLeft();
    if (text_->lineCount() == 0 || local.y() < 0) return 0;
    const auto index = static_cast<int>(local.y()) / lineHeight(TextSize::kBody);
    if (index >= text_->lineCount()) return static_cast<int>(text_->text().size());
    return text_->lineAt(index).xToCursor(local.x());
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
    paintText(painter, origin, how);
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
    painter.setFont(theme.font(TextSize::kInterface, QFont::DemiBold));
    painter.setPen(theme.colors().text);
    const QString author = MessageModel::author(item);
    painter.drawText(rect, Qt::AlignLeft | Qt::AlignVCenter, author);
    rect.setLeft(rect.left() + painter.fontMetrics().horizontalAdvance(author) + theme.px(8));
    painter.setFont(theme.font(TextSize::kSmall));
    painter.setPen(theme.colors().secondaryText);
    painter.drawText(rect, Qt::AlignLeft | Qt::AlignVCenter, headerDetails(item));
}

void MessageLayout::paintText(QPainter& painter, QPoint origin, const MessagePaint& how) const {
    const ThemeColors& colors = Theme::current().colors();
    QList<QTextLayout::FormatRange> ranges;
    if (how.tint != nullptr) {
        for (const TintRun& run : *how.tint) {
            QTextCharFormat format;
            if (run.level == 0) {
                format.setUnderlineStyle(QTextCharFormat::DotLine);
                format.setUnderlineColor(colors.secondaryText);
            } else {
                format.setBackground(colors.retained[static_cast<std::size_t>(run.level)]);
            }
            ranges.append({.start = run.begin, .length = run.end - run.begin, .format = format});
        }
    }
    if (how.selectionEnd > how.selectionBegin) {
        QTextCharFormat format;
        format.setBackground(colors.accent);
        format.setForeground(colors.onAccent);
        ranges.append(
            {.start = how.selectionBegin, .length = how.selectionEnd - how.selectionBegin, .format = format});
    }
    painter.setPen(colors.text);
    text_->draw(&painter, textRect_.topLeft() + origin, ranges);
    if (caption_.isEmpty()) return;
    QFont font = Theme::current().font(TextSize::kInterface);
    font.setItalic(true);
    painter.setFont(font);
    painter.setPen(colors.secondaryText);
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
    paintEpisodeSwatch(painter,
                       QRect(chip.left() + margin, chip.top() + margin, side, side),
                       item.details.episode.value_or(0));
    const QRect label = chip.adjusted(side + 2 * margin, 0, -theme.px(2), 0);
    painter.setPen(colors.text);
    painter.drawText(label, Qt::AlignLeft | Qt::AlignVCenter | Qt::TextWordWrap, chipText(item));
}

int MessageLayout::estimateHeight(const MessageItem& item, const MessageSurroundings& surroundings) {
    const Theme& theme = Theme::current();
    const int width = surroundings.width - 2 * columnLeft(surroundings.width) - theme.px(28);
    const double characterWidth = theme.font(TextSize::kBody).pixelSize() * 0.55;
    const int perLine = std::max(8, static_cast<int>(width / characterWidth));
    const auto lines = static_cast<int>(item.text.size() / perLine + 1 + item.text.count(u'\n'));
    return lines * lineHeight(TextSize::kBody) + theme.px(50) +
           (surroundings.startsSession ? theme.px(40) : 0) + (item.caption.isEmpty() ? 0 : theme.px(24)) +
           (item.details.episode ? theme.px(36) : 0);
}

QString MessageLayout::chipText(const MessageItem& item) {
    const ReplyDetails& details = item.details;
    if (!details.episode) return {};
    const QLocale locale;
    QStringList parts{tr("Episode %1").arg(*details.episode + 1),
                      tr("match %1").arg(locale.toString(details.similarity, 'f', 2)),
                      tr("%1 of %2 tokens kept")
                          .arg(locale.toString(static_cast<qlonglong>(details.keptTokens)),
                               locale.toString(static_cast<qlonglong>(details.historyTokens)))};
    if (details.tokensPerSecond() > 0.0) {
        parts << tr("%1 tokens/s").arg(locale.toString(details.tokensPerSecond(), 'f', 1));
    }
    return parts.join(u" · "_s);
}

}  // namespace epi
