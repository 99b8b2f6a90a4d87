#include "ui/chat/composer.h"

#include <algorithm>

#include <QAbstractTextDocumentLayout>
#include <QEvent>
#include <QHBoxLayout>
#include <QInputMethodEvent>
#include <QKeyEvent>
#include <QPainter>
#include <QPlainTextEdit>
#include <QPushButton>

#include "ui/theme/icons.h"
#include "ui/theme/theme.h"

namespace epi {

using namespace Qt::StringLiterals;

namespace {

constexpr int kMostLines = 8;

}  // namespace

Composer::Composer(QWidget* parent)
    : QWidget(parent),
      edit_(new QPlainTextEdit(this)),
      send_(new QPushButton(tr("&Send"), this)),
      stop_(new QPushButton(tr("S&top"), this)) {
    edit_->setAccessibleName(tr("Message"));
    edit_->setFrameShape(QFrame::NoFrame);
    edit_->setProperty("textRole", u"body"_s);
    edit_->setTabChangesFocus(true);
    edit_->installEventFilter(this);
    edit_->viewport()->setAutoFillBackground(false);
    send_->setAccessibleDescription(tr("Sends the message (Return)"));
    send_->setProperty("isPrimary", true);
    stop_->setAccessibleDescription(tr("Stops the answer (Escape)"));
    stop_->hide();
    auto* row = new QHBoxLayout(this);
    row->addWidget(edit_, 1);
    row->addWidget(send_, 0, Qt::AlignBottom);
    row->addWidget(stop_, 0, Qt::AlignBottom);
    setPlaceholder({});
    connect(send_, &QPushButton::clicked, this, &Composer::send);
    connect(stop_, &QPushButton::clicked, this, &Composer::stopRequested);
    connect(edit_, &QPlainTextEdit::textChanged, this, [this] {
        send_->setEnabled(!edit_->toPlainText().trimmed().isEmpty());
        fitHeight();
        Q_EMIT
        edited();
    });
    send_->setEnabled(false);
    applyTheme();
}

void Composer::setAnswering(bool isAnswering) {
    if (isAnswering_ == isAnswering) return;
    const bool hadFocus = send_->hasFocus() || stop_->hasFocus();
    isAnswering_ = isAnswering;
    send_->setVisible(!isAnswering);
    stop_->setVisible(isAnswering);
    if (hadFocus) edit_->setFocus();
}

void Composer::setPlaceholder(const QString& text) {
    edit_->setPlaceholderText(text.isEmpty() ? tr("Message…") : text);
    edit_->viewport()->update();  // Qt 6.4 draws it anew only when it comes or goes
}

QString Composer::text() const {
    return edit_->toPlainText();
}

void Composer::setText(const QString& text) {
    edit_->setPlainText(text);
    edit_->moveCursor(QTextCursor::End);
}

void Composer::clear() {
    edit_->clear();
}

void Composer::takeFocus() {
    edit_->setFocus(Qt::ShortcutFocusReason);
}

bool Composer::eventFilter(QObject* watched, QEvent* event) {
    if (event->type() == QEvent::InputMethod) {
        isComposing_ = !static_cast<QInputMethodEvent*>(event)->preeditString().isEmpty();
    }
    if (event->type() == QEvent::FocusIn || event->type() == QEvent::FocusOut) update();
    if (event->type() == QEvent::Resize) fitHeight();
    if (event->type() == QEvent::KeyPress && !isComposing_) {
        const auto* key = static_cast<QKeyEvent*>(event);
        const bool isReturn = key->key() == Qt::Key_Return || key->key() == Qt::Key_Enter;
        if (isReturn && !(key->modifiers() & (Qt::ShiftModifier | Qt::AltModifier))) {
            send();
            return true;
        }
    }
    return QWidget::eventFilter(watched, event);
}

void Composer::changeEvent(QEvent* event) {
    QWidget::changeEvent(event);
    if (event->type() == QEvent::StyleChange) applyTheme();
}

void Composer::paintEvent(QPaintEvent*) {
    const Theme& theme = Theme::current();
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    const bool isFocused = edit_->hasFocus();
    const double width = isFocused ? 2.0 : 1.0;
    painter.setPen(QPen(isFocused ? theme.colors().accent : theme.colors().border, width));
    painter.setBrush(theme.colors().raised);
    const double half = width / 2;
    painter.drawRoundedRect(QRectF(rect()).adjusted(half, half, -half, -half), theme.px(8), theme.px(8));
}

void Composer::send() {
    const QString message = text();
    if (!isAnswering_ && !message.trimmed().isEmpty()) Q_EMIT
    sendRequested(message);
}

void Composer::fitHeight() {
    const int lineHeight = edit_->fontMetrics().lineSpacing();
    const auto lines = static_cast<int>(edit_->document()->documentLayout()->documentSize().height());
    const auto margins = static_cast<int>(2 * edit_->document()->documentMargin());
    const int height =
        std::max(std::clamp(lines, 1, kMostLines) * lineHeight + margins, send_->sizeHint().height());
    edit_->setVerticalScrollBarPolicy(lines > kMostLines ? Qt::ScrollBarAsNeeded : Qt::ScrollBarAlwaysOff);
    if (edit_->height() != height) edit_->setFixedHeight(height);
}

void Composer::applyTheme() {
    const Theme& theme = Theme::current();
    const int margin = theme.px(6);
    layout()->setContentsMargins(margin, margin, margin, margin);
    layout()->setSpacing(margin);
    edit_->document()->setDocumentMargin(theme.px(6));
    send_->setIcon(coloredIcon(u"send"_s, theme.colors().onAccent));
    stop_->setIcon(themedIcon(u"stop"_s));
    fitHeight();
}

}  // namespace epi
