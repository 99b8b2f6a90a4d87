#pragma once

#include <atomic>
#include <memory>

namespace epi {

/// A copyable flag that all copies share: whoever holds one may cancel, long work asks `isCancelled` between
/// layers, blocks and tokens. Any thread.
class CancelToken {
public:
    CancelToken() : flag_(std::make_shared<std::atomic<bool>>(false)) {}

    void cancel() const noexcept { flag_->store(true, std::memory_order_relaxed); }
    [[nodiscard]] bool isCancelled() const noexcept { return flag_->load(std::memory_order_relaxed); }

private:
    std::shared_ptr<std::atomic<bool>> flag_;
};

}  // namespace epi
