#include "ui/chat/find_bar.h"

#include <chrono>

#include <QApplication>
#include <QHBoxLayout>
#include <QKeyEvent>
#include <QLabel>
#include <QLineEdit>
#include <QLocale>
#include <QToolButton>

#include "ui/actions/action_registry.h"
#include "ui/chat/chat_finder.h"
#include "ui/theme/icons.h"
#include "ui/theme/theme.h"

namespace epi {

using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

namespace {

constexpr qsizetype kLongestTaken = 100;  // of a selection that becomes the text to find

}  // namespace

FindBar::FindBar(MessageView* view, QWidget* parent)
    : QWidget(parent),
      view_(view),
      finder_(new ChatFinder(this)),
      field_(new QLineEdit(this)),
      count_(new QLabel(this)),
      previous_(makeButton(tr("Previous hit"), u"up"_s)),
      next_(makeButton(tr("Next hit"), u"down"_s)),
      close_(makeButton(tr("Close the search"), u"close"_s)) {
    setObjectName(u"findBar"_s);
    setAttribute(Qt::WA_StyledBackground);
    field_->setPlaceholderText(tr("Find in this chat"));
    field_->setAccessibleName(tr("Find in this chat"));
    field_->setMaxLength(1'000);
    field_->installEventFilter(this);
    view_->installEventFilter(this);
    count_->setTextFormat(Qt::PlainText);
    count_->setAlignment(Qt::AlignRight | Qt::AlignVCenter);
    count_->setProperty("textRole", u"secondary"_s);
    auto* row = new QHBoxLayout(this);
    row->addWidget(field_, 1);
    row->addWidget(count_);
    row->addWidget(previous_);
    row->addWidget(next_);
    row->addWidget(close_);
    hide();
    applyTheme();

    typing_.setSingleShot(true);
    typing_.setInterval(100ms);
    connect(&typing_, &QTimer::timeout, this, &FindBar::search);
    connect(field_, &QLineEdit::textChanged, &typing_, qOverload<>(&QTimer::start));
    connect(previous_, &QToolButton::clicked, this, [this] { step(false); });
    connect(next_, &QToolButton::clicked, this, [this] { step(true); });
    connect(close_, &QToolButton::clicked, this, &FindBar::dismiss);
    connect(view_, &MessageView::modelChanged, this, [this] { finder_->setModel(view_->model()); });
    connect(finder_, &ChatFinder::changed, this, &FindBar::refresh);
    connect(finder_, &ChatFinder::currentChanged, this, [this] {
        view_->scrollToPosition(finder_->currentPosition());
        refresh();
    });
    finder_->setModel(view_->model());
    view_->setFinder(finder_);
}

FindBar::~FindBar() {
    if (view_) view_->setFinder(nullptr);
}

QToolButton* FindBar::makeButton(const QString& name, const QString& icon) {
    auto* button = new QToolButton(this);
    button->setAccessibleName(name);
    button->setToolTip(name);
    button->setProperty("isFlat", true);
    button->setProperty("icon_name", icon);
    return button;
}

void FindBar::registerActions(ActionRegistry& actions) {
    const QString group = tr("Chat");
    actions.add({.id = u"chat.find"_s,
                 .group = group,
                 .title = tr("&Find in this chat…"),
                 .shortcuts = {QKeySequence(u"Ctrl+F"_s, QKeySequence::PortableText)}},
                this,
                [this] { open(); });
    actions.add({.id = u"chat.findNext"_s,
                 .group = group,
                 .title = tr("Ne&xt hit"),
                 .shortcuts = {QKeySequence(u"F3"_s, QKeySequence::PortableText)}},
                this,
                [this] { step(true); });
    actions.add({.id = u"chat.findPrevious"_s,
                 .group = group,
                 .title = tr("Previous hi&t"),
                 .shortcuts = {QKeySequence(u"Shift+F3"_s, QKeySequence::PortableText)}},
                this,
                [this] { step(false); });
}

void FindBar::open() {
    QWidget* focused = QApplication::focusWidget();
    if (focused != nullptr && !isAncestorOf(focused)) focusBefore_ = focused;
    const MessageSelection& selection = view_->selection();
    const bool isInOne = selection.begin().row == selection.end().row;
    const QString selected = isInOne ? view_->selectedText() : QString();
    show();
    if (!selected.isEmpty() && selected.size() <= kLongestTaken && !selected.contains(u'\n'))
        field_->setText(selected);
    field_->selectAll();
    field_->setFocus(Qt::ShortcutFocusReason);
    if (!field_->text().isEmpty()) search();
    refresh();
}

void FindBar::dismiss() {
    typing_.stop();
    hide();
    finder_->search({}, 0);
    if (focusBefore_) {
        focusBefore_->setFocus(Qt::OtherFocusReason);
    } else {
        view_->setFocus(Qt::OtherFocusReason);
    }
}

void FindBar::step(bool isForward) {
    if (!isVisible()) return open();
    if (typing_.isActive()) {  // Enter before the pause in typing: the first hit is the next one
        search();
        return;
    }
    finder_->step(isForward, place());
}

void FindBar::search() {
    typing_.stop();
    finder_->search(field_->text(), place());
}

/// The row that the reader is at.
int FindBar::place() const {
    return view_->currentRow() >= 0 ? view_->currentRow() : view_->firstRowInSight();
}

QString FindBar::countText() const {
    return count_->text();
}

void FindBar::refresh() {
    const QLocale locale;
    const bool isEmpty = finder_->text().isEmpty();
    const QString more = finder_->isSearching() ? u"…"_s : QString();
    if (isEmpty) {
        count_->clear();
    } else if (finder_->hitCount() == 0) {
        count_->setText(finder_->isSearching() ? tr("Searching…") : tr("No hits"));
    } else {
        const int number = finder_->currentNumber();
        count_->setText(
            tr("%1 of %2")
                .arg(number > 0 ? locale.toString(number) : u"–"_s, locale.toString(finder_->hitCount())) +
            more);
    }
    previous_->setEnabled(finder_->hitCount() > 0);
    next_->setEnabled(finder_->hitCount() > 0);
    view_->viewport()->update();
}

bool FindBar::event(QEvent* event) {
    // Esc closes the bar while the focus is in it, whatever else it does in the window.
    if (event->type() == QEvent::ShortcutOverride &&
        static_cast<QKeyEvent*>(event)->key() == Qt::Key_Escape) {
        event->accept();
        return true;
    }
    return QWidget::event(event);
}

bool FindBar::eventFilter(QObject* watched, QEvent* event) {
    if (watched == field_ && event->type() == QEvent::KeyPress) {
        const auto* key = static_cast<QKeyEvent*>(event);
        if (key->key() == Qt::Key_Return || key->key() == Qt::Key_Enter) {
            step(!(key->modifiers() & Qt::ShiftModifier));
            return true;
        }
    }
    // Esc closes the bar from the chat as well.
    const bool isEscape = (event->type() == QEvent::KeyPress || event->type() == QEvent::ShortcutOverride) &&
                          static_cast<QKeyEvent*>(event)->key() == Qt::Key_Escape;
    // The key first: events of a view that is being destroyed come here too, when it is none any more.
    if (isEscape && watched == view_ && isVisible()) {
        event->accept();
        if (event->type() == QEvent::KeyPress) dismiss();
        return true;
    }
    return QWidget::eventFilter(watched, event);
}

void FindBar::keyPressEvent(QKeyEvent* event) {
    if (event->key() == Qt::Key_Escape) return dismiss();
    QWidget::keyPressEvent(event);
}

void FindBar::changeEvent(QEvent* event) {
    QWidget::changeEvent(event);
    if (event->type() == QEvent::StyleChange) applyTheme();
}

void FindBar::applyTheme() {
    const Theme& theme = Theme::current();
    layout()->setContentsMargins(theme.px(24), theme.px(8), theme.px(16), theme.px(8));
    layout()->setSpacing(theme.px(8));
    // The field keeps its width while the count grows.
    count_->setMinimumWidth(theme.px(88));
    for (QToolButton* button : {previous_, next_, close_})
        button->setIcon(themedIcon(button->property("icon_name").toString()));
}

}  // namespace epi
