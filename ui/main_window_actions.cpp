#include <QAction>
#include <QApplication>
#include <QContextMenuEvent>
#include <QDockWidget>
#include <QMenuBar>

#include "ui/actions/action_registry.h"
#include "ui/actions/command_palette.h"
#include "ui/chat/chat_page.h"
#include "ui/chat/composer.h"
#include "ui/chat/find_bar.h"
#include "ui/chat/turn_actions.h"
#include "ui/conversations/conversation_list.h"
#include "ui/main_window.h"
#include "ui/memory/memory_panel.h"
#include "ui/settings/settings_dialog.h"

namespace epi {

using namespace Qt::StringLiterals;

namespace {

constexpr int kPercentStep = 10;

QKeySequence key(const QString& name) {
    return QKeySequence(name, QKeySequence::PortableText);
}

}  // namespace

// The actions of the window itself. Parts with actions of their own have registerActions(ActionRegistry&).
void MainWindow::registerActions() {
    registerFileActions();
    registerChatActions();
    registerViewActions();
    registerToolActions();
    list_->registerActions(actions_);
    page_->findBar().registerActions(actions_);
    turns_->registerActions(actions_);
}

void MainWindow::registerFileActions() {
    const QString group = tr("File");
    actions_.add(
        {.id = u"chat.new"_s, .group = group, .title = tr("&New chat"), .shortcuts = {key(u"Ctrl+N"_s)}},
        this,
        [this] { newChat(); });
    actions_.add(
        {.id = u"file.import"_s, .group = group, .title = tr("&Import…"), .shortcuts = {key(u"Ctrl+I"_s)}},
        this,
        [this] { chooseFiles(); });
    actions_.add({.id = u"file.exportChat"_s,
                  .group = group,
                  .title = tr("&Export this chat…"),
                  .shortcuts = {key(u"Ctrl+Shift+E"_s)}},
                 this,
                 [this] {
                     if (list_->current() != 0) exportChats(list_->current());
                 });
    actions_.add({.id = u"file.exportAll"_s, .group = group, .title = tr("Export a&ll chats…")},
                 this,
                 [this] { exportChats(std::nullopt); });
    actions_.add(
        {.id = u"app.settings"_s, .group = group, .title = tr("&Settings…"), .shortcuts = {key(u"Ctrl+,"_s)}},
        this,
        [this] { showSettings(SettingsSection::kGeneral); });
    actions_.add({.id = u"app.quit"_s, .group = group, .title = tr("&Quit"), .shortcuts = {key(u"Ctrl+Q"_s)}},
                 this,
                 [this] { close(); });
}

void MainWindow::registerChatActions() {
    const QString group = tr("Chat");
    actions_.add({.id = u"chat.write"_s,
                  .group = group,
                  .title = tr("&Write a message"),
                  .shortcuts = {key(u"Ctrl+L"_s)}},
                 this,
                 [this] { page_->composer().takeFocus(); });
    stopAction_ = actions_.add(
        {.id = u"chat.stop"_s, .group = group, .title = tr("&Stop"), .shortcuts = {key(u"Esc"_s)}},
        this,
        [this] {
            if (current_ && current_->isAnswering()) {
                current_->stop();
            } else if (current_) {
                current_->memory().cancelBuild();
            }
        });
    stopAction_->setEnabled(false);
    actions_.add(
        {.id = u"chat.rename"_s, .group = group, .title = tr("&Rename"), .shortcuts = {key(u"F2"_s)}},
        this,
        [this] { list_->renameCurrent(); });
    actions_.add({.id = u"chat.settings"_s,
                  .group = group,
                  .title = tr("Cha&t settings…"),
                  .shortcuts = {key(u"Ctrl+Shift+,"_s), key(u"Ctrl+Shift+<"_s)}},
                 this,
                 [this] { showChatSettings(); });
    actions_.add({.id = u"chat.delete"_s,
                  .group = group,
                  .title = tr("&Delete"),
                  .shortcuts = {key(u"Del"_s)},
                  .scope = list_},
                 this,
                 [this] { list_->deleteCurrent(); });
    actions_.add({.id = u"chat.undoDelete"_s,
                  .group = group,
                  .title = tr("&Undo delete or archive"),
                  .shortcuts = {key(u"Ctrl+Shift+Z"_s)}},
                 this,
                 [this] { list_->undo(); });
    actions_.add({.id = u"chat.previous"_s,
                  .group = group,
                  .title = tr("Previous &chat"),
                  .shortcuts = {key(u"Ctrl+PgUp"_s)}},
                 this,
                 [this] { stepChat(-1); });
    actions_.add({.id = u"chat.next"_s,
                  .group = group,
                  .title = tr("Ne&xt chat"),
                  .shortcuts = {key(u"Ctrl+PgDown"_s)}},
                 this,
                 [this] { stepChat(1); });
}

void MainWindow::registerViewActions() {
    const QString group = tr("View");
    actions_.adopt(
        {.id = u"view.memory"_s, .group = group, .title = tr("&Memory panel"), .shortcuts = {key(u"F9"_s)}},
        dock_->toggleViewAction());
    actions_.add(
        {.id = u"view.chats"_s, .group = group, .title = tr("&Chat list"), .shortcuts = {key(u"Ctrl+B"_s)}},
        this,
        [this] { list_->setVisible(list_->isHidden()); });
    // H is a key of the message view, which handles it itself.
    tintAction_ = actions_.add({.id = u"view.tint"_s, .group = group, .title = tr("&Tint by what is kept")},
                               this,
                               [this] { toggleTint(); });
    tintAction_->setCheckable(true);
    actions_.add(
        {.id = u"view.nextPane"_s, .group = group, .title = tr("Next &pane"), .shortcuts = {key(u"F6"_s)}},
        this,
        [this] { cyclePanes(); });
    actions_.add(
        {.id = u"view.menuBar"_s, .group = group, .title = tr("Menu &bar"), .shortcuts = {key(u"F10"_s)}},
        this,
        [this] { menuBar()->setActiveAction(menuBar()->actions().first()); });
    // Not every keyboard has the key for it.
    actions_.add({.id = u"view.contextMenu"_s,
                  .group = group,
                  .title = tr("M&enu of what has the focus"),
                  .shortcuts = {key(u"Shift+F10"_s)}},
                 this,
                 [] {
                     QWidget* focused = QApplication::focusWidget();
                     if (focused == nullptr) return;
                     const QPoint middle = focused->rect().center();
                     QContextMenuEvent asked(
                         QContextMenuEvent::Keyboard, middle, focused->mapToGlobal(middle));
                     QApplication::sendEvent(focused, &asked);
                 });
    const auto scale = [this](int percent) {
        options_.percent.reset();
        preferences_.change([percent](Preferences& p) { p.percent = percent; });
    };
    actions_.add({.id = u"view.larger"_s,
                  .group = group,
                  .title = tr("&Larger text"),
                  .shortcuts = {key(u"Ctrl++"_s), key(u"Ctrl+="_s)}},
                 this,
                 [scale] { scale(Theme::current().percent() + kPercentStep); });
    actions_.add({.id = u"view.smaller"_s,
                  .group = group,
                  .title = tr("&Smaller text"),
                  .shortcuts = {key(u"Ctrl+-"_s)}},
                 this,
                 [scale] { scale(Theme::current().percent() - kPercentStep); });
    actions_.add({.id = u"view.normalSize"_s,
                  .group = group,
                  .title = tr("&Normal text size"),
                  .shortcuts = {key(u"Ctrl+0"_s)}},
                 this,
                 [scale] { scale(100); });
    actions_.add({.id = u"view.fullScreen"_s,
                  .group = group,
                  .title = tr("&Full screen"),
                  .shortcuts = {key(u"F11"_s)}},
                 this,
                 [this] { setWindowState(windowState() ^ Qt::WindowFullScreen); });
}

void MainWindow::registerToolActions() {
    actions_.add({.id = u"memory.build"_s, .group = tr("Memory"), .title = tr("&Build memory…")},
                 this,
                 [this] { page_->offerBuild(); });
    actions_.add({.id = u"memory.evaluation"_s,
                  .group = tr("Memory"),
                  .title = tr("&Evaluation…"),
                  .shortcuts = {key(u"Ctrl+Shift+V"_s)}},
                 this,
                 [this] { showEvaluation(); });
    actions_.add({.id = u"model.manage"_s,
                  .group = tr("Model"),
                  .title = tr("&Models…"),
                  .shortcuts = {key(u"Ctrl+M"_s)}},
                 this,
                 [this] { showModels(); });
    actions_.add(
        {.id = u"view.jobs"_s, .group = tr("View"), .title = tr("&Jobs"), .shortcuts = {key(u"Ctrl+J"_s)}},
        this,
        [this] { showJobs(); });
    actions_.add({.id = u"model.open"_s,
                  .group = tr("Model"),
                  .title = tr("&Open model file…"),
                  .shortcuts = {key(u"Ctrl+O"_s)}},
                 this,
                 [this] { chooseModelFile(); });
    actions_.add({.id = u"app.palette"_s,
                  .group = tr("Help"),
                  .title = tr("&Find a command or chat…"),
                  .shortcuts = {key(u"Ctrl+K"_s)}},
                 this,
                 [this] { showPalette(); });
    actions_.add({.id = u"app.shortcuts"_s,
                  .group = tr("Help"),
                  .title = tr("&Keyboard shortcuts…"),
                  .shortcuts = {key(u"F1"_s), key(u"Ctrl+/"_s)}},
                 this,
                 [this] { showSettings(SettingsSection::kShortcuts); });
}

void MainWindow::stepChat(int rows) {
    const ConversationModel& model = list_->model();
    if (model.rowCount() == 0) return;
    const int row = model.rowOf(list_->current()) + rows;
    openConversation(model.at(std::clamp(row, 0, model.rowCount() - 1)).id);
}

void MainWindow::showPalette() {
    std::vector<PaletteItem> chats;
    const ConversationModel& model = list_->model();
    for (int row = 0; row < model.rowCount(); ++row) {
        const QString title = model.index(row).data().toString();
        chats.push_back(
            {.title = title, .group = tr("Chat"), .keys = {}, .run = [this, id = model.at(row).id] {
                 openConversation(id);
                 page_->composer().takeFocus();
             }});
    }
    (new CommandPalette(actions_, std::move(chats), this))->open();
}

}  // namespace epi
