#include "ui/theme/outlined_style.h"

#include <QPainter>
#include <QStyleFactory>
#include <QStyleOption>

#include "ui/theme/theme.h"

namespace epi {

using namespace Qt::StringLiterals;

namespace {

void drawEdge(const QRect& rect, bool hasFocus, QPainter& painter, bool isRound = false) {
    const ThemeColors& colors = Theme::current().colors();
    const double width = hasFocus ? 2.0 : 1.0;
    const QRectF edge = QRectF(rect).adjusted(width / 2, width / 2, -width / 2, -width / 2);
    painter.save();
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setPen(QPen(hasFocus ? colors.accent : colors.text, width));
    painter.setBrush(Qt::NoBrush);
    if (isRound) {
        painter.drawEllipse(edge);
    } else {
        painter.drawRoundedRect(edge, 2, 2);
    }
    painter.restore();
}

}  // namespace

OutlinedStyle::OutlinedStyle() : QProxyStyle(QStyleFactory::create(u"Fusion"_s)) {}

void OutlinedStyle::drawPrimitive(PrimitiveElement element,
                                  const QStyleOption* option,
                                  QPainter* painter,
                                  const QWidget* widget) const {
    QProxyStyle::drawPrimitive(element, option, painter, widget);
    if (!Theme::current().isHighContrast()) return;
    const bool hasFocus = option->state & State_HasFocus;
    switch (element) {
        case PE_Frame:
        case PE_IndicatorCheckBox:
        case PE_IndicatorItemViewItemCheck:
            return drawEdge(option->rect, hasFocus, *painter);
        case PE_IndicatorRadioButton:
            return drawEdge(option->rect, hasFocus, *painter, true);
        default:
            return;
    }
}

void OutlinedStyle::drawComplexControl(ComplexControl control,
                                       const QStyleOptionComplex* option,
                                       QPainter* painter,
                                       const QWidget* widget) const {
    QProxyStyle::drawComplexControl(control, option, painter, widget);
    if (!Theme::current().isHighContrast()) return;
    const bool hasFocus = option->state & State_HasFocus;
    if (control == CC_ComboBox || control == CC_SpinBox) drawEdge(option->rect, hasFocus, *painter);
    if (control != CC_Slider) return;
    const QRect groove = subControlRect(CC_Slider, option, SC_SliderGroove, widget);
    constexpr int kGroove = 4;  // thick
    drawEdge({groove.left(), groove.center().y() - kGroove / 2, groove.width(), kGroove}, false, *painter);
    drawEdge(subControlRect(CC_Slider, option, SC_SliderHandle, widget), hasFocus, *painter);
}

}  // namespace epi
