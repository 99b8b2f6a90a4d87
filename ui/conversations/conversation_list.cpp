#include "ui/conversations/conversation_list.h"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <utility>

#include <QAction>
#include <QEvent>
#include <QHBoxLayout>
#include <QHash>
#include <QKeyEvent>
#include <QLabel>
#include <QLineEdit>
#include <QListView>
#include <QMenu>
#include <QPushButton>
#include <QStackedWidget>
#include <QVBoxLayout>

#include "ui/actions/action_registry.h"
#include "ui/bridge/text.h"
#include "ui/conversations/conversation_delegate.h"
#include "ui/conversations/conversation_menu.h"
#include "ui/conversations/scope_box.h"
#include "ui/conversations/search_panel.h"
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
      view_(new QListView(this)),
      field_(new QLineEdit(this)),
      scope_(new ScopeBox(this)),
      results_(new SearchPanel(store, this)),
      menu_(new ConversationMenu(store, *scope_, this)) {
    setProperty("panel", u"surface"_s);
    setAttribute(Qt::WA_StyledBackground);
    new_->setToolTip(tr("Begin a conversation (Ctrl+N)"));
    import_->setToolTip(tr("Add conversations from a file (Ctrl+I)"));
    field_->setPlaceholderText(tr("Search"));
    field_->setAccessibleName(tr("Search chats and messages"));
    field_->setClearButtonEnabled(true);
    searchIcon_ = field_->addAction(themedIcon(u"search"_s), QLineEdit::LeadingPosition);
    searchIcon_->setText(tr("Search"));
    // Qt's button for clearing a field has no name of its own.
    if (auto* clear = field_->findChild<QAction*>(u"_q_qlineeditclearaction"_s))
        clear->setText(tr("Clear the search"));
    field_->installEventFilter(this);
    connect(searchIcon_, &QAction::triggered, this, &ConversationList::startSearch);
    stack_->addWidget(view_);
    stack_->addWidget(makeEmptyState());
    stack_->addWidget(results_);

    buttons_ = new QBoxLayout(QBoxLayout::LeftToRight);
    buttons_->addWidget(new_, 1);
    buttons_->addWidget(import_, 1);
    filters_ = new QVBoxLayout();
    filters_->addWidget(field_);
    filters_->addWidget(scope_);
    auto* column = new QVBoxLayout(this);
    column->addLayout(buttons_);
    column->addLayout(filters_);
    column->addWidget(stack_, 1);
    column->addWidget(makeToast());
    connectView();
    connectSearch();
    applyTheme();

    undoTimer_.setSingleShot(true);
    undoTimer_.setInterval(7s);
    connect(&undoTimer_, &QTimer::timeout, this, &ConversationList::flush);
    connect(new_, &QPushButton::clicked, this, &ConversationList::newRequested);
    connect(import_, &QPushButton::clicked, this, &ConversationList::importRequested);
    connect(&model_, &ConversationModel::modelReset, this, &ConversationList::showCurrent);
    connect(&model_, &ConversationModel::renamed, this, [this](qint64 id, const QString& title) {
        store_.write(
            [id, title = toUtf8(title)](Store& opened) { return opened.renameConversation(id, title); });
        Q_EMIT
        renamed(id, title);
    });
}

void ConversationList::connectView() {
    view_->setModel(&model_);
    view_->setItemDelegate(new ConversationDelegate(view_));
    view_->setAccessibleName(tr("Conversations"));
    view_->setFrameShape(QFrame::NoFrame);
    view_->setUniformItemSizes(true);
    view_->setMouseTracking(true);
    view_->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    view_->setEditTriggers(QAbstractItemView::NoEditTriggers);
    view_->setContextMenuPolicy(Qt::CustomContextMenu);
    view_->viewport()->setAutoFillBackground(false);
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
    // Arrows only look; a click and Return choose.
    for (const auto signal : {&QListView::clicked, &QListView::activated}) {
        connect(view_, signal, this, [this](const QModelIndex& index) {
            if (index.isValid()) Q_EMIT
            chosen();
        });
    }
    connect(view_, &QListView::customContextMenuRequested, this, &ConversationList::showMenu);
    connect(scope_, &ScopeBox::filterChanged, this, [this](const ConversationFilter& filter) {
        model_.setFilter(filter);
        showPage();
        refresh();
    });
    connect(menu_, &ConversationMenu::changed, this, &ConversationList::refresh);
    connect(menu_, &ConversationMenu::renameRequested, this, &ConversationList::renameCurrent);
    connect(menu_, &ConversationMenu::binRequested, this, &ConversationList::deleteCurrent);
    connect(menu_, &ConversationMenu::exportRequested, this, &ConversationList::exportRequested);
    connect(menu_, &ConversationMenu::archived, this, [this](const ConversationRecord& record) {
        flush();
        archived_ = record;
        offerUndo(tr("In the archive: “%1”").arg(toQString(record.title)));
    });
    connect(menu_, &ConversationMenu::deletedForEver, this, [this](qint64 id) {
        if (current_ == id) current_ = 0;
        Q_EMIT
        deleted(id);
    });
}

