#include "ui/settings/replies_page.h"

#include <QLabel>
#include <QPlainTextEdit>
#include <QPushButton>

#include "ui/settings/sampling_form.h"
#include "ui/theme/theme.h"

namespace epi {

RepliesPage::RepliesPage(PreferenceStore& preferences, QWidget* parent) : SettingsForm(parent) {
    addHeading(tr("Replies"));
    auto* about =
        new QLabel(tr("For new chats, and for chats without settings of their own. A chat's own are in "
                      "its menu: Chat, Chat settings."),
                   content());
    about->setTextFormat(Qt::PlainText);
    about->setWordWrap(true);
    addWide(about);
    auto* prompt = new QPlainTextEdit(content());
    prompt->setPlainText(preferences.current().replies.systemPrompt);
    prompt->setPlaceholderText(tr("None: the model speaks as it was trained to"));
    prompt->setTabChangesFocus(true);
    prompt->setProperty("isField", true);
    prompt->setMaximumHeight(Theme::current().px(110));
    addRow(tr("S&ystem prompt"), prompt, tr("Stands before everything in new chats."));
    auto* form = new SamplingForm(content());
    form->setOptions(preferences.current().replies.sampling);
    addWide(form);
    auto* defaults = new QPushButton(tr("&Back to the defaults"), content());
    addRow({}, defaults);
    addStretch();
    connect(prompt, &QPlainTextEdit::textChanged, this, [&preferences, prompt] {
        preferences.change([prompt](Preferences& p) { p.replies.systemPrompt = prompt->toPlainText(); });
    });
    connect(form, &SamplingForm::changed, this, [&preferences, form] {
        preferences.change([form](Preferences& p) { p.replies.sampling = form->options(); });
    });
    connect(defaults, &QPushButton::clicked, this, [form, prompt, &preferences] {
        form->setOptions({});
        prompt->clear();
        preferences.change([](Preferences& p) { p.replies = {}; });
    });
}

}  // namespace epi
