#pragma once

#include "ui/settings/preferences.h"
#include "ui/settings/settings_form.h"

namespace epi {

/// Language and what happens at start.
class GeneralPage final : public SettingsForm {
    Q_OBJECT

public:
    GeneralPage(PreferenceStore& preferences, QWidget* parent = nullptr);
};

}  // namespace epi
