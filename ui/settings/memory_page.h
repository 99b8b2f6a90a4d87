#pragma once

#include "ui/settings/preferences.h"
#include "ui/settings/settings_form.h"

namespace epi {

/// How chats are remembered unless a chat or a model says otherwise.
class MemoryPage final : public SettingsForm {
    Q_OBJECT

public:
    MemoryPage(PreferenceStore& preferences, QWidget* parent = nullptr);
};

}  // namespace epi
