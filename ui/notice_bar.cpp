#include "ui/notice_bar.h"

#include <QAccessible>
#include <QClipboard>
#include <QEvent>
#include <QGuiApplication>
#include <QHBoxLayout>
#include <QLabel>
#include <QPainter>
#include <QPushButton>
#include <QToolButton>

#include "ui/theme/icons.h"
#include "ui/theme/theme.h"

namespace epi {

using namespace Qt::StringLiterals;

namespace {

QColor fillOf(NoticeKind kind) {
    const ThemeColors& colors = Theme::current().colors();
    switch (kind) {
        case NoticeKind::kInformation:
            return colors.accentSoft;
        case NoticeKind::kWarning:
            return colors.warningSoft;
        case NoticeKind::kError:
            break;
    }
    return colors.errorSoft;
}

QColor lineOf(NoticeKind kind) {
    const ThemeColors& colors = Theme::current().colors();
    switch (kind) {
        case NoticeKind::kInformation:
            return colors.accent;
        case NoticeKind::kWarning:
            return colors.warning;
        case NoticeKind::kError:
            break;
    }
    return colors.error;
}

}  // namespace

NoticeBar::NoticeBar(QWidget* parent)
    : QWidget(parent),
      text_(new QLabel(this)),
      action_(new QPushButton(tr("Close"), this)),
      close_(new QToolButton(this)) {
    text_->setTextFormat(Qt::PlainText);
    text_->setWordWrap(true);
    text_->setTextInteractionFlags(Qt::TextSelectableByMouse);
    close_->setAccessibleName(tr("Close this notice"));
    close_->setToolTip(tr("Close this notice"));
    close_->setProperty("isFlat", true);
    auto* row = new QHBoxLayout(this);
    row->addWidget(text_, 1);
    row->addWidget(action_);
    row->addWidget(close_);
    connect(close_, &QToolButton::clicked, this, &QWidget::hide);
    connect(action_, &QPushButton::clicked, this, [this] {
        hide();
        if (run_) run_();
    });
    applyTheme();
    hide();
}

void NoticeBar::show(NoticeKind kind, const QString& text) {
    show(kind, text, {}, {});
}

void NoticeBar::show(NoticeKind kind, const QString& text, const QString& action, std::function<void()> run) {
    kind_ = kind;
    text_->setText(text);
    // An error always comes with something to do about it, were it only to tell somebody.
    const bool mustCopy = action.isEmpty() && kind == NoticeKind::kError;
    if (mustCopy) {
        action_->setText(tr("&Copy text"));
    } else {
        action_->setText(action.isEmpty() ? tr("Close") : action);  // never nameless, even while hidden
    }
    action_->setVisible(mustCopy || !action.isEmpty());
    run_ = mustCopy ? [text] { QGuiApplication::clipboard()->setText(text); } : std::move(run);
    setVisible(true);
    update();
    QAccessibleEvent alert(this, QAccessible::Alert);
    setAccessibleName(text);
    QAccessible::updateAccessibility(&alert);
}

QString NoticeBar::text() const {
    return text_->text();
}

void NoticeBar::changeEvent(QEvent* event) {
    QWidget::changeEvent(event);
    if (event->type() == QEvent::StyleChange) applyTheme();
}

void NoticeBar::paintEvent(QPaintEvent*) {
    QPainter painter(this);
    painter.fillRect(rect(), fillOf(kind_));
    painter.fillRect(QRect(0, 0, Theme::current().px(4), height()), lineOf(kind_));
}

void NoticeBar::applyTheme() {
    const Theme& theme = Theme::current();
    layout()->setContentsMargins(theme.px(16), theme.px(8), theme.px(8), theme.px(8));
    layout()->setSpacing(theme.px(8));
    close_->setIcon(themedIcon(u"close"_s));
}

}  // namespace epi
