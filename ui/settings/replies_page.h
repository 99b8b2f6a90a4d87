#pragma once

#include "ui/settings/preferences.h"
#include "ui/settings/settings_form.h"

namespace epi {

/// System prompt and drawing of tokens for chats that have none of their own.
class RepliesPage final : public SettingsForm {
    Q_OBJECT

public:
    RepliesPage(PreferenceStore& preferences, QWidget* parent = nullptr);
};

}  // namespace epi
