#pragma once

#include "ui/settings/network_access.h"
#include "ui/settings/preferences.h"
#include "ui/settings/settings_form.h"

namespace epi {

/// Language, what happens at start, and what EpiChat does in the network.
class GeneralPage final : public SettingsForm {
    Q_OBJECT

public:
    GeneralPage(PreferenceStore& preferences, NetworkAccess network, QWidget* parent = nullptr);
};

}  // namespace epi
