#include "storage/store_thread.h"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>

namespace epi {

struct StoreThread::State {
    explicit State(std::filesystem::path database) : file(std::move(database)) {}

    void run();
    /// Waits for the next task; none when the queue is empty and closed.
    Task next();

    const std::filesystem::path file;
    std::mutex mutex;
    std::condition_variable changed;
    std::deque<Task> tasks;  // guarded by mutex
    bool isClosed = false;   // guarded by mutex
    std::thread thread;
};

StoreThread::Task StoreThread::State::next() {
    std::unique_lock lock(mutex);
    changed.wait(lock, [this] { return isClosed || !tasks.empty(); });
    if (tasks.empty()) return {};
    Task task = std::move(tasks.front());
    tasks.pop_front();
    return task;
}

void StoreThread::State::run() {
    Result<Store> store = Store::open(file);
    while (Task task = next())
        task(store);
}

StoreThread::StoreThread(std::filesystem::path file) : state_(std::make_unique<State>(std::move(file))) {
    state_->thread = std::thread([state = state_.get()] { state->run(); });
}

StoreThread::~StoreThread() {
    {
        const std::lock_guard lock(state_->mutex);
        state_->isClosed = true;
    }
    state_->changed.notify_one();
    state_->thread.join();
}

void StoreThread::post(Task task) {
    {
        const std::lock_guard lock(state_->mutex);
        state_->tasks.push_back(std::move(task));
    }
    state_->changed.notify_one();
}

}  // namespace epi
