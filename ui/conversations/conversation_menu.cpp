#include "ui/conversations/conversation_menu.h"

#include <algorithm>

#include <QInputDialog>
#include <QMenu>
#include <QMessageBox>
#include <QPushButton>

#include "ui/bridge/text.h"
#include "ui/theme/theme.h"

namespace epi {

using namespace Qt::StringLiterals;

namespace {

/// Foreign text as the text of a menu entry: an ampersand is no mnemonic there.
QString entryText(const std::string& text) {
    return toQString(text).replace(u"&"_s, u"&&"_s);
}

}  // namespace

ConversationMenu::ConversationMenu(StoreClient& store, ScopeBox& scope, QWidget* parent)
    : QObject(parent), store_(store), scope_(scope), window_(parent) {}

void ConversationMenu::change(std::function<Result<void>(Store&)> work) {
    store_.request(this, std::move(work), [this](const Result<void>& done) {
        if (!done) Q_EMIT
        store_.failed(done.error());
        Q_EMIT
        changed();
    });
}

void ConversationMenu::ask(const QString& title,
                           const QString& label,
                           const QString& value,
                           std::function<void(const QString&)> onText) {
    auto* dialog = new QInputDialog(window_);
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setWindowTitle(title);
    dialog->setLabelText(label);
    dialog->setTextValue(value);
    dialog->resize(Theme::current().px(360), dialog->sizeHint().height());
    connect(dialog, &QInputDialog::textValueSelected, this, std::move(onText));
    dialog->open();
}

void ConversationMenu::fill(QMenu& menu, const ConversationRecord& record) {
    if (record.deletedAtMs) {
        fillForBin(menu, record);
        return;
    }
    menu.addAction(tr("&Rename"), QKeySequence(Qt::Key_F2), this, &ConversationMenu::renameRequested);
    menu.addAction(record.isPinned ? tr("Un&pin") : tr("&Pin"), this, [this, record] {
        setPinned(record, !record.isPinned);
    });
    fillFolders(*menu.addMenu(tr("Move to &folder")), record);
    menu.addAction(tr("&Tags…"), this, [this, record] { editTags(record); });
    menu.addAction(record.isArchived ? tr("Take out of the &archive") : tr("&Archive"), this, [this, record] {
        setArchived(record, !record.isArchived);
    });
    menu.addSeparator();
    menu.addAction(tr("&Export…"), this, [this, id = static_cast<qint64>(record.id)] {
        Q_EMIT
        exportRequested(id);
    });
    menu.addSeparator();
    menu.addAction(
        tr("&Move to the bin"), QKeySequence(Qt::Key_Delete), this, &ConversationMenu::binRequested);
}

void ConversationMenu::fillForBin(QMenu& menu, const ConversationRecord& record) {
    menu.addAction(tr("&Restore"), this, [this, id = record.id] {
        change([id](Store& store) { return store.setInBin(id, false); });
    });
    menu.addSeparator();
    menu.addAction(tr("&Delete for ever…"), this, [this, record] { deleteForEver(record); });
}

void ConversationMenu::fillFolders(QMenu& menu, const ConversationRecord& record) {
    const auto offer = [&](const QString& title, const std::string& folder, bool isChosen) {
        QAction* action = menu.addAction(title, this, [this, id = record.id, folder] {
            change([id, folder](Store& store) { return store.setFolder(id, folder); });
        });
        action->setCheckable(true);
        action->setChecked(isChosen);
    };
    offer(tr("&No folder"), "", record.folderId == 0);
    for (const FolderRecord& folder : scope_.folders())
        offer(entryText(folder.name), folder.name, folder.id == record.folderId);
    menu.addSeparator();
    menu.addAction(tr("New &folder…"), this, [this, record] { moveToNewFolder(record); });
    const auto current = std::ranges::find(
        scope_.folders(), static_cast<std::int64_t>(scope_.filter().folderId), &FolderRecord::id);
    if (current == scope_.folders().end()) return;
    menu.addSeparator();
    menu.addAction(tr("R&ename “%1”…").arg(entryText(current->name)), this, [this, folder = *current] {
        renameFolder(folder);
    });
    menu.addAction(
        tr("&Remove “%1” and keep its chats").arg(entryText(current->name)), this, [this, id = current->id] {
            change([id](Store& store) { return store.removeFolder(id); });
        });
}

void ConversationMenu::setPinned(const ConversationRecord& record, bool isPinned) {
    change([id = record.id, isPinned](Store& store) { return store.setPinned(id, isPinned); });
}

void ConversationMenu::setArchived(const ConversationRecord& record, bool isArchived) {
    // A copy: the list may drop the record before the end.
    const ConversationRecord changed = record;
    change([id = record.id, isArchived](Store& store) { return store.setArchived(id, isArchived); });
    if (isArchived) Q_EMIT
    archived(changed);
}

void ConversationMenu::editTags(const ConversationRecord& record) {
    QStringList tags;
    for (const std::string& tag : record.tags)
        tags << toQString(tag);
    ask(tr("Tags"),
        tr("Tags of this chat, separated by commas:"),
        tags.join(u", "_s),
        [this, id = record.id](const QString& text) {
            std::vector<std::string> chosen;
            for (const QString& part : text.split(u',')) {
                const QString tag = part.simplified().remove(u'#');
                if (!tag.isEmpty()) chosen.push_back(toUtf8(tag));
            }
            change([id, chosen](Store& store) { return store.setTags(id, chosen); });
        });
}

void ConversationMenu::moveToNewFolder(const ConversationRecord& record) {
    ask(tr("New folder"), tr("Name of the folder:"), {}, [this, id = record.id](const QString& text) {
        const std::string folder = toUtf8(text.simplified());
        if (folder.empty()) return;
        change([id, folder](Store& store) { return store.setFolder(id, folder); });
    });
}

void ConversationMenu::renameFolder(const FolderRecord& folder) {
    ask(tr("Rename folder"),
        tr("Name of the folder:"),
        toQString(folder.name),
        [this, id = folder.id](const QString& text) {
            const std::string name = toUtf8(text.simplified());
            if (name.empty()) return;
            change([id, name](Store& store) { return store.renameFolder(id, name); });
        });
}

void ConversationMenu::deleteForEver(const ConversationRecord& record) {
    auto* box = new QMessageBox(window_);
    box->setAttribute(Qt::WA_DeleteOnClose);
    box->setIcon(QMessageBox::Warning);
    box->setWindowTitle(tr("Delete for ever"));
    box->setTextFormat(Qt::PlainText);
    box->setText(
        tr("Delete “%1” for ever? Its messages cannot be brought back.").arg(toQString(record.title)));
    QPushButton* remove = box->addButton(tr("&Delete for ever"), QMessageBox::DestructiveRole);
    box->setDefaultButton(box->addButton(QMessageBox::Cancel));
    connect(remove, &QPushButton::clicked, this, [this, id = record.id] {
        change([id](Store& store) { return store.deleteConversation(id); });
        Q_EMIT
        deletedForEver(id);
    });
    box->open();
}

}  // namespace epi
