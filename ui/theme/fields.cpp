#include "ui/theme/fields.h"

#include <QPainter>
#include <QPainterPath>
#include <QStyleOption>

#include "ui/theme/theme.h"

namespace epi {
namespace {

constexpr int kHeight = 30;
constexpr int kArrow = 28;  // width of what is pressed
constexpr int kText = 6;    // before the text, beside the 2 px that a line of text leaves
constexpr int kRadius = 6;

/// Left to right; the mirror image where the language is written the other way.
QRect placed(const QStyleOption& option, const QRect& rect) {
    return QStyle::visualRect(option.direction, option.rect, rect);
}

QRect atEnd(const QStyleOption& option) {
    const int width = Theme::current().px(kArrow);
    return {option.rect.right() - width + 1, option.rect.top(), width, option.rect.height()};
}

QRect beforeEnd(const QStyleOption& option) {
    const Theme& theme = Theme::current();
    return option.rect.adjusted(theme.px(kText), 2, -theme.px(kArrow), -2);
}

void drawField(const QStyleOption& option, QPainter& painter) {
    const Theme& theme = Theme::current();
    const ThemeColors& colors = theme.colors();
    const bool hasFocus = option.state & QStyle::State_HasFocus;
    const double width = hasFocus ? 2.0 : 1.0;
    const QRectF edge = QRectF(option.rect).adjusted(width / 2, width / 2, -width / 2, -width / 2);
    painter.setPen(QPen(hasFocus                 ? colors.accent
                        : theme.isHighContrast() ? colors.text
                                                 : colors.border,
                        width));
    painter.setBrush(colors.raised);  // as the line of text inside, also when nothing can be entered
    painter.drawRoundedRect(edge, theme.px(kRadius), theme.px(kRadius));
}

/// A line with a bend in the middle of `area`, upwards or downwards.
void drawArrow(const QRect& area, bool isUp, bool isEnabled, QPainter& painter) {
    const Theme& theme = Theme::current();
    const double half = theme.px(8) / 2.0;
    const double rise = isUp ? -half / 2 : half / 2;
    const QPointF middle = QRectF(area).center();
    QColor color = theme.colors().secondaryText;
    if (!isEnabled) color.setAlphaF(0.4F);
    painter.setPen(QPen(color, std::max(1.0, theme.px(3) / 2.0), Qt::SolidLine, Qt::RoundCap, Qt::RoundJoin));
    painter.setBrush(Qt::NoBrush);
    painter.drawPolyline(
        QPolygonF{middle + QPointF(-half, -rise), middle + QPointF(0, rise), middle + QPointF(half, -rise)});
}

/// Behind an arrow that the pointer is on.
void drawHover(const QRect& area, const QRect& field, QPainter& painter) {
    const Theme& theme = Theme::current();
    QPainterPath inside;
    inside.addRoundedRect(QRectF(field).adjusted(2, 2, -2, -2), theme.px(kRadius) - 1, theme.px(kRadius) - 1);
    painter.save();
    painter.setClipPath(inside);
    painter.fillRect(area, theme.colors().hover);
    painter.restore();
}

}  // namespace

int fieldHeight() {
    return Theme::current().px(kHeight);
}

QRect partOf(const QStyleOptionComboBox& option, QStyle::SubControl part) {
    switch (part) {
        case QStyle::SC_ComboBoxFrame:
            return option.rect;
        case QStyle::SC_ComboBoxArrow:
            return placed(option, atEnd(option));
        case QStyle::SC_ComboBoxEditField:
            return placed(option, beforeEnd(option));
        default:
            return {};
    }
}

QRect partOf(const QStyleOptionSpinBox& option, QStyle::SubControl part) {
    if (option.buttonSymbols == QAbstractSpinBox::NoButtons) return {};
    QRect arrows = atEnd(option);
    switch (part) {
        case QStyle::SC_SpinBoxFrame:
            return option.rect;
        case QStyle::SC_SpinBoxUp:
            arrows.setBottom(option.rect.center().y());
            return placed(option, arrows);
        case QStyle::SC_SpinBoxDown:
            arrows.setTop(option.rect.center().y() + 1);
            return placed(option, arrows);
        case QStyle::SC_SpinBoxEditField:
            return placed(option, beforeEnd(option));
        default:
            return {};
    }
}

void drawComboBox(const QStyleOptionComboBox& option, QPainter& painter) {
    painter.save();
    painter.setRenderHint(QPainter::Antialiasing);
    drawField(option, painter);
    const QRect arrow = partOf(option, QStyle::SC_ComboBoxArrow);
    drawArrow(arrow, false, option.state & QStyle::State_Enabled, painter);
    painter.restore();
}

void drawSpinBox(const QStyleOptionSpinBox& option, QPainter& painter) {
    painter.save();
    painter.setRenderHint(QPainter::Antialiasing);
    drawField(option, painter);
    const auto draw = [&](QStyle::SubControl part, QAbstractSpinBox::StepEnabledFlag step, bool isUp) {
        const bool isEnabled = (option.state & QStyle::State_Enabled) && (option.stepEnabled & step);
        QRect area = partOf(option, part);
        const bool isHovered = (option.state & QStyle::State_MouseOver) && option.activeSubControls == part;
        if (isHovered && isEnabled) drawHover(area, option.rect, painter);
        // Nearer to the middle, so that the two belong together.
        area.translate(0, Theme::current().px(isUp ? 2 : -2));
        drawArrow(area, isUp, isEnabled, painter);
    };
    if (option.buttonSymbols != QAbstractSpinBox::NoButtons) {
        draw(QStyle::SC_SpinBoxUp, QAbstractSpinBox::StepUpEnabled, true);
        draw(QStyle::SC_SpinBoxDown, QAbstractSpinBox::StepDownEnabled, false);
    }
    painter.restore();
}

}  // namespace epi
