#pragma once

#include "ui/settings/preferences.h"
#include "ui/settings/settings_form.h"

namespace epi {

/// Theme and text size, which change as they are chosen.
class AppearancePage final : public SettingsForm {
    Q_OBJECT

public:
    AppearancePage(PreferenceStore& preferences, QWidget* parent = nullptr);
};

}  // namespace epi
