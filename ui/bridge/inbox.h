#pragma once

#include <functional>
#include <mutex>
#include <utility>
#include <vector>

#include <QMetaObject>
#include <QObject>

namespace epi {

/// Carries values from any thread to the thread of `receiver`, in order. However many are pushed, one queued
/// call per turn of the event loop hands over all that are there. The inbox is a member of its receiver and
/// outlives whoever pushes.
template <typename T>
class Inbox {
public:
    using Drain = std::function<void(std::vector<T>)>;

    Inbox(QObject* receiver, Drain drain) : receiver_(receiver), drain_(std::move(drain)) {}
    Inbox(const Inbox&) = delete;
    Inbox& operator=(const Inbox&) = delete;

    void push(T item) {
        bool mustWake = false;
        {
            const std::lock_guard lock(mutex_);
            mustWake = items_.empty();
            items_.push_back(std::move(item));
        }
        if (mustWake) {
            QMetaObject::invokeMethod(
                receiver_, [this] { drain_(takeAll()); }, Qt::QueuedConnection);
        }
    }

private:
    std::vector<T> takeAll() {
        const std::lock_guard lock(mutex_);
        return std::exchange(items_, {});
    }

    QObject* receiver_;
    Drain drain_;
    std::mutex mutex_;
    std::vector<T> items_;  // guarded by mutex_
};

}  // namespace epi
