#include "core/tensor/host_block.h"

#include <atomic>
#include <string>

#include <ATen/ops/from_blob.h>
#include <c10/util/Exception.h>

#include "core/base/log.h"
#include "core/base/system_memory.h"
#include "core/tensor/cuda_plugin.h"

#include <sys/mman.h>
#include <unistd.h>

namespace epi {
namespace {

constexpr std::int64_t kHugePage = std::int64_t{1} << 21;
constexpr std::int64_t kPieceAlignment = 256;

std::atomic<std::int64_t> lockedTotal{0};
std::atomic<bool> hasToldRefusal{false};

std::int64_t roundUp(std::int64_t bytes, std::int64_t step) {
    return (bytes + step - 1) / step * step;
}

std::int64_t pageBytes() {
    static const std::int64_t bytes = ::sysconf(_SC_PAGESIZE);
    return bytes;
}

/// Whole pages at the start of a huge one, so that few pages are taken and locked; null when there are none.
std::byte* mapPages(std::int64_t bytes) {
    const std::int64_t slack = bytes >= kHugePage ? kHugePage : 0;
    const auto mappedBytes = static_cast<std::size_t>(bytes + slack);
    void* const mapped =
        ::mmap(nullptr, mappedBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapped == MAP_FAILED) return nullptr;
    auto* data = static_cast<std::byte*>(mapped);
    if (slack > 0) {
        const auto place = static_cast<std::int64_t>(reinterpret_cast<std::uintptr_t>(data));
        const std::int64_t before = roundUp(place, kHugePage) - place;
        if (before > 0) ::munmap(data, static_cast<std::size_t>(before));
        data += before;
        if (slack > before) ::munmap(data + bytes, static_cast<std::size_t>(slack - before));
    }
    // Hints: without them it is slower, and a child process could take the pages from under a copy.
    static_cast<void>(::madvise(data, static_cast<std::size_t>(bytes), MADV_HUGEPAGE));
    static_cast<void>(::madvise(data, static_cast<std::size_t>(bytes), MADV_DONTFORK));
    return data;
}

}  // namespace

PageLock devicePageLock() {
    const EpiCudaOps* const ops = cudaOps();
    return ops == nullptr ? PageLock{} : PageLock{.lock = ops->lockPages, .unlock = ops->unlockPages};
}

std::int64_t HostBlock::roundedUp(std::int64_t bytes) {
    return roundUp(bytes, pageBytes());
}

std::shared_ptr<HostBlock> HostBlock::allocate(std::int64_t bytes, const PageLock& lock) {
    const std::int64_t rounded = roundedUp(bytes);
    // Asked first, since the system gives memory out until it ends somebody for it.
    if (const auto system = systemMemory(); system && system->availableBytes < rounded) return nullptr;
    std::byte* const data = mapPages(rounded);
    if (data == nullptr) return nullptr;
    std::shared_ptr<HostBlock> block(new HostBlock(data, rounded));
    // Before they are locked: that holds up whoever else needs the driver.
    for (std::int64_t at = 0; at < rounded; at += pageBytes())
        static_cast<volatile std::byte*>(data)[at] = std::byte{};
    if (lock.lock == nullptr) return block;
    if (lock.lock(data, rounded)) {
        block->unlock_ = lock.unlock;
        lockedTotal += rounded;
    } else if (!hasToldRefusal.exchange(true)) {
        logWarning("the system refuses to page-lock " + std::to_string(rounded) +
                   " bytes; caches in ordinary memory are copied to the GPU more slowly");
    }
    return block;
}

HostBlock::~HostBlock() {
    if (unlock_ != nullptr) {
        unlock_(data_);
        lockedTotal -= bytes_;
    }
    ::munmap(data_, static_cast<std::size_t>(bytes_));
}

std::int64_t HostBlock::lockedBytes() {
    return lockedTotal;
}

std::int64_t HostPieces::bytesFor(std::int64_t bytes) {
    return roundUp(bytes, kPieceAlignment);
}

at::Tensor HostPieces::take(at::IntArrayRef sizes, c10::ScalarType type) {
    std::int64_t bytes = static_cast<std::int64_t>(c10::elementSize(type));
    for (const std::int64_t size : sizes)
        bytes *= size;
    const std::int64_t end = used_ + bytesFor(bytes);
    TORCH_CHECK(end <= block_->bytes(), "a block of ", block_->bytes(), " bytes ends before ", end);
    void* const data = block_->data() + used_;
    used_ = end;
    return at::from_blob(
        data, sizes, [block = block_](void*) {}, at::TensorOptions().dtype(type));
}

}  // namespace epi
