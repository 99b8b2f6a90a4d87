#include "ui/chat/chat_settings_dialog.h"

#include <QComboBox>
#include <QEvent>
#include <QHBoxLayout>
#include <QInputDialog>
#include <QLabel>
#include <QLocale>
#include <QPlainTextEdit>
#include <QPushButton>
#include <QScreen>
#include <QScrollArea>
#include <QVBoxLayout>

#include "ui/bridge/text.h"
#include "ui/memory/memory_form.h"
#include "ui/settings/sampling_form.h"
#include "ui/theme/theme.h"

namespace epi {

using namespace Qt::StringLiterals;

namespace {

constexpr qint64 kCharactersPerToken = 4;  // about, in most languages with letters

QLabel* makeHeading(const QString& text, QWidget* parent) {
    auto* label = new QLabel(text, parent);
    label->setTextFormat(Qt::PlainText);
    label->setProperty("textRole", u"strong"_s);
    label->setContentsMargins(0, Theme::current().px(8), 0, 0);
    return label;
}

}  // namespace

ChatSettingsDialog::ChatSettingsDialog(ChatSession& session, PreferenceStore& preferences, QWidget* parent)
    : QDialog(parent),
      session_(&session),
      preferences_(preferences),
      personas_(makePersonaRow()),  // Tab goes in the order in which they are made
      prompt_(new QPlainTextEdit(this)),
      sampling_(new SamplingForm(this)),
      memory_(new MemoryForm(this)),
      cost_(new QLabel(this)) {
    setObjectName(u"chatSettings"_s);
    setWindowTitle(tr("Chat settings"));
    prompt_->setPlainText(toQString(session.conversation().systemPrompt));
    prompt_->setPlaceholderText(tr("None: the model speaks as it was trained to"));
    prompt_->setTabChangesFocus(true);
    prompt_->setProperty("isField", true);
    prompt_->setAccessibleName(tr("System prompt"));
    sampling_->setOptions(session.sampling());
    memory_->setOptions(session.memory().options());
    cost_->setTextFormat(Qt::PlainText);
    cost_->setWordWrap(true);
    cost_->setProperty("textRole", u"warning"_s);

    auto* scroll = new QScrollArea(this);
    scroll->setFrameShape(QFrame::NoFrame);
    scroll->setWidgetResizable(true);
    scroll->setFocusPolicy(Qt::NoFocus);
    auto* content = new QWidget(scroll);
    content->setObjectName(u"settingsPage"_s);
    column_ = new QVBoxLayout(content);
    column_->addWidget(personas_);
    column_->addWidget(makeHeading(tr("System prompt"), content));
    column_->addWidget(prompt_, 1);
    column_->addWidget(makeHeading(tr("Replies"), content));
    column_->addWidget(sampling_);
    column_->addWidget(makeHeading(tr("Memory"), content));
    column_->addWidget(memory_);
    scroll->setWidget(content);
    buttons_ = new QHBoxLayout;
    auto* defaults = new QPushButton(tr("Use for &new chats"), this);
    defaults->setAccessibleDescription(tr("Makes this the system prompt and the replies of new chats"));
    auto* cancel = new QPushButton(tr("&Cancel"), this);
    auto* accept = new QPushButton(tr("&Apply"), this);
    accept->setDefault(true);
    accept->setProperty("isPrimary", true);
    buttons_->addWidget(defaults);
    buttons_->addStretch(1);
    buttons_->addWidget(cancel);
    buttons_->addWidget(accept);
    auto* all = new QVBoxLayout(this);
    all->addWidget(scroll, 1);
    all->addWidget(cost_);
    all->addLayout(buttons_);
    connect(prompt_, &QPlainTextEdit::textChanged, this, &ChatSettingsDialog::refresh);
    connect(memory_, &MemoryForm::changed, this, &ChatSettingsDialog::refresh);
    connect(sampling_, &SamplingForm::changed, this, &ChatSettingsDialog::refresh);
    connect(defaults, &QPushButton::clicked, this, [this] {
        preferences_.change([this](Preferences& p) { p.replies = entered(); });
    });
    connect(cancel, &QPushButton::clicked, this, &QDialog::reject);
    connect(accept, &QPushButton::clicked, this, [this] {
        apply();
        this->accept();
    });
    prompt_->setFocus();
    applyTheme();
    refreshPersonas();
    const Theme& theme = Theme::current();
    const QSize available = parent->screen()->availableSize();
    resize(std::min(theme.px(680), available.width() - theme.px(32)),
           std::min(theme.px(640), available.height() - theme.px(64)));
}

QWidget* ChatSettingsDialog::makePersonaRow() {
    auto* row = new QWidget(this);
    personaRow_ = new QBoxLayout(QBoxLayout::LeftToRight, row);
    personaRow_->setContentsMargins(0, 0, 0, 0);
    auto* choice = new QHBoxLayout;
    auto* changes = new QHBoxLayout;
    personaRow_->addLayout(choice, 1);
    personaRow_->addLayout(changes);
    persona_ = new QComboBox(row);
    persona_->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
    persona_->setMinimumContentsLength(10);
    persona_->setAccessibleName(tr("Persona"));
    persona_->setAccessibleDescription(tr("A system prompt and how replies are drawn, saved under a name"));
    auto* label = new QLabel(tr("&Persona"), row);
    label->setTextFormat(Qt::PlainText);
    label->setBuddy(persona_);
    auto* save = new QPushButton(tr("&Save as…"), row);
    rename_ = new QPushButton(tr("&Rename…"), row);
    remove_ = new QPushButton(tr("De&lete"), row);
    choice->addWidget(label);
    choice->addWidget(persona_, 1);
    for (QPushButton* button : {save, rename_, remove_}) {
        button->setAutoDefault(false);
        changes->addWidget(button);
    }
    connect(persona_, &QComboBox::activated, this, [this] { choosePersona(chosenPersona()); });
    connect(save, &QPushButton::clicked, this, [this] {
        askForName(tr("Save the persona"), chosenPersona(), [this](const QString& name) {
            savePersona(name);
            return true;
        });
    });
    connect(rename_, &QPushButton::clicked, this, [this] {
        askForName(tr("Rename the persona"), chosenPersona(), [this](const QString& name) {
            return renamePersona(chosenPersona(), name);
        });
    });
    connect(remove_, &QPushButton::clicked, this, [this] { removePersona(chosenPersona()); });
    return row;
}

void ChatSettingsDialog::askForName(const QString& title,
                                    const QString& name,
                                    const std::function<bool(const QString&)>& use) {
    auto* dialog = new QInputDialog(this);
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setWindowTitle(title);
    dialog->setLabelText(tr("Name:"));
    dialog->setTextValue(name);
    dialog->resize(Theme::current().px(360), dialog->sizeHint().height());
    connect(dialog, &QInputDialog::textValueSelected, this, [this, use](const QString& entered) {
        if (entered.trimmed().isEmpty() || use(entered.trimmed())) return;
        cost_->setText(tr("There is a persona with this name already."));
    });
    dialog->open();
}

Persona ChatSettingsDialog::entered() const {
    return {.systemPrompt = prompt_->toPlainText(), .sampling = sampling_->options()};
}

QString ChatSettingsDialog::chosenPersona() const {
    return persona_->currentData().toString();
}

void ChatSettingsDialog::choosePersona(const QString& name) {
    const auto& personas = preferences_.current().personas;
    const auto found = personas.find(name);
    if (found == personas.end()) return;
    prompt_->setPlainText(found->second.systemPrompt);
    sampling_->setOptions(found->second.sampling);
    refresh();
}

void ChatSettingsDialog::savePersona(const QString& name) {
    preferences_.change([&](Preferences& p) { p.personas[name] = entered(); });
    refreshPersonas();
}

bool ChatSettingsDialog::renamePersona(const QString& from, const QString& to) {
    const auto& personas = preferences_.current().personas;
    if (to.isEmpty() || !personas.contains(from)) return false;
    if (from == to) return true;
    if (personas.contains(to)) return false;
    preferences_.change([&](Preferences& p) {
        auto node = p.personas.extract(from);
        node.key() = to;
        p.personas.insert(std::move(node));
    });
    refreshPersonas();
    return true;
}

void ChatSettingsDialog::removePersona(const QString& name) {
    preferences_.change([&](Preferences& p) { p.personas.erase(name); });
    refreshPersonas();
}

void ChatSettingsDialog::refreshPersonas() {
    persona_->clear();
    persona_->addItem(tr("Own settings"), QString());
    for (const auto& [name, persona] : preferences_.current().personas)
        persona_->addItem(name, name);
    refresh();
}

void ChatSettingsDialog::refresh() {
    // The name of what is entered, if it has one.
    int row = 0;
    int index = 0;
    for (const auto& [name, persona] : preferences_.current().personas) {
        ++index;
        if (row == 0 && persona == entered()) row = index;
    }
    persona_->setCurrentIndex(row);
    rename_->setEnabled(row > 0);
    remove_->setEnabled(row > 0);
    cost_->setText(costText());
    cost_->setVisible(!cost_->text().isEmpty());
}

QString ChatSettingsDialog::costText() const {
    if (!session_ || session_->messages().rowCount() == 0) return {};
    const bool isOtherPrompt = toUtf8(prompt_->toPlainText()) != session_->conversation().systemPrompt;
    const bool isOtherMemory = memory_->options() != session_->memory().options();
    if (!isOtherPrompt && !isOtherMemory) return {};
    const auto& reply = session_->lastReply();
    const auto tokens = static_cast<int>(reply && reply->historyTokens > 0
                                             ? reply->historyTokens
                                             : session_->characterCount() / kCharactersPerToken);
    if (isOtherPrompt)
        return tr(
            "The system prompt stands before everything: with the next question the chat is read again "
            "from its beginning, about %Ln token(s), and its memory is built anew.",
            nullptr,
            tokens);
    return tr("With the next question the memory of this chat is built anew, over about %Ln token(s).",
              nullptr,
              tokens);
}

void ChatSettingsDialog::apply() {
    if (!session_) return;
    session_->setInstructions(prompt_->toPlainText(), sampling_->options());
    if (memory_->options() != session_->memory().options()) session_->memory().choose(memory_->options());
}

void ChatSettingsDialog::changeEvent(QEvent* event) {
    QDialog::changeEvent(event);
    if (event->type() == QEvent::StyleChange) applyTheme();
}

void ChatSettingsDialog::applyTheme() {
    const Theme& theme = Theme::current();
    const int side = theme.px(24);
    prompt_->setMinimumHeight(theme.px(96));
    layout()->setContentsMargins(0, theme.px(8), 0, theme.px(16));
    layout()->setSpacing(theme.px(8));
    personaRow_->setDirection(theme.isLarge() ? QBoxLayout::TopToBottom : QBoxLayout::LeftToRight);
    personaRow_->setSpacing(theme.px(8));
    buttons_->setContentsMargins(side, 0, side, 0);
    column_->setContentsMargins(side, theme.px(12), side, theme.px(12));
    column_->setSpacing(theme.px(8));
    cost_->setContentsMargins(side, 0, side, 0);
}

}  // namespace epi
