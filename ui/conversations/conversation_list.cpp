#include "ui/conversations/conversation_list.h"

#include <algorithm>
#include <chrono>

#include <QEvent>
#include <QHBoxLayout>
#include <QLabel>
#include <QListView>
#include <QPushButton>
#include <QStackedWidget>
#include <QVBoxLayout>

#include "ui/bridge/text.h"
#include "ui/conversations/conversation_delegate.h"
#include "ui/elided_label.h"
#include "ui/theme/icons.h"
#include "ui/theme/theme.h"

namespace epi {

using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

ConversationList::ConversationList(StoreClient& store, QWidget* parent)
    : QWidget(parent),
      store_(store),
      new_(new QPushButton(tr("&New chat"), this)),
      import_(new QPushButton(tr("&Import…"), this)),
      stack_(new QStackedWidget(this)),
      view_(new QListView(this)) {
    setProperty("panel", u"surface"_s);
    setAttribute(Qt::WA_StyledBackground);
    new_->setToolTip(tr("Begin a conversation (Ctrl+N)"));
    import_->setToolTip(tr("Add conversations from a file (Ctrl+I)"));
    view_->setModel(&model_);
    view_->setItemDelegate(new ConversationDelegate(view_));
    view_->setAccessibleName(tr("Conversations"));
    view_->setFrameShape(QFrame::NoFrame);
    view_->setUniformItemSizes(true);
    view_->setMouseTracking(true);
    view_->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    view_->setEditTriggers(QAbstractItemView::NoEditTriggers);
    view_->viewport()->setAutoFillBackground(false);
    stack_->addWidget(view_);
    stack_->addWidget(makeEmptyState());

    buttons_ = new QBoxLayout(QBoxLayout::LeftToRight);
    buttons_->addWidget(new_, 1);
    buttons_->addWidget(import_, 1);
    auto* column = new QVBoxLayout(this);
    column->addLayout(buttons_);
    column->addWidget(stack_, 1);
    column->addWidget(makeToast());
    applyTheme();

    undoTimer_.setSingleShot(true);
    undoTimer_.setInterval(7s);
    connect(&undoTimer_, &QTimer::timeout, this, &ConversationList::flush);
    connect(new_, &QPushButton::clicked, this, &ConversationList::newRequested);
    connect(import_, &QPushButton::clicked, this, &ConversationList::importRequested);
    connect(view_->selectionModel(),
            &QItemSelectionModel::currentChanged,
            this,
            [this](const QModelIndex& index) {
                const qint64 id = index.data(ConversationModel::kIdRole).toLongLong();
                if (id == 0 || id == current_) return;
                current_ = id;
                Q_EMIT
                opened(id);
            });
    connect(&model_, &ConversationModel::modelReset, this, &ConversationList::showCurrent);
    connect(&model_, &ConversationModel::renamed, this, [this](qint64 id, const QString& title) {
        store_.write(
            [id, title = toUtf8(title)](Store& opened) { return opened.renameConversation(id, title); });
        Q_EMIT
        renamed(id, title);
    });
}

QWidget* ConversationList::makeEmptyState() {
    auto* page = new QWidget(this);
    auto* text = new QLabel(tr("No conversations yet.\nStart one, or import a file."), page);
    text->setAlignment(Qt::AlignCenter);
    text->setWordWrap(true);
    text->setTextFormat(Qt::PlainText);
    text->setProperty("textRole", u"empty"_s);
    auto* column = new QVBoxLayout(page);
    column->addStretch(1);
    column->addWidget(text);
    column->addStretch(2);
    return page;
}

QWidget* ConversationList::makeToast() {
    toast_ = new QWidget(this);
    toast_->setObjectName(u"toast"_s);
    toast_->setAttribute(Qt::WA_StyledBackground);
    toast_->setProperty("panel", u"accent"_s);
    toastText_ = new ElidedLabel(toast_);
    auto* undo = new QPushButton(tr("&Undo"), toast_);
    undo->setAccessibleDescription(tr("Brings the deleted conversation back"));
    connect(undo, &QPushButton::clicked, this, &ConversationList::undoDelete);
    auto* row = new QHBoxLayout(toast_);
    row->addWidget(toastText_, 1);
    row->addWidget(undo);
    toast_->hide();
    return toast_;
}

void ConversationList::refresh() {
    store_.request(
        this,
        [](Store& store) { return store.conversations(); },
        [this](Result<std::vector<ConversationRecord>> records) {
            if (!records) {
                Q_EMIT
                store_.failed(records.error());
                return;
            }
            model_.assign(*std::move(records));
            stack_->setCurrentIndex(model_.rowCount() > 0 ? 0 : 1);
            showCurrent();
            Q_EMIT
            refreshed();
        });
}

void ConversationList::setCurrent(qint64 id) {
    current_ = id;
    showCurrent();
}

void ConversationList::showCurrent() {
    const int row = model_.rowOf(current_);
    if (row < 0) {
        view_->clearSelection();
        view_->setCurrentIndex({});
    } else if (view_->currentIndex().row() != row) {
        view_->setCurrentIndex(model_.index(row));
    }
}

void ConversationList::renameCurrent() {
    if (const int row = model_.rowOf(current_); row >= 0) view_->edit(model_.index(row));
}

void ConversationList::deleteCurrent() {
    const ConversationRecord* record = model_.find(current_);
    if (record == nullptr) return;
    flush();
    const qint64 id = record->id;
    toDelete_ = id;
    toastText_->setText(tr("Deleted “%1”").arg(toQString(record->title)));
    toast_->show();
    current_ = 0;
    model_.setHidden(id, true);
    stack_->setCurrentIndex(model_.rowCount() > 0 ? 0 : 1);
    undoTimer_.start();
    Q_EMIT
    deleted(id);
}

void ConversationList::undoDelete() {
    if (!toDelete_) return;
    undoTimer_.stop();
    toast_->hide();
    const qint64 id = *std::exchange(toDelete_, std::nullopt);
    model_.setHidden(id, false);
    stack_->setCurrentIndex(0);
    setCurrent(id);
    Q_EMIT
    opened(id);
}

void ConversationList::flush() {
    if (!toDelete_) return;
    undoTimer_.stop();
    toast_->hide();
    store_.write([id = *std::exchange(toDelete_, std::nullopt)](Store& store) {
        return store.deleteConversation(id);
    });
}

void ConversationList::takeFocus() {
    view_->setFocus(Qt::ShortcutFocusReason);
}

void ConversationList::changeEvent(QEvent* event) {
    QWidget::changeEvent(event);
    if (event->type() == QEvent::StyleChange) applyTheme();
}

void ConversationList::resizeEvent(QResizeEvent* event) {
    QWidget::resizeEvent(event);
    arrangeButtons();
}

void ConversationList::arrangeButtons() {
    const int wanted =
        2 * std::max(new_->sizeHint().width(), import_->sizeHint().width()) + 3 * buttons_->spacing();
    buttons_->setDirection(wanted <= width() ? QBoxLayout::LeftToRight : QBoxLayout::TopToBottom);
}

void ConversationList::applyTheme() {
    const Theme& theme = Theme::current();
    const int margin = theme.px(8);
    layout()->setContentsMargins(0, margin, 0, 0);
    layout()->setSpacing(margin);
    buttons_->setContentsMargins(margin, 0, margin, 0);
    buttons_->setSpacing(margin);
    arrangeButtons();
    new_->setIcon(themedIcon(u"new-chat"_s));
    import_->setIcon(themedIcon(u"import"_s));
    setMinimumWidth(theme.px(160));
    view_->doItemsLayout();
}

}  // namespace epi
