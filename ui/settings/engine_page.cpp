#include "ui/settings/engine_page.h"

#include <QLabel>
#include <QLineEdit>
#include <QProcess>
#include <QPushButton>
#include <QRadioButton>

#include "ui/bridge/text.h"
#include "ui/status_strip.h"

namespace epi {

using namespace Qt::StringLiterals;

QString commandLine(const QStringList& command) {
    QStringList quoted;
    for (QString part : command) {
        const bool isPlain = !part.isEmpty() && !part.contains(u' ') && !part.contains(u'"');
        // splitCommand reads three quotes as one.
        quoted << (isPlain ? part : u'"' + part.replace(u'"', u"\"\"\""_s) + u'"');
    }
    return quoted.join(u' ');
}

EnginePage::EnginePage(PreferenceStore& preferences, EngineClient& engine, QWidget* parent)
    : SettingsForm(parent),
      preferences_(preferences),
      engine_(engine),
      local_(new QRadioButton(tr("&On this computer"), content())),
      remote_(new QRadioButton(tr("&By a command, such as ssh"), content())),
      command_(new QLineEdit(content())),
      apply_(new QPushButton(tr("&Connect"), content())),
      state_(new QLabel(content())) {
    addHeading(tr("Model"));
    auto* models = new QPushButton(tr("&Models…"), content());
    addRow(tr("Models"), models, tr("Choose, add and remove model files, and see what fits into memory."));
    connect(models, &QPushButton::clicked, this, &EnginePage::modelsRequested);

    addHeading(tr("Engine"));
    addWide(local_);
    addWide(remote_);
    command_->setPlaceholderText(u"ssh gpu-box epichat-engine"_s);
    command_->setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
    parts_ = addRow(tr("Comman&d"), command_, u" "_s);
    command_->setAccessibleDescription(
        tr("The program and its arguments; started directly, without a shell"));
    addRow({}, apply_);
    state_->setTextFormat(Qt::PlainText);
    state_->setWordWrap(true);
    state_->setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Preferred);
    state_->setTextInteractionFlags(Qt::TextSelectableByMouse);
    addRow(tr("State"), state_);
    addStretch();
    // In the order in which they stand; they were made in another.
    setTabOrder(models, local_);
    setTabOrder(local_, remote_);
    setTabOrder(remote_, command_);
    setTabOrder(command_, apply_);

    const QStringList& stored = preferences.current().engineCommand;
    (stored.isEmpty() ? local_ : remote_)->setChecked(true);
    command_->setText(commandLine(stored));
    connect(remote_, &QRadioButton::toggled, this, &EnginePage::refreshCommand);
    connect(command_, &QLineEdit::textChanged, this, &EnginePage::refreshCommand);
    connect(command_, &QLineEdit::returnPressed, this, &EnginePage::apply);
    connect(apply_, &QPushButton::clicked, this, &EnginePage::apply);
    connect(&engine, &EngineClient::stateChanged, this, &EnginePage::refreshState);
    refreshCommand();
    refreshState();
}

void EnginePage::refreshCommand() {
    const bool isRemote = remote_->isChecked();
    command_->setEnabled(isRemote);
    const QStringList command = QProcess::splitCommand(command_->text());
    apply_->setEnabled(!isRemote || !command.isEmpty());
    QString text = tr("Started directly, without a shell. What you ask goes to that machine.");
    if (isRemote && !command.isEmpty()) {
        QStringList arguments;
        for (const QString& argument : command.mid(1))
            arguments << u"“"_s + argument + u"”"_s;
        text = tr("Program “%1”, arguments: %2")
                   .arg(command.first(), arguments.isEmpty() ? tr("none") : arguments.join(u", "_s));
    }
    parts_->setText(text);
}

void EnginePage::refreshState() {
    QStringList parts{StatusStrip::stateText(engine_.state())};
    if (engine_.hello() && engine_.state() != EngineClient::State::kLost) {
        parts << tr("version %1").arg(toQString(engine_.hello()->version))
              << deviceText(engine_.hello()->device, engine_.hello()->threads);
    }
    if (engine_.model()) parts << toQString(engine_.model()->title);
    state_->setText(parts.join(u" · "_s));
}

void EnginePage::apply() {
    const QStringList command =
        remote_->isChecked() ? QProcess::splitCommand(command_->text()) : QStringList();
    if (remote_->isChecked() && command.isEmpty()) return;
    if (command == preferences_.current().engineCommand) {
        engine_.reconnect();
        return;
    }
    preferences_.change([&command](Preferences& p) { p.engineCommand = command; });
}

}  // namespace epi
