#pragma once

#include <chrono>
#include <optional>
#include <vector>

#include <QTimer>
#include <QWidget>

#include "ui/bridge/store_client.h"
#include "ui/conversations/conversation_model.h"

class QAction;
class QBoxLayout;
class QLabel;
class QLineEdit;
class QListView;
class QPushButton;
class QStackedWidget;

namespace epi {

class ActionRegistry;
class ConversationMenu;
class ScopeBox;
class SearchPanel;

/// The left panel: search, and the conversations of a scope (all, a folder, a tag, the archive, the bin),
/// with rename in place and a bin whose last deletion can be undone.
class ConversationList final : public QWidget {
    Q_OBJECT

public:
    ConversationList(StoreClient& store, QWidget* parent = nullptr);

    /// Reads the list again.
    void refresh();
    /// Marks a conversation as the open one; 0 marks none.
    void setCurrent(qint64 id);
    [[nodiscard]] qint64 current() const { return current_; }
    [[nodiscard]] ConversationModel& model() { return model_; }
    void renameCurrent();
    void deleteCurrent();
    /// Brings back what was deleted or archived last, as long as that is offered.
    void undo();
    /// Undo is no longer offered.
    void flush();
    void takeFocus();
    void registerActions(ActionRegistry& actions);
    /// The search field gets the focus, its text chosen.
    void startSearch();
    void togglePinned();
    void toggleArchived();
    void editTags();
    void moveToNewFolder();
    [[nodiscard]] SearchPanel& search() { return *results_; }
    [[nodiscard]] ScopeBox& scope() { return *scope_; }
    [[nodiscard]] QLineEdit& searchField() { return *field_; }
    /// How long undo is offered.
    void setUndoTime(std::chrono::milliseconds time) { undoTimer_.setInterval(time); }

Q_SIGNALS:
    /// A chat became the current one, be it only in passing.
    void opened(qint64 id);
    /// The current chat was chosen, by a click or by Return.
    void chosen();
    /// A hit of the search.
    void messageOpened(qint64 id, qint64 messageId);
    void exportRequested(qint64 id);
    void newRequested();
    void importRequested();
    void renamed(qint64 id, const QString& title);
    void deleted(qint64 id);
    void refreshed();

protected:
    void changeEvent(QEvent* event) override;
    void showEvent(QShowEvent* event) override;
    void resizeEvent(QResizeEvent* event) override;
    bool eventFilter(QObject* watched, QEvent* event) override;

private:
    struct Contents {
        std::vector<ConversationRecord> conversations;
        std::vector<FolderRecord> folders;
    };
    QWidget* makeEmptyState();
    QWidget* makeToast();
    void applyTheme();
    void arrangeButtons();
    void showCurrent();
    void connectView();
    void connectSearch();
    void showMenu(const QPoint& position);
    void undoDelete();
    void offerUndo(const QString& text);
    void showContents(Contents contents);
    void showPage();
    void runSearch();

    StoreClient& store_;
    ConversationModel model_;
    QPushButton* new_;
    QPushButton* import_;
    QBoxLayout* buttons_ = nullptr;
    QBoxLayout* filters_ = nullptr;
    QAction* searchIcon_ = nullptr;
    QStackedWidget* stack_;
    QListView* view_;
    QLineEdit* field_;
    ScopeBox* scope_;
    SearchPanel* results_;
    ConversationMenu* menu_;
    QLabel* empty_ = nullptr;
    QWidget* toast_ = nullptr;
    QLabel* toastText_ = nullptr;
    QTimer undoTimer_;
    std::optional<ConversationRecord> deleted_;   // the last one, as long as that can be undone
    std::optional<ConversationRecord> archived_;  // likewise
    qint64 current_ = 0;
};

}  // namespace epi
