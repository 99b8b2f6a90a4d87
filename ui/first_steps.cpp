#include "ui/first_steps.h"

#include <QEvent>
#include <QGridLayout>
#include <QLabel>
#include <QPushButton>
#include <QStyle>
#include <QVBoxLayout>

#include "ui/bridge/text.h"
#include "ui/status_strip.h"
#include "ui/theme/theme.h"

namespace epi {

using namespace Qt::StringLiterals;

namespace {

QLabel* makeLabel(const QString& text, const QString& role, QWidget* parent) {
    auto* label = new QLabel(text, parent);
    label->setTextFormat(Qt::PlainText);
    label->setWordWrap(true);
    if (!role.isEmpty()) label->setProperty("textRole", role);
    return label;
}

}  // namespace

FirstSteps::FirstSteps(QWidget* parent)
    : QWidget(parent),
      title_(makeLabel({}, u"heading"_s, this)),
      text_(makeLabel({}, u"body"_s, this)),
      steps_(new QWidget(this)),
      grid_(new QGridLayout(steps_)) {
    title_->setAlignment(Qt::AlignCenter);
    text_->setAlignment(Qt::AlignCenter);
    model_ = makeStep(tr("A model"), tr("&Models…"));
    import_ = makeStep(tr("Your history"), tr("&Import…"));
    write_ = makeStep(tr("A first question"), tr("&Write"));
    import_.text->setText(tr("Bring chats or a long conversation from elsewhere. You can also skip this."));
    grid_->setColumnStretch(1, 1);
    auto* middle = new QHBoxLayout;
    middle->addStretch(1);
    middle->addWidget(steps_, 8);
    middle->addStretch(1);
    auto* column = new QVBoxLayout(this);
    column->addStretch(2);
    column->addWidget(title_);
    column->addWidget(text_);
    column->addLayout(middle);
    column->addStretch(3);
    connect(model_.button, &QPushButton::clicked, this, &FirstSteps::modelsRequested);
    connect(import_.button, &QPushButton::clicked, this, &FirstSteps::importRequested);
    connect(write_.button, &QPushButton::clicked, this, &FirstSteps::writeRequested);
    applyTheme();
    refresh();
}

FirstSteps::Step FirstSteps::makeStep(const QString& title, const QString& button) {
    Step step{.mark = makeLabel({}, u"mark"_s, steps_),
              .title = makeLabel(title, u"strong"_s, steps_),
              .text = makeLabel({}, u"secondary"_s, steps_),
              .button = new QPushButton(button, steps_)};
    step.mark->setWordWrap(false);
    step.mark->setAlignment(Qt::AlignCenter);
    const int row = grid_->rowCount();
    grid_->addWidget(step.mark, row, 0, 2, 1, Qt::AlignTop);
    grid_->addWidget(step.title, row, 1);
    grid_->addWidget(step.text, row + 1, 1);
    grid_->addWidget(step.button, row, 2, 2, 1, Qt::AlignVCenter);
    return step;
}

void FirstSteps::setDone(const Step& step, bool isDone) {
    step.mark->setText(isDone ? u"✓"_s : u"○"_s);
    step.mark->setAccessibleName(isDone ? tr("Done") : tr("To do"));
}

void FirstSteps::setPrimary(const Step& step, bool isPrimary) {
    step.button->setProperty("isPrimary", isPrimary);
    step.button->style()->unpolish(step.button);
    step.button->style()->polish(step.button);
}

void FirstSteps::showEngine(const EngineClient& engine) {
    hasModel_ = engine.state() == EngineClient::State::kReady;
    modelText_ = hasModel_ ? tr("%1 is loaded.").arg(toQString(engine.model()->title))
                 : engine.state() == EngineClient::State::kNoModel
                     ? tr("None is loaded. Choose a GGUF file of this computer; nothing is downloaded.")
                     : StatusStrip::stateText(engine.state());
    refresh();
}

void FirstSteps::setChatCount(int chats) {
    chats_ = chats;
    refresh();
}

void FirstSteps::refresh() {
    const bool isNew = chats_ == 0;
    steps_->setVisible(isNew || !hasModel_);
    title_->setText(isNew ? tr("Welcome to EpiChat") : tr("What is on your mind?"));
    text_->setText(
        tr("A chat with a model on your computer, whose memory does not run out. Nothing you write leaves "
           "this computer."));
    text_->setVisible(isNew);
    model_.text->setText(modelText_);
    write_.text->setText(hasModel_ ? tr("Write below and press Enter.")
                                   : tr("You can write already; it is answered when a model is loaded."));
    setDone(model_, hasModel_);
    setDone(import_, chats_ > 0);
    setDone(write_, false);
    setPrimary(model_, !hasModel_);
    setPrimary(import_, hasModel_ && chats_ == 0);
}

QString FirstSteps::titleText() const {
    return title_->text();
}

void FirstSteps::changeEvent(QEvent* event) {
    QWidget::changeEvent(event);
    if (event->type() == QEvent::StyleChange) applyTheme();
}

void FirstSteps::applyTheme() {
    const Theme& theme = Theme::current();
    layout()->setContentsMargins(theme.px(24), theme.px(24), theme.px(24), theme.px(24));
    layout()->setSpacing(theme.px(12));
    grid_->setContentsMargins(0, theme.px(16), 0, 0);
    grid_->setHorizontalSpacing(theme.px(16));
    grid_->setVerticalSpacing(theme.px(10));
    for (const Step& step : {model_, import_, write_}) {
        if (step.mark == nullptr) continue;
        step.mark->setFixedWidth(theme.px(28));
    }
}

}  // namespace epi
