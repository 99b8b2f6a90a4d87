#include "ui/actions/command_palette.h"

#include <QAction>
#include <QKeyEvent>
#include <QLabel>
#include <QLineEdit>
#include <QListView>
#include <QPainter>
#include <QStyledItemDelegate>
#include <QVBoxLayout>

#include "ui/actions/action_registry.h"
#include "ui/theme/theme.h"

namespace epi {

using namespace Qt::StringLiterals;

namespace {

class PaletteDelegate final : public QStyledItemDelegate {
public:
    using QStyledItemDelegate::QStyledItemDelegate;

    [[nodiscard]] QSize sizeHint(const QStyleOptionViewItem&, const QModelIndex&) const override {
        return {Theme::current().px(240), Theme::current().px(36)};
    }

    void paint(QPainter* painter,
               const QStyleOptionViewItem& option,
               const QModelIndex& index) const override {
        const Theme& theme = Theme::current();
        const ThemeColors& colors = theme.colors();
        painter->save();
        painter->setRenderHint(QPainter::Antialiasing);
        const QRect box = option.rect.adjusted(theme.px(4), 1, -theme.px(4), -1);
        if (option.state & QStyle::State_Selected) {
            painter->setPen(QPen(colors.accent,
                                 theme.isHighContrast() ? 2 : 0,
                                 theme.isHighContrast() ? Qt::SolidLine : Qt::NoPen));
            painter->setBrush(colors.accentSoft);
            painter->drawRoundedRect(box, theme.px(6), theme.px(6));
        }
        QRect text = box.adjusted(theme.px(12), 0, -theme.px(12), 0);
        painter->setFont(theme.font(TextSize::kSmall));
        painter->setPen(colors.secondaryText);
        const QString keys = index.data(PaletteModel::kKeysRole).toString();
        const QString group = index.data(PaletteModel::kGroupRole).toString();
        const QString side = keys.isEmpty() ? group : group + u"   "_s + keys;
        painter->drawText(text, Qt::AlignRight | Qt::AlignVCenter, side);
        text.setRight(text.right() - painter->fontMetrics().horizontalAdvance(side) - theme.px(16));
        painter->setFont(theme.font(TextSize::kInterface));
        painter->setPen(colors.text);
        const QString title = index.data().toString();
        painter->drawText(text,
                          Qt::AlignLeft | Qt::AlignVCenter,
                          painter->fontMetrics().elidedText(title, Qt::ElideRight, text.width()));
        painter->restore();
    }
};

std::vector<PaletteItem> itemsOf(const ActionRegistry& actions) {
    std::vector<PaletteItem> items;
    for (const auto& [spec, action] : actions.entries()) {
        if (!action || !action->isEnabled()) continue;
        const auto keys = action->shortcuts();
        items.push_back({.title = plainTitle(action->text()),
                         .group = spec.group,
                         .keys = keys.isEmpty() ? QString() : keys.first().toString(QKeySequence::NativeText),
                         .run = [action = action] {
                             if (action) action->trigger();
                         }});
    }
    return items;
}

}  // namespace

CommandPalette::CommandPalette(const ActionRegistry& actions, std::vector<PaletteItem> more, QWidget* parent)
    : QDialog(parent, Qt::Dialog | Qt::FramelessWindowHint),
      field_(new QLineEdit(this)),
      view_(new QListView(this)),
      nothing_(new QLabel(tr("Nothing fits. Try fewer letters."), this)) {
    setAttribute(Qt::WA_DeleteOnClose);
    setWindowTitle(tr("Commands"));
    setObjectName(u"palette"_s);
    std::vector<PaletteItem> items = itemsOf(actions);
    items.insert(items.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
    model_.assign(std::move(items));

    const Theme& theme = Theme::current();
    field_->setPlaceholderText(tr("What would you like to do, or which chat?"));
    field_->setAccessibleName(tr("Find a command or a chat"));
    field_->installEventFilter(this);
    view_->setModel(&model_);
    view_->setItemDelegate(new PaletteDelegate(view_));
    view_->setAccessibleName(tr("Commands and chats that fit"));
    view_->setFocusPolicy(Qt::NoFocus);
    view_->setFrameShape(QFrame::NoFrame);
    view_->setUniformItemSizes(true);
    nothing_->setProperty("textRole", u"empty"_s);
    nothing_->setTextFormat(Qt::PlainText);
    nothing_->setAlignment(Qt::AlignCenter);
    nothing_->hide();
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(theme.px(12), theme.px(12), theme.px(12), theme.px(8));
    column->setSpacing(theme.px(8));
    column->addWidget(field_);
    column->addWidget(view_, 1);
    column->addWidget(nothing_, 1);
    connect(field_, &QLineEdit::textChanged, this, &CommandPalette::search);
    connect(field_, &QLineEdit::returnPressed, this, [this] { run(view_->currentIndex()); });
    connect(view_, &QListView::clicked, this, &CommandPalette::run);
    search({});
}

void CommandPalette::showEvent(QShowEvent* event) {
    const Theme& theme = Theme::current();
    const QRect around(parentWidget()->mapToGlobal(QPoint(0, 0)), parentWidget()->size());
    const QSize size(std::min(theme.px(600), around.width() - theme.px(32)),
                     std::min(theme.px(440), around.height() - theme.px(96)));
    setGeometry(QRect(QPoint(around.center().x() - size.width() / 2, around.top() + theme.px(64)), size));
    QDialog::showEvent(event);
    field_->setFocus();
}

bool CommandPalette::eventFilter(QObject* watched, QEvent* event) {
    if (watched == field_ && event->type() == QEvent::KeyPress) {
        const int key = static_cast<QKeyEvent*>(event)->key();
        const int page = std::max(1, view_->height() / std::max(1, view_->sizeHintForRow(0)));
        const int step = key == Qt::Key_Down       ? 1
                         : key == Qt::Key_Up       ? -1
                         : key == Qt::Key_PageDown ? page
                         : key == Qt::Key_PageUp   ? -page
                                                   : 0;
        if (step != 0) {
            const int row =
                std::clamp(view_->currentIndex().row() + step, 0, std::max(0, model_.rowCount() - 1));
            view_->setCurrentIndex(model_.index(row));
            return true;
        }
    }
    return QDialog::eventFilter(watched, event);
}

void CommandPalette::search(const QString& query) {
    model_.setQuery(query);
    const bool isEmpty = model_.rowCount() == 0;
    view_->setVisible(!isEmpty);
    nothing_->setVisible(isEmpty);
    if (!isEmpty) view_->setCurrentIndex(model_.index(0));
}

void CommandPalette::run(const QModelIndex& index) {
    if (!index.isValid()) return;
    const std::function<void()> chosen = model_.at(index.row()).run;
    // Closed first, so that what is run finds the focus where it was.
    close();
    if (chosen) chosen();
}

}  // namespace epi