void ConversationList::connectSearch() {
    connect(field_, &QLineEdit::textChanged, this, &ConversationList::runSearch);
    connect(field_, &QLineEdit::returnPressed, results_, &SearchPanel::openChosen);
    connect(results_, &SearchPanel::hitChosen, this, [this](qint64 id, qint64 messageId) {
        Q_EMIT
        messageOpened(id, messageId);
    });
}

void ConversationList::runSearch() {
    const QString text = field_->text();
    if (!text.trimmed().isEmpty()) {
        QHash<qint64, QString> titles;
        for (const ConversationRecord& record : model_.all()) {
            if (!record.deletedAtMs) titles.insert(record.id, toQString(record.title));
        }
        results_->search(text, titles);
    }
    showPage();
}

void ConversationList::showPage() {
    const bool isSearching = !field_->text().trimmed().isEmpty();
    scope_->setVisible(!isSearching);
    switch (model_.filter().scope) {
        case ConversationFilter::Scope::kChats:
            empty_->setText(model_.filter() == ConversationFilter() && model_.all().empty()
                                ? tr("No conversations yet.\nStart one, or import a file.")
                                : tr("No chats here."));
            break;
        case ConversationFilter::Scope::kArchive:
            empty_->setText(tr("The archive is empty."));
            break;
        case ConversationFilter::Scope::kBin:
            empty_->setText(tr("The bin is empty.\nDeleted chats stay here for 30 days."));
            break;
    }
    if (isSearching) {
        stack_->setCurrentWidget(results_);
    } else {
        stack_->setCurrentIndex(model_.rowCount() > 0 ? 0 : 1);
    }
}

void ConversationList::startSearch() {
    field_->setFocus(Qt::ShortcutFocusReason);
    field_->selectAll();
}

void ConversationList::showMenu(const QPoint& position) {
    const QModelIndex index =
        view_->indexAt(position).isValid() ? view_->indexAt(position) : view_->currentIndex();
    if (!index.isValid()) return;
    view_->setCurrentIndex(index);
    auto* menu = new QMenu(this);
    menu->setAttribute(Qt::WA_DeleteOnClose);
    menu_->fill(*menu, model_.at(index.row()));
    menu->popup(view_->viewport()->mapToGlobal(position));
}

void ConversationList::registerActions(ActionRegistry& actions) {
    const QString group = tr("Chat");
    actions.add({.id = u"chat.search"_s,
                 .group = group,
                 .title = tr("S&earch all chats"),
                 .shortcuts = {QKeySequence(u"Ctrl+Shift+F"_s, QKeySequence::PortableText)}},
                this,
                [this] {
                    show();
                    startSearch();
                });
    actions.add({.id = u"chat.pin"_s, .group = group, .title = tr("&Pin or unpin")}, this, [this] {
        togglePinned();
    });
    actions.add({.id = u"chat.archive"_s, .group = group, .title = tr("Archi&ve or take out")}, this, [this] {
        toggleArchived();
    });
    actions.add({.id = u"chat.tags"_s, .group = group, .title = tr("Ta&gs…")}, this, [this] { editTags(); });
    actions.add({.id = u"chat.newFolder"_s, .group = group, .title = tr("Move to a new f&older…")},
                this,
                [this] { moveToNewFolder(); });
}

void ConversationList::togglePinned() {
    if (const ConversationRecord* record = model_.find(current_))
        menu_->setPinned(*record, !record->isPinned);
}

void ConversationList::toggleArchived() {
    if (const ConversationRecord* record = model_.find(current_))
        menu_->setArchived(*record, !record->isArchived);
}

void ConversationList::editTags() {
    if (const ConversationRecord* record = model_.find(current_)) menu_->editTags(*record);
}

void ConversationList::moveToNewFolder() {
    if (const ConversationRecord* record = model_.find(current_)) menu_->moveToNewFolder(*record);
}

