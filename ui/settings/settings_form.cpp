#include "ui/settings/settings_form.h"

#include <QEvent>
#include <QGridLayout>
#include <QLabel>

#include "ui/theme/theme.h"

namespace epi {

using namespace Qt::StringLiterals;

SettingsForm::SettingsForm(QWidget* parent) : QScrollArea(parent) {
    auto* inner = new QWidget(this);
    inner->setObjectName(u"settingsPage"_s);
    grid_ = new QGridLayout(inner);
    grid_->setColumnStretch(1, 1);
    setWidget(inner);
    setWidgetResizable(true);
    setFrameShape(QFrame::NoFrame);
    setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    setFocusPolicy(Qt::NoFocus);
    applyTheme();
}

void SettingsForm::addHeading(const QString& text) {
    auto* label = new QLabel(text, content());
    label->setTextFormat(Qt::PlainText);
    label->setProperty("textRole", rows_ == 0 ? u"heading"_s : u"title"_s);
    grid_->addWidget(label, rows_++, 0, 1, 2);
}

QLabel* SettingsForm::addRow(const QString& label, QWidget* control, const QString& hint) {
    auto* name = new QLabel(label, content());
    name->setTextFormat(Qt::PlainText);
    name->setBuddy(control);
    if (control->accessibleName().isEmpty()) control->setAccessibleName(QString(label).remove(u'&'));
    if (!hint.isEmpty()) control->setAccessibleDescription(hint);
    grid_->addWidget(name, rows_, 0, Qt::AlignLeft | Qt::AlignVCenter);
    const bool isWide = control->sizePolicy().horizontalPolicy() & QSizePolicy::ExpandFlag;
    grid_->addWidget(control, rows_++, 1, isWide ? Qt::Alignment() : Qt::AlignLeft);
    return hint.isEmpty() ? nullptr : addHint(hint, 1);
}

QLabel* SettingsForm::addWide(QWidget* control, const QString& hint) {
    if (!hint.isEmpty()) control->setAccessibleDescription(hint);
    grid_->addWidget(control, rows_++, 0, 1, 2);
    return hint.isEmpty() ? nullptr : addHint(hint, 0);
}

void SettingsForm::addTall(QWidget* control) {
    grid_->setRowStretch(rows_, 1);
    grid_->addWidget(control, rows_++, 0, 1, 2);
}

void SettingsForm::addStretch() {
    grid_->setRowStretch(rows_++, 1);
}

QLabel* SettingsForm::addHint(const QString& hint, int column) {
    auto* label = new QLabel(hint, content());
    label->setTextFormat(Qt::PlainText);
    label->setWordWrap(true);
    label->setProperty("textRole", u"secondary"_s);
    grid_->addWidget(label, rows_++, column, 1, 2 - column);
    return label;
}

void SettingsForm::changeEvent(QEvent* event) {
    QScrollArea::changeEvent(event);
    if (event->type() == QEvent::StyleChange && widget() != nullptr) applyTheme();
}

void SettingsForm::applyTheme() {
    const Theme& theme = Theme::current();
    const int side = theme.px(theme.isLarge() ? 12 : 24);
    grid_->setContentsMargins(side, theme.px(20), side, theme.px(20));
    grid_->setHorizontalSpacing(theme.px(theme.isLarge() ? 8 : 16));
    grid_->setVerticalSpacing(theme.px(8));
    grid_->setColumnMinimumWidth(0, theme.isLarge() ? 0 : theme.px(132));
}

}  // namespace epi
