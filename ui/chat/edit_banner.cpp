#include "ui/chat/edit_banner.h"

#include <utility>

#include <QAccessible>
#include <QEvent>
#include <QHBoxLayout>
#include <QLabel>
#include <QPushButton>

#include "ui/chat/composer.h"
#include "ui/theme/theme.h"

namespace epi {

using namespace Qt::StringLiterals;

EditBanner::EditBanner(Composer& composer, QWidget* parent)
    : QWidget(parent),
      composer_(composer),
      text_(new QLabel(textFor(LostMemory::kNothing, 0), this)),
      cancel_(new QPushButton(tr("Cancel &editing"), this)) {
    setAttribute(Qt::WA_StyledBackground);
    setProperty("panel", u"accent"_s);
    text_->setTextFormat(Qt::PlainText);
    text_->setWordWrap(true);
    cancel_->setProperty("isCompact", true);
    cancel_->setAccessibleDescription(tr("Your message stays as it is"));
    auto* row = new QHBoxLayout(this);
    row->addWidget(text_, 1);
    row->addWidget(cancel_);
    connect(cancel_, &QPushButton::clicked, this, &EditBanner::cancel);
    applyTheme();
    hide();
}

QString EditBanner::textFor(LostMemory lost, int before) {
    const QString editing = tr("Editing your message. The old version is kept. Escape cancels.");
    switch (lost) {
        case LostMemory::kNothing:
            break;
        case LostMemory::kEpisodes:
            return editing + u" "_s +
                   tr("Episodes were regrouped with this message: when you send it, they are as they were "
                      "built, and one that was replaced is read anew when it is next asked.");
        case LostMemory::kAll:
            if (before == 0)
                return editing + u" "_s +
                       tr("The memory was built of this message: when you send it, it is made anew.");
            return editing + u" "_s +
                   tr("The memory was built of this message: when you send it, it is built anew of the %n "
                      "message(s) before it.",
                      nullptr,
                      before);
    }
    return editing;
}

void EditBanner::begin(qint64 messageId, const QString& text, LostMemory lost, int before) {
    if (messageId_ == messageId) return composer_.takeFocus();
    leave();
    text_->setText(textFor(lost, before));
    messageId_ = messageId;
    Q_EMIT
    editingChanged(true);
    const auto unfinished = unfinished_.find(messageId);
    composer_.setText(unfinished != unfinished_.end() ? unfinished->second : text);
    show();
    composer_.takeFocus();
    setAccessibleName(text_->text());
    QAccessibleEvent alert(this, QAccessible::Alert);
    QAccessible::updateAccessibility(&alert);
}

void EditBanner::cancel() {
    unfinished_.erase(messageId_);
    end();
}

void EditBanner::leave() {
    if (!isEditing()) return;
    unfinished_[messageId_] = composer_.text();
    end();
}

void EditBanner::finish() {
    cancel();
}

void EditBanner::end() {
    if (std::exchange(messageId_, 0) == 0) return;
    hide();
    composer_.clear();
    Q_EMIT
    editingChanged(false);
    composer_.takeFocus();
}

void EditBanner::changeEvent(QEvent* event) {
    QWidget::changeEvent(event);
    if (event->type() == QEvent::StyleChange) applyTheme();
}

void EditBanner::applyTheme() {
    const Theme& theme = Theme::current();
    layout()->setContentsMargins(theme.px(12), theme.px(6), theme.px(6), theme.px(6));
    layout()->setSpacing(theme.px(12));
}

}  // namespace epi
