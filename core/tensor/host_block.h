#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include <ATen/core/TensorBody.h>

namespace epi {

/// How a GPU's driver is told that pages must stay where they are. Without `lock` nothing is locked. Any
/// thread.
struct PageLock {
    bool (*lock)(void* memory, std::int64_t bytes) = nullptr;  // false when it is refused
    void (*unlock)(void* memory) = nullptr;
};

/// That of the CUDA plug-in; empty without a GPU.
PageLock devicePageLock();

/// Ordinary memory of the size that was asked for, rounded up to whole pages: page-locked where that can be
/// had, so that a GPU copies to and from it at full speed. LibTorch's own page-locked memory comes in powers
/// of two, which is up to twice of what a budget counts. Any thread; what lies in it has its own rules.
class HostBlock {
public:
    /// To whole pages.
    static std::int64_t roundedUp(std::int64_t bytes);
    /// Takes all of its pages at once and locks them, a tenth of a second and more per gigabyte: not for when
    /// somebody waits. Where locking is refused, the block serves as it is, and the log says so once. Null
    /// when the computer has not so much memory to give. `bytes` must be positive.
    static std::shared_ptr<HostBlock> allocate(std::int64_t bytes, const PageLock& lock);
    ~HostBlock();
    HostBlock(const HostBlock&) = delete;
    HostBlock& operator=(const HostBlock&) = delete;

    /// What is really taken from the system.
    [[nodiscard]] std::int64_t bytes() const { return bytes_; }
    [[nodiscard]] bool isLocked() const { return unlock_ != nullptr; }
    [[nodiscard]] std::byte* data() const { return data_; }

    /// Bytes of all locked blocks that there are.
    static std::int64_t lockedBytes();

private:
    HostBlock(std::byte* data, std::int64_t bytes) : data_(data), bytes_(bytes) {}

    std::byte* data_;
    std::int64_t bytes_;
    void (*unlock_)(void*) = nullptr;  // null: not locked
};

/// Hands a block out as tensors, one behind the other; each keeps the block alive. One thread.
class HostPieces {
public:
    explicit HostPieces(std::shared_ptr<HostBlock> block) : block_(std::move(block)) {}

    /// What a tensor of so many bytes takes of a block.
    static std::int64_t bytesFor(std::int64_t bytes);
    /// A tensor of any content. Throws c10::Error when the block has no room for it.
    at::Tensor take(at::IntArrayRef sizes, c10::ScalarType type);

private:
    std::shared_ptr<HostBlock> block_;
    std::int64_t used_ = 0;
};

}  // namespace epi
