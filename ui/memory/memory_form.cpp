#include "ui/memory/memory_form.h"

#include <QComboBox>
#include <QEvent>
#include <QGridLayout>
#include <QLabel>
#include <QSpinBox>

#include "ui/bridge/text.h"
#include "ui/theme/number_field.h"
#include "ui/theme/theme.h"

namespace epi {

using namespace Qt::StringLiterals;

namespace {

constexpr int kLargestBudget = 1 << 20;
constexpr int kLargestBlock = 1 << 16;
constexpr int kMostEpisodes = 64;
constexpr int kLargeFieldsPerRow = 2;

/// A number whose smallest value, 0, means "choose for me".
QSpinBox* makeAutomaticSpinBox(int largest, int step, QWidget* parent) {
    auto* box = new NumberField<QSpinBox>(parent);
    box->setRange(0, largest);
    box->setSingleStep(step);
    box->setSpecialValueText(MemoryForm::tr("Automatic"));
    box->setGroupSeparatorShown(true);
    return box;
}

}  // namespace

MemoryForm::MemoryForm(QWidget* parent)
    : QWidget(parent),
      budget_(makeAutomaticSpinBox(kLargestBudget, 256, this)),
      episodes_(makeAutomaticSpinBox(kMostEpisodes, 1, this)),
      block_(makeAutomaticSpinBox(kLargestBlock, 128, this)),
      preset_(new QComboBox(this)) {
    const auto addPreset = [&](const QString& id, const QString& title, const QString& about) {
        preset_->addItem(title, id);
        preset_->setItemData(preset_->count() - 1, about, Qt::ToolTipRole);
    };
    addPreset(u"epichat"_s,
              tr("EpiChat"),
              tr("What measured best: one cache for all episodes, and passages are quoted"));
    addPreset(u"epicache"_s, tr("EpiCache, safe"), tr("The newest entries and the first always stay"));
    addPreset(u"epicache-paper"_s,
              tr("EpiCache, as in the paper"),
              tr("Nothing always stays; layers share by how sensitive they are"));
    addPreset(u"epicache-released"_s,
              tr("EpiCache, as released"),
              tr("Nothing always stays; as its authors' program computes it"));
    addPreset(u"epicache-onepass"_s,
              tr("EpiCache in one pass"),
              tr("The history is read once for all episodes: faster, and no published method"));
    preset_->insertSeparator(preset_->count());
    addPreset(u"keydiff"_s, tr("KeyDiff"), tr("Keys unlike the others stay; one cache for all episodes"));
    addPreset(
        u"kvzip"_s, tr("KVzip"), tr("What is needed to repeat each block stays; one cache for all episodes"));
    addPreset(u"streaming"_s,
              tr("StreamingLLM"),
              tr("The first and the newest entries stay; one cache for all episodes"));
    addPreset(u"snapkv"_s,
              tr("SnapKV"),
              tr("What the end of each block looks at stays; one cache for all episodes"));
    budget_->setToolTip(tr("Entries kept per layer and KV head, on average (M)"));
    episodes_->setToolTip(tr("Episodes the conversation is sorted into (E); each gets a cache of its own"));
    block_->setToolTip(tr("Tokens read between two evictions"));
    preset_->setToolTip(tr("How it is decided what an episode keeps"));

    preset_->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
    preset_->setMinimumContentsLength(8);
    new QGridLayout(this);
    const auto add = [&](const QString& title, QWidget* field) {
        auto* label = new QLabel(title, this);
        label->setTextFormat(Qt::PlainText);
        label->setBuddy(field);
        field->setAccessibleName(QString(title).remove(u'&'));
        field->setAccessibleDescription(field->toolTip());
        fields_.push_back({label, field});
    };
    add(tr("&Budget M"), budget_);
    add(tr("&Episodes E"), episodes_);
    add(tr("B&lock"), block_);
    add(tr("&Preset"), preset_);
    for (QSpinBox* box : {budget_, episodes_, block_})
        connect(box, &QSpinBox::valueChanged, this, &MemoryForm::changed);
    connect(preset_, &QComboBox::currentIndexChanged, this, &MemoryForm::changed);
    setOptions({});
    applyTheme();
}

MemoryOptions MemoryForm::options() const {
    MemoryOptions options = rest_;
    std::string preset = toUtf8(preset_->currentData().toString());
    if (preset != options.preset) options = withPreset(std::move(options), std::move(preset));
    options.budget = budget_->value();
    options.block = block_->value();
    options.episodes = episodes_->value();
    return options;
}

void MemoryForm::setOptions(const MemoryOptions& options) {
    rest_ = options;
    budget_->setValue(options.budget);
    episodes_->setValue(options.episodes);
    block_->setValue(options.block);
    const QString preset = toQString(options.preset);
    if (preset_->findData(preset) < 0) preset_->addItem(preset, preset);
    preset_->setCurrentIndex(preset_->findData(preset));
}

void MemoryForm::changeEvent(QEvent* event) {
    QWidget::changeEvent(event);
    if (event->type() == QEvent::StyleChange) applyTheme();
}

void MemoryForm::place() {
    auto* grid = static_cast<QGridLayout*>(layout());
    while (QLayoutItem* item = grid->takeAt(0))
        delete item;
    const auto count = static_cast<int>(std::ssize(fields_));
    const bool isLarge = Theme::current().isLarge();
    const int perRow = isLarge ? kLargeFieldsPerRow : count;
    for (int i = 0; i < count; ++i) {
        const Field& field = fields_[static_cast<std::size_t>(i)];
        grid->addWidget(field.label, 2 * (i / perRow), i % perRow);
        grid->addWidget(field.control, 2 * (i / perRow) + 1, i % perRow);
    }
    for (int column = 0; column < count; ++column)
        grid->setColumnStretch(column, column < perRow && (isLarge || column + 1 == perRow) ? 1 : 0);
}

void MemoryForm::applyTheme() {
    const Theme& theme = Theme::current();
    place();
    layout()->setContentsMargins(0, 0, 0, 0);
    auto* grid = static_cast<QGridLayout*>(layout());
    grid->setHorizontalSpacing(theme.px(12));
    grid->setVerticalSpacing(theme.px(4));
    for (const Field& field : fields_)
        field.control->setMinimumHeight(theme.px(32));
}

}  // namespace epi
