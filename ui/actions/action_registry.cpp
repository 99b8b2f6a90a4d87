#include "ui/actions/action_registry.h"

#include <algorithm>

#include <QAction>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QWidget>

namespace epi {

using namespace Qt::StringLiterals;

namespace {

/// Whether the focus can be where both work.
bool canMeet(const ActionSpec& a, const ActionSpec& b) {
    if (a.scope == nullptr || b.scope == nullptr || a.scope == b.scope) return true;
    return a.scope->isAncestorOf(b.scope) || b.scope->isAncestorOf(a.scope);
}

bool collide(const QKeySequence& a, const QKeySequence& b) {
    return a.matches(b) != QKeySequence::NoMatch || b.matches(a) != QKeySequence::NoMatch;
}

}  // namespace

QString plainTitle(const QString& title) {
    QString plain;
    for (qsizetype i = 0; i < title.size(); ++i) {
        if (title[i] == u'&' && i + 1 < title.size()) ++i;
        plain += title[i];
    }
    if (plain.endsWith(u'…')) plain.chop(1);
    return plain;
}

ActionRegistry::ActionRegistry(QWidget* window) : QObject(window), window_(window) {}

QAction* ActionRegistry::add(const ActionSpec& spec, QObject* context, std::function<void()> run) {
    auto* action = new QAction(this);
    connect(action, &QAction::triggered, context, [run = std::move(run)] { run(); });
    return adopt(spec, action);
}

QAction* ActionRegistry::adopt(const ActionSpec& spec, QAction* action) {
    Q_ASSERT(entry(spec.id) == nullptr);
    action->setText(spec.title);
    action->setObjectName(spec.id);
    action->setShortcutContext(spec.scope != nullptr ? Qt::WidgetWithChildrenShortcut : Qt::WindowShortcut);
    (spec.scope != nullptr ? spec.scope : window_)->addAction(action);
    entries_.push_back({spec, action});
    applyShortcuts(entries_.back());
    Q_EMIT
    changed();
    return action;
}

QAction* ActionRegistry::find(const QString& id) const {
    const Entry* found = entry(id);
    return found != nullptr ? found->action.data() : nullptr;
}

const ActionRegistry::Entry* ActionRegistry::entry(const QString& id) const {
    const auto found = std::ranges::find_if(entries_, [&](const Entry& e) { return e.spec.id == id; });
    return found == entries_.end() ? nullptr : &*found;
}

QList<QKeySequence> ActionRegistry::shortcuts(const QString& id) const {
    if (const auto own = custom_.find(id); own != custom_.end()) return own->second;
    const Entry* found = entry(id);
    return found != nullptr ? found->spec.shortcuts : QList<QKeySequence>();
}

void ActionRegistry::applyShortcuts(const Entry& entry) {
    if (entry.action) entry.action->setShortcuts(shortcuts(entry.spec.id));
}

void ActionRegistry::assign(const Entry& entry, const QList<QKeySequence>& shortcuts) {
    if (shortcuts == entry.spec.shortcuts) {
        custom_.erase(entry.spec.id);
    } else {
        custom_[entry.spec.id] = shortcuts;
    }
    applyShortcuts(entry);
}

void ActionRegistry::setShortcuts(const QString& id, const QList<QKeySequence>& shortcuts) {
    const Entry* found = entry(id);
    if (found == nullptr) return;
    assign(*found, shortcuts);
    Q_EMIT
    changed();
    Q_EMIT
    customised();
}

void ActionRegistry::take(const QString& id, const QKeySequence& key) {
    const Entry* mine = entry(id);
    if (mine == nullptr || key.isEmpty()) return;
    for (const Entry* other : rivals(*mine, key)) {
        QList<QKeySequence> rest = shortcuts(other->spec.id);
        rest.removeIf([&](const QKeySequence& taken) { return collide(taken, key); });
        assign(*other, rest);
    }
    setShortcuts(id, {key});
}

void ActionRegistry::reset(const QString& id) {
    if (const Entry* found = entry(id)) setShortcuts(id, found->spec.shortcuts);
}

void ActionRegistry::resetAll() {
    custom_.clear();
    for (const Entry& each : entries_)
        applyShortcuts(each);
    Q_EMIT
    changed();
    Q_EMIT
    customised();
}

std::vector<const ActionRegistry::Entry*> ActionRegistry::rivals(const Entry& mine,
                                                                 const QKeySequence& key) const {
    std::vector<const Entry*> found;
    for (const Entry& other : entries_) {
        if (other.spec.id == mine.spec.id || !canMeet(mine.spec, other.spec)) continue;
        const QList<QKeySequence> keys = shortcuts(other.spec.id);
        if (std::ranges::any_of(keys, [&](const QKeySequence& taken) { return collide(taken, key); })) {
            found.push_back(&other);
        }
    }
    return found;
}

QStringList ActionRegistry::conflicts(const QString& id, const QKeySequence& key) const {
    QStringList titles;
    const Entry* mine = entry(id);
    if (mine == nullptr || key.isEmpty()) return titles;
    for (const Entry* other : rivals(*mine, key))
        titles << plainTitle(other->spec.title);
    return titles;
}

QByteArray ActionRegistry::customShortcuts() const {
    QJsonObject object;
    for (const auto& [id, keys] : custom_) {
        QJsonArray names;
        for (const QKeySequence& key : keys)
            names.append(key.toString(QKeySequence::PortableText));
        object[id] = names;
    }
    return QJsonDocument(object).toJson(QJsonDocument::Compact);
}

void ActionRegistry::applyCustomShortcuts(const QByteArray& json) {
    custom_.clear();
    const QJsonObject object = QJsonDocument::fromJson(json).object();
    for (auto field = object.begin(); field != object.end(); ++field) {
        QList<QKeySequence> keys;
        for (const QJsonValue& name : field->toArray()) {
            const QKeySequence key(name.toString(), QKeySequence::PortableText);
            if (!key.isEmpty()) keys << key;
        }
        custom_[field.key()] = keys;
    }
    for (const Entry& each : entries_)
        applyShortcuts(each);
    Q_EMIT
    changed();
}

}  // namespace epi
