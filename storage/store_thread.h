#pragma once

#include <filesystem>
#include <functional>
#include <memory>

#include "storage/store.h"

namespace epi {

/// The one writer: a thread that owns a Store and runs tasks on it in the order posted. `post` returns at
/// once and may be called from any thread; what a task finds out travels back by whatever the caller captured
/// in it. Destruction runs what was posted, then joins.
class StoreThread {
public:
    using Task = std::function<void(Result<Store>& store)>;

    /// The database is opened on the thread; tasks see the error if that failed.
    explicit StoreThread(std::filesystem::path file);
    ~StoreThread();
    StoreThread(const StoreThread&) = delete;
    StoreThread& operator=(const StoreThread&) = delete;

    void post(Task task);

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace epi
