#include "ui/theme/episode_swatch.h"

#include <QPainter>

#include "ui/theme/theme.h"

namespace epi {

int episodeSwatchSide() {
    return Theme::current().px(18);
}

void paintEpisodeSwatch(QPainter& painter, const QRectF& rect, int episode) {
    const Theme& theme = Theme::current();
    const QColor fill = Theme::episodeColor(episode);
    painter.save();
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setPen(QPen(theme.colors().outline, 1));
    painter.setBrush(fill);
    const double radius = theme.px(4);
    painter.drawRoundedRect(rect.adjusted(0.5, 0.5, -0.5, -0.5), radius, radius);
    painter.setPen(Theme::textOn(fill));
    painter.setFont(theme.font(TextSize::kSmall, QFont::DemiBold));
    painter.drawText(rect, Qt::AlignCenter, QString::number(episode + 1));
    painter.restore();
}

}  // namespace epi
