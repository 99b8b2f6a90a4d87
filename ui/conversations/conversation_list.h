#pragma once

#include <chrono>
#include <optional>

#include <QTimer>
#include <QWidget>

#include "ui/bridge/store_client.h"
#include "ui/conversations/conversation_model.h"

class QBoxLayout;
class QLabel;
class QListView;
class QPushButton;
class QStackedWidget;

namespace epi {

/// The left panel: all conversations, new and import, rename in place, and delete with a chance to undo. A
/// deletion reaches the store when its toast is gone.
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
    void undoDelete();
    /// Does now what a toast still holds back; before the window closes.
    void flush();
    void takeFocus();
    /// How long a deletion can be undone.
    void setUndoTime(std::chrono::milliseconds time) { undoTimer_.setInterval(time); }

Q_SIGNALS:
    void opened(qint64 id);
    void newRequested();
    void importRequested();
    void renamed(qint64 id, const QString& title);
    void deleted(qint64 id);
    void refreshed();

protected:
    void changeEvent(QEvent* event) override;
    void resizeEvent(QResizeEvent* event) override;

private:
    QWidget* makeEmptyState();
    QWidget* makeToast();
    void applyTheme();
    void arrangeButtons();
    void showCurrent();

    StoreClient& store_;
    ConversationModel model_;
    QPushButton* new_;
    QPushButton* import_;
    QBoxLayout* buttons_ = nullptr;
    QStackedWidget* stack_;
    QListView* view_;
    QWidget* toast_ = nullptr;
    QLabel* toastText_ = nullptr;
    QTimer undoTimer_;
    std::optional<qint64> toDelete_;
    qint64 current_ = 0;
};

}  // namespace epi
