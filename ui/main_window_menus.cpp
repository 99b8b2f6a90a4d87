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
#include "ui/evaluation/evaluation_window.h"
#include "ui/main_window.h"
#include "ui/memory/memory_panel.h"

namespace epi {

using namespace Qt::StringLiterals;

namespace {

constexpr int kPercentStep = 10;

}  // namespace

void MainWindow::buildMenus() {
    buildFileMenu();
    buildChatMenu();
    buildViewMenu();
    buildMemoryMenu();
    buildModelMenu();
    // Qt's button for menus that do not fit has no name of its own.
    if (auto* more = menuBar()->findChild<QToolButton*>(u"qt_menubar_ext_button"_s)) {
        more->setAccessibleName(tr("More menus"));
    }
}

void MainWindow::buildFileMenu() {
    QMenu* menu = menuBar()->addMenu(tr("&File"));
    menu->addAction(tr("&New chat"), QKeySequence::New, this, &MainWindow::newChat);
    menu->addAction(tr("&Import…"), QKeySequence(u"Ctrl+I"_s), this, &MainWindow::chooseFiles);
    menu->addSeparator();
    menu->addAction(tr("&Quit"), QKeySequence(u"Ctrl+Q"_s), this, &QWidget::close);
}

void MainWindow::buildChatMenu() {
    QMenu* menu = menuBar()->addMenu(tr("&Chat"));
    menu->addAction(
        tr("&Write a message"), QKeySequence(u"Ctrl+L"_s), this, [this] { page_->composer().takeFocus(); });
    stopAction_ = menu->addAction(tr("&Stop"), QKeySequence(Qt::Key_Escape), this, [this] {
        if (current_ && current_->isAnswering()) {
            current_->stop();
        } else if (current_) {
            current_->memory().cancelBuild();
        }
    });
    stopAction_->setEnabled(false);
    menu->addAction(tr("Ask &again"), QKeySequence(u"Ctrl+R"_s), this, [this] {
        if (current_) current_->askAgain();
    });
    menu->addSeparator();
    menu->addAction(tr("&Rename"), QKeySequence(Qt::Key_F2), this, [this] { list_->renameCurrent(); });
    QAction* remove = menu->addAction(
        tr("&Delete"), QKeySequence(Qt::Key_Delete), list_, [this] { list_->deleteCurrent(); });
    // Delete must stay a text key elsewhere: the shortcut belongs to the list.
    remove->setShortcutContext(Qt::WidgetWithChildrenShortcut);
    list_->addAction(remove);
    menu->addAction(
        tr("&Undo delete"), QKeySequence(u"Ctrl+Shift+Z"_s), this, [this] { list_->undoDelete(); });
    menu->addSeparator();
    const auto step = [this](int rows) {
        const ConversationModel& model = list_->model();
        if (model.rowCount() == 0) return;
        const int row = model.rowOf(list_->current()) + rows;
        openConversation(model.at(std::clamp(row, 0, model.rowCount() - 1)).id);
    };
    menu->addAction(tr("&Previous chat"), QKeySequence(u"Ctrl+PgUp"_s), this, [step] { step(-1); });
    menu->addAction(tr("Ne&xt chat"), QKeySequence(u"Ctrl+PgDown"_s), this, [step] { step(1); });
}

void MainWindow::buildViewMenu() {
    QMenu* menu = menuBar()->addMenu(tr("&View"));
    QAction* panel = dock_->toggleViewAction();
    panel->setText(tr("&Memory panel"));
    panel->setShortcut(QKeySequence(Qt::Key_F9));
    menu->addAction(panel);
    QAction* list = menu->addAction(
        tr("&Chat list"), QKeySequence(u"Ctrl+B"_s), this, [this] { list_->setVisible(list_->isHidden()); });
    list->setCheckable(false);
    tintAction_ = menu->addAction(tr("&Tint by what is kept\tH"), this, &MainWindow::toggleTint);
    tintAction_->setCheckable(true);
    menu->addAction(tr("Next &pane"), QKeySequence(Qt::Key_F6), this, &MainWindow::cyclePanes);
    menu->addSeparator();

    themeActions_ = new QActionGroup(this);
    QMenu* themes = menu->addMenu(tr("T&heme"));
    const std::array choices{std::pair{ThemeChoice::kSystem, tr("As the &desktop")},
                             std::pair{ThemeChoice::kLight, tr("&Light")},
                             std::pair{ThemeChoice::kDark, tr("&Dark")}};
    for (const auto& [choice, title] : choices) {
        QAction* action = themes->addAction(title, this, [this, chosen = choice] {
            options_.theme.reset();
            setAppearance(chosen, Theme::current().percent());
        });
        action->setCheckable(true);
        action->setData(static_cast<int>(choice));
        themeActions_->addAction(action);
    }
    const auto scale = [this](int percent) {
        options_.percent.reset();
        setAppearance(Theme::current().choice(), percent);
    };
    QAction* larger = menu->addAction(
        tr("&Larger text"), this, [scale] { scale(Theme::current().percent() + kPercentStep); });
    larger->setShortcuts({QKeySequence(u"Ctrl++"_s), QKeySequence(u"Ctrl+="_s)});
    menu->addAction(tr("&Smaller text"), QKeySequence(u"Ctrl+-"_s), this, [scale] {
        scale(Theme::current().percent() - kPercentStep);
    });
    menu->addAction(tr("&Normal text size"), QKeySequence(u"Ctrl+0"_s), this, [scale] { scale(100); });
    menu->addSeparator();
    menu->addAction(tr("&Full screen"), QKeySequence(Qt::Key_F11), this, [this] {
        setWindowState(windowState() ^ Qt::WindowFullScreen);
    });
}

void MainWindow::buildMemoryMenu() {
    QMenu* menu = menuBar()->addMenu(tr("&Memory"));
    menu->addAction(tr("&Build memory…"), this, [this] { page_->offerBuild(); });
    menu->addAction(tr("&Evaluation…"), QKeySequence(u"Ctrl+Shift+V"_s), this, &MainWindow::showEvaluation);
}

void MainWindow::buildModelMenu() {
    modelMenu_ = menuBar()->addMenu(tr("M&odel"));
    refreshModelMenu();
}

void MainWindow::refreshModelMenu() {
    modelMenu_->clear();
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
            action->setChecked(toQString(model.path) == loaded);
        }
    }
    if (modelMenu_->isEmpty()) {
        modelMenu_->addAction(hello ? tr("No model files found") : tr("The engine is starting"))
            ->setEnabled(false);
    }
    modelMenu_->addSeparator();
    modelMenu_->addAction(tr("&Open model file…"), QKeySequence::Open, this, &MainWindow::chooseModelFile);
}

void MainWindow::sendModel(const std::string& model) {
    LoadModel command;
    command.model = model;
    engine_.setModel(command);
}

void MainWindow::useModel(const QString& model) {
    sendModel(toUtf8(model));
    store_.write([value = toUtf8(model)](Store& store) { return store.setSetting("engine.model", value); });
}

void MainWindow::chooseFiles() {
    auto* dialog =
        new QFileDialog(this, tr("Import conversations"), {}, tr("Conversations (*.json);;All files (*)"));
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setFileMode(QFileDialog::ExistingFiles);
    connect(dialog, &QFileDialog::filesSelected, this, &MainWindow::importFiles);
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
