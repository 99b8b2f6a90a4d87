#pragma once

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "core/engine/engine.h"

namespace epi {

/// Keeps the events of an engine, and lets a test wait for one. Any thread. It must outlive the engine.
class EventLog {
public:
    struct Entry {
        JobId job = 0;
        Event event;
    };

    /// Called with a job and how many events it has, behind each of them, on the engine's thread.
    using Observer = std::function<void(JobId, std::ptrdiff_t)>;

    EventSink sink() {
        return [this](JobId job, Event event) {
            Observer observer;
            std::ptrdiff_t count = 0;
            {
                const std::lock_guard lock(mutex_);
                entries_.push_back(Entry{job, std::move(event)});
                observer = observer_;
                count = std::ranges::count(entries_, job, &Entry::job);
            }
            changed_.notify_all();
            if (observer) observer(job, count);
        };
    }
    void setObserver(Observer observer) {
        const std::lock_guard lock(mutex_);
        observer_ = std::move(observer);
    }

    std::vector<Entry> all() const {
        const std::lock_guard lock(mutex_);
        return entries_;
    }
    std::vector<Event> of(JobId job) const {
        std::vector<Event> events;
        for (Entry& entry : all()) {
            if (entry.job == job) events.push_back(std::move(entry.event));
        }
        return events;
    }

    /// The `number`th event (from 1) of this type and job; nothing when it does not come in time.
    template <typename T>
    std::optional<T> wait(JobId job, int number = 1) {
        std::optional<T> found;
        waitUntil([&](const std::vector<Entry>& entries) {
            int seen = 0;
            for (const Entry& entry : entries) {
                const T* event = std::get_if<T>(&entry.event);
                if (event == nullptr || entry.job != job || ++seen < number) continue;
                found = *event;
                return true;
            }
            return false;
        });
        return found;
    }
    /// Waits for the end of a job; false when it does not come in time.
    bool waitForEnd(JobId job) {
        return waitUntil([job](const std::vector<Entry>& entries) {
            return std::ranges::any_of(
                entries, [job](const Entry& entry) { return entry.job == job && isTerminal(entry.event); });
        });
    }

private:
    bool waitUntil(const std::function<bool(const std::vector<Entry>&)>& isDone) {
        std::unique_lock lock(mutex_);
        return changed_.wait_for(lock, std::chrono::seconds(300), [&] { return isDone(entries_); });
    }

    mutable std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<Entry> entries_;  // guarded by mutex_
    Observer observer_;           // guarded by mutex_
};

}  // namespace epi
