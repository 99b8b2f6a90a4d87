#pragma once

#include <QWidget>

class QBoxLayout;
class QKeySequenceEdit;
class QLabel;
class QLineEdit;
class QPushButton;
class QTreeWidget;
class QTreeWidgetItem;

namespace epi {

class ActionRegistry;

/// All actions with their keys, by group: find, change, see what a key is already used for, and go back to
/// the defaults. Changes count at once.
class ShortcutsPage final : public QWidget {
    Q_OBJECT

public:
    ShortcutsPage(ActionRegistry& actions, QWidget* parent = nullptr);

    /// Selects the action, so that its keys can be edited.
    void choose(const QString& id);
    [[nodiscard]] QKeySequenceEdit& keyEdit() { return *keys_; }
    [[nodiscard]] QString conflictText() const;

protected:
    void changeEvent(QEvent* event) override;

private:
    QWidget* makeEditor();
    void refresh();
    void filter(const QString& text);
    void showChosen();
    void check();
    void assign();
    void applyTheme();
    [[nodiscard]] QString chosenId() const;

    ActionRegistry& actions_;
    QLineEdit* find_;
    QTreeWidget* list_;
    QWidget* editor_ = nullptr;
    QBoxLayout* buttons_ = nullptr;
    QLabel* title_ = nullptr;
    QKeySequenceEdit* keys_ = nullptr;
    QPushButton* assign_ = nullptr;
    QPushButton* remove_ = nullptr;
    QPushButton* reset_ = nullptr;
    QPushButton* resetAll_ = nullptr;
    QLabel* conflict_ = nullptr;
};

}  // namespace epi
