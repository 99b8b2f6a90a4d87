#include <array>

#include <QAction>
#include <QActionGroup>
#include <QApplication>
#include <QDockWidget>
#include <QFileDialog>
#include <QMenu>
#include <QMenuBar>
#include <QToolButton>

#include "ui/bridge/text.h"
#include "ui/chat/chat_page.h"
#include "ui/chat/composer.h"
#include "ui/chat/message_view.h"
#include "ui/conversations/conversation_list.h"
#include "ui/main_window.h"
#include "ui/memory/memory_panel.h"

namespace epi {

using namespace Qt::StringLiterals;

// Which actions stand in which menu. An empty name is a line between two.
void MainWindow::fillMenu(QMenu* menu, std::initializer_list<const char*> ids) {
    for (const char* id : ids) {
        if (*id == '\0') {
            menu->addSeparator();
            continue;
        }
        QAction* action = actions_.find(QString::fromLatin1(id));
        Q_ASSERT(action != nullptr);
        menu->addAction(action);
    }
}

void MainWindow::buildMenus() {
    fillMenu(
        menuBar()->addMenu(tr("&File")),
        {"chat.new", "file.import", "file.exportChat", "file.exportAll", "", "app.settings", "", "app.quit"});
    fillMenu(menuBar()->addMenu(tr("&Chat")),
             {"chat.write",
              "chat.stop",
              "chat.settings",
              "",
              "chat.find",
              "chat.search",
              "chat.rename",
              "chat.pin",
              "chat.archive",
              "chat.tags",
              "chat.newFolder",
              "chat.delete",
              "chat.undoDelete",
              "",
              "chat.previous",
              "chat.next"});
    fillMenu(menuBar()->addMenu(tr("Me&ssage")),
             {"turn.regenerate",
              "turn.answerWith",
              "turn.continue",
              "turn.edit",
              "",
              "turn.previousVersion",
              "turn.nextVersion",
              "",
              "turn.pin",
              "turn.copyMarkdown",
              "turn.details",
              "",
              "turn.delete",
              "turn.restore"});
    QMenu* view = menuBar()->addMenu(tr("&View"));
    fillMenu(view,
             {"view.memory",
              "view.chats",
              "view.tint",
              "view.nextPane",
              "view.menuBar",
              "view.contextMenu",
              "view.jobs",
              ""});
    buildThemeMenu(view->addMenu(tr("T&heme")));
    fillMenu(view, {"view.larger", "view.smaller", "view.normalSize", "", "view.fullScreen"});
    fillMenu(menuBar()->addMenu(tr("&Memory")), {"memory.build", "memory.evaluation"});
    buildModelMenu();
    fillMenu(menuBar()->addMenu(tr("&Help")), {"app.palette", "app.shortcuts"});
    // Qt's button for menus that do not fit has no name of its own.
    if (auto* more = menuBar()->findChild<QToolButton*>(u"qt_menubar_ext_button"_s)) {
        more->setAccessibleName(tr("More menus"));
    }
}

void MainWindow::buildThemeMenu(QMenu* menu) {
    themeActions_ = new QActionGroup(this);
    const std::array choices{std::pair{ThemeChoice::kSystem, tr("&As the desktop")},
                             std::pair{ThemeChoice::kLight, tr("&Light")},
                             std::pair{ThemeChoice::kDark, tr("&Dark")},
                             std::pair{ThemeChoice::kHighContrast, tr("&High contrast")}};
    for (const auto& [choice, title] : choices) {
        QAction* action = menu->addAction(title, this, [this, chosen = choice] {
            options_.theme.reset();
            preferences_.change([chosen](Preferences& p) { p.theme = chosen; });
        });
        action->setCheckable(true);
        action->setData(static_cast<int>(choice));
        actions_.adopt({.id = u"view.theme."_s + nameOf(choice), .group = tr("Theme"), .title = title},
                       action);
        themeActions_->addAction(action);
    }
}

void MainWindow::buildModelMenu() {
    modelMenu_ = menuBar()->addMenu(tr("M&odel"));
    refreshModelMenu();
}

void MainWindow::refreshModelMenu() {
    modelMenu_->clear();
    delete modelMenu_->findChild<QActionGroup*>();
    auto* group = new QActionGroup(modelMenu_);  // one of them: marked as such
    const auto& hello = engine_.hello();
    const QString loaded = engine_.model() ? toQString(engine_.model()->path) : QString();
    if (hello) {
        for (const ModelSummary& model : hello->models) {
            if (!model.isPresent) continue;
            const QString size = QLocale().formattedDataSize(model.sizeBytes);
            QString title = toQString(model.title).replace(u"&"_s, u"&&"_s);
            QAction* action = modelMenu_->addAction(
                tr("%1 (%2)").arg(title, size), this, [this, id = toQString(model.id)] { useModel(id); });
            action->setCheckable(true);
            action->setActionGroup(group);
            action->setChecked(toQString(model.path) == loaded);
        }
    }
    if (modelMenu_->isEmpty()) {
        modelMenu_->addAction(hello ? tr("No model files found") : tr("The engine is starting"))
            ->setEnabled(false);
    }
    modelMenu_->addSeparator();
    fillMenu(modelMenu_, {"model.manage", "model.open"});
}

void MainWindow::chooseFiles() {
    auto* dialog =
        new QFileDialog(this, tr("Import conversations"), {}, tr("Chats (*.json *.md *.txt);;All files (*)"));
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setFileMode(QFileDialog::ExistingFiles);
    connect(dialog, &QFileDialog::filesSelected, this, &MainWindow::previewImport);
    dialog->open();
}

void MainWindow::chooseModelFile() {
    auto* dialog = new QFileDialog(this, tr("Open a model"), {}, tr("Models (*.gguf);;All files (*)"));
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setFileMode(QFileDialog::ExistingFile);
    connect(dialog, &QFileDialog::fileSelected, this, &MainWindow::useModel);
    dialog->open();
}

void MainWindow::cyclePanes() {
    const QWidget* focused = QApplication::focusWidget();
    if (list_->isAncestorOf(focused)) {
        page_->view().setFocus(Qt::ShortcutFocusReason);
    } else if (focused == &page_->view()) {
        page_->composer().takeFocus();
    } else if (page_->isAncestorOf(focused) && dock_->isVisible()) {
        panel_->takeFocus();
    } else {
        list_->takeFocus();
    }
}

}  // namespace epi
