#include "ui/settings/sampling_form.h"

#include <algorithm>
#include <limits>

#include <QDoubleSpinBox>
#include <QEvent>
#include <QGridLayout>
#include <QLabel>
#include <QSpinBox>

#include "core/sampling/sampler.h"
#include "ui/bridge/text.h"
#include "ui/theme/number_field.h"
#include "ui/theme/theme.h"

namespace epi {

using namespace Qt::StringLiterals;

namespace {

constexpr double kHighestTemperature = 5.0;
constexpr double kSmallestTopP = 0.01;
constexpr double kSmallestPenalty = 0.5;
constexpr double kLargestPenalty = 3.0;
constexpr int kLargestTopK = 100'000;
constexpr int kMostTokens = 1 << 20;
constexpr int kFieldsPerRow = 4;
constexpr int kLargeFieldsPerRow = 2;  // of large text

QDoubleSpinBox* makeNumber(double smallest, double largest, double step, QWidget* parent) {
    auto* box = new NumberField<QDoubleSpinBox>(parent);
    box->setRange(smallest, largest);
    box->setSingleStep(step);
    box->setDecimals(2);
    return box;
}

QSpinBox* makeCount(int smallest, int largest, int step, QWidget* parent) {
    auto* box = new NumberField<QSpinBox>(parent);
    box->setRange(smallest, largest);
    box->setSingleStep(step);
    box->setGroupSeparatorShown(true);
    return box;
}

}  // namespace

SamplingForm::SamplingForm(QWidget* parent)
    : QWidget(parent),
      temperature_(makeNumber(0.0, kHighestTemperature, 0.1, this)),
      topK_(makeCount(0, kLargestTopK, 10, this)),
      topP_(makeNumber(kSmallestTopP, 1.0, 0.05, this)),
      minP_(makeNumber(0.0, 1.0, 0.01, this)),
      penalty_(makeNumber(kSmallestPenalty, kLargestPenalty, 0.05, this)),
      maxTokens_(makeCount(1, kMostTokens, 128, this)),
      seed_(makeCount(0, std::numeric_limits<int>::max(), 1, this)),
      hint_(new QLabel(this)),
      problem_(new QLabel(this)) {
    temperature_->setToolTip(tr("How much chance there is in a reply; 0 always takes the likeliest token"));
    topK_->setToolTip(tr("Only this many of the likeliest tokens are drawn from"));
    topP_->setToolTip(tr("Only the likeliest tokens that together have this probability are drawn from"));
    minP_->setToolTip(tr("Only tokens at least this likely, measured by the likeliest, are drawn from"));
    penalty_->setToolTip(tr("Above 1, tokens that were there already become less likely"));
    maxTokens_->setToolTip(tr("A reply ends here; it can be continued"));
    seed_->setToolTip(tr("The same seed gives the same reply to the same question"));
    topK_->setSpecialValueText(tr("Off"));
    minP_->setSpecialValueText(tr("Off"));
    seed_->setSpecialValueText(tr("New each time"));
    seed_->setGroupSeparatorShown(false);
    new QGridLayout(this);
    const auto add = [&](const QString& title, QWidget* control) {
        auto* label = new QLabel(title, this);
        label->setTextFormat(Qt::PlainText);
        label->setBuddy(control);
        control->setAccessibleName(QString(title).remove(u'&'));
        control->setAccessibleDescription(control->toolTip());
        fields_.push_back({label, control});
    };
    add(tr("&Temperature"), temperature_);
    add(tr("Top-&k"), topK_);
    add(tr("Top-p"), topP_);
    add(tr("&Min-p"), minP_);
    add(tr("Rep&etition penalty"), penalty_);
    add(tr("Longest reply, to&kens"), maxTokens_);
    add(tr("See&d"), seed_);
    for (QLabel* label : {hint_, problem_}) {
        label->setTextFormat(Qt::PlainText);
        label->setWordWrap(true);
    }
    hint_->setProperty("textRole", u"secondary"_s);
    problem_->setProperty("textRole", u"warning"_s);
    for (QDoubleSpinBox* box : {temperature_, topP_, minP_, penalty_})
        connect(box, &QDoubleSpinBox::valueChanged, this, &SamplingForm::changed);
    for (QSpinBox* box : {topK_, maxTokens_, seed_})
        connect(box, &QSpinBox::valueChanged, this, &SamplingForm::changed);
    connect(this, &SamplingForm::changed, this, &SamplingForm::refreshHint);
    setOptions({});
    applyTheme();
}

SamplingOptions SamplingForm::options() const {
    SamplingOptions options = rest_;
    options.temperature = temperature_->value();
    options.topK = topK_->value();
    options.topP = topP_->value();
    options.minP = minP_->value();
    options.repetitionPenalty = penalty_->value();
    options.maxTokens = maxTokens_->value();
    options.seed = static_cast<std::uint64_t>(seed_->value());
    return options;
}

void SamplingForm::setOptions(const SamplingOptions& options) {
    rest_ = options;
    temperature_->setValue(options.temperature);
    topK_->setValue(options.topK);
    topP_->setValue(options.topP);
    minP_->setValue(options.minP);
    penalty_->setValue(options.repetitionPenalty);
    maxTokens_->setValue(options.maxTokens);
    constexpr auto kLargestSeed = static_cast<std::uint64_t>(std::numeric_limits<int>::max());
    seed_->setValue(static_cast<int>(std::min(options.seed, kLargestSeed)));
    const auto checked = checkSampling(options);
    problem_->setText(checked ? QString()
                              : tr("A value was out of its range and was changed: %1.")
                                    .arg(messageText(checked.error().message)));
    problem_->setVisible(!checked);
    refreshHint();
}

QString SamplingForm::problem() const {
    return problem_->text();
}

void SamplingForm::refreshHint() {
    const bool isGreedy = temperature_->value() == 0.0;
    hint_->setText(isGreedy
                       ? tr("At temperature 0 the likeliest token is taken: top-k, top-p, min-p and the seed "
                            "change nothing.")
                       : tr("Tokens are drawn by chance among the likeliest."));
    for (QWidget* field : {static_cast<QWidget*>(topK_),
                           static_cast<QWidget*>(topP_),
                           static_cast<QWidget*>(minP_),
                           static_cast<QWidget*>(seed_)})
        field->setEnabled(!isGreedy);
}

void SamplingForm::changeEvent(QEvent* event) {
    QWidget::changeEvent(event);
    if (event->type() == QEvent::StyleChange) applyTheme();
}

void SamplingForm::place() {
    auto* grid = static_cast<QGridLayout*>(layout());
    while (QLayoutItem* item = grid->takeAt(0))
        delete item;
    const int perRow = Theme::current().isLarge() ? kLargeFieldsPerRow : kFieldsPerRow;
    for (int i = 0; i < std::ssize(fields_); ++i) {
        const Field& field = fields_[static_cast<std::size_t>(i)];
        grid->addWidget(field.label, 2 * (i / perRow), i % perRow);
        grid->addWidget(field.control, 2 * (i / perRow) + 1, i % perRow);
    }
    const int rows = 2 * (static_cast<int>(std::ssize(fields_)) / perRow + 1);
    grid->addWidget(hint_, rows, 0, 1, perRow);
    grid->addWidget(problem_, rows + 1, 0, 1, perRow);
    for (int column = 0; column < kFieldsPerRow; ++column)
        grid->setColumnStretch(column, column < perRow ? 1 : 0);
}

void SamplingForm::applyTheme() {
    const Theme& theme = Theme::current();
    place();
    auto* grid = static_cast<QGridLayout*>(layout());
    grid->setContentsMargins(0, 0, 0, 0);
    grid->setHorizontalSpacing(theme.px(12));
    grid->setVerticalSpacing(theme.px(4));
    for (const Field& field : fields_)
        field.control->setMinimumHeight(theme.px(32));
}

}  // namespace epi
