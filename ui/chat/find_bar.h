#pragma once

#include <QPointer>
#include <QTimer>
#include <QWidget>

#include "ui/chat/message_view.h"

class QLabel;
class QLineEdit;
class QToolButton;

namespace epi {

class ActionRegistry;
class ChatFinder;

/// The bar over a chat that finds a text in it: count, next and previous hit. Follows the view's model. GUI
/// thread only.
class FindBar final : public QWidget {
    Q_OBJECT

public:
    /// Hidden until `open`.
    FindBar(MessageView* view, QWidget* parent);
    ~FindBar() override;

    void registerActions(ActionRegistry& actions);
    /// Shows the bar with what is selected in the chat, or with what was searched for last.
    void open();
    /// Hides it; the marks go, and the focus is where it was before.
    void dismiss();
    /// The next or the one before the current hit; opens the bar where it is closed.
    void step(bool isForward);
    [[nodiscard]] QLineEdit& field() { return *field_; }
    [[nodiscard]] QString countText() const;
    [[nodiscard]] ChatFinder& finder() { return *finder_; }

protected:
    bool event(QEvent* event) override;
    bool eventFilter(QObject* watched, QEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;
    void changeEvent(QEvent* event) override;

private:
    QToolButton* makeButton(const QString& name, const QString& icon);
    void search();
    [[nodiscard]] int place() const;
    void refresh();
    void applyTheme();

    QPointer<MessageView> view_;
    ChatFinder* finder_;
    QLineEdit* field_;
    QLabel* count_;
    QToolButton* previous_;
    QToolButton* next_;
    QToolButton* close_;
    QTimer typing_;
    QPointer<QWidget> focusBefore_;
};

}  // namespace epi
