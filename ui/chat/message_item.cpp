#include "ui/chat/message_item.h"

#include <algorithm>

#include "storage/store.h"
#include "ui/bridge/text.h"

namespace epi {
namespace {

constexpr std::int64_t kPageBytes = std::int64_t{1}
                                    << 20;  // a page that costs a frame, and less in most chats

}  // namespace

ChangedIds changedIds(const QList<qint64>& before, const QList<qint64>& now) {
    const auto begins = std::mismatch(before.cbegin(), before.cend(), now.cbegin(), now.cend());
    const qsizetype first = begins.first - before.cbegin();
    qsizetype behind = 0;
    const qsizetype most = std::min(before.size(), now.size()) - first;
    while (behind < most && before[before.size() - 1 - behind] == now[now.size() - 1 - behind])
        ++behind;
    return {.removed = {first, before.size() - behind - first},
            .added = {first, now.size() - behind - first}};
}

MessageItem itemOf(const MessageRecord& record) {
    return {.id = record.id,
            .role = record.role,
            .speaker = toQString(record.speaker),
            .text = toQString(record.text),
            .caption = toQString(record.caption),
            .session = toQString(record.session),
            .sourceId = toQString(record.sourceId),
            .state = record.state,
            .details = ReplyDetails::fromJson(record.details),
            .createdAtMs = record.createdAtMs,
            .status = {}};
}

MessageItem damagedItem(qint64 id, const Error& error) {
    MessageItem item;
    item.id = id;
    item.role = Role::kSystem;
    item.state = MessageState::kFailed;
    item.details.error = describe(error);
    return item;
}

bool isReply(const MessageItem& item) {
    return item.isLoaded && item.role == Role::kAssistant && item.speaker.isEmpty();
}

bool isQuestion(const MessageItem& item) {
    return item.isLoaded && item.role == Role::kUser && item.speaker.isEmpty();
}

std::vector<MessageItem> readItems(Store& store, std::span<const std::int64_t> ids) {
    std::vector<MessageItem> items;
    const auto page = store.messagePage(ids, kPageBytes);
    if (!page) {
        for (const std::int64_t id : ids)
            items.push_back(damagedItem(id, page.error()));
        return items;
    }
    auto message = page->messages.begin();
    auto damaged = page->damaged.begin();
    for (const std::int64_t id : ids) {
        if (message != page->messages.end() && message->id == id) {
            items.push_back(itemOf(*message++));
        } else if (damaged != page->damaged.end() && damaged->id == id) {
            items.push_back(damagedItem(id, damaged->error));
            ++damaged;
        } else {
            break;  // the page was full
        }
    }
    return items;
}

}  // namespace epi
