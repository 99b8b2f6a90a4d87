#pragma once

#include <QAccessibleWidget>
#include <QHash>

namespace epi {

class MessageView;

/// What screen readers see of a message view: a list with an item per message, made when it is asked for, so
/// that a chat of any length costs nothing. An item's text is what the message shows, without markup; it can
/// be read character by character, and what is selected there is selected in the view. GUI thread only.
class AccessibleMessages final : public QAccessibleWidget {
public:
    explicit AccessibleMessages(MessageView* view);
    ~AccessibleMessages() override;

    /// Makes Qt use this class for every MessageView. May be called more than once.
    static void install();

    [[nodiscard]] int childCount() const override;
    [[nodiscard]] QAccessibleInterface* child(int index) const override;
    /// The child of a row that was made before; null without.
    [[nodiscard]] const QAccessibleInterface* knownChild(int row) const;
    int indexOfChild(const QAccessibleInterface* child) const override;
    [[nodiscard]] QAccessibleInterface* childAt(int x, int y) const override;
    [[nodiscard]] QAccessibleInterface* focusChild() const override;

private:
    [[nodiscard]] MessageView* view() const;
    [[nodiscard]] int rowCount() const;

    mutable QHash<int, QAccessible::Id> items_;  // by row
};

}  // namespace epi
