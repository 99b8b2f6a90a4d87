#pragma once

#include <algorithm>
#include <concepts>

#include <QAbstractSpinBox>
#include <QStyleOptionSpinBox>

#include "ui/theme/fields.h"

namespace epi {

/// A number that asks for the room of its field: with a style sheet Qt reckons without the style below it,
/// and the longest text is cut.
template <std::derived_from<QAbstractSpinBox> Box>
class NumberField final : public Box {
public:
    using Box::Box;

    [[nodiscard]] QSize sizeHint() const override { return withFrame(Box::sizeHint()); }
    [[nodiscard]] QSize minimumSizeHint() const override { return withFrame(Box::minimumSizeHint()); }

private:
    [[nodiscard]] QSize withFrame(QSize hint) const {
        QStyleOptionSpinBox option;
        this->initStyleOption(&option);
        option.rect = {QPoint(), hint};
        const QRect text =
            this->style()->subControlRect(QStyle::CC_SpinBox, &option, QStyle::SC_SpinBoxEditField, this);
        return {2 * hint.width() - text.width(), std::max(hint.height(), fieldHeight())};
    }
};

}  // namespace epi
