#pragma once

#include <QDialog>

#include "ui/actions/palette_model.h"

class QLabel;
class QLineEdit;
class QListView;

namespace epi {

class ActionRegistry;

/// A field and what fits it: every action that can be done now, then whatever else the caller offers, such as
/// chats to go to. Return does the chosen one, Escape closes. Deletes itself.
class CommandPalette final : public QDialog {
    Q_OBJECT

public:
    CommandPalette(const ActionRegistry& actions, std::vector<PaletteItem> more, QWidget* parent);

    [[nodiscard]] QLineEdit& field() { return *field_; }
    [[nodiscard]] PaletteModel& model() { return model_; }

protected:
    bool eventFilter(QObject* watched, QEvent* event) override;
    void showEvent(QShowEvent* event) override;

private:
    void search(const QString& query);
    void run(const QModelIndex& index);

    PaletteModel model_;
    QLineEdit* field_;
    QListView* view_;
    QLabel* nothing_;
};

}  // namespace epi
