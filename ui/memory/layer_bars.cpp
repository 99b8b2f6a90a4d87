#include "ui/memory/layer_bars.h"

#include <algorithm>

#include <QAccessible>
#include <QEvent>
#include <QHelpEvent>
#include <QLocale>
#include <QPainter>
#include <QToolTip>

#include "ui/theme/theme.h"

namespace epi {

LayerBars::LayerBars(QWidget* parent) : QWidget(parent) {
    setFocusPolicy(Qt::StrongFocus);
    setAccessibleName(tr("Entries kept per layer and KV head"));
}

void LayerBars::assign(std::vector<std::int32_t> budgets,
                       std::vector<std::vector<std::int32_t>> keptPerHead) {
    budgets_ = std::move(budgets);
    kept_ = std::move(keptPerHead);
    largest_ = 1;
    for (const std::int32_t budget : budgets_)
        largest_ = std::max(largest_, budget);
    for (const auto& heads : kept_) {
        for (const std::int32_t kept : heads)
            largest_ = std::max(largest_, kept);
    }
    cursor_ = {};
    setAccessibleDescription(currentText());
    updateGeometry();
    update();
}

QString LayerBars::currentText() const {
    return textOf(cursor_);
}

QString LayerBars::textOf(Cell cell) const {
    const auto layer = static_cast<std::size_t>(cell.layer);
    const auto head = static_cast<std::size_t>(cell.head);
    if (layer >= kept_.size() || head >= kept_[layer].size()) return {};
    const int kept = kept_[layer][head];
    if (layer >= budgets_.size()) {
        return tr("Layer %1, KV head %2: %Ln entr(y|ies) kept", nullptr, kept)
            .arg(cell.layer + 1)
            .arg(cell.head + 1);
    }
    return tr("Layer %1, KV head %2: %Ln entr(y|ies) kept, the layer's budget is %3 per head", nullptr, kept)
        .arg(cell.layer + 1)
        .arg(cell.head + 1)
        .arg(QLocale().toString(budgets_[layer]));
}

QSize LayerBars::sizeHint() const {
    const Theme& theme = Theme::current();
    return {theme.px(200), static_cast<int>(kept_.size()) * rowHeight() + 2 * theme.px(8)};
}

int LayerBars::rowHeight() const {
    return Theme::current().px(24);
}

int LayerBars::labelWidth() const {
    return QFontMetrics(Theme::current().font(TextSize::kSmall)).horizontalAdvance(tr("Layer %1").arg(88)) +
           Theme::current().px(8);
}

QRect LayerBars::barOf(Cell cell) const {
    const Theme& theme = Theme::current();
    const int left = theme.px(12) + labelWidth();
    const int heads = std::max<int>(1, static_cast<int>(kept_[static_cast<std::size_t>(cell.layer)].size()));
    const int available = width() - left - theme.px(12);
    const int begin = left + available * cell.head / heads;
    const int end = left + available * (cell.head + 1) / heads;
    return {begin,
            theme.px(8) + cell.layer * rowHeight() + theme.px(2),
            end - begin - theme.px(4),
            rowHeight() - theme.px(4)};
}

LayerBars::Cell LayerBars::cellAt(QPoint point) const {
    if (kept_.empty()) return {};
    const int layers = static_cast<int>(kept_.size());
    const int layer = std::clamp((point.y() - Theme::current().px(8)) / rowHeight(), 0, layers - 1);
    const int heads = static_cast<int>(kept_[static_cast<std::size_t>(layer)].size());
    int head = 0;
    while (head + 1 < heads && point.x() >= barOf({layer, head + 1}).left())
        ++head;
    return {layer, head};
}

void LayerBars::moveTo(Cell cell) {
    if (kept_.empty()) return;
    cell.layer = std::clamp(cell.layer, 0, static_cast<int>(kept_.size()) - 1);
    const int heads = static_cast<int>(kept_[static_cast<std::size_t>(cell.layer)].size());
    cell.head = std::clamp(cell.head, 0, std::max(0, heads - 1));
    cursor_ = cell;
    setAccessibleDescription(currentText());
    QAccessibleEvent changed(this, QAccessible::DescriptionChanged);
    QAccessible::updateAccessibility(&changed);
    Q_EMIT
    cursorMoved(barOf(cursor_));
    update();
}

void LayerBars::paintEvent(QPaintEvent* event) {
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    for (int layer = 0; layer < static_cast<int>(kept_.size()); ++layer) {
        const int top = Theme::current().px(8) + layer * rowHeight();
        if (event->rect().intersects(QRect(0, top, width(), rowHeight()))) paintLayer(painter, layer);
    }
}

void LayerBars::paintLayer(QPainter& painter, int layer) const {
    const Theme& theme = Theme::current();
    const ThemeColors& colors = theme.colors();
    const auto& heads = kept_[static_cast<std::size_t>(layer)];
    const double radius = theme.px(3);
    painter.setFont(theme.font(TextSize::kSmall));
    painter.setPen(colors.secondaryText);
    painter.drawText(QRect(theme.px(12), theme.px(8) + layer * rowHeight(), labelWidth(), rowHeight()),
                     Qt::AlignLeft | Qt::AlignVCenter,
                     tr("Layer %1").arg(layer + 1));
    for (int head = 0; head < static_cast<int>(heads.size()); ++head) {
        const std::int32_t kept = heads[static_cast<std::size_t>(head)];
        const QRectF bar = QRectF(barOf({layer, head})).adjusted(0.5, 0.5, -0.5, -0.5);
        painter.setPen(Qt::NoPen);
        painter.setBrush(colors.hover);
        painter.drawRoundedRect(bar, radius, radius);
        QRectF filled = bar;
        filled.setWidth(bar.width() * kept / largest_);
        painter.setBrush(colors.retained[4]);
        painter.drawRoundedRect(filled, radius, radius);
        if (static_cast<std::size_t>(layer) < budgets_.size()) {
            const double x = bar.left() + bar.width() * budgets_[static_cast<std::size_t>(layer)] / largest_;
            painter.setPen(QPen(colors.text, theme.px(2)));
            painter.drawLine(QPointF(x, bar.top()), QPointF(x, bar.bottom()));
        }
        const QString number = QLocale().toString(kept);
        painter.setPen(colors.text);
        if (painter.fontMetrics().horizontalAdvance(number) + theme.px(8) <= bar.width()) {
            painter.drawText(bar.adjusted(theme.px(4), 0, 0, 0), Qt::AlignLeft | Qt::AlignVCenter, number);
        }
        if (hasFocus() && cursor_.layer == layer && cursor_.head == head) {
            painter.setPen(QPen(colors.accent, 2));
            painter.setBrush(Qt::NoBrush);
            painter.drawRoundedRect(bar.adjusted(-0.5, -0.5, 0.5, 0.5), radius, radius);
        }
    }
}

void LayerBars::keyPressEvent(QKeyEvent* event) {
    switch (event->key()) {
        case Qt::Key_Up:
            return moveTo({cursor_.layer - 1, cursor_.head});
        case Qt::Key_Down:
            return moveTo({cursor_.layer + 1, cursor_.head});
        case Qt::Key_Left:
            return moveTo({cursor_.layer, cursor_.head - 1});
        case Qt::Key_Right:
            return moveTo({cursor_.layer, cursor_.head + 1});
        default:
            QWidget::keyPressEvent(event);
    }
}

void LayerBars::mousePressEvent(QMouseEvent* event) {
    moveTo(cellAt(event->position().toPoint()));
}

bool LayerBars::event(QEvent* event) {
    if (event->type() == QEvent::ToolTip && !kept_.empty()) {
        const auto* help = static_cast<QHelpEvent*>(event);
        QToolTip::showText(help->globalPos(), textOf(cellAt(help->pos())), this);
        return true;
    }
    return QWidget::event(event);
}

void LayerBars::changeEvent(QEvent* event) {
    QWidget::changeEvent(event);
    updateGeometry();
    update();
}

}  // namespace epi
