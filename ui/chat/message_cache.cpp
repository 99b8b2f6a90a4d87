#include "ui/chat/message_cache.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace epi {

MessageItem* MessageCache::find(qint64 id) {
    const auto entry = entries_.find(id);
    if (entry == entries_.end()) return nullptr;
    entry->second.usedAt = ++clock_;
    return &entry->second.item;
}

void MessageCache::put(MessageItem item) {
    Entry& entry = entries_[item.id];
    bytes_ -= entry.bytes;
    entry.bytes = (item.text.size() + item.caption.size()) * static_cast<std::int64_t>(sizeof(QChar));
    bytes_ += entry.bytes;
    entry.usedAt = ++clock_;
    entry.item = std::move(item);
}

void MessageCache::clear() {
    entries_.clear();
    bytes_ = 0;
}

void MessageCache::trim(const std::function<bool(const MessageItem&)>& isKept) {
    if (!isFull()) return;
    std::vector<std::pair<std::uint64_t, qint64>> oldest;
    for (const auto& [id, entry] : entries_) {
        if (!isKept(entry.item)) oldest.emplace_back(entry.usedAt, id);
    }
    std::ranges::sort(oldest);
    for (const auto& [usedAt, id] : oldest) {
        if (count() <= kMostItems * 3 / 4 && bytes_ <= kMostBytes * 3 / 4) return;
        const auto entry = entries_.find(id);
        bytes_ -= entry->second.bytes;
        entries_.erase(entry);
    }
}

void MessageCache::each(const std::function<void(MessageItem&)>& visit) {
    for (auto& [id, entry] : entries_)
        visit(entry.item);
}

}  // namespace epi
