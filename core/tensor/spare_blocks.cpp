#include "core/tensor/spare_blocks.h"

#include <algorithm>
#include <chrono>
#include <exception>
#include <string>
#include <system_error>
#include <utility>

#include "core/base/log.h"

namespace epi {

void SpareBlocks::prepare(std::int64_t bytes) {
    collect();
    const std::int64_t rounded = HostBlock::roundedUp(bytes);
    if (bytes <= 0 || makingBytes_ > 0 || lock_.lock == nullptr || isRefused_) return;
    if (std::ranges::any_of(blocks_, [&](const auto& block) { return block->bytes() == rounded; })) return;
    try {
        making_ = std::async(std::launch::async,
                             [bytes, lock = lock_] { return HostBlock::allocate(bytes, lock); });
    } catch (const std::system_error& error) {
        return logWarning(std::string("no block is locked ahead: ") + error.what());
    }
    makingBytes_ = rounded;
    isUnwanted_ = false;
}

void SpareBlocks::wait() {
    if (making_.valid()) making_.wait();
    collect();
}

void SpareBlocks::collect() {
    if (!making_.valid() || making_.wait_for(std::chrono::seconds(0)) != std::future_status::ready) return;
    makingBytes_ = 0;
    std::shared_ptr<HostBlock> made;
    try {
        made = making_.get();
    } catch (const std::exception& error) {
        return logWarning(std::string("no block was locked ahead: ") + error.what());
    }
    isRefused_ = made && !made->isLocked();
    if (made && !isUnwanted_) giveBack(std::move(made));
}

bool SpareBlocks::has(std::int64_t bytes, std::int64_t most) const {
    const auto fits = [&](std::int64_t size) {
        return size >= bytes && size <= most;
    };
    return fits(makingBytes_) ||
           std::ranges::any_of(blocks_, [&](const auto& block) { return fits(block->bytes()); });
}

std::shared_ptr<HostBlock> SpareBlocks::take(std::int64_t bytes, std::int64_t most) {
    collect();
    const auto found =
        std::ranges::find_if(blocks_, [&](const auto& block) { return block->bytes() >= bytes; });
    if (found == blocks_.end() || (*found)->bytes() > most) return nullptr;
    std::shared_ptr<HostBlock> block = std::move(*found);
    blocks_.erase(found);
    return block;
}

std::shared_ptr<HostBlock> SpareBlocks::takeOrMake(std::int64_t bytes) {
    if (bytes <= 0) return nullptr;
    const std::int64_t rounded = HostBlock::roundedUp(bytes);
    if (makingBytes_ == rounded) wait();
    if (auto block = take(rounded, rounded)) return block;
    return HostBlock::allocate(bytes, lock_);
}

void SpareBlocks::giveBack(std::shared_ptr<HostBlock> block) {
    if (!block || !block->isLocked() || block.use_count() > 1) return;
    const auto place =
        std::ranges::find_if(blocks_, [&](const auto& other) { return other->bytes() > block->bytes(); });
    blocks_.insert(place, std::move(block));
}

void SpareBlocks::shrink(std::int64_t most) {
    collect();
    while (!blocks_.empty() && bytes() > most)
        blocks_.pop_back();
    isUnwanted_ = bytes() > most;
}

std::int64_t SpareBlocks::bytes() const {
    std::int64_t total = makingBytes_;
    for (const auto& block : blocks_)
        total += block->bytes();
    return total;
}

}  // namespace epi
