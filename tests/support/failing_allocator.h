#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include <c10/core/CPUAllocator.h>
#include <c10/util/Exception.h>

namespace epi::test {

/// Stands in for LibTorch's allocator and fails as the one of a GPU does once its memory is full: at one
/// chosen request for memory, or at every one from a size on. One at a time.
class FailingAllocator final : public c10::Allocator {
public:
    FailingAllocator() : inner_(c10::GetDefaultCPUAllocator()) { c10::SetCPUAllocator(this, 255); }
    ~FailingAllocator() override { c10::SetCPUAllocator(inner_, 255); }
    FailingAllocator(const FailingAllocator&) = delete;
    FailingAllocator& operator=(const FailingAllocator&) = delete;

    /// Request number `index` from now on fails, from 0.
    void failAt(std::int64_t index) {
        countdown_ = index;
        hasFailed_ = false;
    }
    void disarm() { countdown_ = -1; }
    [[nodiscard]] bool hasFailed() const { return hasFailed_; }

    c10::DataPtr allocate(std::size_t bytes) override {
        if (countdown_ >= 0 && countdown_-- == 0) {
            hasFailed_ = true;
            TORCH_CHECK_WITH(OutOfMemoryError, false, "out of memory, tried to allocate ", bytes, " bytes");
        }
        return inner_->allocate(bytes);
    }
    [[nodiscard]] c10::DeleterFnPtr raw_deleter() const override { return inner_->raw_deleter(); }
    void copy_data(void* target, const void* source, std::size_t count) const override {
        inner_->copy_data(target, source, count);
    }

private:
    c10::Allocator* inner_;
    std::atomic<std::int64_t> countdown_{-1};
    std::atomic<bool> hasFailed_{false};
};

}  // namespace epi::test
