#include "ui/theme/outlined_style.h"

#include <QPainter>
#include <QStyleFactory>
#include <QStyleOption>

#include "ui/theme/fields.h"
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
    const QColor color = Theme::current().isHighContrast() ? colors.text : colors.secondaryText;
    painter.setPen(QPen(hasFocus ? colors.accent : color, width));
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
    const bool hasFocus = option->state & State_HasFocus;
    switch (element) {
        case PE_Frame:
            if (Theme::current().isHighContrast()) drawEdge(option->rect, hasFocus, *painter);
            return;
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
    if (const auto* const choice = qstyleoption_cast<const QStyleOptionComboBox*>(option))
        return drawComboBox(*choice, *painter);
    if (const auto* const number = qstyleoption_cast<const QStyleOptionSpinBox*>(option))
        return drawSpinBox(*number, *painter);
    QProxyStyle::drawComplexControl(control, option, painter, widget);
    if (!Theme::current().isHighContrast() || control != CC_Slider) return;
    const bool hasFocus = option->state & State_HasFocus;
    const QRect groove = subControlRect(CC_Slider, option, SC_SliderGroove, widget);
    constexpr int kGroove = 4;  // thick
    drawEdge({groove.left(), groove.center().y() - kGroove / 2, groove.width(), kGroove}, false, *painter);
    drawEdge(subControlRect(CC_Slider, option, SC_SliderHandle, widget), hasFocus, *painter);
}

int OutlinedStyle::pixelMetric(PixelMetric metric, const QStyleOption* option, const QWidget* widget) const {
    switch (metric) {
        case PM_LineEditIconSize:
            return Theme::current().px(16);
        case PM_IndicatorWidth:
        case PM_IndicatorHeight:
        case PM_ExclusiveIndicatorWidth:
        case PM_ExclusiveIndicatorHeight:
            return Theme::current().px(14);
        default:
            return QProxyStyle::pixelMetric(metric, option, widget);
    }
}

QRect OutlinedStyle::subControlRect(ComplexControl control,
                                    const QStyleOptionComplex* option,
                                    SubControl part,
                                    const QWidget* widget) const {
    QRect rect;
    if (const auto* const choice = qstyleoption_cast<const QStyleOptionComboBox*>(option))
        rect = partOf(*choice, part);
    if (const auto* const number = qstyleoption_cast<const QStyleOptionSpinBox*>(option))
        rect = partOf(*number, part);
    return rect.isValid() ? rect : QProxyStyle::subControlRect(control, option, part, widget);
}

QSize OutlinedStyle::sizeFromContents(ContentsType type,
                                      const QStyleOption* option,
                                      const QSize& contents,
                                      const QWidget* widget) const {
    QSize size = QProxyStyle::sizeFromContents(type, option, contents, widget);
    if (type != CT_ComboBox && type != CT_SpinBox) return size;
    // Fusion leaves room for arrows that do not grow.
    const int wider = Theme::current().px(20);
    return {size.width() + wider, std::max(size.height(), fieldHeight())};
}

}  // namespace epi
