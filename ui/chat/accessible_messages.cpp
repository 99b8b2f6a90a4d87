#include "ui/chat/accessible_messages.h"

#include <algorithm>
#include <utility>

#include <QPointer>
#include <QScrollBar>
#include <QWindow>

#include "ui/chat/message_view.h"

namespace epi {

namespace {

/// One message. Rows are looked up anew each time, since messages come and go.
class AccessibleMessage final : public QAccessibleInterface, public QAccessibleTextInterface {
public:
    AccessibleMessage(MessageView* view, int row) : view_(view), row_(row) {}

    [[nodiscard]] int row() const { return row_; }
    [[nodiscard]] bool isValid() const override {
        return view_ && view_->model() != nullptr && row_ < view_->model()->rowCount();
    }
    [[nodiscard]] QObject* object() const override { return nullptr; }
    [[nodiscard]] QWindow* window() const override {
        return view_ ? view_->window()->windowHandle() : nullptr;
    }
    [[nodiscard]] QAccessibleInterface* childAt(int, int) const override { return nullptr; }
    [[nodiscard]] QAccessibleInterface* parent() const override {
        return QAccessible::queryAccessibleInterface(view_);
    }
    [[nodiscard]] QAccessibleInterface* child(int) const override { return nullptr; }
    [[nodiscard]] int childCount() const override { return 0; }
    int indexOfChild(const QAccessibleInterface*) const override { return -1; }
    [[nodiscard]] QAccessible::Role role() const override { return QAccessible::ListItem; }
    void setText(QAccessible::Text, const QString&) override {}

    [[nodiscard]] QString text(QAccessible::Text kind) const override {
        if (!isValid() || kind != QAccessible::Name) return {};
        if (!isLoaded()) return MessageModel::tr("Message %1 is being loaded").arg(row_ + 1);
        return MessageModel::tr("%1: %2").arg(MessageModel::author(view_->model()->at(row_)), shown());
    }
    [[nodiscard]] QRect rect() const override {
        if (!isValid()) return {};
        return view_->rowRect(row_).translated(view_->viewport()->mapToGlobal(QPoint()));
    }
    [[nodiscard]] QAccessible::State state() const override {
        QAccessible::State state;
        state.focusable = true;
        state.readOnly = true;
        state.multiLine = true;
        state.selectableText = true;
        if (!isValid()) {
            state.invalid = true;
            return state;
        }
        state.busy = !view_->model()->isLoaded(row_);
        state.focused = view_->hasFocus() && view_->currentRow() == row_;
        state.offscreen = !view_->rowRect(row_).intersects(view_->viewport()->rect());
        return state;
    }
    void* interface_cast(QAccessible::InterfaceType type) override {
        return type == QAccessible::TextInterface ? static_cast<QAccessibleTextInterface*>(this) : nullptr;
    }

