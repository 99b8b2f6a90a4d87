#pragma once

#include <functional>
#include <map>
#include <vector>

#include <QKeySequence>
#include <QList>
#include <QObject>
#include <QPointer>
#include <QString>

class QAction;
class QWidget;

namespace epi {

/// What an action is called and which keys it has.
struct ActionSpec {
    QString id;                          // stable, names it in the settings: "chat.new"
    QString group;                       // translated heading in the list of shortcuts: tr("Chat")
    QString title;                       // translated, with the mnemonic of its menu: tr("&New chat")
    QList<QKeySequence> shortcuts = {};  // the defaults; the first is shown
    QWidget* scope = nullptr;  // its keys work while the focus is in here; null: in all of the window
};

/// Every action of the window, by name: menus, the command palette (Ctrl+K) and the shortcuts page read it.
/// GUI thread only.
///
/// To add an action, in the class that does the work:
///
///     actions.add({.id = u"chat.copyMarkdown"_s,
///                  .group = tr("Chat"),
///                  .title = tr("Copy as &Markdown"),
///                  .shortcuts = {QKeySequence(u"Ctrl+Shift+C"_s)}},
///                 this, [this] { copyAsMarkdown(); });
///
/// That is all: the palette finds it, the user can give it other keys, and its shortcut works. The returned
/// QAction is for a menu (`menu->addAction(action)`), for `setEnabled` and `setCheckable`. A part of the
/// window with actions of its own has `void registerActions(ActionRegistry&)`, which MainWindow calls. A key
/// that means something only in one view (H in the message view) names that view as `scope`; keys that text
/// fields need (Delete, letters) always have one.
class ActionRegistry final : public QObject {
    Q_OBJECT

public:
    struct Entry {
        ActionSpec spec;
        QPointer<QAction> action;
    };

    explicit ActionRegistry(QWidget* window);

    /// Registers an action that calls `run` unless `context` is gone.
    /// Requires: no action has this id yet.
    QAction* add(const ActionSpec& spec, QObject* context, std::function<void()> run);
    /// Registers an action that exists, such as a dock's toggle; its text becomes the title.
    QAction* adopt(const ActionSpec& spec, QAction* action);

    /// Null when there is none.
    [[nodiscard]] QAction* find(const QString& id) const;
    /// In the order of registration.
    [[nodiscard]] const std::vector<Entry>& entries() const { return entries_; }

    [[nodiscard]] QList<QKeySequence> shortcuts(const QString& id) const;
    void setShortcuts(const QString& id, const QList<QKeySequence>& shortcuts);
    /// Gives an action this one key, and takes it from whatever answered to it before in the same place.
    void take(const QString& id, const QKeySequence& key);
    /// Whether the user gave it other keys than its defaults.
    [[nodiscard]] bool isCustom(const QString& id) const { return custom_.contains(id); }
    void reset(const QString& id);
    void resetAll();
    /// Titles of the other actions that would answer to this key in the same place.
    [[nodiscard]] QStringList conflicts(const QString& id, const QKeySequence& key) const;

    /// The user's own keys as JSON {"chat.new": ["Ctrl+Alt+N"]}; actions with their defaults are left out.
    [[nodiscard]] QByteArray customShortcuts() const;
    /// The inverse. Names that are not registered (yet) are kept for when they are; what is no such JSON is
    /// ignored.
    void applyCustomShortcuts(const QByteArray& json);

Q_SIGNALS:
    /// An action came, or keys changed.
    void changed();
    /// The user's own keys changed and should be stored.
    void customised();

private:
    [[nodiscard]] const Entry* entry(const QString& id) const;
    void assign(const Entry& entry, const QList<QKeySequence>& shortcuts);
    void applyShortcuts(const Entry& entry);
    [[nodiscard]] std::vector<const Entry*> rivals(const Entry& mine, const QKeySequence& key) const;

    QWidget* window_;
    std::vector<Entry> entries_;
    std::map<QString, QList<QKeySequence>> custom_;
};

/// The title of an action without mnemonic and dots: for lists and messages.
QString plainTitle(const QString& title);

}  // namespace epi