bool ConversationList::eventFilter(QObject* watched, QEvent* event) {
    if (watched == field_ && event->type() == QEvent::KeyPress) {
        const auto* key = static_cast<QKeyEvent*>(event);
        if (key->key() == Qt::Key_Down) {
            field_->text().trimmed().isEmpty() ? takeFocus() : results_->takeFocus();
            return true;
        }
        if (key->key() == Qt::Key_Escape && !field_->text().isEmpty()) {
            field_->clear();
            return true;
        }
    }
    if (watched == field_ && event->type() == QEvent::ShortcutOverride) {
        // Escape is the window's key for stopping an answer, unless there is a search to end.
        const auto* key = static_cast<QKeyEvent*>(event);
        if (key->key() == Qt::Key_Escape && !field_->text().isEmpty()) event->accept();
    }
    return QWidget::eventFilter(watched, event);
}

QWidget* ConversationList::makeEmptyState() {
    auto* page = new QWidget(this);
    empty_ = new QLabel(page);
    empty_->setAlignment(Qt::AlignCenter);
    empty_->setWordWrap(true);
    empty_->setTextFormat(Qt::PlainText);
    empty_->setProperty("textRole", u"empty"_s);
    auto* column = new QVBoxLayout(page);
    column->addStretch(1);
    column->addWidget(empty_);
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
    undo->setAccessibleDescription(tr("Brings the conversation back"));
    connect(undo, &QPushButton::clicked, this, &ConversationList::undo);
    auto* row = new QHBoxLayout(toast_);
    row->addWidget(toastText_, 1);
    row->addWidget(undo);
    toast_->hide();
    return toast_;
}

void ConversationList::refresh() {
    const bool isBin = model_.filter().scope == ConversationFilter::Scope::kBin;
    store_.request(
        this,
        [isBin](Store& store) -> Result<Contents> {
            Contents contents;
            EPI_TRY_ASSIGN(contents.conversations, store.conversations());
            EPI_TRY_ASSIGN(contents.folders, store.folders());
            if (isBin) {
                EPI_TRY_ASSIGN(auto binned, store.bin());
                std::ranges::move(binned, std::back_inserter(contents.conversations));
            }
            return contents;
        },
        [this](Result<Contents> contents) {
            if (!contents) {
                Q_EMIT
                store_.failed(contents.error());
                return;
            }
            showContents(*std::move(contents));
        });
}

void ConversationList::showContents(Contents contents) {
    scope_->setContents(contents.folders, contents.conversations);
    model_.assign(std::move(contents.conversations));
    showPage();
    showCurrent();
    Q_EMIT
    refreshed();
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
    if (record->deletedAtMs) {
        menu_->deleteForEver(*record);
        return;
    }
    deleted_ = *record;
    const qint64 id = deleted_->id;
    offerUndo(tr("In the bin: “%1”").arg(toQString(deleted_->title)));
    current_ = 0;
    model_.setHidden(id, true);
    showPage();
    store_.write([id](Store& store) { return store.setInBin(id, true); });
    refresh();
    Q_EMIT
    deleted(id);
}

void ConversationList::offerUndo(const QString& text) {
    toastText_->setText(text);
    toast_->show();
    undoTimer_.start();
}

void ConversationList::undo() {
    if (const auto record = archived_) {
        flush();
        menu_->setArchived(*record, false);
    }
    if (deleted_) undoDelete();
}

void ConversationList::undoDelete() {
    const ConversationRecord record = *deleted_;
    const qint64 id = record.id;
    flush();
    model_.restore(record);
    store_.write([id](Store& store) { return store.setInBin(id, false); });
    refresh();
    showPage();
    setCurrent(id);
    Q_EMIT
    opened(id);
}

void ConversationList::flush() {
    undoTimer_.stop();
    toast_->hide();
    archived_.reset();
    if (const auto record = std::exchange(deleted_, std::nullopt)) model_.setHidden(record->id, false);
}

void ConversationList::takeFocus() {
    view_->setFocus(Qt::ShortcutFocusReason);
}

void ConversationList::changeEvent(QEvent* event) {
    QWidget::changeEvent(event);
    if (event->type() == QEvent::StyleChange) applyTheme();
}

void ConversationList::showEvent(QShowEvent* event) {
    QWidget::showEvent(event);
    arrangeButtons();  // only now are they as wide as the style makes them
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
    filters_->setContentsMargins(margin, 0, margin, 0);
    filters_->setSpacing(margin);
    searchIcon_->setIcon(themedIcon(u"search"_s));
    new_->setIcon(themedIcon(u"new-chat"_s));
    import_->setIcon(themedIcon(u"import"_s));
    arrangeButtons();  // by their width with icons
    setMinimumWidth(theme.px(160));
    view_->doItemsLayout();
}

}  // namespace epi
