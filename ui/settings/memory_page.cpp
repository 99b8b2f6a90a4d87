#include "ui/settings/memory_page.h"

#include <QLabel>
#include <QPushButton>

#include "ui/memory/memory_form.h"

namespace epi {

MemoryPage::MemoryPage(PreferenceStore& preferences, QWidget* parent) : SettingsForm(parent) {
    addHeading(tr("Memory"));
    auto* about =
        new QLabel(tr("A long chat is sorted into episodes, and each keeps a part of it that fits the "
                      "budget. These values are offered for chats that have no memory yet."),
                   content());
    about->setTextFormat(Qt::PlainText);
    about->setWordWrap(true);
    addWide(about);
    auto* form = new MemoryForm(content());
    form->setOptions(preferences.current().memory);
    addWide(form);
    auto* defaults = new QPushButton(tr("&Back to the defaults"), content());
    addRow({}, defaults);
    addStretch();
    connect(form, &MemoryForm::changed, this, [&preferences, form] {
        preferences.change([form](Preferences& p) { p.memory = form->options(); });
    });
    connect(defaults, &QPushButton::clicked, this, [form, &preferences] {
        form->setOptions(MemoryOptions());
        preferences.change([](Preferences& p) { p.memory = MemoryOptions(); });
    });
}

}  // namespace epi
