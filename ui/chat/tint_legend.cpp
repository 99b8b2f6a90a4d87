#include "ui/chat/tint_legend.h"

#include <QEvent>
#include <QPainter>

#include "ui/theme/episode_swatch.h"
#include "ui/theme/theme.h"

namespace epi {

void TintLegend::setEpisode(int episode) {
    episode_ = episode;
    setAccessibleName(tr("Behind the text: how much of it episode %1 keeps").arg(episode + 1));
    update();
}

QSize TintLegend::sizeHint() const {
    return {Theme::current().px(480), Theme::current().px(32)};
}

void TintLegend::paintEvent(QPaintEvent*) {
    const Theme& theme = Theme::current();
    const ThemeColors& colors = theme.colors();
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setFont(theme.font(TextSize::kInterface));
    const int side = episodeSwatchSide();
    int x = theme.px(24);
    paintEpisodeSwatch(painter, QRect(x, (height() - side) / 2, side, side), episode_);
    x += side + theme.px(8);
    const auto write = [&](const QString& text, int gap) {
        painter.setPen(colors.secondaryText);
        painter.drawText(QRect(x, 0, width() - x, height()), Qt::AlignLeft | Qt::AlignVCenter, text);
        x += painter.fontMetrics().horizontalAdvance(text) + gap;
    };
    write(tr("keeps, of each word:"), theme.px(12));
    const QStringList steps{tr("nothing"), tr("some"), tr("¼ or more"), tr("½ or more"), tr("¾ or more")};
    for (int level = 0; level < steps.size(); ++level) {
        const QRectF box(x + 0.5, (height() - side) / 2 + 0.5, side - 1, side - 1);
        painter.setPen(QPen(colors.border, 1, level == 0 ? Qt::DotLine : Qt::SolidLine));
        painter.setBrush(colors.retained[static_cast<std::size_t>(level)]);
        painter.drawRoundedRect(box, theme.px(3), theme.px(3));
        x += side + theme.px(6);
        write(steps[level], theme.px(16));
    }
}

void TintLegend::changeEvent(QEvent* event) {
    QWidget::changeEvent(event);
    updateGeometry();
    update();
}

}  // namespace epi
