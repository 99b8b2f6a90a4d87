#include "ui/models/memory_bar.h"

#include <array>

#include <QPainter>
#include <QPainterPath>

#include "ui/theme/theme.h"

namespace epi {

MemoryBar::MemoryBar(QWidget* parent) : QWidget(parent) {
    setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
    setAccessibleName(tr("Memory needed"));
}

void MemoryBar::show(const LoadEstimate& estimate, std::optional<qint64> freeBytes) {
    estimate_ = estimate;
    freeBytes_ = freeBytes;
    update();
}

QSize MemoryBar::sizeHint() const {
    return {Theme::current().px(240), Theme::current().px(20)};
}

QColor MemoryBar::weightsColor() {
    return Theme::episodeColor(0);
}

QColor MemoryBar::cachesColor() {
    return Theme::episodeColor(2);
}

QColor MemoryBar::scratchColor() {
    return Theme::episodeColor(1);
}

void MemoryBar::paintEvent(QPaintEvent*) {
    const Theme& theme = Theme::current();
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    const QRectF bar = QRectF(rect()).adjusted(0.5, 0.5, -0.5, -0.5);
    const double radius = theme.px(4);
    QPainterPath outline;
    outline.addRoundedRect(bar, radius, radius);
    painter.fillPath(outline, theme.colors().surface);
    const auto whole = static_cast<double>(std::max<qint64>({freeBytes_.value_or(0), estimate_.total(), 1}));
    painter.setClipPath(outline);
    double left = bar.left();
    const std::array parts{std::pair{estimate_.weights, weightsColor()},
                           std::pair{estimate_.caches, cachesColor()},
                           std::pair{estimate_.scratch, scratchColor()}};
    for (const auto& [bytes, color] : parts) {
        const double width = bar.width() * static_cast<double>(bytes) / whole;
        painter.fillRect(QRectF(left, bar.top(), width, bar.height()), color);
        left += width;
        painter.fillRect(QRectF(left - 1, bar.top(), 1, bar.height()), theme.colors().background);
    }
    // Where the free memory ends, when it is less than what is needed.
    if (freeBytes_ && *freeBytes_ < estimate_.total()) {
        const double end = bar.left() + bar.width() * static_cast<double>(*freeBytes_) / whole;
        painter.fillRect(QRectF(end - 1, bar.top(), theme.px(3), bar.height()), theme.colors().error);
    }
    painter.setClipping(false);
    painter.setPen(QPen(theme.colors().outline, 1));
    painter.drawPath(outline);
}

}  // namespace epi
