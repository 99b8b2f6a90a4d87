#pragma once

#include <functional>

#include <QObject>
#include <QPointer>

class QMenu;

namespace epi {

class ActionRegistry;
class ChatPage;
class ChatSession;
struct MessageItem;

/// What can be done with a turn: by key, from its menu, from the command palette. Each acts on the current
/// message, or on the last one without; where it cannot be done a notice says why. GUI thread only.
class TurnActions final : public QObject {
    Q_OBJECT

public:
    explicit TurnActions(ChatPage& page, QObject* parent = nullptr);

    void registerActions(ActionRegistry& actions);

protected:
    /// Single keys of the message view.
    bool eventFilter(QObject* watched, QEvent* event) override;

private:
    [[nodiscard]] ChatSession* session() const;
    [[nodiscard]] int currentRow() const;
    void regenerate();
    void edit();
    /// Does something with a row, or with none (-1), when it and its neighbours are in memory.
    void whenThere(int row, std::function<void(int row)> work);
    void togglePin();
    void copyAsMarkdown();
    void showDetails();
    void openDetails(const MessageItem& item);
    void stepVersion(int row, int delta);
    /// "Answer again with" and the episodes.
    void fillEpisodes(QMenu* menu, int row);
    void popUpEpisodes();
    void fillMenu(QMenu* menu, int row);
    void refuse(const QString& reason);

    ChatPage& page_;
    QPointer<ActionRegistry> actions_;
};

}  // namespace epi
