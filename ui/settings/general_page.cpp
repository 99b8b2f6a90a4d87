#include "ui/settings/general_page.h"

#include <QCheckBox>
#include <QComboBox>
#include <QLabel>

#include "ui/theme/translations.h"

namespace epi {

using namespace Qt::StringLiterals;

namespace {

QString promiseOf(NetworkAccess network) {
    switch (network) {
        case NetworkAccess::kForbidden:
            return GeneralPage::tr(
                "EpiChat's window opens no network connection, and the system allows it none.");
        case NetworkAccess::kNeededByDisplay:
            return GeneralPage::tr(
                "EpiChat's window opens no network connection but the one to its display, which is on "
                "another machine. Because of it the system cannot refuse others.");
        case NetworkAccess::kNotForbidden:
            break;
    }
    return GeneralPage::tr(
        "EpiChat's window opens no network connection. This system has no means to refuse it one.");
}

}  // namespace

GeneralPage::GeneralPage(PreferenceStore& preferences, NetworkAccess network, QWidget* parent)
    : SettingsForm(parent) {
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
    auto* promise = new QLabel(promiseOf(network) + u' ' +
                                   tr("Your chats, models and memories stay on this computer, unless you "
                                      "choose an engine on another machine."),
                               content());
    promise->setTextFormat(Qt::PlainText);
    promise->setWordWrap(true);
    addWide(promise);
    auto* downloads = new QCheckBox(tr("&Allow downloads of models"), content());
    downloads->setChecked(preferences.current().allowsDownloads);
    addWide(downloads,
            tr("The model manager can then fetch a file from an address you give it. Another program does "
               "that, only when you start it, and the server learns your network address."));
    connect(downloads, &QCheckBox::toggled, this, [&preferences](bool isOn) {
        preferences.change([isOn](Preferences& p) { p.allowsDownloads = isOn; });
    });
    addStretch();
}

}  // namespace epi
