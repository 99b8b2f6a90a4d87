#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include <QList>
#include <QString>

#include "core/chat/conversation.h"
#include "storage/records.h"
#include "ui/chat/reply_details.h"

namespace epi {

class Store;

/// One message as shown.
struct MessageItem {
    qint64 id = 0;
    Role role = Role::kUser;
    QString speaker;
    QString text;
    QString caption;
    QString session;
    QString sourceId;
    MessageState state = MessageState::kComplete;
    ReplyDetails details;
    qint64 createdAtMs = 0;
    int episode = -1;      // of the built memory; -1 without
    int versionIndex = 0;  // which of several versions it is
    int versionCount = 1;
    bool isPinned = false;
    QString status;  // what a streaming reply waits for; not kept
    bool isLoaded = true;
};

/// A stretch of a list of ids.
struct IdRange {
    qsizetype first = 0;
    qsizetype count = 0;
};
/// What stands in the place of what: before and behind it two lists are the same.
struct ChangedIds {
    IdRange removed;
    IdRange added;
};
ChangedIds changedIds(const QList<qint64>& before, const QList<qint64>& now);

MessageItem itemOf(const MessageRecord& record);
/// A message that cannot be read, which says why where its text would be.
MessageItem damagedItem(qint64 id, const Error& error);

bool isReply(const MessageItem& item);
/// What the user said, or the user's questions about a conversation of others.
bool isQuestion(const MessageItem& item);

/// Reads messages for showing: as many from the front of `ids` as a page holds, at least one. On the store's
/// thread; what cannot be read is among them as a damaged item.
std::vector<MessageItem> readItems(Store& store, std::span<const std::int64_t> ids);

}  // namespace epi
