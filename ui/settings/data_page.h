#pragma once

#include <filesystem>

#include "ui/bridge/background.h"
#include "ui/settings/preferences.h"
#include "ui/settings/settings_form.h"

class QLabel;
class QPushButton;
class QSpinBox;

namespace epi {

/// Where the profile's data is and how much it takes, the limit of the episode caches, and backups.
class DataPage final : public SettingsForm {
    Q_OBJECT

public:
    DataPage(PreferenceStore& preferences, StoreClient& store, QWidget* parent = nullptr);

    /// Copies the database into `file`; says on the page how that went.
    void backUp(const QString& file);
    [[nodiscard]] QString backupText() const;

protected:
    void showEvent(QShowEvent* event) override;

private:
    QLabel* addFolder(const QString& title, const std::filesystem::path& folder);
    void measure();
    void trim();
    void chooseBackup();

    PreferenceStore& preferences_;
    StoreClient& store_;
    QLabel* chatsSize_ = nullptr;
    QLabel* modelsSize_ = nullptr;
    QLabel* cachesSize_ = nullptr;
    QSpinBox* limit_ = nullptr;
    QPushButton* backup_ = nullptr;
    QLabel* backupState_ = nullptr;
    Background background_;
};

}  // namespace epi
