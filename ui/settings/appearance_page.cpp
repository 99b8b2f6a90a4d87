#include "ui/settings/appearance_page.h"

#include <QComboBox>
#include <QHBoxLayout>
#include <QLabel>
#include <QSignalBlocker>
#include <QSlider>

namespace epi {

using namespace Qt::StringLiterals;

namespace {

constexpr int kPercentStep = 10;

}  // namespace

AppearancePage::AppearancePage(PreferenceStore& preferences, QWidget* parent) : SettingsForm(parent) {
    addHeading(tr("Appearance"));

    auto* theme = new QComboBox(content());
    theme->addItem(tr("As the desktop"), static_cast<int>(ThemeChoice::kSystem));
    theme->addItem(tr("Light"), static_cast<int>(ThemeChoice::kLight));
    theme->addItem(tr("Dark"), static_cast<int>(ThemeChoice::kDark));
    theme->addItem(tr("High contrast"), static_cast<int>(ThemeChoice::kHighContrast));
    addRow(tr("&Theme"), theme);
    connect(theme, &QComboBox::activated, this, [&preferences, theme] {
        preferences.change(
            [theme](Preferences& p) { p.theme = static_cast<ThemeChoice>(theme->currentData().toInt()); });
    });

    auto* line = new QWidget(content());
    line->setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Preferred);
    auto* size = new QSlider(Qt::Horizontal, line);
    size->setRange(Theme::kSmallestPercent / kPercentStep, Theme::kLargestPercent / kPercentStep);
    size->setPageStep(2);
    // Text that grows under a moving handle would carry it away: it changes when the handle is let go.
    size->setTracking(false);
    size->setAccessibleName(tr("Text size"));
    line->setFocusProxy(size);
    auto* percent = new QLabel(line);
    percent->setTextFormat(Qt::PlainText);
    const auto show = [percent, size](int steps) {
        percent->setText(tr("%1 %").arg(steps * kPercentStep));
        size->setAccessibleDescription(percent->text());
    };
    auto* row = new QHBoxLayout(line);
    row->setContentsMargins(0, 0, 0, 0);
    row->addWidget(size, 1);
    row->addWidget(percent);
    addRow(tr("Text &size"), line, tr("Ctrl with + and − changes it too, Ctrl+0 brings it back to 100 %."));
    connect(size, &QSlider::sliderMoved, this, show);
    connect(size, &QSlider::valueChanged, this, [&preferences, show](int steps) {
        show(steps);
        preferences.change([steps](Preferences& p) { p.percent = steps * kPercentStep; });
    });

    const auto refresh = [&preferences, theme, size, show] {
        const QSignalBlocker quiet(size);
        theme->setCurrentIndex(theme->findData(static_cast<int>(preferences.current().theme)));
        size->setValue(preferences.current().percent / kPercentStep);
        show(size->value());
    };
    connect(&preferences, &PreferenceStore::changed, this, refresh);
    refresh();
    addStretch();
}

}  // namespace epi
