#include "ui/settings/shortcuts_page.h"

#include <map>

#include <QAction>
#include <QEvent>
#include <QGridLayout>
#include <QHeaderView>
#include <QKeySequenceEdit>
#include <QLabel>
#include <QLineEdit>
#include <QPushButton>
#include <QTreeWidget>
#include <QVBoxLayout>

#include "ui/actions/action_registry.h"
#include "ui/theme/theme.h"

namespace epi {

using namespace Qt::StringLiterals;

namespace {

constexpr int kIdRole = Qt::UserRole;

QString textOf(const QList<QKeySequence>& keys) {
    QStringList names;
    for (const QKeySequence& key : keys)
        names << key.toString(QKeySequence::NativeText);
    return names.join(u",  "_s);
}

}  // namespace

ShortcutsPage::ShortcutsPage(ActionRegistry& actions, QWidget* parent)
    : QWidget(parent), actions_(actions), find_(new QLineEdit(this)), list_(new QTreeWidget(this)) {
    auto* heading = new QLabel(tr("Keyboard shortcuts"), this);
    heading->setTextFormat(Qt::PlainText);
    heading->setProperty("textRole", u"heading"_s);
    find_->setPlaceholderText(tr("Find an action or a key"));
    find_->setAccessibleName(tr("Find an action or a key"));
    find_->setClearButtonEnabled(true);
    // Qt's button for clearing a field has no name of its own.
    if (auto* clear = find_->findChild<QAction*>(u"_q_qlineeditclearaction"_s))
        clear->setText(tr("Clear the search"));
    list_->setAccessibleName(tr("Actions and their keys"));
    list_->setColumnCount(2);
    list_->setHeaderLabels({tr("Action"), tr("Keys")});
    list_->setRootIsDecorated(false);
    list_->setUniformRowHeights(true);
    list_->setAllColumnsShowFocus(true);
    list_->header()->setSectionResizeMode(0, QHeaderView::Stretch);
    list_->header()->setSectionResizeMode(1, QHeaderView::ResizeToContents);
    list_->header()->setStretchLastSection(false);
    auto* column = new QVBoxLayout(this);
    column->addWidget(heading);
    column->addWidget(find_);
    column->addWidget(list_, 1);
    column->addWidget(makeEditor());
    connect(find_, &QLineEdit::textChanged, this, &ShortcutsPage::filter);
    connect(list_, &QTreeWidget::currentItemChanged, this, &ShortcutsPage::showChosen);
    connect(list_, &QTreeWidget::itemActivated, keys_, [this] { keys_->setFocus(); });
    connect(&actions_, &ActionRegistry::changed, this, &ShortcutsPage::refresh);
    refresh();
    applyTheme();
}

QWidget* ShortcutsPage::makeEditor() {
    editor_ = new QWidget(this);
    title_ = new QLabel(editor_);
    title_->setTextFormat(Qt::PlainText);
    title_->setProperty("textRole", u"strong"_s);
    keys_ = new QKeySequenceEdit(editor_);
    keys_->setAccessibleName(tr("New keys for the chosen action"));
    if (auto* field = keys_->findChild<QLineEdit*>()) {
        field->setAccessibleName(keys_->accessibleName());
        field->setPlaceholderText(tr("Press the new keys"));
    }
    assign_ = new QPushButton(tr("&Assign"), editor_);
    assign_->setProperty("isPrimary", true);
    remove_ = new QPushButton(tr("&No keys"), editor_);
    reset_ = new QPushButton(tr("&Default"), editor_);
    resetAll_ = new QPushButton(tr("All to de&faults"), editor_);
    conflict_ = new QLabel(editor_);
    conflict_->setTextFormat(Qt::PlainText);
    conflict_->setWordWrap(true);
    conflict_->setProperty("textRole", u"secondary"_s);
    auto* grid = new QGridLayout(editor_);
    grid->setContentsMargins(0, 0, 0, 0);
    auto* assigning = new QHBoxLayout;
    assigning->addWidget(keys_, 1);
    assigning->addWidget(assign_);
    auto* taking = new QHBoxLayout;
    for (QPushButton* button : {remove_, reset_, resetAll_})
        taking->addWidget(button);
    buttons_ = new QBoxLayout(QBoxLayout::LeftToRight);
    buttons_->addLayout(assigning, 1);
    buttons_->addLayout(taking);
    grid->addWidget(title_, 0, 0);
    grid->addLayout(buttons_, 1, 0);
    grid->addWidget(conflict_, 2, 0);
    connect(keys_, &QKeySequenceEdit::keySequenceChanged, this, &ShortcutsPage::check);
    connect(assign_, &QPushButton::clicked, this, &ShortcutsPage::assign);
    connect(remove_, &QPushButton::clicked, this, [this] { actions_.setShortcuts(chosenId(), {}); });
    connect(reset_, &QPushButton::clicked, this, [this] { actions_.reset(chosenId()); });
    connect(resetAll_, &QPushButton::clicked, this, [this] { actions_.resetAll(); });
    return editor_;
}

void ShortcutsPage::refresh() {
    const QString chosen = chosenId();
    list_->clear();
    std::map<QString, QTreeWidgetItem*> groups;
    for (const auto& [spec, action] : actions_.entries()) {
        QTreeWidgetItem*& group = groups[spec.group];
        if (group == nullptr) {
            group = new QTreeWidgetItem(list_, {spec.group});
            group->setFlags(Qt::ItemIsEnabled);
            group->setFirstColumnSpanned(true);
            QFont font = group->font(0);
            font.setWeight(QFont::DemiBold);
            group->setFont(0, font);
        }
        auto* item =
            new QTreeWidgetItem(group, {plainTitle(spec.title), textOf(actions_.shortcuts(spec.id))});
        item->setData(0, kIdRole, spec.id);
        if (actions_.isCustom(spec.id)) {
            QFont font = item->font(1);
            font.setWeight(QFont::DemiBold);
            item->setFont(1, font);
            item->setToolTip(1, tr("Changed by you"));
        }
    }
    list_->expandAll();
    filter(find_->text());
    choose(chosen);
    showChosen();
}

void ShortcutsPage::choose(const QString& id) {
    for (int g = 0; g < list_->topLevelItemCount(); ++g) {
        QTreeWidgetItem* group = list_->topLevelItem(g);
        for (int i = 0; i < group->childCount(); ++i) {
            if (group->child(i)->data(0, kIdRole).toString() == id) list_->setCurrentItem(group->child(i));
        }
    }
}

void ShortcutsPage::filter(const QString& text) {
    for (int g = 0; g < list_->topLevelItemCount(); ++g) {
        QTreeWidgetItem* group = list_->topLevelItem(g);
        bool isAnyShown = false;
        for (int i = 0; i < group->childCount(); ++i) {
            QTreeWidgetItem* item = group->child(i);
            const bool isShown = item->text(0).contains(text, Qt::CaseInsensitive) ||
                                 item->text(1).contains(text, Qt::CaseInsensitive);
            item->setHidden(!isShown);
            isAnyShown = isAnyShown || isShown;
        }
        group->setHidden(!isAnyShown);
    }
}

QString ShortcutsPage::chosenId() const {
    const QTreeWidgetItem* item = list_->currentItem();
    return item != nullptr ? item->data(0, kIdRole).toString() : QString();
}

QString ShortcutsPage::conflictText() const {
    return conflict_->text();
}

void ShortcutsPage::showChosen() {
    const QString id = chosenId();
    title_->setText(id.isEmpty() ? tr("Choose an action to change its keys.")
                                 : plainTitle(actions_.find(id)->text()));
    for (QWidget* control : {static_cast<QWidget*>(keys_), static_cast<QWidget*>(remove_)}) {
        control->setEnabled(!id.isEmpty());
    }
    reset_->setEnabled(actions_.isCustom(id));
    keys_->clear();
    check();
}

void ShortcutsPage::check() {
    const QKeySequence key = keys_->keySequence();
    const QStringList others = actions_.conflicts(chosenId(), key);
    assign_->setEnabled(!key.isEmpty());
    assign_->setText(others.isEmpty() ? tr("&Assign") : tr("&Assign anyway"));
    conflict_->setText(others.isEmpty()
                           ? QString()
                           : tr("%1 is already used for: %2. Assigned anyway, it is taken from there.")
                                 .arg(key.toString(QKeySequence::NativeText), others.join(u", "_s)));
}

void ShortcutsPage::assign() {
    actions_.take(chosenId(), keys_->keySequence());
}

void ShortcutsPage::changeEvent(QEvent* event) {
    QWidget::changeEvent(event);
    if (event->type() == QEvent::StyleChange) applyTheme();
}

void ShortcutsPage::applyTheme() {
    const Theme& theme = Theme::current();
    const int side = theme.px(theme.isLarge() ? 12 : 24);
    layout()->setContentsMargins(side, theme.px(20), side, theme.px(20));
    layout()->setSpacing(theme.px(8));
    static_cast<QGridLayout*>(editor_->layout())->setSpacing(theme.px(8));
    buttons_->setDirection(theme.isLarge() ? QBoxLayout::TopToBottom : QBoxLayout::LeftToRight);
    buttons_->setSpacing(theme.px(8));
    conflict_->setMinimumHeight(conflict_->fontMetrics().lineSpacing() * 2);
}

}  // namespace epi
