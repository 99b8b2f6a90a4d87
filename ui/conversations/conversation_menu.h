#pragma once

#include <functional>

#include <QObject>

#include "storage/records.h"
#include "ui/bridge/store_client.h"
#include "ui/conversations/scope_box.h"

class QMenu;
class QWidget;

namespace epi {

/// What can be done with a conversation, or with the folder that is listed, apart from reading it: the menu
/// of the list. Writes to the store and asks for the list to be read again.
class ConversationMenu final : public QObject {
    Q_OBJECT

public:
    ConversationMenu(StoreClient& store, ScopeBox& scope, QWidget* parent);

    /// Adds the entries for this conversation.
    void fill(QMenu& menu, const ConversationRecord& record);
    void setPinned(const ConversationRecord& record, bool isPinned);
    void setArchived(const ConversationRecord& record, bool isArchived);
    void editTags(const ConversationRecord& record);
    void moveToNewFolder(const ConversationRecord& record);
    void deleteForEver(const ConversationRecord& record);

Q_SIGNALS:
    void changed();
    void renameRequested();
    void binRequested();
    void exportRequested(qint64 id);
    void deletedForEver(qint64 id);
    void archived(const ConversationRecord& record);

private:
    void fillForBin(QMenu& menu, const ConversationRecord& record);
    void fillFolders(QMenu& menu, const ConversationRecord& record);
    void renameFolder(const FolderRecord& folder);
    /// Runs a change, then `changed`.
    void change(std::function<Result<void>(Store&)> work);
    void ask(const QString& title,
             const QString& label,
             const QString& value,
             std::function<void(const QString&)> onText);

    StoreClient& store_;
    ScopeBox& scope_;
    QWidget* window_;
};

}  // namespace epi
