#include "ui/elided_label.h"

#include <QHelpEvent>
#include <QPainter>
#include <QStyle>
#include <QToolTip>

namespace epi {

using namespace Qt::StringLiterals;

ElidedLabel::ElidedLabel(QWidget* parent) : QLabel(parent) {
    setTextFormat(Qt::PlainText);
    setSizePolicy(QSizePolicy::Preferred, QSizePolicy::Preferred);
}

QSize ElidedLabel::minimumSizeHint() const {
    return {fontMetrics().horizontalAdvance(u'M') * 4, QLabel::minimumSizeHint().height()};
}

void ElidedLabel::paintEvent(QPaintEvent*) {
    QPainter painter(this);
    const QString shown = fontMetrics().elidedText(text(), Qt::ElideRight, contentsRect().width());
    style()->drawItemText(&painter,
                          contentsRect(),
                          static_cast<int>(alignment()),
                          palette(),
                          isEnabled(),
                          shown,
                          foregroundRole());
}

bool ElidedLabel::event(QEvent* event) {
    const bool isElided = fontMetrics().horizontalAdvance(text()) > contentsRect().width();
    if (event->type() != QEvent::ToolTip || !toolTip().isEmpty() || !isElided) return QLabel::event(event);
    // Tool tips guess whether their text is markup.
    QToolTip::showText(
        static_cast<QHelpEvent*>(event)->globalPos(), u"<p>"_s + text().toHtmlEscaped() + u"</p>"_s, this);
    return true;
}

}  // namespace epi
