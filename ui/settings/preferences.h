#pragma once

#include <map>
#include <optional>
#include <string>

#include <QByteArray>
#include <QObject>
#include <QString>
#include <QStringList>

#include "core/engine/options.h"
#include "ui/bridge/store_client.h"
#include "ui/settings/persona.h"
#include "ui/theme/theme.h"

namespace epi {

/// How one model is loaded and remembered with; what is not set follows the profile's defaults.
struct ModelDefaults {
    DeviceChoice device = DeviceChoice::kAuto;
    std::optional<ComputeMode> compute;  // default: the engine's
    std::optional<MemoryOptions> memory;

    bool operator==(const ModelDefaults&) const = default;
};

/// Everything the user has chosen for this profile.
struct Preferences {
    QString language;          // "de", "en"; empty: as the desktop
    bool restoresChat = true;  // open the last chat at start
    ThemeChoice theme = ThemeChoice::kSystem;
    int percent = 100;
    QStringList engineCommand;                // program and arguments; empty: the engine on this computer
    QString model;                            // id or path; empty: the engine's default
    QStringList modelFolders;                 // looked through besides the models folder
    bool allowsDownloads = false;             // of models, from addresses the user gives
    std::map<QString, ModelDefaults> models;  // by id or path
    MemoryOptions memory;                     // of new chats
    Persona replies;                          // of chats without settings of their own
    Personas personas;
    qint64 cacheLimitBytes = qint64{20} << 30;  // of the episode caches on disk; 0: no limit
    QByteArray shortcuts;                       // see ActionRegistry::customShortcuts

    /// Those of a model, or the defaults.
    [[nodiscard]] ModelDefaults defaultsOf(const QString& modelName) const;
    /// How chats are remembered with the chosen model.
    [[nodiscard]] MemoryOptions memoryOf(const QString& modelName) const;

    bool operator==(const Preferences&) const = default;
};

using SettingValues = std::map<std::string, std::string>;

/// As rows of the settings table. `fromSettings` keeps a field's default where a row is missing or is no
/// value of it.
SettingValues toSettings(const Preferences& preferences);
Preferences fromSettings(const SettingValues& values);
/// Names of all rows.
std::vector<std::string> settingKeys();

/// The preferences of the open profile, kept in its settings. GUI thread only.
class PreferenceStore final : public QObject {
    Q_OBJECT

public:
    explicit PreferenceStore(StoreClient& store, QObject* parent = nullptr);

    /// Takes over what was read from the settings.
    void assign(const SettingValues& values);
    [[nodiscard]] const Preferences& current() const { return current_; }
    /// Changes some, stores what is different, and tells everybody.
    void change(const std::function<void(Preferences&)>& edit);

Q_SIGNALS:
    void changed(const epi::Preferences& before);

private:
    StoreClient& store_;
    Preferences current_;
};

}  // namespace epi
