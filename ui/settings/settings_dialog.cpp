#include "ui/settings/settings_dialog.h"

#include <algorithm>

#include <QDialogButtonBox>
#include <QEvent>
#include <QHBoxLayout>
#include <QListWidget>
#include <QPushButton>
#include <QScreen>
#include <QStackedWidget>
#include <QVBoxLayout>

#include "ui/settings/appearance_page.h"
#include "ui/settings/data_page.h"
#include "ui/settings/engine_page.h"
#include "ui/settings/general_page.h"
#include "ui/settings/memory_page.h"
#include "ui/settings/replies_page.h"
#include "ui/settings/shortcuts_page.h"
#include "ui/theme/theme.h"

namespace epi {

using namespace Qt::StringLiterals;

SettingsDialog::SettingsDialog(Parts parts, QWidget* parent)
    : QDialog(parent), sections_(new QListWidget(this)), pages_(new QStackedWidget(this)) {
    setWindowTitle(tr("Settings"));
    setObjectName(u"settings"_s);
    sections_->setAccessibleName(tr("Sections"));
    sections_->setObjectName(u"sections"_s);
    sections_->setFrameShape(QFrame::NoFrame);
    connect(sections_, &QListWidget::currentRowChanged, pages_, &QStackedWidget::setCurrentIndex);

    auto* engine = new EnginePage(parts.preferences, parts.engine, pages_);
    connect(engine, &EnginePage::modelsRequested, this, &SettingsDialog::modelsRequested);
    shortcuts_ = new ShortcutsPage(parts.actions, pages_);
    addSection(
        SettingsSection::kGeneral, tr("General"), new GeneralPage(parts.preferences, parts.network, pages_));
    addSection(SettingsSection::kAppearance, tr("Appearance"), new AppearancePage(parts.preferences, pages_));
    addSection(SettingsSection::kEngine, tr("Model and engine"), engine);
    addSection(SettingsSection::kReplies, tr("Replies"), new RepliesPage(parts.preferences, pages_));
    addSection(SettingsSection::kMemory, tr("Memory"), new MemoryPage(parts.preferences, pages_));
    addSection(SettingsSection::kShortcuts, tr("Shortcuts"), shortcuts_);
    addSection(SettingsSection::kData, tr("Data"), new DataPage(parts.preferences, parts.store, pages_));
    // Behind the pages, so that Tab goes through them first.
    auto* buttons = new QDialogButtonBox(this);
    QPushButton* close = buttons->addButton(tr("&Close"), QDialogButtonBox::RejectRole);
    close->setAutoDefault(false);
    auto* row = new QHBoxLayout;
    row->setSpacing(0);
    row->addWidget(sections_);
    row->addWidget(pages_, 1);
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    column->addLayout(row, 1);
    column->addWidget(buttons);
    connect(buttons, &QDialogButtonBox::rejected, this, &QDialog::close);
    applyTheme();
    const Theme& theme = Theme::current();
    const QSize available = parent->screen()->availableSize();
    resize(std::min(theme.px(820), available.width() - theme.px(32)),
           std::min(theme.px(600), available.height() - theme.px(64)));
}

void SettingsDialog::addSection(SettingsSection section, const QString& title, QWidget* page) {
    Q_ASSERT(static_cast<int>(section) == pages_->count());
    sections_->addItem(title);
    pages_->addWidget(page);
}

void SettingsDialog::show(SettingsSection section) {
    sections_->setCurrentRow(static_cast<int>(section));
    QDialog::show();
    raise();
    activateWindow();
    sections_->setFocus();
}

void SettingsDialog::changeEvent(QEvent* event) {
    QDialog::changeEvent(event);
    if (event->type() == QEvent::StyleChange) applyTheme();
}

void SettingsDialog::applyTheme() {
    const Theme& theme = Theme::current();
    const int least = theme.isLarge() ? 0 : theme.px(176);
    sections_->setFixedWidth(std::max(least, sections_->sizeHintForColumn(0) + theme.px(32)));
    if (auto* buttons = findChild<QDialogButtonBox*>()) {
        buttons->setContentsMargins(theme.px(16), theme.px(8), theme.px(16), theme.px(12));
    }
}

}  // namespace epi
