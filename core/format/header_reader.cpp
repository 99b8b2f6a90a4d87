#include "core/format/header_reader.h"

#include <algorithm>

#include "core/base/printable.h"

namespace epi {
namespace {

constexpr std::uint64_t kFirstReadBytes = std::uint64_t{256} << 10;

}  // namespace

HeaderReader::HeaderReader(const File& file, std::uint64_t maxBytes)
    : file_(&file), maxBytes_(maxBytes), fileName_(printable(file.path().filename().native())) {}

Result<void> HeaderReader::ensure(std::uint64_t end) {
    if (end <= buffer_.size()) return {};
    if (end > maxBytes_) {
        return unsupported("the header has more than " + grouped(maxBytes_) + " bytes");
    }
    const std::uint64_t wanted = std::max({end, kFirstReadBytes, std::uint64_t{buffer_.size()} * 2});
    const std::size_t old = buffer_.size();
    buffer_.resize(static_cast<std::size_t>(std::min({wanted, maxBytes_, file_->size()})));
    return file_->readAt(old, std::span(buffer_).subspan(old));
}

Result<std::span<const std::byte>> HeaderReader::take(std::uint64_t count, std::string_view field) {
    if (count > remaining()) {
        return incomplete(std::string(field) + " needs " + grouped(count) + " bytes at offset " +
                          grouped(position_) + " but the file ends at " + grouped(file_->size()));
    }
    EPI_TRY(ensure(position_ + count));
    const auto bytes = std::span<const std::byte>(buffer_).subspan(static_cast<std::size_t>(position_),
                                                                   static_cast<std::size_t>(count));
    position_ += count;
    return bytes;
}

Result<std::span<const std::byte>> HeaderReader::prefix(std::uint64_t count) {
    count = std::min(count, file_->size());
    EPI_TRY(ensure(count));
    return std::span<const std::byte>(buffer_).first(static_cast<std::size_t>(count));
}

Result<std::string_view> HeaderReader::text(std::string_view field, std::uint64_t maxBytes) {
    const std::uint64_t start = position_;
    EPI_TRY_ASSIGN(const auto length, scalar<std::uint64_t>(field));
    if (length > remaining()) {
        return incomplete(std::string(field) + " at offset " + grouped(start) + " has a length of " +
                          grouped(length) + " bytes but the file ends at " + grouped(file_->size()));
    }
    if (length > maxBytes) {
        return damaged(std::string(field) + " at offset " + grouped(start) + " has a length of " +
                       grouped(length) + " bytes; up to " + grouped(maxBytes) + " are allowed");
    }
    EPI_TRY_ASSIGN(const auto bytes, take(length, field));
    return std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

Result<void> HeaderReader::checkCount(std::string_view field, std::uint64_t count, CountLimits limits) const {
    if (count > remaining() / limits.bytesPerItem) {
        return incomplete(std::string(field) + " announces " + grouped(count) + " items before offset " +
                          grouped(position_) + " but the file ends at " + grouped(file_->size()));
    }
    if (count > limits.maxItems) {
        return unsupported(std::string(field) + " announces " + grouped(count) + " items before offset " +
                           grouped(position_) + "; up to " + grouped(limits.maxItems) + " are supported");
    }
    return {};
}

Error HeaderReader::damaged(std::string_view sentence) const {
    return {ErrorCode::kCorruptData, fileName_ + " is damaged: " + std::string(sentence)};
}

Error HeaderReader::incomplete(std::string_view sentence) const {
    return {ErrorCode::kCorruptData, fileName_ + " is incomplete: " + std::string(sentence)};
}

Error HeaderReader::unsupported(std::string_view sentence) const {
    return {ErrorCode::kUnsupported, fileName_ + ": " + std::string(sentence)};
}

}  // namespace epi
