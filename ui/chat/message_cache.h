#pragma once

#include <cstdint>
#include <functional>
#include <unordered_map>

#include "ui/chat/message_item.h"

namespace epi {

/// Messages in memory by id. Those unused for longest go when there are too many, or too much text. GUI
/// thread only.
class MessageCache {
public:
    static constexpr int kMostItems = 2'048;
    static constexpr std::int64_t kMostBytes = std::int64_t{8} << 20;

    /// Null where it is not in memory. Counts as a use; stays where it is until it goes.
    [[nodiscard]] MessageItem* find(qint64 id);
    /// Puts it in the place of what was there.
    void put(MessageItem item);
    void clear();
    /// Whether there is too much of it.
    [[nodiscard]] bool isFull() const { return count() > kMostItems || isHeavy(); }
    [[nodiscard]] bool isHeavy() const { return bytes_ > kMostBytes; }
    /// Lets items go until there is room for a quarter; none of those for which `isKept` holds.
    void trim(const std::function<bool(const MessageItem&)>& isKept);
    [[nodiscard]] int count() const { return static_cast<int>(entries_.size()); }
    /// Calls `visit` with each item.
    void each(const std::function<void(MessageItem&)>& visit);

private:
    struct Entry {
        MessageItem item;
        std::int64_t bytes = 0;  // counted for it
        std::uint64_t usedAt = 0;
    };

    std::unordered_map<qint64, Entry> entries_;
    std::int64_t bytes_ = 0;
    std::uint64_t clock_ = 0;
};

}  // namespace epi