    void selection(int index, int* begin, int* end) const override {
        const markdown::Range range = index == 0 ? selected() : markdown::Range{};
        *begin = range.begin;
        *end = range.end;
    }
    [[nodiscard]] int selectionCount() const override { return selected().isEmpty() ? 0 : 1; }
    void addSelection(int begin, int end) override { setSelection(0, begin, end); }
    void removeSelection(int) override {
        if (isValid() && !selected().isEmpty()) view_->select({});
    }
    void setSelection(int, int begin, int end) override {
        if (isValid()) view_->select({.anchor = {row_, begin}, .cursor = {row_, end}});
    }
    [[nodiscard]] int cursorPosition() const override {
        const ChatPosition cursor = view_ ? view_->selection().cursor : ChatPosition{};
        return cursor.row == row_ ? std::min(cursor.position, characterCount()) : 0;
    }
    void setCursorPosition(int position) override { setSelection(0, position, position); }
    [[nodiscard]] QString text(int begin, int end) const override { return shown().mid(begin, end - begin); }
    [[nodiscard]] int characterCount() const override { return static_cast<int>(shown().size()); }
    [[nodiscard]] QRect characterRect(int position) const override {
        if (!isValid()) return {};
        const QPoint origin(0, view_->rowTop(row_));
        const QRect line = view_->layoutOf(row_).lineOf(position).translated(origin);
        return line.translated(view_->viewport()->mapToGlobal(QPoint()));
    }
    [[nodiscard]] int offsetAtPoint(const QPoint& point) const override {
        if (!isValid()) return -1;
        const QPoint inside = view_->viewport()->mapFromGlobal(point) - QPoint(0, view_->rowTop(row_));
        return view_->layoutOf(row_).positionAt(inside);
    }
    void scrollToSubstring(int begin, int) override {
        if (isValid()) view_->scrollToPosition({row_, begin});
    }
    QString attributes(int, int* begin, int* end) const override {
        *begin = 0;
        *end = characterCount();
        return {};
    }

private:
    [[nodiscard]] QString shown() const { return isValid() ? view_->shownText(row_) : QString(); }
    /// Whether the message is in memory. Otherwise it is read, and readers are told when it is there.
    [[nodiscard]] bool isLoaded() const {
        if (view_->model()->isLoaded(row_)) return true;
        if (std::exchange(isAskedFor_, true)) return false;
        view_->model()->load({row_}, view_, [this, view = view_, row = row_] {
            auto* list = dynamic_cast<AccessibleMessages*>(QAccessible::queryAccessibleInterface(view));
            // This one may be gone by now.
            if (list == nullptr || list->knownChild(row) != this) return;
            isAskedFor_ = false;
            QAccessibleEvent event(view, QAccessible::NameChanged);
            event.setChild(row);
            QAccessible::updateAccessibility(&event);
        });
        return false;
    }
    [[nodiscard]] markdown::Range selected() const {
        if (!isValid()) return {};
        markdown::Range range = view_->selection().in(row_);
        range.end = std::min(range.end, characterCount());
        return range;
    }

    QPointer<MessageView> view_;
    int row_;
    mutable bool isAskedFor_ = false;
};

QAccessibleInterface* makeInterface(const QString&, QObject* object) {
    auto* view = qobject_cast<MessageView*>(object);
    return view != nullptr ? new AccessibleMessages(view) : nullptr;
}

}  // namespace

void AccessibleMessages::install() {
    QAccessible::installFactory(makeInterface);  // Qt keeps it once
}

AccessibleMessages::AccessibleMessages(MessageView* view) : QAccessibleWidget(view, QAccessible::List) {}

AccessibleMessages::~AccessibleMessages() {
    for (const QAccessible::Id id : items_)
        QAccessible::deleteAccessibleInterface(id);
}

MessageView* AccessibleMessages::view() const {
    return qobject_cast<MessageView*>(object());
}

int AccessibleMessages::rowCount() const {
    return view() != nullptr && view()->model() != nullptr ? view()->model()->rowCount() : 0;
}

int AccessibleMessages::childCount() const {
    return rowCount() + QAccessibleWidget::childCount();
}

QAccessibleInterface* AccessibleMessages::child(int index) const {
    // The messages, then the widgets: buttons and scroll bars.
    if (index < 0) return nullptr;
    if (index >= rowCount()) return QAccessibleWidget::child(index - rowCount());
    auto item = items_.constFind(index);
    if (item == items_.constEnd()) {
        item = items_.insert(index,
                             QAccessible::registerAccessibleInterface(new AccessibleMessage(view(), index)));
    }
    return QAccessible::accessibleInterface(*item);
}

const QAccessibleInterface* AccessibleMessages::knownChild(int row) const {
    const auto item = items_.constFind(row);
    return item == items_.constEnd() ? nullptr : QAccessible::accessibleInterface(*item);
}

int AccessibleMessages::indexOfChild(const QAccessibleInterface* child) const {
    if (const auto* message = dynamic_cast<const AccessibleMessage*>(child)) return message->row();
    const int index = QAccessibleWidget::indexOfChild(child);
    return index < 0 ? -1 : rowCount() + index;
}

QAccessibleInterface* AccessibleMessages::childAt(int x, int y) const {
    const QPoint point = view()->viewport()->mapFromGlobal(QPoint(x, y));
    if (!view()->viewport()->rect().contains(point)) return QAccessibleWidget::childAt(x, y);
    const int row = view()->rowAtPoint(point);
    return row >= 0 ? child(row) : QAccessibleWidget::childAt(x, y);
}

QAccessibleInterface* AccessibleMessages::focusChild() const {
    if (view()->hasFocus() && view()->currentRow() >= 0) return child(view()->currentRow());
    return QAccessibleWidget::focusChild();
}

}  // namespace epi
