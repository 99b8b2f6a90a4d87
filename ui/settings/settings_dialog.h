#pragma once

#include <QDialog>

#include "ui/settings/network_access.h"

class QListWidget;
class QStackedWidget;

namespace epi {

class ActionRegistry;
class EngineClient;
class PreferenceStore;
class ShortcutsPage;
class StoreClient;

enum class SettingsSection { kGeneral, kAppearance, kEngine, kReplies, kMemory, kShortcuts, kData };

/// All settings: sections left, the chosen one right. Every change counts at once. Not modal.
class SettingsDialog final : public QDialog {
    Q_OBJECT

public:
    struct Parts {
        PreferenceStore& preferences;
        ActionRegistry& actions;
        EngineClient& engine;
        StoreClient& store;
        NetworkAccess network = NetworkAccess::kNotForbidden;
    };

    SettingsDialog(Parts parts, QWidget* parent);

    void show(SettingsSection section);
    [[nodiscard]] ShortcutsPage& shortcuts() { return *shortcuts_; }

Q_SIGNALS:
    void modelsRequested();

protected:
    void changeEvent(QEvent* event) override;

private:
    void addSection(SettingsSection section, const QString& title, QWidget* page);
    void applyTheme();

    QListWidget* sections_;
    QStackedWidget* pages_;
    ShortcutsPage* shortcuts_ = nullptr;
};

}  // namespace epi
