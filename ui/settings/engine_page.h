#pragma once

#include "ui/bridge/engine_client.h"
#include "ui/settings/preferences.h"
#include "ui/settings/settings_form.h"

class QLabel;
class QLineEdit;
class QPushButton;
class QRadioButton;

namespace epi {

/// Where the engine runs: on this computer, or behind a command such as `ssh gpu-box epichat-engine`, which
/// is started directly, never by a shell. Shows what it is connected to.
class EnginePage final : public SettingsForm {
    Q_OBJECT

public:
    EnginePage(PreferenceStore& preferences, EngineClient& engine, QWidget* parent = nullptr);

    [[nodiscard]] QLineEdit& commandField() { return *command_; }

Q_SIGNALS:
    void modelsRequested();

private:
    void refreshState();
    void refreshCommand();
    void apply();

    PreferenceStore& preferences_;
    EngineClient& engine_;
    QRadioButton* local_;
    QRadioButton* remote_;
    QLineEdit* command_;
    QLabel* parts_ = nullptr;
    QPushButton* apply_;
    QLabel* state_;
};

/// A program and its arguments as one line that QProcess::splitCommand takes apart again.
QString commandLine(const QStringList& command);

}  // namespace epi
