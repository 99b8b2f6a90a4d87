#pragma once

#include <QProxyStyle>

namespace epi {

/// Fusion, which draws edges in a darker shade of the window: none on black. In the theme of high contrast
/// they are drawn over it in the text's colour, or in the accent's where the focus is.
class OutlinedStyle final : public QProxyStyle {
    Q_OBJECT

public:
    OutlinedStyle();

    void drawPrimitive(PrimitiveElement element,
                       const QStyleOption* option,
                       QPainter* painter,
                       const QWidget* widget) const override;
    void drawComplexControl(ComplexControl control,
                            const QStyleOptionComplex* option,
                            QPainter* painter,
                            const QWidget* widget) const override;
};

}  // namespace epi
