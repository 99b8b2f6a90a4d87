#include "ui/status_strip.h"

#include <QEvent>
#include <QHBoxLayout>
#include <QLabel>
#include <QLocale>
#include <QPushButton>
#include <QStyle>

#include "ui/bridge/text.h"
#include "ui/chat/context_meter.h"
#include "ui/elided_label.h"
#include "ui/theme/theme.h"

namespace epi {

using namespace Qt::StringLiterals;

namespace {

constexpr char kNameProperty[] = "spokenName";

QLabel* named(QLabel* label, const QString& name) {
    label->setTextFormat(Qt::PlainText);
    label->setProperty(kNameProperty, name);
    label->setAccessibleName(name);
    return label;
}

/// A text beside which a screen reader also says what it is of.
void setSpokenText(QLabel* label, const QString& text) {
    const QString name = label->property(kNameProperty).toString();
    label->setText(text);
    label->setAccessibleName(text.isEmpty() ? name : StatusStrip::tr("%1: %2").arg(name, text));
}

QLabel* makeLabel(const QString& name, QWidget* parent) {
    return named(new QLabel(parent), name);
}

/// For texts that may be longer than there is room.
QLabel* makeElidedLabel(const QString& name, QWidget* parent) {
    return named(new ElidedLabel(parent), name);
}

/// Tool tips guess whether their text is markup; what comes from outside must not be.
QString plainToolTip(const QString& text) {
    return text.isEmpty() ? QString() : u"<p>"_s + text.toHtmlEscaped() + u"</p>"_s;
}

}  // namespace

StatusStrip::StatusStrip(QWidget* parent)
    : QWidget(parent),
      engine_(makeLabel(tr("Engine"), this)),
      model_(makeElidedLabel(tr("Model"), this)),
      device_(makeLabel(tr("Device"), this)),
      speed_(makeLabel(tr("Speed of the last answer"), this)),
      kept_(makeElidedLabel(tr("Memory used by the last answer"), this)),
      meter_(new ContextMeter(this)),
      job_(makeElidedLabel(tr("Running job"), this)),
      cancel_(new QPushButton(tr("Cancel"), this)),
      jobs_(new QPushButton(this)) {
    cancel_->setAccessibleDescription(tr("Ends the running job"));
    job_->setAlignment(Qt::AlignRight | Qt::AlignVCenter);
    cancel_->setProperty("isCompact", true);
    jobs_->setProperty("isCompact", true);
    jobs_->setAccessibleDescription(tr("Shows all running jobs"));
    connect(jobs_, &QPushButton::clicked, this, &StatusStrip::jobsRequested);
    auto* row = new QHBoxLayout(this);
    row->addWidget(engine_);
    row->addWidget(model_);
    row->addWidget(device_, 0, Qt::AlignVCenter);
    row->addStretch(1);
    row->addWidget(job_, 1000);
    row->addWidget(cancel_);
    row->addWidget(jobs_);
    row->addWidget(meter_);
    row->addWidget(kept_);
    row->addWidget(speed_);
    connect(cancel_, &QPushButton::clicked, this, &StatusStrip::cancelRequested);
    endJob();
    showReply(std::nullopt, 0);
    device_->hide();
    applyTheme();
}

QString StatusStrip::stateText(EngineClient::State state) {
    switch (state) {
        case EngineClient::State::kStarting:
            return tr("Starting the engine…");
        case EngineClient::State::kLoadingModel:
            return tr("Loading the model…");
        case EngineClient::State::kReady:
            return tr("Ready");
        case EngineClient::State::kNoModel:
            return tr("No model");
        case EngineClient::State::kLost:
            break;
    }
    return tr("Engine stopped");
}

void StatusStrip::showEngine(const EngineClient& engine) {
    setSpokenText(engine_, stateText(engine.state()));
    setSpokenText(model_, engine.model() ? toQString(engine.model()->title) : QString());
    model_->setToolTip(engine.model() ? plainToolTip(toQString(engine.model()->path)) : QString());
    model_->setVisible(engine.model().has_value());
    const QString reason = engine.hello() ? describe(engine.hello()->notices) : QString();
    const QString device = engine.model()   ? deviceText(engine.model()->device, engine.model()->threads)
                           : engine.hello() ? deviceText(engine.hello()->device, engine.hello()->threads)
                                            : QString();
    isDeviceWarning_ = !reason.isEmpty();
    setSpokenText(device_, isDeviceWarning_ ? tr("CPU") : device);
    device_->setToolTip(plainToolTip(isDeviceWarning_ ? device + u"\n"_s + reason : device));
    device_->setAccessibleDescription(reason);
    device_->setVisible(!device_->text().isEmpty());
    applyTheme();
}

void StatusStrip::showReply(const std::optional<ReplyDetails>& reply, std::int64_t budget) {
    const QLocale locale;
    const auto context = reply ? contextAfter(*reply, budget) : std::nullopt;
    meter_->show(context);
    kept_->setVisible(context || (reply && reply->historyTokens > 0));
    speed_->setVisible(reply && reply->tokensPerSecond() > 0.0);
    if (!reply) return;
    // Replies of older versions do not say how much room there was.
    setSpokenText(kept_,
                  context ? ContextMeter::shortText(*context)
                          : tr("%1 / %2 tokens kept")
                                .arg(locale.toString(static_cast<qlonglong>(reply->keptTokens)),
                                     locale.toString(static_cast<qlonglong>(reply->historyTokens))));
    kept_->setToolTip(context ? plainToolTip(ContextMeter::longText(*context)) : QString());
    setSpokenText(speed_, tr("%1 tokens/s").arg(locale.toString(reply->tokensPerSecond(), 'f', 1)));
}

void StatusStrip::showJob(const QString& text, int jobs, bool canCancel) {
    setSpokenText(job_, text);
    job_->show();
    cancel_->setVisible(canCancel);
    jobs_->setText(tr("%n job(s)", nullptr, jobs));
    jobs_->setVisible(jobs > 1);
}

void StatusStrip::endJob() {
    job_->hide();
    cancel_->hide();
    jobs_->hide();
}

QString StatusStrip::engineText() const {
    return engine_->text();
}

void StatusStrip::changeEvent(QEvent* event) {
    QWidget::changeEvent(event);
    if (event->type() == QEvent::StyleChange) applyTheme();
}

void StatusStrip::applyTheme() {
    const Theme& theme = Theme::current();
    layout()->setContentsMargins(theme.px(12), theme.px(2), theme.px(12), theme.px(2));
    layout()->setSpacing(theme.px(12));
    const QString role = isDeviceWarning_ ? u"warningChip"_s : u"chip"_s;
    if (device_->property("textRole").toString() == role) return;
    device_->setProperty("textRole", role);
    device_->style()->unpolish(device_);
    device_->style()->polish(device_);
}

}  // namespace epi
