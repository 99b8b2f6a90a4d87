#include "ui/settings/general_page.h"

#include <QCheckBox>
#include <QComboBox>
#include <QLabel>

#include "ui/theme/translations.h"

namespace epi {

using namespace Qt::StringLiterals;

GeneralPage::GeneralPage(PreferenceStore& preferences, QWidget* parent) : SettingsForm(parent) {
    addHeading(tr("General"));

    auto* language = new QComboBox(content());
    language->addItem(tr("As the desktop"), QString());
    for (const Language& each : languages())
        language->addItem(each.name, each.code);
    language->setCurrentIndex(std::max(0, language->findData(preferences.current().language)));
    addRow(tr("&Language"), language, tr("Changes when EpiChat is started again."));
    connect(language, &QComboBox::activated, this, [&preferences, language] {
        preferences.change([language](Preferences& p) { p.language = language->currentData().toString(); });
    });

    auto* restores = new QCheckBox(tr("&Open the last chat at start"), content());
    restores->setChecked(preferences.current().restoresChat);
    addWide(restores);
    connect(restores, &QCheckBox::toggled, this, [&preferences](bool isOn) {
        preferences.change([isOn](Preferences& p) { p.restoresChat = isOn; });
    });

    addHeading(tr("Privacy"));
    auto* promise = new QLabel(tr("EpiChat opens no network connection. Your chats, models and memories stay "
                                  "on this computer, unless you "
                                  "choose an engine on another machine."),
                               content());
    promise->setTextFormat(Qt::PlainText);
    promise->setWordWrap(true);
    addWide(promise);
    addStretch();
}

}  // namespace epi
