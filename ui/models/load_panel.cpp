#include "ui/models/load_panel.h"

#include <QComboBox>
#include <QEvent>
#include <QGridLayout>
#include <QHBoxLayout>
#include <QLabel>
#include <QLocale>
#include <QPixmap>
#include <QPushButton>
#include <QSignalBlocker>
#include <QSpinBox>
#include <QStyle>
#include <QVBoxLayout>

#include "core/base/system_memory.h"
#include "core/wire/messages.h"
#include "ui/models/memory_bar.h"
#include "ui/theme/number_field.h"
#include "ui/theme/theme.h"

namespace epi {

using namespace Qt::StringLiterals;

namespace {

constexpr int kLargestBudget = 1 << 20;
constexpr int kMostEpisodes = 64;
constexpr int kAutomaticBudget = 4096;  // the largest that is chosen automatically

QString sizeText(qint64 bytes) {
    return QLocale().formattedDataSize(bytes);
}

QLabel* makeLabel(QWidget* parent) {
    auto* label = new QLabel(parent);
    label->setTextFormat(Qt::PlainText);
    return label;
}

}  // namespace

LoadPanel::LoadPanel(QWidget* parent)
    : QWidget(parent),
      bar_(new MemoryBar(this)),
      actions_(new QWidget(this)),
      verdict_(makeLabel(actions_)),
      load_(new QPushButton(tr("&Load"), actions_)),
      cancel_(new QPushButton(tr("&Cancel"), actions_)) {
    verdict_->setWordWrap(true);
    load_->setProperty("isPrimary", true);
    cancel_->setAccessibleDescription(tr("Ends loading; the model before stays"));
    cancel_->hide();
    auto* row = new QHBoxLayout(actions_);
    row->setContentsMargins(0, 0, 0, 0);
    row->addWidget(verdict_, 1);
    row->addWidget(cancel_);
    row->addWidget(load_);
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->addWidget(makeChoices());
    column->addWidget(bar_);
    column->addWidget(makeLegend());
    column->addWidget(actions_);
    connect(load_, &QPushButton::clicked, this, &LoadPanel::loadRequested);
    connect(cancel_, &QPushButton::clicked, this, &LoadPanel::cancelRequested);
    applyTheme();
}

QWidget* LoadPanel::makeChoices() {
    auto* choices = new QWidget(this);
    device_ = new QComboBox(choices);
    device_->addItem(tr("Automatic"), static_cast<int>(DeviceChoice::kAuto));
    device_->addItem(tr("CPU"), static_cast<int>(DeviceChoice::kCpu));
    device_->addItem(tr("GPU (CUDA)"), static_cast<int>(DeviceChoice::kCuda));
    compute_ = new QComboBox(choices);
    compute_->addItem(tr("As the engine prefers"), -1);
    compute_->addItem(tr("Exact (fp32)"), static_cast<int>(ComputeMode::kExact));
    compute_->addItem(tr("Fast (as stored; bf16 on a GPU)"), static_cast<int>(ComputeMode::kFast));
    for (QComboBox* box : {device_, compute_}) {
        box->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
        box->setMinimumContentsLength(8);
    }
    budget_ = new NumberField<QSpinBox>(choices);
    budget_->setRange(0, kLargestBudget);
    budget_->setSingleStep(256);
    budget_->setSpecialValueText(tr("Automatic"));
    budget_->setGroupSeparatorShown(true);
    budget_->setToolTip(tr("Entries kept per layer and KV head, on average (M)"));
    episodes_ = new NumberField<QSpinBox>(choices);
    episodes_->setRange(1, kMostEpisodes);
    episodes_->setToolTip(tr("Episodes the conversation is sorted into (E); each gets a cache of its own"));
    auto* grid = new QGridLayout(choices);
    grid->setContentsMargins(0, 0, 0, 0);
    int count = 0;  // two beside each other
    const auto add = [&](const QString& title, QWidget* field) {
        QLabel* label = makeLabel(choices);
        label->setText(title);
        label->setBuddy(field);
        field->setAccessibleName(QString(title).remove(u'&'));
        field->setAccessibleDescription(field->toolTip());
        const int row = count / 2 * 2;
        grid->addWidget(label, row, count % 2);
        grid->addWidget(field, row + 1, count++ % 2);
    };
    add(tr("&Device"), device_);
    add(tr("A&rithmetic"), compute_);
    add(tr("&Budget M"), budget_);
    add(tr("&Episodes E"), episodes_);
    for (QComboBox* box : {device_, compute_})
        connect(box, &QComboBox::currentIndexChanged, this, &LoadPanel::refresh);
    for (QSpinBox* box : {budget_, episodes_})
        connect(box, &QSpinBox::valueChanged, this, &LoadPanel::refresh);
    return choices;
}

QWidget* LoadPanel::makeLegend() {
    auto* legend = new QWidget(this);
    auto* grid = new QGridLayout(legend);
    grid->setContentsMargins(0, 0, 0, 0);
    const auto add = [&](int row, QColor (*color)()) {
        QLabel* swatch = makeLabel(legend);
        swatches_.push_back({swatch, color});
        QLabel* label = makeLabel(legend);
        auto* pair = new QHBoxLayout;
        pair->addWidget(swatch);
        pair->addWidget(label);
        pair->addStretch(1);
        grid->addLayout(pair, row, 0);
        return label;
    };
    weights_ = add(0, &MemoryBar::weightsColor);
    caches_ = add(1, &MemoryBar::cachesColor);
    scratch_ = add(2, &MemoryBar::scratchColor);
    free_ = makeLabel(legend);
    free_->setProperty("textRole", u"secondary"_s);
    grid->addWidget(free_, 3, 0);
    return legend;
}

void LoadPanel::setModel(const std::optional<ModelFacts>& facts,
                         const ModelDefaults& defaults,
                         const MemoryOptions& memory) {
    facts_ = facts;
    memory_ = defaults.memory.value_or(memory);
    isFilling_ = true;
    device_->setCurrentIndex(std::max(0, device_->findData(static_cast<int>(defaults.device))));
    const int compute = defaults.compute ? static_cast<int>(*defaults.compute) : -1;
    compute_->setCurrentIndex(std::max(0, compute_->findData(compute)));
    budget_->setValue(memory_.budget);
    episodes_->setValue(memory_.episodes);
    isFilling_ = false;
    refresh();
}

void LoadPanel::setEngine(bool hasCuda, bool isLocal) {
    hasCuda_ = hasCuda;
    isLocal_ = isLocal;
    refresh();
}

void LoadPanel::setLoading(bool isLoading) {
    load_->setEnabled(!isLoading);
    cancel_->setVisible(isLoading);
}

ModelDefaults LoadPanel::choice() const {
    ModelDefaults choice;
    choice.device = static_cast<DeviceChoice>(device_->currentData().toInt());
    if (const int compute = compute_->currentData().toInt(); compute >= 0) {
        choice.compute = static_cast<ComputeMode>(compute);
    }
    MemoryOptions memory = memory_;
    memory.budget = budget_->value();
    memory.episodes = episodes_->value();
    choice.memory = memory;
    return choice;
}

bool LoadPanel::isOnGpu() const {
    return hasCuda_ && static_cast<DeviceChoice>(device_->currentData().toInt()) != DeviceChoice::kCpu;
}

std::optional<qint64> LoadPanel::freeMemory() const {
    if (freeForTests_) return freeForTests_;
    if (!isLocal_ || isOnGpu()) return std::nullopt;
    const auto memory = systemMemory();
    return memory ? std::optional<qint64>(memory->availableBytes) : std::nullopt;
}

void LoadPanel::refresh() {
    if (isFilling_) return;
    estimate_.reset();
    bar_->setVisible(facts_.has_value());
    weights_->parentWidget()->setVisible(facts_.has_value());
    if (!facts_) {
        verdict_->setText(tr("This file is on another machine: what it needs is not known here."));
        return;
    }
    const ModelDefaults chosen = choice();
    estimate_ = estimateLoad(*facts_,
                             {.isExact = chosen.compute.value_or(LoadModel().compute) == ComputeMode::kExact,
                              .budget = chosen.memory->budget,
                              .episodes = chosen.memory->episodes,
                              .block = chosen.memory->block,
                              .isOnGpu = isOnGpu()});
    const auto freeBytes = freeMemory();
    bar_->show(*estimate_, freeBytes);
    weights_->setText(tr("Weights %1").arg(sizeText(estimate_->weights)));
    caches_->setText(tr("Caches %1").arg(sizeText(estimate_->caches)));
    scratch_->setText(tr("Scratch up to %1").arg(sizeText(estimate_->scratch)));
    free_->setText(
        freeBytes ? tr("%1 needed, %2 free").arg(sizeText(estimate_->total()), sizeText(*freeBytes))
                  : tr("%1 needed; what is free there is not known here").arg(sizeText(estimate_->total())));
    bar_->setAccessibleDescription(weights_->text() + u", "_s + caches_->text() + u", "_s + scratch_->text() +
                                   u". "_s + free_->text());
    showVerdict(*estimate_, freeBytes);
}

void LoadPanel::showVerdict(const LoadEstimate& estimate, std::optional<qint64> freeBytes) {
    QString text;
    bool isWarning = true;
    if (!freeBytes || estimate.total() <= *freeBytes) {
        isWarning = false;
        text = freeBytes ? tr("Fits.") : QString();
    } else if (estimate.weights + estimate.scratch > *freeBytes) {
        text =
            tr("The model itself needs %1 and %2 is free. Choose a smaller model or a stronger quantisation.")
                .arg(sizeText(estimate.weights + estimate.scratch), sizeText(*freeBytes));
    } else {
        const qint64 perEntry = estimate.caches / std::max(1, episodes_->value()) /
                                std::max(1, budget_->value() > 0 ? budget_->value() : kAutomaticBudget);
        const qint64 left = *freeBytes - estimate.weights - estimate.scratch;
        const qint64 most = perEntry > 0 ? left / perEntry / episodes_->value() / 256 * 256 : 0;
        text = tr("The model fits, but not with these caches: %1 is left for them. A budget of %2 would fit.")
                   .arg(sizeText(left), QLocale().toString(most));
    }
    verdict_->setText(text);
    verdict_->setProperty("textRole", isWarning ? u"warning"_s : u"secondary"_s);
    verdict_->style()->unpolish(verdict_);
    verdict_->style()->polish(verdict_);
}

QString LoadPanel::verdict() const {
    return verdict_->text();
}

void LoadPanel::changeEvent(QEvent* event) {
    QWidget::changeEvent(event);
    if (event->type() == QEvent::StyleChange) applyTheme();
}

void LoadPanel::applyTheme() {
    const Theme& theme = Theme::current();
    for (QWidget* field : std::initializer_list<QWidget*>{device_, compute_, budget_, episodes_})
        field->setMinimumHeight(theme.px(32));
    layout()->setSpacing(theme.px(12));
    static_cast<QGridLayout*>(device_->parentWidget()->layout())->setHorizontalSpacing(theme.px(12));
    for (const Swatch& swatch : swatches_) {
        QPixmap square(theme.px(12), theme.px(12));
        square.fill(swatch.color());
        swatch.label->setPixmap(square);
    }
}

}  // namespace epi
